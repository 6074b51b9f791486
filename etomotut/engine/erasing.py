"""Erasing: patches of pixels drawn around points, and filled from what surrounds them.

A patch's pixels are indices (n, 2) in the order x, y; points are measured in the same indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Image = npt.NDArray[Any]
Pixels = npt.NDArray[np.int64]
Points = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_TOUCHING = np.ones((3, 3), bool)
_DARK_OR_BRIGHT = 2.5  # SD beyond which a pixel beside a bead still belongs to it


@dataclass(frozen=True)
class Patch:
    """Pixels (n, 2) as x, y; `excess` is by how many SD their peak exceeds its criterion."""

    pixels: Pixels
    excess: float = 0.0


@dataclass(frozen=True)
class Filling:
    """How a patch is filled: by a polynomial of x and y through the pixels around it.

    `order` 0 is their mean and -1 draws from their densities; `border` is how far they reach, and
    `without_adjacent` leaves out those that touch the patch.
    """

    order: int = 2
    border: int = 2
    without_adjacent: bool = False


def replace_patches(image: Image, patches: Sequence[Patch], filling: Filling) -> Image:
    """Give the image (y, x), float32, with each patch filled from the pixels around it.

    No pixel of any patch serves to fill another. Where too few are left for the order, a lower
    one is taken; a patch with none around it stays. Noise is the same in every run.
    """
    filled = image.astype(np.float32)
    covered = cover(patches, (image.shape[0], image.shape[1]))
    random = np.random.default_rng(len(patches))
    for patch in patches:
        around = _around(patch, covered, filling)
        if len(around):
            x, y = patch.pixels.T
            filled[y, x] = _fill(image, patch.pixels, around, filling.order, random)
    return filled


def cover(patches: Sequence[Patch], shape: Tuple[int, int]) -> Mask:
    """Give a mask (y, x) of the pixels of all patches."""
    covered = np.zeros(shape, bool)
    for patch in patches:
        covered[patch.pixels[:, 1], patch.pixels[:, 0]] = True
    return covered


def merge_patches(patches: Sequence[Patch], shape: Tuple[int, int]) -> List[Patch]:
    """Join patches that overlap or touch."""
    labels, count = ndimage.label(cover(patches, shape), _TOUCHING)
    merged = []
    for number, box in enumerate(ndimage.find_objects(labels, count), 1):
        y, x = np.nonzero(labels[box] == number)
        merged.append(Patch(np.stack([x + box[1].start, y + box[0].start], axis=1)))
    return merged


def circle(centre: Sequence[float], radius: float, shape: Tuple[int, int]) -> Patch:
    """Give the pixels within a radius of a point x, y, as far as they are in the image."""
    (x, y), reach = centre, int(radius) + 1
    columns, rows = np.meshgrid(
        np.arange(max(int(x) - reach, 0), min(int(x) + reach + 2, shape[1])),
        np.arange(max(int(y) - reach, 0), min(int(y) + reach + 2, shape[0])),
    )
    inside = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    return Patch(np.stack([columns[inside], rows[inside]], axis=1))


def pixels_at(points: Points, shape: Tuple[int, int]) -> Patch:
    """Give the pixels that hold points (n, 2), as far as they are in the image."""
    pixels = np.unique(np.floor(points + 0.5).astype(np.int64), axis=0)
    inside = np.all((pixels >= 0) & (pixels < (shape[1], shape[0])), axis=1)
    return Patch(pixels[inside])


def line(points: Points, shape: Tuple[int, int]) -> Patch:
    """Give the pixels on the lines between successive points (n, 2)."""
    pieces = [points[:1]]
    for start, end in zip(points, points[1:]):
        steps = int(np.ceil(np.abs(end - start).max())) + 1
        pieces.append(start + np.linspace(0, 1, steps + 1)[:, None] * (end - start))
    return pixels_at(np.concatenate(pieces), shape)


def polygon(points: Points, shape: Tuple[int, int]) -> Patch:
    """Give the pixels whose centre lies within a closed outline of points (n, 2)."""
    low = np.maximum(np.ceil(points.min(axis=0)), 0).astype(int)
    high = np.minimum(np.floor(points.max(axis=0)), (shape[1] - 1, shape[0] - 1)).astype(int)
    x, y = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0)):
        if ay != by:  # a ray to the right crosses this side (even-odd rule)
            crosses = ((ay > y) != (by > y)) & (x < ax + (y - ay) / (by - ay) * (bx - ax))
            inside ^= crosses
    return Patch(np.stack([x[inside], y[inside]], axis=1))


def expand(image: Image, patch: Patch, iterations: int) -> Patch:
    """Add pixels beside a patch that are as dark, or as bright, as it, ring after ring.

    They belong to it if they lie in the tail of the surroundings' densities on the patch's side.
    """
    shape = image.shape[0], image.shape[1]
    for _ in range(iterations):
        box, mask = _neighbourhood(patch.pixels, shape, 6)
        beside = ndimage.binary_dilation(mask, _TOUCHING) & ~mask
        far = ndimage.binary_dilation(mask, _TOUCHING, 6) & ~ndimage.binary_dilation(
            mask, _TOUCHING, 3
        )
        if not far.any():
            break
        densities = image[box].astype(np.float64)
        level, spread = np.median(densities[far]), np.std(densities[far])
        side = np.sign(np.median(densities[mask]) - level)
        added = beside & (side * (densities - level) > _DARK_OR_BRIGHT * spread)
        if not added.any():
            break
        y, x = np.nonzero(mask | added)
        patch = Patch(np.stack([x + box[1].start, y + box[0].start], axis=1), patch.excess)
    return patch


def _neighbourhood(
    pixels: Pixels, shape: Tuple[int, int], reach: int
) -> Tuple[Tuple[slice, slice], Mask]:
    """Give the part of the image around pixels, as slices of y and x, and their mask in it."""
    low = np.maximum(pixels.min(axis=0) - reach, 0)
    high = np.minimum(pixels.max(axis=0) + reach + 1, (shape[1], shape[0]))
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), bool)
    mask[pixels[:, 1] - low[1], pixels[:, 0] - low[0]] = True
    return (slice(low[1], high[1]), slice(low[0], high[0])), mask


def _around(patch: Patch, covered: Mask, filling: Filling) -> Pixels:
    """Give the pixels (n, 2) from which a patch is filled."""
    if not len(patch.pixels):
        return patch.pixels
    skipped = 1 if filling.without_adjacent else 0
    shape = covered.shape[0], covered.shape[1]
    box, mask = _neighbourhood(patch.pixels, shape, filling.border + skipped)
    around = ndimage.binary_dilation(mask, _TOUCHING, filling.border + skipped)
    if skipped:
        around &= ~ndimage.binary_dilation(mask, _TOUCHING)
    y, x = np.nonzero(around & ~covered[box])
    return np.stack([x + box[1].start, y + box[0].start], axis=1)


def _fill(
    image: Image, pixels: Pixels, around: Pixels, order: int, random: np.random.Generator
) -> Image:
    known = image[around[:, 1], around[:, 0]].astype(np.float64)
    if order < 0:
        drawn: Image = random.choice(known, len(pixels))
        return drawn
    centre = around.mean(axis=0)
    scale = max(float(np.abs(around - centre).max()), 1.0)
    while len(around) < 2 * _terms(order) and order > 0:
        order -= 1
    powers = [(i, j) for i in range(order + 1) for j in range(order + 1 - i)]
    solution = np.linalg.lstsq(_basis((around - centre) / scale, powers), known, rcond=None)[0]
    value: Image = _basis((pixels - centre) / scale, powers) @ solution
    # where the fit has to reach far, no further than the densities it comes from
    return np.clip(value, known.min(), known.max())


def _terms(order: int) -> int:
    return (order + 1) * (order + 2) // 2


def _basis(points: Points, powers: Sequence[Tuple[int, int]]) -> Points:
    return np.stack([points[:, 0] ** i * points[:, 1] ** j for i, j in powers], axis=1)
