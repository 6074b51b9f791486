"""Linear transforms of views: composing them, and turning steps between views into one frame.

A transform (2, 3) takes a point p to A p + d, both measured from the centre of their image, in
pixels. "a then b" is the product b a.
"""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

Transforms = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]
IDENTITY: Transforms = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def then(first: npt.ArrayLike, second: npt.ArrayLike) -> Transforms:
    """Give the transforms (..., 2, 3) that apply `first` and then `second`."""
    a, b = np.asarray(first, float), np.asarray(second, float)
    product: Transforms = b[..., :2] @ a
    product[..., 2] += b[..., 2]
    return product


def invert(transforms: npt.ArrayLike) -> Transforms:
    """Give the transforms (..., 2, 3) that undo the given ones."""
    forward = np.asarray(transforms, float)
    matrix = np.linalg.inv(forward[..., :2])
    return np.concatenate([matrix, -(matrix @ forward[..., 2:])], axis=-1)


def apply(transforms: npt.ArrayLike, points: npt.ArrayLike) -> Points:
    """Move points (..., n, 2), measured from the centre, by transforms (..., 2, 3)."""
    t, p = np.asarray(transforms, float), np.asarray(points, float)
    moved: Points = p @ np.swapaxes(t[..., :2], -1, -2) + t[..., None, :, 2]
    return moved


def rotation(degrees: float, scale: float = 1.0) -> Transforms:
    """Give the transform that turns counter-clockwise by an angle and magnifies by `scale`."""
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0]])


def to_one_frame(steps: npt.ArrayLike, reference: Optional[int] = None) -> Transforms:
    """Turn transforms of each view to the one before it into transforms to a common frame.

    `steps` (view, 2, 3); the first one is ignored. The frame is that of the view `reference`, or
    the average of all views: the mean of their shifts, rotations, magnifications, stretches and
    stretch axes (as xftoxg -nfit 0 does). Raises IndexError for a reference that does not exist.
    """
    chained = np.array(steps, float)
    chained[0] = IDENTITY
    for view in range(1, len(chained)):
        chained[view] = then(chained[view], chained[view - 1])
    frame = chained[reference] if reference is not None else _average(chained)
    return then(chained, invert(frame))


def natural(transforms: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Split matrices into (..., 4): magnification, rotation, and two strains of their stretch.

    By polar decomposition A = m R(angle) S, with S symmetric of determinant 1; the angle is in
    radians and the strains are those of log S: half its difference along x and y, and its xy.
    """
    matrix = np.asarray(transforms, float)[..., :2]
    u, sizes, v = np.linalg.svd(matrix)
    turn = u @ v
    magnification = np.sqrt(sizes[..., 0] * sizes[..., 1])
    logs = np.log(sizes / magnification[..., None])
    strain = np.swapaxes(v, -1, -2) @ (logs[..., :, None] * v)
    angle = np.arctan2(turn[..., 1, 0], turn[..., 0, 0])
    return np.stack([magnification, angle, strain[..., 0, 0], strain[..., 0, 1]], axis=-1)


def from_natural(parameters: npt.ArrayLike, shifts: npt.ArrayLike) -> Transforms:
    """Build transforms (..., 2, 3) from what `natural` gives and shifts (..., 2) in pixels."""
    m, angle, along, across = np.moveaxis(np.asarray(parameters, float), -1, 0)
    size = np.hypot(along, across)
    ratio = np.where(size > 1e-12, np.sinh(size) / np.where(size > 1e-12, size, 1.0), 1.0)
    c, s, even = np.cos(angle), np.sin(angle), np.cosh(size)
    along, across = ratio * along, ratio * across
    stretch = np.moveaxis(
        np.array([[even + along, across], [across, even - along]]), (0, 1), (-2, -1)
    )
    turn = np.moveaxis(np.array([[c, -s], [s, c]]), (0, 1), (-2, -1))
    matrix = m[..., None, None] * turn @ stretch
    return np.concatenate([matrix, np.asarray(shifts, float)[..., None]], axis=-1)


def _average(transforms: Transforms) -> Transforms:
    parameters = natural(transforms)
    parameters[:, 1] = np.unwrap(parameters[:, 1])
    return from_natural(parameters.mean(axis=0), transforms[:, :, 2].mean(axis=0))


def scale_shifts(transforms: npt.ArrayLike, factor: float) -> Transforms:
    """Give the same transforms for images whose pixels are `factor` times as many."""
    scaled = np.array(transforms, float)
    scaled[..., 2] *= factor
    return scaled
