"""Smaller, moved, turned and cut images: averaging, filtered reduction, interpolation, tapering.

Images are (y, x); results float32. Places are indices, so that the centre of an image is at
(n - 1) / 2 of each axis; transforms (2, 3) and sizes are in the order x, y. Every reduction keeps
the centre where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import resample as kernels
from etomotut.engine.transforms import IDENTITY, Transforms, invert

Image = npt.NDArray[np.float32]
AnyImage = npt.NDArray[Any]
Size = Tuple[int, int]


def binned_size(size: int, factor: int) -> int:
    """Give the length of an axis averaged over blocks: odd stays odd and even stays even.

    At most one pixel is lost; blocks that stick out at both ends average what they hold (the
    sizes of IMOD 4.8's newstack -bin).
    """
    blocks = -(-(size - 1) // factor)
    return max(blocks + (blocks - size) % 2, 1)


def bin_start(size: int, factor: int) -> int:
    """Give the index at which the first block of an axis starts, 0 or less."""
    return -((binned_size(size, factor) * factor - size + 1) // 2)


def bin_image(image: AnyImage, factor: int) -> Image:
    """Average blocks of factor x factor pixels; blocks at the border average what they hold."""
    height, width = image.shape
    out = np.empty((binned_size(height, factor), binned_size(width, factor)), np.float32)
    starts = bin_start(height, factor), bin_start(width, factor)
    kernels.average_blocks(_plain(image), factor, *starts, out)
    return out


def reduced_size(size: int, factor: float) -> int:
    """Give the length of an axis reduced by a factor above 1: whole output pixels only."""
    return max(int(size / factor + 1e-6), 1)


def reduce_image(image: AnyImage, factor: float, filter_name: str) -> Image:
    """Reduce an image by a factor of 1 or more, each axis weighted by a filter of FILTERS.

    The filter is stretched by the factor, so that what the smaller image cannot hold is
    suppressed; at the border its part inside the image is used (as in Schumacher's "zoom",
    Graphics Gems III, and in IMOD). Raises KeyError for an unknown filter.
    """
    height, width = image.shape
    rows = _filter_weights(height, factor, FILTERS[filter_name], multiple=4)
    columns = _filter_weights(width, factor, FILTERS[filter_name], multiple=1)
    out = np.empty((len(rows[0]), len(columns[0])), np.float32)
    source = _plain(image)
    if height < rows[1].shape[1]:  # a window of whole fours is higher than the image
        source = np.pad(source, ((0, rows[1].shape[1] - height), (0, 0)))
    kernels.weigh_rows_and_columns(source, *rows, *columns, out)
    return out


def transform_image(
    image: AnyImage,
    transform: npt.ArrayLike,
    size: Size,
    *,
    fill: float,
    interpolation: str = "cubic",
    extend: bool = False,
    reach: Tuple[float, float] = (0.5, 0.5),
) -> Image:
    """Give the image that a transform (2, 3) makes of one, cut or padded to a size (x, y).

    The transform takes a point of the image to A p + d, both measured from the centre of their
    image. `interpolation` is cubic (convolution), linear or nearest. What no pixel covers gets
    `fill`, or with `extend` the value at the border; pixels cover what is within `reach` (x, y) of
    the centres of the outermost ones. Raises KeyError for another interpolation.
    """
    out = np.empty((size[1], size[0]), np.float32)
    source = np.ascontiguousarray(image, np.float32)
    place = _place_in_image(transform, (image.shape[1], image.shape[0]), size)
    _INTERPOLATIONS[interpolation](source, place, np.float32(fill), extend, reach, out)
    return out


@dataclass(frozen=True)
class Taper:
    """A fall to the fill value over `distance` pixels, within the image or beyond its border."""

    distance: int
    inside: bool = True


def taper_at_fill(
    image: Image, transform: npt.ArrayLike, source_size: Size, taper: Taper, *, fill: float
) -> Image:
    """Soften the borders that a transformed image has with its filled areas, in place.

    `transform` and `source_size` (x, y) are those it was made with; for a taper beyond the border
    it was made with `extend`. Borders that coincide with or lie beyond the frame stay.
    """
    size = image.shape[1], image.shape[0]
    borders = _borders_in_frame(transform, source_size, size)
    if len(borders):
        place = _place_in_image(transform, source_size, size)
        kernels.blend_to_fill(
            image, place, *source_size, borders, np.float32(fill), taper.distance, taper.inside
        )
    return image


def default_taper_distance(size: Size) -> int:
    """Give the distance that newstack tapers over by default: 1% of the size, 16 to 127 pixels."""
    return int(min(max(round(0.01 * (size[0] + size[1]) / 2), 16), 127))


def shift_of_window(source_size: Size, size: Size, start: Sequence[float]) -> Transforms:
    """Give the transform that cuts a window of a size out of an image from index `start` on."""
    transform = IDENTITY.copy()
    for axis in range(2):
        transform[axis, 2] = (source_size[axis] - size[axis]) / 2 - start[axis]
    return transform


# gives weights for distances from the centre and the width of a pixel, in pixels of the result
Distances = npt.NDArray[np.float64]
_Weighing = Callable[[Distances, float], Distances]


def _lanczos(lobes: int) -> _Weighing:
    return lambda x, pixel: np.sinc(x) * np.sinc(x / lobes)


def _box(x: Distances, pixel: float) -> Distances:
    overlap: Distances = np.clip((0.5 + pixel / 2 - x) / pixel, 0.0, 1.0)
    return overlap


def _blackman(x: Distances, pixel: float) -> Distances:
    window: Distances = 0.42 + 0.5 * np.cos(np.pi * x) + 0.08 * np.cos(2 * np.pi * x)
    return window


def _mitchell(x: Distances, pixel: float) -> Distances:
    # Mitchell and Netravali, Computer Graphics 22 (1988) 221, equation 8, with B = C = 1/3
    near: Distances = (7 * x**3 - 12 * x**2 + 16 / 3) / 6
    far: Distances = (-7 / 3 * x**3 + 12 * x**2 - 20 * x + 32 / 3) / 6
    return np.where(x < 1, near, far)


# the distance from which on a filter is 0, and the function up to there
_Filter = Tuple[float, _Weighing]
FILTERS: Dict[str, _Filter] = {
    "box": (1.0, _box),
    "blackman": (1.0, _blackman),
    "triangle": (1.0, lambda x, pixel: 1 - x),
    "mitchell": (2.0, _mitchell),
    "lanczos2": (2.0, _lanczos(2)),
    "lanczos3": (3.0, _lanczos(3)),
}

_INTERPOLATIONS: Dict[str, Callable[..., None]] = {
    "cubic": kernels.interpolate_cubic,
    "linear": kernels.interpolate_linear,
    "nearest": kernels.interpolate_nearest,
}


def _filter_weights(
    size: int, factor: float, shape: _Filter, multiple: int
) -> Tuple[npt.NDArray[np.int64], Image]:
    """Give the start of each output pixel's window and its weights (pixel, tap), of sum 1."""
    half_width, function = shape
    count = reduced_size(size, factor)
    centres = (np.arange(count) + 0.5) * factor + (size - count * factor) / 2 - 0.5
    taps = int(np.ceil(2 * half_width * factor)) + 1
    taps = -(-min(taps, size) // multiple) * multiple
    first = np.clip(np.ceil(centres - half_width * factor), 0, max(size - taps, 0))
    places = first[:, None] + np.arange(taps)
    distances = np.abs(places - centres[:, None]) / factor
    inside = (distances < half_width) & (places < size)
    weights = np.where(inside, function(np.where(inside, distances, 0.0), 1 / factor), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return first.astype(np.int64), weights.astype(np.float32)


def _place_in_image(transform: npt.ArrayLike, source_size: Size, size: Size) -> Transforms:
    """Turn a transform about the centres into the map of output indices to image indices."""
    middle_in, middle_out = (np.array([s[0] - 1, s[1] - 1]) / 2 for s in (source_size, size))
    place = invert(transform)
    place[:, 2] += middle_in - place[:, :2] @ middle_out
    return place


def _borders_in_frame(
    transform: npt.ArrayLike, source_size: Size, size: Size
) -> npt.NDArray[np.float64]:
    """Give the parts (border, 4) of the image's outline that lie between pixels of the frame."""
    x, y = source_size[0] / 2, source_size[1] / 2
    corners = np.array([[-x, -y], [x, -y], [x, y], [-x, y]])
    forward = np.asarray(transform, float)
    outline: npt.NDArray[np.float64] = (
        corners @ forward[:, :2].T + forward[:, 2] + (np.array(size) - 1) / 2
    )
    sides = [_clip(outline[i], outline[(i + 1) % 4], size) for i in range(4)]
    borders: npt.NDArray[np.float64] = np.array([s for s in sides if s is not None], float)
    return borders.reshape(-1, 4)


def _clip(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], size: Size
) -> Optional[npt.NDArray[np.float64]]:
    """Cut a line to the frame that the centres of the outermost pixels span, or give None.

    By the parameters at which it enters and leaves (Liang and Barsky, 1984).
    """
    enter, leave = 0.0, 1.0
    for axis in range(2):
        step = b[axis] - a[axis]
        for distance, rate in ((a[axis], step), (size[axis] - 1 - a[axis], -step)):
            if abs(rate) < 1e-9:
                enter = enter if distance > 0 else 2.0
            elif rate > 0:
                enter = max(enter, -distance / rate)
            else:
                leave = min(leave, -distance / rate)
    return np.concatenate([a + enter * (b - a), a + leave * (b - a)]) if enter < leave else None


def _plain(image: AnyImage) -> AnyImage:
    """Give an image that a kernel takes: contiguous, and not of half precision."""
    kind = np.dtype(np.float32) if image.dtype == np.float16 else image.dtype
    return np.ascontiguousarray(image, kind)
