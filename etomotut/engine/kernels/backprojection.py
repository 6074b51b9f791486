"""Loops of back-projection: one line of every view becomes one slice.

Along x a slice and a view differ by a stretch with the cosine of the tilt angle only, so each
line is first stretched, once, onto the columns of the slice and the places between them; every
row of the slice is then the sum of whole rows of such samples, each from where its ray passes.
Rows along x are contiguous everywhere, and the sum needs one addition a voxel and view.
"""

from __future__ import annotations

from typing import Any, Tuple

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.uint32]
Statistics = Tuple[float, float, float]
Number = Any  # a scalar that numba types

PHASES = 16
TOGETHER = 8  # rows added at a time; LLVM 14 stops vectorizing beyond
_ONE_BY_ONE = 3  # so many left over cost less one at a time than filled up with zeros

# sums may be reordered for speed; only where extremes are sought, not-a-number is left aside
_REORDER = {"reassoc", "contract", "nsz", "arcp"}
_ONE = 1 << 32  # positions are fixed-point numbers with 32 bits after the point
_FRACTION = np.float32(1.0 / _ONE)


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def stretch(
    line: Floats, columns: int, start: float, step: float, outside: Number, out: Floats
) -> None:
    """Sample a line at start + step * i for each i of `out`, linearly between its pixels.

    The line has `columns` pixels and is longer than that; beyond them samples are `outside`.
    """
    first = min(max(int(np.ceil(-start / step)), 0), out.size)
    last = min(max(int(np.floor((columns - 1 - start) / step)) + 1, first), out.size)
    out[:first] = outside
    out[last:] = outside
    place = np.int64(max(start + step * first, 0.0) * _ONE)
    advance = np.int64(step * _ONE)
    for i in range(first, last):
        pixel = place >> 32
        part = np.float32(place & (_ONE - 1)) * _FRACTION
        left = line[pixel]
        out[i] = left + part * (line[pixel + 1] - left)
        place += advance


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def fill_between(samples: Floats) -> None:
    """Fill the phases of samples (phase, sample) between the first and the middle one, linearly.

    The last sample of the second half has no successor and stays as it is.
    """
    half = PHASES // 2
    for phase in range(1, half):
        part = np.float32(phase / half)
        for i in range(samples.shape[1]):
            samples[phase, i] = samples[0, i] + part * (samples[half, i] - samples[0, i])
        for i in range(samples.shape[1] - 1):
            samples[half + phase, i] = samples[half, i] + part * (
                samples[0, i + 1] - samples[half, i]
            )


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def add_rows(
    samples: Floats,
    a: Number,
    b: Number,
    c: Number,
    d: Number,
    e: Number,
    f: Number,
    g: Number,
    h: Number,
    row: Floats,
) -> None:
    """Add eight runs of the flat samples, which begin at a to h, to a row."""
    for x in range(np.uint64(row.size)):
        row[x] += ((samples[a + x] + samples[b + x]) + (samples[c + x] + samples[d + x])) + (
            (samples[e + x] + samples[f + x]) + (samples[g + x] + samples[h + x])
        )


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def add_row(samples: Floats, start: Number, row: Floats) -> None:
    """Add the run of the flat samples that begins at `start` to a row."""
    for x in range(np.uint64(row.size)):
        row[x] += samples[start + x]


@numba.njit(cache=True, nogil=True)
def locate(shifts: Floats, margin: int, length: int, offsets: Offsets) -> None:
    """Find where in the flat samples the run of each view begins, for a row at `shifts` (view,).

    Offsets beyond the last view get the run of zeros at the end.
    """
    views = shifts.size
    for view in range(views):
        place = np.int64(np.floor(PHASES * (margin + shifts[view]) + 0.5))
        offsets[view] = (view * PHASES + place % PHASES) * length + place // PHASES
    for view in range(views, offsets.size):
        offsets[view] = views * PHASES * length


@numba.njit(cache=True, nogil=True)
def add_views(samples: Floats, offsets: Offsets, row: Floats) -> None:
    """Add the runs of the flat samples that begin at the offsets to a row."""
    whole = offsets.size // TOGETHER * TOGETHER
    for k in range(0, whole, TOGETHER):
        a, b, c, d = offsets[k], offsets[k + 1], offsets[k + 2], offsets[k + 3]
        e, f, g, h = offsets[k + 4], offsets[k + 5], offsets[k + 6], offsets[k + 7]
        add_rows(samples, a, b, c, d, e, f, g, h, row)
    for k in range(whole, offsets.size):
        add_row(samples, offsets[k], row)


@numba.njit(cache=True, nogil=True)
def stretch_views(
    lines: Floats, columns: int, starts: Doubles, steps: Doubles, outside: Floats, samples: Floats
) -> None:
    """Sample a line of each view (view, x) onto the columns of the slice and between them.

    Sample i of phase p lies at starts + steps * (i + p / PHASES) in its view. `samples` is
    (view * PHASES + 1, sample); its last row stays zero.
    """
    for view in range(lines.shape[0]):
        phases = samples[view * PHASES : (view + 1) * PHASES]
        start, step = starts[view], steps[view]
        stretch(lines[view], columns, start, step, outside[view], phases[0])
        middle = phases[PHASES // 2]
        stretch(lines[view], columns, start + step / 2, step, outside[view], middle)
        fill_between(phases)


@numba.njit(cache=True, nogil=True, fastmath=_REORDER | {"nnan"})
def store(
    row: Floats, limits: Tuple[float, float], whole: bool, out: npt.NDArray[Any]
) -> Statistics:
    """Write a row of densities, and give their lowest, highest and sum as written.

    With `whole` they are rounded to whole numbers within the limits (lowest, highest).
    """
    low = high = row[0]
    if whole:
        low = high = np.rint(min(max(low, limits[0]), limits[1]))
    total = np.float32(0)
    for x in range(row.size):
        value = row[x]
        if whole:
            value = np.rint(min(max(value, limits[0]), limits[1]))
        low, high = min(low, value), max(high, value)
        total += value
        out[x] = value
    return low, high, float(total)


@numba.njit(cache=True, nogil=True)
def project(
    samples: Floats,
    margin: int,
    shifts: Floats,
    row: Floats,
    add: Number,
    limits: Tuple[float, float],
    whole: bool,
    out: npt.NDArray[Any],
) -> Statistics:
    """Back-project samples (view * PHASES + 1, sample) into rows of a slice, `out` (depth, x).

    The ray of view v through column x of row j passes sample margin + x + shifts[j, v]. Densities
    get `add`. Gives the lowest, the highest and the sum of those written.
    """
    views = shifts.shape[1]
    rest = views % TOGETHER
    padding = TOGETHER - rest if rest > _ONE_BY_ONE else 0
    offsets = np.empty(views + padding, np.uint32)
    flat = samples.reshape(-1)
    lowest, highest, total = np.inf, -np.inf, 0.0
    for j in range(shifts.shape[0]):
        locate(shifts[j], margin, samples.shape[1], offsets)
        row[:] = add
        add_views(flat, offsets, row)
        low, high, part = store(row, limits, whole, out[j])
        lowest, highest, total = min(lowest, low), max(highest, high), total + part
    return lowest, highest, total


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def mix(first: Floats, second: Floats, part: Number, add: Number, row: Floats) -> None:
    """Make a row the mixture (1 - part) * first + part * second, plus `add`."""
    for x in range(row.size):
        row[x] = first[x] + part * (second[x] - first[x]) + add


@numba.njit(cache=True, nogil=True)
def mix_slices(
    band: Floats,
    index: npt.NDArray[np.int64],
    part: Floats,
    row: Floats,
    add: Number,
    limits: Tuple[float, float],
    whole: bool,
    out: npt.NDArray[Any],
) -> Statistics:
    """Make row j of a slice the mixture of row j in slices index[j] and index[j] + 1 of a band.

    `band` (slice, depth, x), `part` (depth,) the share of the second. Gives what `project` gives.
    """
    lowest, highest, total = np.inf, -np.inf, 0.0
    for j in range(out.shape[0]):
        mix(band[index[j], j], band[index[j] + 1, j], part[j], add, row)
        low, high, some = store(row, limits, whole, out[j])
        lowest, highest, total = min(lowest, low), max(highest, high), total + some
    return lowest, highest, total
