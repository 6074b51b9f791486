"""The alignment that edited marks give, solved at once, and where it wants every bead to be.

It is the embedded tiltalign's solution of every view, in this process: starting a program takes
longer than solving.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict

import numpy as np

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.bundle_adjustment import Solution, Tracks
from etomotut.engine.leave_one_out import leave_one_out
from etomotut.errors import SolutionError
from etomotut.report.findings import Array, Numbers, Size
from etomotut.viewers.editor_points import Points

FEWEST = 3  # marks of a bead that are solved, as in tiltalign
FLAT = 1e-4  # of a mark's weight: holds the height of a bead that too few views tell


@dataclass(frozen=True)
class Geometry:
    """What is known before: tilt angles (view,) and tilt axis in degrees, size (x, y) of images."""

    tilt_angles: Array
    axis_angle: float
    size: Size

    @property
    def centre(self) -> Array:
        """The centre of the images, as indices."""
        middle: Array = (np.array(self.size, float) - 1) / 2
        return middle


@dataclass(frozen=True)
class Solved:
    """A solution of the beads `numbers`; the mean residual, and the mean left out, in pixels.

    The latter is over what the marks would have if each was left out, weighted as in the solution,
    as the quality of an alignment has it.
    """

    geometry: Geometry
    solution: Solution
    numbers: Numbers
    residual: float
    left_out: float

    def predicted(self, points: Points) -> Dict[int, Array]:
        """Give the places (view, 2) at which each bead that has a mark must be seen.

        A bead that was not solved is put where its marks want it under the solved views, at half
        the height of the specimen where they do not tell.
        """
        solution = self.solution
        matrices = bundle.matrices(solution.parameters)
        known = dict(zip(self.numbers.tolist(), solution.xyz))
        found = {}
        for bead in np.unique(points.beads).tolist():
            xyz = known.get(bead)
            if xyz is None:
                own = points.beads == bead
                views = points.views[own]
                seen = points.rows[own, :2] - self.geometry.centre - solution.shifts[views]
                xyz = _placed(matrices[views], seen)
            found[bead] = matrices @ xyz + solution.shifts + self.geometry.centre
        return found


def solve(points: Points, geometry: Geometry) -> Solved:
    """Solve the alignment from marks; raises SolutionError if there are too few of them."""
    numbers, counts = np.unique(points.beads, return_counts=True)
    numbers = numbers[counts >= FEWEST]
    chosen = np.isin(points.beads, numbers)
    if not chosen.any():
        raise SolutionError(f"no bead has {FEWEST} marks yet")
    tracks = Tracks(
        points.rows[chosen, :2] - geometry.centre,
        points.views[chosen],
        np.searchsorted(numbers, points.beads[chosen]),
    )
    solution = alignment.solve_every_view(tracks, geometry.tilt_angles, geometry.axis_angle)
    left_out = np.hypot(*leave_one_out(tracks, solution).T)
    is_told = np.isfinite(left_out)
    weights = solution.weights[is_told]
    return Solved(
        geometry,
        solution,
        numbers,
        float(np.hypot(*solution.residuals.T).mean()),
        float(np.average(left_out[is_told], weights=weights)) if weights.any() else float("nan"),
    )


def _placed(matrices: Array, seen: Array) -> Array:
    """Give the position (3,) that fits places (n, 2) in views with matrices (n, 2, 3)."""
    stacked = matrices.reshape(-1, 3)
    normal = stacked.T @ stacked
    normal[2, 2] += FLAT * len(matrices)
    position: Array = np.linalg.solve(normal, stacked.T @ seen.ravel())
    return position
