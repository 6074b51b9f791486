"""Loops of iterative reconstruction: a slice becomes a line of every view, and back.

Projection is the exact adjoint of back-projection (see `backprojection`): where that adds the run
of samples that a row of the slice passes, this adds the row to the samples. All rows that pass
samples of one phase are added up at once, so that the sum needs one addition a voxel and view.

A slice is flat here: before each row, and after the last, lie zeros, as many as samples reach
beyond a row on both sides together; behind them lies a row of zeros as long as the samples.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels.backprojection import (
    _FRACTION,
    _ONE,
    _ONE_BY_ONE,
    _REORDER,
    PHASES,
    TOGETHER,
    add_row,
    add_rows,
    add_views,
)

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.uint32]
Integers = npt.NDArray[np.int64]

HALF = PHASES // 2
SCRATCH = 4  # lines of samples that `project` needs


@numba.njit(cache=True, nogil=True)
def project(
    rows: Floats,
    places: Offsets,
    groups: Integers,
    spans: Integers,
    starts: Doubles,
    steps: Doubles,
    columns: int,
    scratch: Floats,
    out: Floats,
) -> None:
    """Project the rows of a flat slice along the rays of every view into `out` (view, x).

    `places` (view, row) says where in `rows` sample 0 would lie, the rows in order of phase,
    `groups` (view, phase + 1) where those of a phase begin, `spans` (view, 2) which samples rows
    reach. Lines have `columns` pixels and `out` is longer than that; `scratch` (SCRATCH, sample).
    """
    zeros = rows.size - scratch.shape[1]
    first, second, early, late = scratch[0], scratch[1], scratch[2], scratch[3]
    for view in range(out.shape[0]):
        low, high = spans[view]
        run = slice(low, high)
        _add_phases(
            rows, places[view], groups[view, : HALF + 1], low, zeros, first[run], early[run]
        )
        _add_phases(rows, places[view], groups[view, HALF:], low, zeros, second[run], late[run])
        _join_halves(first[run], second[run], early[run], late[run])
        first[high] = late[high - 1] / HALF
        line = out[view]
        line[:] = 0
        unstretch(first, low, high + 1, columns, starts[view], steps[view], line)
        middle = starts[view] + steps[view] / 2
        unstretch(second, low, high, columns, middle, steps[view], line)


@numba.njit(cache=True, nogil=True)
def _add_phases(
    rows: Floats,
    places: Offsets,
    groups: Integers,
    low: int,
    zeros: int,
    total: Floats,
    risen: Floats,
) -> None:
    """Add up the rows of eight phases, `total`, and times the numbers of the phases, `risen`.

    Sums over the last phases, then over more of them, together count a phase as often as its
    number says: that spares multiplications.
    """
    total[:] = 0
    risen[:] = 0
    for phase in range(HALF - 1, -1, -1):
        _add_runs(rows, places, groups[phase], groups[phase + 1], low, zeros, total)
        if phase:
            _add(total, risen)


@numba.njit(cache=True, nogil=True)
def _add_runs(
    rows: Floats, places: Offsets, start: int, stop: int, low: int, zeros: int, out: Floats
) -> None:
    """Add the runs of the flat slice that begin at some places, moved by `low`."""
    shift, nothing = np.uint32(low), np.uint32(zeros)
    k = start
    while stop - k > _ONE_BY_ONE:
        a, b = places[k] + shift, places[k + 1] + shift
        c, d = places[k + 2] + shift, places[k + 3] + shift
        e = places[k + 4] + shift if k + 4 < stop else nothing
        f = places[k + 5] + shift if k + 5 < stop else nothing
        g = places[k + 6] + shift if k + 6 < stop else nothing
        h = places[k + 7] + shift if k + 7 < stop else nothing
        add_rows(rows, a, b, c, d, e, f, g, h, out)
        k += TOGETHER
    while k < stop:
        add_row(rows, places[k] + shift, out)
        k += 1


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def _add(line: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] += line[i]


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def _join_halves(first: Floats, second: Floats, early: Floats, late: Floats) -> None:
    """Give what lies between samples back to the samples and those halfway between them.

    The adjoint of linear interpolation: a phase belongs to both by how near it is to each.
    """
    share = np.float32(1.0 / HALF)
    for i in range(first.size):
        first[i] -= share * early[i]
        second[i] += share * (early[i] - late[i])
    for i in range(1, first.size):
        first[i] += share * late[i - 1]


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def unstretch(
    samples: Floats, low: int, high: int, columns: int, start: float, step: float, line: Floats
) -> None:
    """Add samples `low` to `high` to the pixels of a line that `stretch` makes them from."""
    first = min(max(int(np.ceil(-start / step)), 0), samples.size)
    last = min(max(int(np.floor((columns - 1 - start) / step)) + 1, first), samples.size)
    place = np.int64(max(start + step * first, 0.0) * _ONE)
    advance = np.int64(step * _ONE)
    place += advance * max(low - first, 0)
    for i in range(max(first, low), min(last, high)):
        pixel = place >> 32
        part = np.float32(place & (_ONE - 1)) * _FRACTION
        value = part * samples[i]
        line[pixel] += samples[i] - value
        line[pixel + 1] += value
        place += advance


@numba.njit(cache=True, nogil=True)
def add_back(
    samples: Floats, offsets: Offsets, stride: int, gap: int, width: int, rows: Floats
) -> None:
    """Add to each row of a flat slice the runs of the flat samples at its `offsets` (row, run)."""
    for j in range(offsets.shape[0]):
        start = j * stride + gap
        add_views(samples, offsets[j], rows[start : start + width])


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def compare(
    lines: Floats, projected: Floats, gains: Floats, seen: Floats, weights: Floats, out: Floats
) -> float:
    """Put into `out` how much lines exceed gains times the projected, times the weights of views.

    All are (view, x), but the weights. Gives the sum of the squared differences where rays are
    `seen` (1, else 0).
    """
    total = 0.0
    for view in range(lines.shape[0]):
        part = np.float32(0)
        for x in range(lines.shape[1]):
            difference = lines[view, x] - gains[view, x] * projected[view, x]
            part += seen[view, x] * difference * difference
            out[view, x] = weights[view] * difference
        total += float(part)
    return total
