"""A counting detector: from expected electrons to integer counts, with its bad pixels.

Electrons of a view arrive at random (Poisson) in its even and its odd frames, each of which has
half of the dose; the view is their sum. Hot pixels add to what arrives; half of them stand in
every view and half, as X-rays do, in one view only, some of them two pixels wide. Dead pixels
hardly count at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.demo.parameters import Parameters

Counts = npt.NDArray[np.int16]
Integers = npt.NDArray[np.int64]

BRIGHTEST = 32000
DEAD = 0.05  # of the electrons that a dead pixel counts


@dataclass
class BadPixels:
    """`hot` (n, 4): view, row, column, counts added; `dead` (n, 2): row, column in all views."""

    hot: Integers
    dead: Integers


def draw_bad_pixels(parameters: Parameters, views: int, rng: np.random.Generator) -> BadPixels:
    """Draw the bad pixels of a series."""
    columns, rows = parameters.size
    fixed = rng.integers((rows, columns), size=(parameters.hot_pixels // 2, 2))
    mean = 0.5 * parameters.dose * parameters.pixel_size**2
    hot = []
    for view in range(views):
        passing = rng.integers((rows, columns), size=(parameters.hot_pixels - len(fixed), 2))
        wide = passing[: len(passing) // 4] + (0, 1)
        wide = wide[wide[:, 1] < columns]
        places = np.concatenate([fixed, passing, wide])
        # from what is barely an outlier (10 sd of the noise at least) to 20 times the mean
        least = max(np.log(1.5), np.log(10 / np.sqrt(mean)))
        added = mean * np.exp(rng.uniform(least, np.log(20), len(places)))
        marks = [np.full(len(places), view), *places.T, np.rint(added).astype(np.int64)]
        hot.append(np.stack(marks, axis=1))
    table = np.concatenate(hot)
    _, first = np.unique(table[:, :3], axis=0, return_index=True)
    dead = rng.integers((rows, columns), size=(parameters.dead_pixels, 2))
    return BadPixels(table[np.sort(first)], dead)


def detect(
    expected: npt.NDArray[np.float32], view: int, bad: BadPixels, rng: np.random.Generator
) -> Tuple[Counts, Counts]:
    """Count the electrons of one view in its even and its odd frames, (y, x) each."""
    half = 0.5 * expected
    half[bad.dead[:, 0], bad.dead[:, 1]] *= DEAD
    _, rows, columns, added = bad.hot[bad.hot[:, 0] == view].T
    even, odd = (rng.poisson(half) for _ in range(2))
    even[rows, columns] += added // 2
    odd[rows, columns] += added - added // 2
    limit = BRIGHTEST // 2
    return np.minimum(even, limit).astype(np.int16), np.minimum(odd, limit).astype(np.int16)
