"""How good an alignment is: its errors where marks took no part in it, and its distance from truth.

A small residual may mean good marks or too many unknowns. Two other numbers tell them apart: the
leave-one-out error, and the error of the alignment itself that must be expected. The latter has two
parts. What the noise of the marks leaves is the covariance of the views (Triggs et al. 2000, Bundle
adjustment - a modern synthesis, section 3) where beads may be seen, times the variance of the
noise. What is no noise is alike for neighbouring views of a bead: it is the covariance of their
residuals. Where fewer variables were solved for than the views have, it is the distance from a
solution that leaves every view free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Solution, Tracks
from etomotut.engine.leave_one_out import leave_one_out, view_variance

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PATCHES_ALIKE = 2.0  # times what independent marks would leave; on simulated series 1.2 to 3.8
BEADS_ASKED = 60  # of many tracks, where uncertainty is asked for
NEIGHBOURS = 2  # views apart, by tilt
FITS = 0.5  # a mark of less weight does not
FEW_FIT = 0.34  # of the marks of a view that lies elsewhere
MISPLACED = 2.0  # pixels of median error beyond which a view lies elsewhere
MISPLACED_FACTOR = 4.0  # ... if it is that many times the median of all views, too
THIN = 2.0  # weights together: a view's two shifts and its rotation take two marks at least


@dataclass(frozen=True)
class Quality:
    """Errors of an alignment, pixels.

    Of the marks (point,): lengths of `residuals`, lengths of residuals without the mark
    `without` (NaN where nothing else tells where it should be), and `weights`.

    `uncertainty` by noise and `misfit` make the `expected` distance from the truth, rms; NaN if
    the marks do not tell. Of the views (view,): `is_misplaced` where most marks contradict the
    rest, `is_thin` where next to no mark counts.
    """

    residuals: Array
    without: Array
    weights: Array
    uncertainty: float
    misfit: float
    is_misplaced: Bools
    is_thin: Bools

    @property
    def expected(self) -> float:
        """The distance from the truth, rms, that has to be expected."""
        return float(np.hypot(self.uncertainty, self.misfit))


def measure(
    tracks: Tracks,
    solution: Solution,
    size: Tuple[int, int],
    refined: Optional[Solution] = None,
    *,
    are_patches: bool = False,
) -> Quality:
    """Give the quality of a solution on images of `size` (columns, rows).

    `refined` is one of the same marks that leaves every view free. Errors of patches, which share
    detail with their neighbours, are less independent than those of beads.
    """
    alike = PATCHES_ALIKE if are_patches else 1.0
    left_out = leave_one_out(tracks, solution)
    without = np.hypot(left_out[:, 0], left_out[:, 1])
    views = len(solution.parameters)
    weights = solution.weights
    variance = _noise_variance(solution.residuals, left_out, weights)
    unit = _mean_variance(tracks, solution, size)
    marks = np.bincount(tracks.view, minlength=views)
    apart = _distance(tracks, solution, refined) if refined is not None else 0.0
    thin = (np.bincount(tracks.view, weights, minlength=views) < THIN) & (marks > 0)
    return Quality(
        np.hypot(solution.residuals[:, 0], solution.residuals[:, 1]),
        without,
        weights,
        alike * float(np.sqrt(variance * unit)),
        alike * max(_common(tracks, solution), apart),
        _misplaced(without, weights, tracks.view, views),
        thin,
    )


def mean_by(values: Array, numbers: Ints, count: int, weights: Optional[Array] = None) -> Array:
    """Give means (count,) of values (point,) that share a number; NaN where there is none.

    Values that are NaN do not count.
    """
    known = np.isfinite(values)
    own = known.astype(float) if weights is None else np.where(known, weights, 0.0)
    total = np.bincount(numbers, np.where(known, values, 0.0) * own, minlength=count)
    whole = np.bincount(numbers, own, minlength=count)
    return np.divide(total, whole, out=np.full(count, np.nan), where=whole > 0)


def _noise_variance(residuals: Array, left_out: Array, weights: Array) -> float:
    """Give the variance of a coordinate: r (I - H)^-1 r has twice that as expectation."""
    product = (residuals * left_out).sum(axis=1)
    known = np.isfinite(product)
    total = float(weights[known].sum())
    return float(weights[known] @ product[known]) / (2 * total) if total > 0 else float("nan")


def _mean_variance(tracks: Tracks, solution: Solution, size: Tuple[int, int]) -> float:
    """Give the mean variance, for unit noise, of where beads are seen inside marked views."""
    every = -(-tracks.beads // BEADS_ASKED)
    view, bead = np.meshgrid(np.unique(tracks.view), np.arange(0, tracks.beads, every))
    view, bead = view.ravel(), bead.ravel()
    places = bundle.project(solution.parameters, solution.shifts, solution.xyz, view, bead)
    inside = (np.abs(places) < np.array(size) / 2).all(axis=1)
    if not inside.any():
        return float("nan")
    return float(view_variance(tracks, solution, view[inside], bead[inside]).mean())


def _distance(tracks: Tracks, solution: Solution, refined: Solution) -> float:
    """Give how far a solution leaves the marks that another predicts from any one place, rms."""
    parameters, shifts = refined.parameters, refined.shifts
    places = bundle.project(parameters, shifts, refined.xyz, tracks.view, tracks.bead)
    predicted = Tracks(places, tracks.view, tracks.bead)
    weights = np.ones(len(places))
    xyz = bundle.triangulate(predicted, solution.parameters, solution.shifts, weights)
    seen = bundle.project(solution.parameters, solution.shifts, xyz, tracks.view, tracks.bead)
    return float(np.sqrt(((places - seen) ** 2).sum(axis=1).mean()))


def _common(tracks: Tracks, solution: Solution) -> float:
    """Give the rms of what residuals of a bead in neighbouring views have in common."""
    tilt_order = np.argsort(np.argsort(solution.parameters[:, bundle.TILT]))
    place = tilt_order[tracks.view]
    order = np.lexsort((place, tracks.bead))
    first, second = order[:-1], order[1:]
    near = tracks.bead[first] == tracks.bead[second]
    near &= place[second] - place[first] <= NEIGHBOURS
    first, second = first[near], second[near]
    weights = np.sqrt(solution.weights[first] * solution.weights[second])
    common = (solution.residuals[first] * solution.residuals[second]).sum(axis=1)
    if weights.sum() <= 0:
        return 0.0
    return float(np.sqrt(max(weights @ common / weights.sum(), 0.0)))


def _misplaced(without: Array, weights: Array, view: Ints, views: int) -> Bools:
    """Tell the views (view,) of which most marks are far off and only few fit."""
    known = np.isfinite(without)
    typical = float(np.median(without[known])) if known.any() else 0.0
    limit = max(MISPLACED, MISPLACED_FACTOR * typical)
    fitting = mean_by((weights >= FITS).astype(float), view, views)
    result = np.zeros(views, bool)
    for each in np.unique(view[known]):
        far = np.median(without[known & (view == each)]) > limit
        result[each] = far and fitting[each] < FEW_FIT
    return result
