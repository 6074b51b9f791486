"""SIRT: slices whose projections agree with the views, approached by repeated correction.

With A the projection of a slice (depth, x) along the rays of all views, an iteration adds
C A^T R (y - A x) to it, where R divides by the length of a ray in the slice and C by the number of
views (P. Gilbert, J. Theor. Biol. 36, 1972). A^T is the exact adjoint of A, and both R and C
divide by the largest that these numbers are anywhere, so that the weighted differences y - A x
never grow: where rays leave the slice at its sides they correct it less.

Views have their mean taken off first: what lies beside the slice then counts as average.
"""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import backprojection, projection
from etomotut.engine.kernels.backprojection import PHASES
from etomotut.engine.reconstruction import BackProjector, Geometry

Floats = npt.NDArray[np.float32]

_SEEN = 0.99  # of a ray's length: rays with less of it in the slice do not count as explained
_RIPPLE = 0.2  # more than ripples are; less of a ray is found where no slice is
_MORE = 2  # pixels behind each line, zeros, that interpolation reads


class Sirt(BackProjector):
    """Solves slices; holds one and scratch arrays, so use one a thread.

    A density is as a view shows it where a ray passes the thickness once, without tilt. Raises
    ValueError if slices are tilted about the x axis, or views beyond the steepest.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(geometry)
        if np.any(self._x_tilts):
            raise ValueError("slices tilted about the x axis depend on each other")
        thickness, width = geometry.thickness, geometry.width
        self._gap = self._samples.shape[1] - width
        self._stride = width + self._gap
        self._rows = np.zeros(thickness * self._stride + self._gap + self._stride, np.float32)
        framed = self._rows[: thickness * self._stride].reshape(thickness, self._stride)
        self.slice = framed[:, self._gap :]
        self._locate()
        self._lines = np.zeros((len(self._steps), geometry.columns + _MORE), np.float32)
        self._differences = np.zeros_like(self._lines)
        self._weights = (self._steps / len(self._steps)).astype(np.float32)
        self._gains = self._level()
        self.slice[:] = 1
        self._seen = (self.project() * self._steps[:, None] > _SEEN).astype(np.float32)

    def iterate(
        self, lines: npt.ArrayLike, start: Optional[Floats] = None
    ) -> Iterator[Tuple[Floats, float]]:
        """Give the slice (depth, x) and the sum of squared differences, iteration by iteration.

        `lines` (view, x), without their means, are those of the slice. The first slice is empty or
        the back-projection of the lines `start`. The slice that is given changes with the next
        iteration.
        """
        measured = np.ascontiguousarray(lines, np.float32)
        self.slice[:] = 0
        if start is not None:
            self.back_project(start)
        self._compare(measured, is_empty=start is None)
        while True:
            self._add(self._differences)
            yield self.slice, self._compare(measured)

    def energy(self, lines: npt.ArrayLike) -> float:
        """Give the sum of squares that differences from `lines` have for an empty slice."""
        return float(np.sum(np.square(np.asarray(lines, float)) * self._seen))

    def project(self) -> Floats:
        """Give the lines (view, x) that the slice has, the thickness counted as 1."""
        projection.project(
            self._rows,
            self._places,
            self._groups,
            self._spans,
            self._starts,
            self._steps,
            self._geometry.columns,
            self._scratch,
            self._lines,
        )
        seen: Floats = self._lines[:, : self._geometry.columns] * self._gains
        return seen

    def back_project(self, lines: npt.ArrayLike) -> None:
        """Add lines (view, x) to the slice along their rays."""
        self._differences[:, :-_MORE] = lines
        self._add(self._differences)

    def _add(self, lines: Floats) -> None:
        backprojection.stretch_views(
            lines,
            self._geometry.columns,
            self._starts,
            self._steps,
            np.zeros(len(lines), np.float32),
            self._samples,
        )
        projection.add_back(
            self._samples.reshape(-1),
            self._offsets,
            self._stride,
            self._gap,
            self._geometry.width,
            self._rows,
        )

    def _compare(self, measured: Floats, *, is_empty: bool = False) -> float:
        """Set the differences that the next iteration adds; gives the sum of their squares."""
        if is_empty:
            self._lines[:] = 0
        else:
            self.project()
        found: float = projection.compare(
            measured,
            self._lines,
            self._gains,
            self._seen,
            self._weights,
            self._differences,
        )
        return found

    def _level(self) -> Floats:
        """Give what to multiply projected lines (view, x) with, beside 1 / thickness.

        The adjoint of linear interpolation makes ripples of some per cent in the projection of
        what is constant. Without them, the same equations are solved with other weights.
        """
        ripples = np.zeros_like(self._lines)
        samples = np.ones(self._samples.shape[1], np.float32)
        for view, (start, step) in enumerate(zip(self._starts, self._steps)):
            counts = np.diff(self._groups[view]) / len(self._z)
            near = np.abs(1 - np.arange(PHASES) / (PHASES // 2))  # share of samples, not halfway
            for place, share in ((start, counts @ near), (start + step / 2, counts @ (1 - near))):
                run, size = samples * np.float32(share * step), len(samples)
                projection.unstretch(
                    run, 0, size, self._geometry.columns, place, step, ripples[view]
                )
        found = ripples[:, : self._geometry.columns]
        is_inside = np.abs(found - 1) < _RIPPLE
        gains = np.where(is_inside, 1 / np.where(is_inside, found, 1), 1)
        return np.asarray(gains / self._geometry.thickness, np.float32)

    def _locate(self) -> None:
        """Find the runs of samples that rows of the slice pass, in the order each side needs."""
        shifts = (self._z[:, None] * self._tangents).astype(np.float32)
        place = np.floor(PHASES * (self._margin + shifts.astype(float)) + 0.5).astype(np.int64)
        phase, first = place % PHASES, place // PHASES
        views = np.arange(place.shape[1])
        length = self._samples.shape[1]
        self._offsets = ((views * PHASES + phase) * length + first).astype(np.uint32)
        order = np.argsort(phase, axis=0, kind="stable").T
        row_starts = np.arange(len(place))[:, None] * self._stride + self._gap
        self._places = np.take_along_axis((row_starts - first).T, order, 1).astype(np.uint32)
        counts = np.array([np.bincount(each, minlength=PHASES) for each in phase.T])
        self._groups = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
        reach = np.stack([first.min(axis=0), first.max(axis=0) + self._geometry.width], axis=1)
        self._spans = reach.astype(np.int64)
        self._scratch = np.zeros((projection.SCRATCH, length), np.float32)


def bytes_needed(geometry: Geometry, slices: int) -> int:
    """Give roughly the memory that solving slices takes, with the lines of some at a time."""
    tilts = np.radians(np.asarray(geometry.tilts, float))
    reach = abs(geometry.shift_depth) + geometry.thickness / 2
    length = geometry.width + 2 * int(reach * np.max(np.abs(np.tan(tilts)))) + 4
    rows = 2 * geometry.thickness  # one more for writing it
    lines = 6 * slices * geometry.columns  # read, filtered, their spectra
    return int(4 * (length * (rows + PHASES * len(tilts)) + lines * len(tilts)))
