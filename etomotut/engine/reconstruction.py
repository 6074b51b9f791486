"""Weighted back-projection: filtered lines of aligned views summed into slices of a tomogram.

A slice (depth, x) is perpendicular to the tilt axis and belongs to a row y of the views. Centred
on the volume, with z = -depth, a voxel (x, y, z) is first turned by the x-axis tilt a, to
y' = y cos a + z sin a and z' = z cos a - y sin a, and then seen at x cos t + z' sin t, y' in the
view of tilt angle t. Rays that miss a view get its mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import backprojection as kernels

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Statistics = Tuple[float, float, float]

STEEPEST = 89.0  # degrees; rays nearly along x would pass each row at millions of columns
_SPARE_ROWS = 4  # by which a band of turned slices may reach beyond the first and the last
_Y_TOLERANCE = 0.125  # pixels that a row may be off where x-axis tilts differ between views


@dataclass(frozen=True)
class Geometry:
    """How views and tomogram lie to each other; angles in degrees, one a view, lengths in pixels.

    `columns` and `rows` are the size of a view, (axis_x, axis_y) the index in it of the tilt axis
    and of the row about which x-axis tilts turn. The tomogram is `width` by `thickness` and shows
    its content moved by (shift_x, shift_depth).
    """

    tilts: npt.ArrayLike
    x_tilts: npt.ArrayLike
    columns: int
    rows: int
    axis_x: float
    axis_y: float
    width: int
    thickness: int
    shift_x: float = 0.0
    shift_depth: float = 0.0


class BackProjector:
    """Makes slices from filtered lines; holds the scratch arrays, so use one a thread.

    Raises ValueError for a tilt angle beyond the steepest.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        tilts = np.radians(np.asarray(geometry.tilts, float))
        self._x_tilts = np.radians(np.asarray(geometry.x_tilts, float))
        if np.any(np.abs(tilts) > np.radians(STEEPEST)):
            raise ValueError(f"tilt angles beyond {STEEPEST:g} degrees")
        self._tangents = np.tan(tilts)
        depth = np.arange(geometry.thickness) - (geometry.thickness - 1) / 2
        self._z = geometry.shift_depth - depth
        self._margin = int(np.ceil(self._farthest_shift())) + 1
        off_centre = geometry.axis_x - (geometry.columns - 1) / 2
        origin = (geometry.width - 1) / 2 + geometry.shift_x + off_centre
        self._steps = np.cos(tilts)
        self._starts = geometry.axis_x - (self._margin + origin) * self._steps
        runs = len(tilts) * kernels.PHASES + 1
        self._samples = np.zeros((runs, geometry.width + 2 * self._margin + 2), np.float32)
        self._row = np.empty(geometry.width, np.float32)
        self._band: Floats = np.empty((0, 1, 1), np.float32)

    def lines_for(self, slices: range) -> range:
        """Give the rows of the views that these slices (of consecutive rows) need."""
        if not np.any(self._x_tilts):
            return slices
        y = self._rows_seen(np.array([slices[0], slices[-1]]))
        last = self._geometry.rows - 1
        start = int(np.clip(np.floor(y.min()), 0, last))
        return range(start, int(np.clip(np.floor(y.max()) + 1, start, last)) + 1)

    def reconstruct(
        self,
        lines: Floats,
        outside: Floats,
        first: int,
        slices: range,
        out: npt.NDArray[Any],
        *,
        addend: float = 0.0,
    ) -> Statistics:
        """Fill `out` (slice, depth, x) with the slices of consecutive rows of the views.

        `lines` (view, line, x) are filtered and weighted, their first line is row `first`;
        `outside` (view, line) is what rays beyond their ends get. A whole-number type gets rounded
        densities within its limits. Gives the lowest density, the highest, and the sum of all.
        """
        if not np.any(self._x_tilts):
            return _gather(
                self._slice(lines[:, y - first], outside[:, y - first], addend, out[k])
                for k, y in enumerate(slices)
            )
        if np.ptp(self._x_tilts) == 0:
            return self._turned(lines, outside, first, slices, out, addend)
        return _gather(
            self._turned_by_view(lines, outside, first, y, out[k], addend)
            for k, y in enumerate(slices)
        )

    def _farthest_shift(self) -> float:
        """Give how far along x rays pass from where they cross z = 0, within the tomogram."""
        ends = np.array([-_SPARE_ROWS, self._geometry.rows + _SPARE_ROWS]) - self._geometry.axis_y
        z = self._z[[0, -1], None, None] * np.cos(self._x_tilts)
        return float(np.max(np.abs((z - ends[:, None] * np.sin(self._x_tilts)) * self._tangents)))

    def _rows_seen(self, slices: npt.ArrayLike) -> Doubles:
        """Give the row of the views (slice, depth, view) that rows of slices pass, fractional."""
        y = np.asarray(slices, float)[:, None, None] - self._geometry.axis_y
        turned = y * np.cos(self._x_tilts) + self._z[:, None] * np.sin(self._x_tilts)
        return np.asarray(turned + self._geometry.axis_y)

    def _slice(self, line: Floats, outside: Floats, addend: float, out: Any) -> Statistics:
        """Reconstruct a slice that is not turned about x, from a line of each view (view, x)."""
        self._stretch(line, outside)
        return self._project(self._z[:, None], addend, out)

    def _turned(
        self, lines: Floats, outside: Floats, first: int, slices: range, out: Any, addend: float
    ) -> Statistics:
        """Reconstruct slices that are all turned by the same x-axis tilt.

        A row of a slice passes between two lines of the views. What each line alone gives on the
        planes of constant depth is made once, in a band that follows these planes, then mixed.
        """
        seen = self._rows_seen(slices)[:, :, 0]
        base = np.floor(seen[0]).astype(np.int64)
        index = np.floor(seen).astype(np.int64) - base
        band = self._band_of(int(index.max()) + 2)
        for row in range(int(base.min()), int(base.max()) + len(band)):
            self._stretch_row(lines, outside, first, row)
            z = self._z_seen_by(row)
            for same in _runs(base):
                if 0 <= row - base[same.start] < len(band):
                    self._project(z[same, None], 0.0, band[row - base[same.start], same])
        parts = (seen - base - index).astype(np.float32)
        return _gather(
            kernels.mix_slices(
                band, index[k], parts[k], self._row, *_storing(out.dtype, addend), out[k]
            )
            for k in range(len(slices))
        )

    def _turned_by_view(
        self, lines: Floats, outside: Floats, first: int, y: int, out: Any, addend: float
    ) -> Statistics:
        """Reconstruct a slice where each view has an x-axis tilt of its own.

        Blocks of rows are so low that each view shows a block in one line, between two rows.
        """
        sine, cosine = np.sin(self._x_tilts), np.cos(self._x_tilts)
        height = max(int(2 * _Y_TOLERANCE / np.max(np.abs(sine))), 1)
        views = np.arange(len(sine))
        statistics = []
        for start in range(0, len(self._z), height):
            block = slice(start, start + height)
            seen = self._rows_seen([y])[0, block].mean(axis=0)
            low = np.clip(np.floor(seen).astype(int), first, first + lines.shape[1] - 2)
            part = (seen - low).astype(np.float32)[:, None]
            here, level = low - first, outside[views, low - first]
            line = lines[views, here] * (1 - part) + lines[views, here + 1] * part
            missed = (seen < 0) | (seen > self._geometry.rows - 1)
            line[missed] = level[missed, None]
            self._stretch(line, level)
            z = self._z[block, None] * cosine - (y - self._geometry.axis_y) * sine
            statistics.append(self._project(z, addend, out[block]))
        return _gather(statistics)

    def _band_of(self, count: int) -> Floats:
        """Give room for a number of slices, the same as before if it is enough."""
        if count > len(self._band):
            shape = (count, self._geometry.thickness, self._geometry.width)
            self._band = np.empty(shape, np.float32)
        return self._band[:count]

    def _z_seen_by(self, row: int) -> Doubles:
        """Give z' (depth,) where the planes of constant depth meet a row of the views."""
        turn = self._x_tilts[0]
        return np.asarray(self._z / np.cos(turn) - (row - self._geometry.axis_y) * np.tan(turn))

    def _stretch_row(self, lines: Floats, outside: Floats, first: int, row: int) -> None:
        """Stretch a row of the views, or what rays get that miss them above or below."""
        near = min(max(row - first, 0), lines.shape[1] - 1)
        exists = 0 <= row < self._geometry.rows
        self._stretch(lines[:, near], outside[:, near], columns=None if exists else 0)

    def _stretch(self, line: Floats, outside: Floats, columns: Optional[int] = None) -> None:
        kernels.stretch_views(
            line,
            self._geometry.columns if columns is None else columns,
            self._starts,
            self._steps,
            outside,
            self._samples,
        )

    def _project(self, z: Doubles, addend: float, out: Any) -> Statistics:
        """Add up the rays at z' (depth, view or 1) from the stretched line."""
        shifts = (z * self._tangents).astype(np.float32)
        result: Statistics = kernels.project(
            self._samples, self._margin, shifts, self._row, *_storing(out.dtype, addend), out
        )
        return result


def _storing(dtype: Any, addend: float) -> Tuple[np.float32, Tuple[float, float], bool]:
    """Give what the kernels need to know to store densities as a type."""
    if np.dtype(dtype).kind == "f":
        return np.float32(addend), (0.0, 0.0), False
    limits = np.iinfo(dtype)
    return np.float32(addend), (float(limits.min), float(limits.max)), True


def _runs(values: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Give the stretches of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return (slice(start, stop) for start, stop in zip(edges, edges[1:]))


def _gather(parts: Iterable[Statistics]) -> Statistics:
    """Put the lowest, the highest and the sum of several pieces together."""
    lows, highs, sums = zip(*parts)
    return min(lows), max(highs), sum(sums)
