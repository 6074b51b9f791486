"""Views and sections as grey values: moved into a frame, robust contrast, averages.

Interpolation is Pillow's, bilinear: it needs nothing compiled, and a picture no more.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report.findings import Array, Size

Image = npt.NDArray[np.float32]
Limits = Tuple[float, float]
CLIPPED = 0.5  # percent of the pixels beyond black, and beyond white
_SAMPLE = 200_000


def moved(
    image: npt.NDArray[Any],
    transform: npt.ArrayLike,
    size: Size,
    *,
    fill: Optional[float] = None,
) -> Image:
    """Give an image (y, x) moved by a centred transform (2, 3) into a frame of `size` (x, y).

    What the image does not cover gets `fill`, its median by default.
    """
    forward = np.vstack([np.asarray(transform, float), [0.0, 0.0, 1.0]])
    start = centred((image.shape[1], image.shape[0]))
    inverse = np.linalg.inv(start) @ np.linalg.inv(forward) @ centred(size)
    return sampled(image, inverse, size, fill=fill)


def sampled(
    image: npt.NDArray[Any], place: Array, size: Size, *, fill: Optional[float] = None
) -> Image:
    """Give an image of `size` (x, y) whose pixels are taken from places in another one.

    `place` (3, 3) takes indices (x, y, 1) of the result to indices of `image`. Where several
    pixels of the image fall on one of the result, blocks of them are averaged first.
    """
    from PIL import Image as Pillow

    source = Pillow.fromarray(np.ascontiguousarray(image, np.float32))
    if fill is None:
        fill = float(np.median(sample(image)))
    factor = max(1, int(np.sqrt(abs(np.linalg.det(place[:2, :2]))) + 1e-6))
    if factor > 1:
        source = source.reduce(factor)
        place = np.diag([1 / factor, 1 / factor, 1.0]) @ (place + _half_a_block(factor))
    # Pillow counts from the corner of a pixel
    corner = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    rows = (corner @ place @ np.linalg.inv(corner))[:2].ravel()
    result = source.transform(
        size, Pillow.Transform.AFFINE, tuple(rows), Pillow.Resampling.BILINEAR, fillcolor=fill
    )
    return np.asarray(result, np.float32)


def robust_limits(image: npt.NDArray[Any], clipped: float = CLIPPED) -> Limits:
    """Give the densities to show as black and white, so that few percent lie beyond each."""
    low, high = np.percentile(sample(image), [clipped, 100 - clipped])
    if not high > low:
        low, high = float(low) - 0.5, float(low) + 0.5
    return float(low), float(high)


def as_bytes(image: npt.NDArray[Any], limits: Limits) -> npt.NDArray[np.uint8]:
    """Give grey values from 0 (black) to 255 (white)."""
    low, high = limits
    grey = (np.asarray(image, np.float32) - low) * np.float32(255.0 / (high - low))
    return np.clip(grey, 0, 255).astype(np.uint8)


def sample(image: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Give finite densities spread evenly over an image, enough to judge it by."""
    step = max(1, int(np.sqrt(image.size / _SAMPLE)))
    values = np.asarray(image[::step, ::step], np.float32).ravel()
    values = values[np.isfinite(values)]
    return values if len(values) else np.zeros(1, np.float32)


def planes(
    volume: Any, point: Sequence[int], slab: int = 1
) -> Tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Give the planes (y, x), (z, x) and (y, z) of a volume (z, y, x) through a point (x, y, z).

    Each is the mean of `slab` planes side by side. The volume may be an open stack: only what is
    needed is read.
    """
    x, y, z = (window(p, slab, n) for p, n in zip(point, volume.shape[::-1]))
    section = np.mean(volume[z], axis=0, dtype=np.float32)
    slice_ = np.mean(volume[:, y, :], axis=1, dtype=np.float32)
    side = np.mean(volume[:, :, x], axis=2, dtype=np.float32)
    return section, slice_, side.T


def window(place: int, width: int, size: int) -> slice:
    """Give `width` indices around a place, fewer at the ends of an axis of `size`."""
    start = place - (width - 1) // 2
    return slice(max(start, 0), max(min(start + width, size), 1))


def centred(size: Size) -> Array:
    """Give the matrix (3, 3) that takes indices of an image to positions from its centre."""
    matrix = np.eye(3)
    matrix[:2, 2] = -(np.array(size) - 1) / 2
    return matrix


def _half_a_block(factor: int) -> Array:
    """Give what must be added to places so that blocks count from the centre of the first."""
    shift = np.zeros((3, 3))
    shift[:2, 2] = -(factor - 1) / 2
    return shift
