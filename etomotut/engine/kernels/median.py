"""Medians of the cubes around voxels, for many voxels of a row at once.

Half of a cube's values and two more hold its median, but not as their least or their greatest:
both are dropped, one more value is taken, and so on until three are left. Values change places by
comparing two rows, which the processor does for many voxels in one instruction.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Volume = npt.NDArray[np.float32]
Row = npt.NDArray[np.float32]

_COLUMNS = 256  # of a row at a time: they stay in the processor's cache


@numba.njit(cache=True, nogil=True)
def medians(padded: Volume, radius: int, out: Volume) -> None:
    """Write the medians of cubes of 2 radius + 1 voxels into a volume (z, y, x).

    `padded` has `radius` voxels more on each side.
    """
    side = 2 * radius + 1
    kept = np.empty(((side**3 + 3) // 2, _COLUMNS), np.float32)
    depth, height, width = out.shape
    for z in range(depth):
        for y in range(height):
            for start in range(0, width, _COLUMNS):
                columns = min(_COLUMNS, width - start)
                _keep_medians(padded[z : z + side], y, start, kept, columns)
                row = out[z, y]
                for x in range(columns):
                    row[start + x] = kept[1, x]


@numba.njit(cache=True, nogil=True)
def _keep_medians(slab: Volume, y: int, x: int, kept: Volume, columns: int) -> None:
    """Leave the medians of the cubes that start at x, y and beyond in the second row kept."""
    side, left = len(slab), len(kept)
    for place in range(left):
        _copy(
            slab[place // (side * side), y + place // side % side],
            x + place % side,
            kept[place],
            columns,
        )
    for place in range(left, side**3):
        _part_extremes(kept, left, columns)
        _copy(
            slab[place // (side * side), y + place // side % side],
            x + place % side,
            kept[0],
            columns,
        )
        left -= 1
    _part_extremes(kept, 3, columns)


@numba.njit(cache=True, nogil=True)
def _copy(source: Row, start: int, row: Row, columns: int) -> None:
    for x in range(columns):
        row[x] = source[start + x]


@numba.njit(cache=True, nogil=True)
def _part_extremes(rows: Volume, count: int, columns: int) -> None:
    """Bring the least of the first `count` rows to the first and the greatest to the last."""
    half = count // 2
    for place in range(half):
        _order(rows[place], rows[count - 1 - place], columns)
    for place in range(1, (count + 1) // 2):
        _order(rows[0], rows[place], columns)
    for place in range(half, count - 1):
        _order(rows[place], rows[count - 1], columns)


@numba.njit(cache=True, nogil=True)
def _order(low: Row, high: Row, columns: int) -> None:
    for x in range(columns):
        first, second = low[x], high[x]
        low[x] = first if first < second else second
        high[x] = second if first < second else first
