"""Finding hot and dead pixels: far above or below their surroundings, and sharper than any image.

Sharpness is what tells them from gold beads with their bright fringes: what went through the
microscope's optics never stands as a single pixel between neighbours that know nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List

import numpy as np
import numpy.typing as npt

from etomotut.engine.erasing import Patch
from etomotut.engine.kernels import hot_pixels as kernels

Image = npt.NDArray[Any]


@dataclass(frozen=True)
class Criteria:
    """What makes a hot pixel; heights in SD of the surroundings, lengths in pixels.

    `difference` and `big_difference` are in SD of the differences between neighbouring pixels.
    """

    peak: float = 10.0
    difference: float = 10.0
    growth: float = 4.0
    scan: float = 3.0
    radius: float = 2.1
    giant: float = 12.0  # 0: no extra-large patches
    large_radius: float = 8.0
    big_difference: float = 19.0
    most_difference_pixels: int = 2
    annulus: float = 2.0
    scan_size: int = 100
    edge: int = 0


def find_hot_pixels(image: Image, criteria: Criteria) -> List[Patch]:
    """Give the hot patches of an image (y, x), the strongest first.

    A peak counts if it stands `peak` SD above the ring around it and by half of that above the
    pixels that touch its patch, or if it towers above those by `difference` SD of the image's
    pixel-to-pixel differences and by two thirds of its height. Nearer than `edge` to the border
    only the latter counts, with `big_difference`.
    """
    plain = np.ascontiguousarray(image, np.float32)
    blocks = [max(round(size / criteria.scan_size), 1) for size in plain.shape]
    statistics = kernels.block_statistics(plain, *blocks)
    taken = np.zeros(plain.shape, np.int32)
    excesses = np.zeros(plain.size // 4 + 1)
    found = 0
    for sign in (1, -1):
        peaks = kernels.extremes(plain, sign, statistics, criteria.scan)
        peaks = peaks[np.argsort(-peaks[:, 2], kind="stable")]
        rows = _criteria_rows(criteria)
        found = kernels.search(
            plain, sign, peaks, statistics, rows, criteria.edge, taken, excesses, found
        )
    return _patches(taken, excesses[:found])


def _criteria_rows(wanted: Criteria) -> Image:
    """Give the criteria for normal, extra-large and border patches as the kernel has them."""
    near, far = wanted.radius, wanted.large_radius
    giant = wanted.giant if wanted.giant > 0 else np.inf
    few = wanted.most_difference_pixels
    return np.array(
        [
            [near, near + wanted.annulus, wanted.peak, wanted.growth, wanted.difference, few, 0],
            [far, far + wanted.annulus, giant, wanted.growth, 0, 0, wanted.big_difference],
            [near, near + wanted.annulus, np.inf, wanted.growth, wanted.big_difference, few, 0],
        ],
        np.float64,
    )


def _patches(taken: Image, excesses: npt.NDArray[np.float64]) -> List[Patch]:
    y, x = np.nonzero(taken)
    numbers = taken[y, x]
    order = np.argsort(numbers, kind="stable")
    pixels = np.stack([x, y], axis=1)[order]
    ends = np.cumsum(np.bincount(numbers, minlength=len(excesses) + 1)[1:])
    groups = np.split(pixels, ends[:-1]) if len(ends) else []
    return [Patch(group, float(excess)) for group, excess in zip(groups, excesses)]
