"""Loops that weigh neighbours along an axis: the passes of a filter that is separable."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_FASTEST = {"reassoc", "contract", "nsz", "arcp"}
_CHUNK = 1024  # columns that stay at hand with all rows that are summed


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def smooth_down(rows: Floats, weights: Floats, first: int, out: Floats) -> None:
    """Weigh the rows (n, m) around row `first` and those after it, for as many as `out` has.

    `weights` (r + 1,) are half that of a row, and those of the r next on either side. Beyond the
    first and the last row it is as there.
    """
    for start in range(0, rows.shape[1], _CHUNK):
        stop = min(start + _CHUNK, rows.shape[1])
        for k in range(out.shape[0]):
            made = out[k, start:stop]
            made[:] = 0
            for away in range(weights.size):
                above = rows[max(first + k - away, 0), start:stop]
                below = rows[min(first + k + away, rows.shape[0] - 1), start:stop]
                add_pair(above, below, weights[away], made)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def smooth_across(rows: Floats, weights: Floats, first: int, out: Floats) -> None:
    """Weigh the neighbours in rows (n, m), from column `first` on; see smooth_down."""
    radius, columns = weights.size - 1, rows.shape[1]
    line = np.empty(columns + 2 * radius, np.float32)
    for k in range(rows.shape[0]):
        line[:radius] = rows[k, 0]
        line[radius : radius + columns] = rows[k]
        line[radius + columns :] = rows[k, columns - 1]
        out[k] = 0
        for away in range(weights.size):
            before, after = line[radius + first - away :], line[radius + first + away :]
            add_pair(before, after, weights[away], out[k])


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_pair(one: Floats, other: Floats, weight: np.float32, out: Floats) -> None:
    """Add two rows, weighted, to a third."""
    for x in range(np.uint64(out.size)):
        out[x] += weight * (one[x] + other[x])
