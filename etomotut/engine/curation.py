"""Curating the marks of gold beads: what a person does with IMOD's Beadfixer, judged by its effect.

The beads of a model are predicted in every view by the solution of their marks. Where one is seen
it is marked there: gaps are filled, marks that do not fit are tracked again, all are centred.
Points, beads and views that stay bad are dropped. Each such step is kept only if it lowers the
error with which all marks of the input, dropped ones included, are predicted without them
(`leave_one_out`), so that nothing is dropped to make the number look better.

Marks are arrays (bead, view, 2) of x, y from the centre of the view, NaN where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine import locating, tracking
from etomotut.engine.bundle_adjustment import Solution
from etomotut.engine.curation_fit import (
    FEWEST,
    Fit,
    agreed_positions,
    bead_errors,
    fit_marks,
    neighbours_of,
    view_errors,
)
from etomotut.engine.locating import Setting, Views
from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

MAX_ROUNDS = 5
FEW = 5  # marks of a bead that is kept: fewer do not tell it from chance
MISFIT = 6.0  # times the typical residual of its view beyond which a mark is wrong
DOUBTFUL = 3.0  # ... beyond which it is looked for where it is predicted
BAD_BEAD = 3.0  # times the median error of beads
BAD_VIEW = 3.0  # times the error of neighbouring views
GROSS = 0.25  # radii; beads and views with a mean error below that tell more than they harm
FARTHER = 2.0  # times the largest step between views, within which a lost view is looked for
SHALLOW = 0.5  # times the depth of beads in neighbouring views
DRIFTED = 0.1  # radii; where the beads of a view lie that far from their marks, all are moved
LOST = 0.5  # of the visible beads of a view; where fewer are seen, the view may lie elsewhere
HOPELESS = 1 / 3  # radii; a larger error of all marks is no sign that any of them are right
FEWEST_SHOWN = 0.2  # of the marks; as many would lie on something dark by chance
LEAST_SCALE = 0.1  # pixels; a misfit is no less than MISFIT times that
RE_TRACK, RE_CENTRE, FILL = "re-track", "re-centre", "fill gaps"
DROP_POINTS, DROP_BEADS, DROP_VIEWS = "drop points", "drop beads", "drop views"
FIND_VIEWS = "find lost views"
LEAST_MOVE = 0.05  # pixels; by less a mark is not moved
LEAST_GAIN = 0.005  # of the error in a round, relative, that is worth another


@dataclass(frozen=True)
class Step:
    """One attempt: its name, how many marks it changed, the deciding error before and after."""

    round: int
    name: str
    marks: int
    before: float
    after: float
    taken: bool


@dataclass(frozen=True)
class Curated:
    """Curated marks; `steps` tell how, and `by` (bead, view) the number of the one that decided.

    `before` and `after` are the fits of the input and of the result; `error_before` and
    `error_after` the errors that decide, in which a mark counts `limit` pixels at most. Where the
    marks are `is_hopeless`, they are left as they were.
    """

    marks: Array
    by: Ints
    steps: List[Step]
    before: Fit
    after: Fit
    error_before: float
    error_after: float
    limit: float

    @property
    def is_hopeless(self) -> bool:
        """Whether so few marks fit that there is nothing to go by."""
        return self.error_after > HOPELESS * self.limit


def curate(views: Views, marks: Array, setting: Setting) -> Curated:
    """Curate the marks (bead, view, 2) of beads, dark on bright, in a prealigned series.

    Raises SolutionError where the marks do not determine an alignment, or are not on beads.
    """
    curator = _Curator(views, marks, setting)
    for number in range(1, MAX_ROUNDS + 1):
        if not curator.go_round(number):
            break
    return curator.result()


class _Curator:
    """Marks under curation: what is kept, where all were measured last, how that fits."""

    def __init__(self, views: Views, marks: Array, setting: Setting) -> None:
        self._views, self._setting = views, setting
        self._slots = np.isfinite(marks[..., 0])
        self._marks, self._places = marks.copy(), marks.copy()
        self._first = self._fit = fit_marks(marks, marks, setting)
        self._found: Array | None = None
        self._steps: List[Step] = []
        self._by = np.full(self._slots.shape, -1)
        self._centre = (np.array(views.shape[:0:-1]) - 1) / 2
        self._shows = self._show_beads()
        self._require_beads()
        self._first_error = self._error(self._fit, self._shows)
        self._original = (self._marks, self._fit, self._shows)

    def go_round(self, number: int) -> bool:
        """Attempt every kind of step once; tells whether any was taken."""
        begun = len(self._steps)
        for name, propose in self._proposals():
            self._attempt(number, name, propose())
        taken = [step for step in self._steps[begun:] if step.taken]
        return bool(taken) and taken[-1].after < (1 - LEAST_GAIN) * taken[0].before

    def result(self) -> Curated:
        """Give what was reached; the input, where that is no alignment of anything."""
        if self._error(self._fit, self._shows) > HOPELESS * self._setting.radius:
            self._steps = [replace(step, taken=False) for step in self._steps]
            self._marks, self._fit, self._shows = self._original
        return Curated(
            self._marks,
            self._by,
            self._steps,
            self._first,
            self._fit,
            self._first_error,
            self._error(self._fit, self._shows),
            self._setting.radius,
        )

    def _proposals(self) -> Sequence[Tuple[str, Callable[[], Array]]]:
        return (
            (DROP_POINTS, self._drop_confused),
            (FIND_VIEWS, self._find_views),
            (RE_TRACK, self._re_track),
            (RE_CENTRE, self._re_centre),
            (FILL, self._fill),
            (DROP_POINTS, self._drop_misfits),
            (DROP_BEADS, self._drop_beads),
            (DROP_VIEWS, self._drop_views),
        )

    def _attempt(self, number: int, name: str, marks: Array) -> None:
        """Take proposed marks if they lower the error."""
        same = (marks == self._marks) | (np.isnan(marks) & np.isnan(self._marks))
        changed = ~same.all(axis=2)
        if not changed.any():
            return
        places = np.where(np.isfinite(marks), marks, self._places)
        shows = self._shows | np.isfinite(marks[..., 0]) & changed
        before = after = self._error(self._fit, self._shows)
        try:
            fit = fit_marks(marks, places, self._setting)
            after = self._error(fit, shows)
        except SolutionError:
            after = np.inf
        taken = after < before
        self._steps.append(Step(number, name, int(changed.sum()), before, after, taken))
        if taken:
            self._marks, self._places, self._fit, self._found = marks, places, fit, None
            self._shows = shows
            self._by[changed] = len(self._steps) - 1

    def _error(self, fit: Fit, shows: Bools) -> float:
        """Give the mean error (pixels) of the marks of the input, each `limit` at most.

        Marks that show no bead count as much: all marks of a view may agree on a wrong shift.
        """
        limit = self._setting.radius
        return float(np.where(shows, np.minimum(fit.errors, limit), limit)[self._slots].mean())

    def _show_beads(self) -> Bools:
        """Tell which marks (bead, view) have a bead within a radius."""
        profiles = self._profiles()
        shows = np.zeros(self._slots.shape, bool)
        for view, image in enumerate(self._views):
            own = self._slots[:, view]
            shows[own, view] = locating.shows_bead(
                image, self._marks[own, view] + self._centre, profiles[view], self._setting
            )
        return shows

    def _require_beads(self) -> None:
        """Raise SolutionError if hardly any mark shows a bead: there is nothing to go by."""
        shown, marked = int(self._shows.sum()), int(self._slots.sum())
        if shown < FEWEST_SHOWN * marked:
            raise SolutionError(
                f"{shown} of {marked} marks lie on a bead of this size; the model must be one of "
                "beads, made on these images"
            )

    def _seen(self) -> Array:
        """Give the marks (bead, view, 2) of the beads that are seen where they are predicted."""
        if self._found is None:
            self._found = self._locate(self._fit.solution)
        return self._found

    def _locate(self, solution: Solution, doubted: Bools | None = None) -> Array:
        profiles = self._profiles(doubted)
        found = locating.locate(self._views, solution, profiles, self._setting).marks
        found[~self._is_known()] = np.nan
        return found

    def _profiles(self, doubted: Bools | None = None) -> List[Array]:
        """Give the profile of beads a view; its neighbours' where its marks show no beads.

        So it is with views that are `doubted` (view,).
        """
        fits = self._fit.kept & (self._fit.errors < DOUBTFUL * self._scale())
        places = np.where(fits[..., None], self._marks, np.nan) + self._centre
        profiles = locating.profiles_of_beads(self._views, places, self._setting)
        depth = -np.array([each[0] for each in profiles])
        shallow = np.zeros(len(depth), bool) if doubted is None else doubted
        shallow = shallow | (depth < SHALLOW * neighbours_of(depth, self._setting.tilt_angles))
        if shallow.any():
            places[:, shallow] = np.nan
            profiles = locating.profiles_of_beads(self._views, places, self._setting)
        return profiles

    def _is_known(self) -> Bools:
        """Tell of which beads (bead,) the position is told by what is kept of their marks."""
        known: Bools = self._fit.kept.sum(axis=1) >= FEWEST
        return known

    def _scale(self) -> Array:
        """Give the typical error (view,) of the marks kept."""
        bead, view = np.nonzero(self._fit.kept & np.isfinite(self._fit.errors))
        lengths = self._fit.errors[bead, view]
        vectors = np.column_stack([lengths, np.zeros(len(lengths))])
        scale = alignment.scale_by_view(vectors, view, self._slots.shape[1])
        return np.maximum(scale, LEAST_SCALE)

    def _visible(self) -> Bools:
        return locating.visible(self._fit.solution, self._centre - self._setting.radius)

    def _find_views(self) -> Array:
        """Mark views anew in which few beads are where they are predicted, and most elsewhere."""
        visible = self._visible() & self._is_known()[:, None]
        seen = np.isfinite(self._seen()[..., 0]) & visible
        lost = seen.sum(axis=0) < LOST * visible.sum(axis=0)
        drift = self._drift()
        if not lost.any() and not drift.any():
            return self._marks
        points = [np.zeros((0, 2))] * len(lost)
        for view, each in zip(np.flatnonzero(lost), self._candidates(lost)):
            points[view] = each
        old = self._fit.solution
        moved = replace(old, shifts=old.shifts + drift)
        setting = replace(self._setting, search=FARTHER * self._setting.search)
        moved = tracking.recover_views(points, moved, setting, self._centre)
        changed = (moved.shifts != old.shifts).any(axis=1)
        return np.where(changed[:, None], self._locate(moved, changed), self._marks)

    def _drift(self) -> Array:
        """Give how far (view, 2) the beads of views are seen from their marks, 0 if hardly."""
        off = self._seen() - self._fit.predicted
        drift = np.zeros(off.shape[1:])
        for view in np.flatnonzero(np.isfinite(off[..., 0]).sum(axis=0) >= FEWEST):
            drift[view] = np.nanmedian(off[:, view], axis=0)
        drift[np.hypot(*drift.T) < DRIFTED * self._setting.radius] = 0.0
        return drift

    def _candidates(self, chosen: Bools) -> List[Array]:
        """Give the places (n, 2) that look like gold in the chosen views; not fringes of gold."""
        found = tracking.find_in_views(self._views[chosen], self._setting)
        weakest = [tracking.USUAL_GOLD * tracking.gold_level(each.strength) for each in found]
        golden = [each.xy[each.strength > least] for each, least in zip(found, weakest)]
        return [each - self._centre for each in golden]

    def _re_track(self) -> Array:
        """Mark beads where they are seen whose marks do not fit or were dropped."""
        wrong = ~self._fit.kept | (self._fit.errors > DOUBTFUL * self._scale())
        return self._replaced(self._slots & wrong)

    def _re_centre(self) -> Array:
        return self._replaced(self._fit.kept)

    def _fill(self) -> Array:
        return self._replaced(np.isnan(self._marks[..., 0]) & ~self._slots)

    def _replaced(self, chosen: Bools) -> Array:
        """Give the marks with the chosen ones (bead, view) where their beads are seen."""
        seen = self._seen()
        moved = np.hypot(*np.moveaxis(seen - self._marks, -1, 0))
        chosen = chosen & np.isfinite(seen[..., 0]) & ~(moved < LEAST_MOVE)
        return np.where(chosen[..., None], seen, self._marks)

    def _drop_confused(self) -> Array:
        """Drop marks that are far from where most of their bead's say that it is."""
        solution, reach = self._fit.solution, self._setting.radius
        xyz = agreed_positions(self._marks, solution, reach / 2)
        off = self._marks - locating.predict(replace(solution, xyz=xyz))
        return self._without(np.hypot(*np.moveaxis(off, -1, 0)) > reach)

    def _drop_misfits(self) -> Array:
        errors = self._fit.errors
        misfits = self._fit.kept & np.isfinite(errors) & (errors > MISFIT * self._scale())
        return self._without(misfits)

    def _drop_beads(self) -> Array:
        """Drop beads with too few marks, or whose marks are not those of one place."""
        kept = self._fit.kept
        few = kept.sum(axis=1) < FEW
        means = bead_errors(self._fit)
        bad = means > np.maximum(BAD_BEAD * np.nanmedian(means), GROSS * self._setting.radius)
        return self._without((few | bad)[:, None])

    def _drop_views(self) -> Array:
        """Drop views whose marks fit far worse than those of their neighbours."""
        means = view_errors(self._fit)
        usual = neighbours_of(means, self._setting.tilt_angles)
        return self._without(means > np.maximum(BAD_VIEW * usual, GROSS * self._setting.radius))

    def _without(self, dropped: Bools) -> Array:
        return np.where(dropped[..., None], np.nan, self._marks)
