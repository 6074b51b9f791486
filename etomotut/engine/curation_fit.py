"""Solving the marks of beads that are kept, and judging by the solution all that were measured.

Marks are arrays (bead, view, 2) of x, y from the centre of the view, NaN where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine import locating
from etomotut.engine.bundle_adjustment import Solution
from etomotut.engine.leave_one_out import LEAST_FREEDOM, leave_one_out
from etomotut.engine.locating import Setting
from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEWEST = 3  # marks of a bead that is solved: its position has three coordinates
MOST_PAIRS = 200  # of marks of a bead that are tried for its place
NEIGHBOURS = 3  # views on either side


@dataclass(frozen=True)
class Fit:
    """A solution of marks, and what it makes of all that were measured.

    `predicted` (bead, view, 2) holds all beads, also those too few marks of which are kept, and
    `errors` (bead, view) the lengths of the leave-one-out residuals of all marks measured: NaN
    where there is no mark, infinite where nothing but the mark itself tells where it should be.
    `kept` (bead, view) tells the marks that were solved.
    """

    solution: Solution
    predicted: Array
    errors: Array
    kept: Bools


def fit_marks(marks: Array, places: Array, setting: Setting) -> Fit:
    """Solve marks (bead, view, 2) and predict all beads; `places` also has marks that are dropped.

    Raises SolutionError where the marks do not determine an alignment.
    """
    used = locating.count_marks(marks) >= FEWEST
    if used.sum() < 2:
        raise SolutionError(
            f"{used.sum()} beads are marked in {FEWEST} views or more; at least 2 are needed"
        )
    points = locating.as_points(marks[used])
    solution = alignment.solve_every_view(points, setting.tilt_angles, setting.axis_angle)
    alone = leave_one_out(points, solution)
    xyz = np.zeros((len(marks), 3))
    xyz[used] = solution.xyz
    if not used.all():
        xyz[~used] = agreed_positions(places[~used], solution, setting.radius / 2)
    solution = replace(solution, xyz=xyz)
    predicted = locating.predict(solution)
    errors = np.hypot(*np.moveaxis(places - predicted, -1, 0))
    errors[~used] = _own_errors(places[~used], solution, predicted[~used], setting.radius / 2)
    errors[:, np.setdiff1d(np.arange(len(solution.shifts)), points.view)] = np.inf
    kept = np.isfinite(marks[..., 0]) & used[:, None]
    errors[kept] = np.nan_to_num(np.hypot(*alone.T), nan=np.inf)
    return Fit(solution, predicted, errors, kept)


def bead_errors(fit: Fit) -> Array:
    """Give the mean errors (bead,) of the marks kept, pixels; NaN where there is none."""
    return _means(fit, axis=1)


def view_errors(fit: Fit) -> Array:
    """Give the mean errors (view,) of the marks kept, pixels; NaN where there is none."""
    return _means(fit, axis=0)


def neighbours_of(values: Array, tilt_angles: Array) -> Array:
    """Give the median (view,) of the values of up to NEIGHBOURS views next in tilt, either side.

    It is infinite where none of these has a value.
    """
    order = np.argsort(tilt_angles, kind="stable")
    padded = np.pad(values[order], NEIGHBOURS, constant_values=np.nan)
    windows = np.stack([np.roll(padded, s) for s in range(-NEIGHBOURS, NEIGHBOURS + 1) if s])
    inner = windows[:, NEIGHBOURS:-NEIGHBOURS]
    told = np.isfinite(inner).any(axis=0)
    result = np.full(len(values), np.inf)
    result[order[told]] = np.nanmedian(inner[:, told], axis=0)
    return result


def agreed_positions(places: Array, solution: Solution, reach: float) -> Array:
    """Give where (bead, 3) most marks of each bead say that it is, under solved views.

    Pairs of marks far apart in tilt are tried (random sample consensus: Fischler and Bolles 1981),
    then all marks fitted that are within `reach` pixels of the best: two beads that were confused
    in many views still have one place each.
    """
    projections = bundle.matrices(solution.parameters)
    xyz = np.zeros((len(places), 3))
    for bead, marks in enumerate(places):
        view = np.flatnonzero(np.isfinite(marks[:, 0]))
        if not len(view):
            continue
        p, xy = projections[view], marks[view] - solution.shifts[view]
        first, second = (each.ravel() for each in np.indices((len(view),) * 2))
        pairs = np.flatnonzero(second - first >= min(len(view) // 4 + 1, len(view) - 1))
        pairs = pairs[:: max(len(pairs) // MOST_PAIRS, 1)]
        pairs = np.stack([first[pairs], second[pairs]], axis=1)
        tried = np.linalg.pinv(p[pairs].reshape(-1, 4, 3)) @ xy[pairs].reshape(-1, 4, 1)
        off = np.hypot(*np.moveaxis((p @ tried[:, None])[..., 0] - xy, -1, 0))
        best = int(np.argmin(np.minimum(off, reach).sum(axis=1)))
        near = off[best] < reach
        xyz[bead] = np.linalg.pinv(p[near].reshape(-1, 3)) @ xy[near].ravel()
    return xyz


def _own_errors(places: Array, solution: Solution, predicted: Array, reach: float) -> Array:
    """Give errors (bead, view) of beads that were placed by their own marks within `reach`.

    As in `leave_one_out` such a mark counts as if the bead had been placed without it.
    """
    projections = bundle.matrices(solution.parameters)
    off = places - predicted
    near = np.hypot(*np.moveaxis(off, -1, 0)) < reach
    normal = np.einsum("bv,vik,vil->bkl", near.astype(float), projections, projections)
    inverse = np.linalg.pinv(normal, rcond=1e-9, hermitian=True)
    leverage = np.einsum("bv,vik,bkl,vjl->bvij", near, projections, inverse, projections)
    freedom = np.eye(2) - leverage
    told = np.linalg.eigvalsh(freedom)[..., 0] > LEAST_FREEDOM
    freedom[~told] = np.eye(2)
    errors = np.hypot(*np.moveaxis(np.linalg.solve(freedom, off[..., None])[..., 0], -1, 0))
    result: Array = np.where(told | np.isnan(errors), errors, np.inf)
    return result


def _means(fit: Fit, *, axis: int) -> Array:
    """Give the mean errors of the marks kept of each bead (axis 1) or view (0), NaN where none."""
    told = fit.kept & np.isfinite(fit.errors)
    counts = told.sum(axis=axis)
    sums = np.where(told, fit.errors, 0.0).sum(axis=axis)
    return np.where(counts, sums / np.maximum(counts, 1), np.nan)
