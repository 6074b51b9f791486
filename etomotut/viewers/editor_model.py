"""What the fiducial editor shows and changes: a tilt series, the marks in it, their alignment.

Nothing here knows the window. One bead may be `selected`; what is done to "the mark" is done to
its mark in the view shown. After each change residuals are told against the last solution, until
a new one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.convert.series import Series
from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.report.findings import Array, Marks
from etomotut.report.residuals import line_scale
from etomotut.viewers.close_up import CloseUpModel
from etomotut.viewers.editor_centring import Centring
from etomotut.viewers.editor_points import History, Points
from etomotut.viewers.editor_solution import Geometry, Solved

AS_TRACKED = "as tracked"
PATCH = 12.0  # pixels: how large the marks of patches are drawn, which have no diameter
NEAR = 3.0  # diameters from its place within which a bead is put
LEAST_BIG = 0.5  # pixels; a smaller residual is never big
BIG = 3.0  # robust standard deviations above the median

Place = Tuple[int, int]  # bead, view


@dataclass(frozen=True)
class Jump:
    """Where a search led: the bead, how many places there are, and which of them this is."""

    bead: int
    number: int
    count: int


class EditorModel(CloseUpModel):
    """A series whose marks are edited; `source` is IMOD's model that they come from.

    Points that were only predicted are gaps here.
    """

    def __init__(
        self, series: Series, marks: Marks, source: model.Model, axis_angle: float = 0.0
    ) -> None:
        measured = marks.is_measured
        points = Points(marks.rows[measured], marks.beads[measured])
        marks = replace(
            marks,
            rows=points.rows,
            beads=points.beads,
            residuals=np.full((len(points.rows), 2), np.nan),
            is_solved=False,
        )
        super().__init__(series, {AS_TRACKED: marks.frame}, marks)
        self.frames = {AS_TRACKED: marks.frame}  # marks are put where they belong
        self.is_beads = marks.diameter > 0
        self.diameter = marks.diameter or PATCH
        self.geometry = Geometry(series.tilt_angles(), axis_angle, marks.frame.size)
        self.history = History(points)
        self.selected: Optional[int] = None
        self.solved: Optional[Solved] = None
        self.first: Optional[Solved] = None
        self.problem = ""  # why the marks were not solved
        self.predicted: Dict[int, Array] = {}
        self._visible: Dict[int, npt.NDArray[np.bool_]] = {}
        self._solved_points: Optional[Points] = None
        self._centring = Centring(self._stack, series, marks.frame, self.diameter)
        self._source = source
        surfaces = [contour.surface for _, _, contour in source.contours()]
        self._surfaces: Dict[int, int] = dict(enumerate(surfaces))
        self._trail: List[Place] = []  # big residuals that were looked at
        self._shown_at = {view.order: index for index, view in enumerate(self.views)}

    # ------------------------------------------------------------------ what there is
    @property
    def points(self) -> Points:
        """The marks as they are now."""
        return self.history.points

    @property
    def is_to_be_solved(self) -> bool:
        """Whether the marks changed since they were solved."""
        return self._solved_points is not self.points

    @property
    def rank(self) -> Optional[int]:
        """The number of the view shown among those that were used, None if it was not."""
        return self._ranks.get(self.view.order)

    @property
    def mark(self) -> Optional[int]:
        """The number of the selected bead's mark in the view shown, None if there is none."""
        if self.selected is None or self.rank is None:
            return None
        return self.points.index(self.selected, self.rank)

    @property
    def expected(self) -> Optional[Array]:
        """Where (2,) the selected bead must be in the view shown, None if nothing tells."""
        if self.selected is None or self.rank is None or self.selected not in self.predicted:
            return None
        place: Array = self.predicted[self.selected][self.rank]
        return place

    def residuals(self) -> Array:
        """Give the residual (point, 2) of each mark, NaN before anything was solved."""
        found = np.full((len(self.points.rows), 2), np.nan)
        for bead, places in self.predicted.items():
            own = self.points.beads == bead
            found[own] = self.points.rows[own, :2] - places[self.points.views[own]]
        return found

    def gaps(self) -> List[Place]:
        """Give the views in which beads have no mark though they must be seen, bead by bead."""
        marked = self.points.by_place()
        return [
            (bead, view)
            for bead in np.unique(self.points.beads).tolist()
            for view in range(len(self.geometry.tilt_angles))
            if (bead, view) not in marked and self._is_inside(bead, view)
        ]

    def big_residuals(self) -> List[Place]:
        """Give the marks whose residual stands out, the largest first."""
        lengths = np.hypot(*self.residuals().T)
        chosen = np.flatnonzero(lengths > self.limit())
        order = chosen[np.argsort(-lengths[chosen], kind="stable")]
        return [(int(self.points.beads[n]), int(self.points.views[n])) for n in order]

    def limit(self) -> float:
        """Give the residual from which one stands out, pixels."""
        lengths = np.hypot(*self.residuals().T)
        lengths = lengths[np.isfinite(lengths)]
        if not len(lengths):
            return LEAST_BIG
        middle = float(np.median(lengths))
        spread = 1.4826 * float(np.median(np.abs(lengths - middle)))
        return max(middle + BIG * spread, LEAST_BIG)

    def bead_at(self, place: Array) -> Optional[int]:
        """Give the bead whose ring in the view shown a place is in, None if there is none.

        Beads without a mark there have a ring where they must be seen.
        """
        if self.rank is None:
            return None
        rings = dict(self.absent())
        here = self.points.views == self.rank
        rings.update(zip(self.points.beads[here].tolist(), self.points.rows[here, :2]))
        off = {bead: float(np.hypot(*(xy - place))) for bead, xy in rings.items()}
        nearest = min(off, key=lambda bead: off[bead], default=None)
        return nearest if nearest is not None and off[nearest] <= self.diameter else None

    def absent(self) -> Mapping[int, Array]:
        """Give where (2,) beads without a mark in the view shown must be seen, by bead."""
        rank = self.rank
        if rank is None:
            return {}
        return {
            bead: places[rank]
            for bead, places in self.predicted.items()
            if self.points.index(bead, rank) is None and self._is_inside(bead, rank)
        }

    def is_near(self, place: Array) -> bool:
        """Whether a place is so near to where the selected bead must be that it may be put there.

        Where nothing tells, it may be put anywhere.
        """
        mark = self.mark
        known = [] if self.expected is None else [self.expected]
        known += [] if mark is None else [self.points.rows[mark, :2]]
        reach = NEAR * self.diameter
        return not known or min(float(np.hypot(*(each - place))) for each in known) <= reach

    # ------------------------------------------------------------------ going places
    def go_to_gap(self, step: int = 1) -> Optional[Jump]:
        """Select the next gap after the bead and view shown, or the one before."""
        gaps = self.gaps()
        if not gaps:
            return None
        here = (
            -1 if self.selected is None else self.selected,
            -1 if self.rank is None else self.rank,
        )
        ahead = [n for n, each in enumerate(gaps) if (each > here if step > 0 else each < here)]
        number = (ahead or range(len(gaps)))[0 if step > 0 else -1]
        return self._jump(gaps[number], number, len(gaps))

    def go_to_residual(self, step: int = 1) -> Optional[Jump]:
        """Select the largest residual that was not looked at yet, or go back to the last one.

        When all have been looked at, it begins again.
        """
        big = self.big_residuals()
        if step < 0 and len(self._trail) > 1:
            self._trail.pop()
            place = self._trail[-1]
            return self._jump(place, big.index(place) if place in big else 0, len(big))
        left = [each for each in big if each not in self._trail]
        if not left:
            self._trail.clear()
            left = big
        if not left:
            return None
        self._trail.append(left[0])
        return self._jump(left[0], big.index(left[0]), len(big))

    def select(self, bead: Optional[int]) -> None:
        """Select a bead, or none."""
        self.selected = bead

    # ------------------------------------------------------------------ changes
    def put(self, place: Array, *, centre: bool = True) -> str:
        """Put the selected bead's mark in the view shown at a place and tell what was done.

        With `centre` it goes to the centre of the bead there; where none is found, to the place.
        """
        if self.selected is None or self.rank is None:
            return ""
        had = self.mark is not None
        found = self.centred_on(place) if centre else None
        at = place if found is None else found
        name = f"bead {self.selected + 1} in view {self.index + 1}"
        what = f"{'moved' if had else 'added'} {name}"
        self._change(self.points.put(self.selected, self.rank, at), what)
        if centre and found is None and self.is_beads:
            return f"{what}; no bead was found there to centre it on"
        return what

    def start_bead(self, place: Array, *, centre: bool = True) -> str:
        """Begin a new bead with a mark in the view shown; one to be centred must be there."""
        if self.rank is None:
            return ""
        if centre and self.is_beads and self.centred_on(place) is None:
            return "there is no bead; without centring one can be marked all the same"
        self.selected = self._next_number()
        self.put(place, centre=centre)
        return f"new bead {self.selected + 1}: mark it in other views, or fill its gaps"

    def delete_mark(self) -> str:
        """Delete the selected bead's mark in the view shown."""
        if self.mark is None or self.selected is None:
            return ""
        what = f"deleted bead {self.selected + 1} in view {self.index + 1}"
        self._change(self.points.without(self.selected, self.rank), what)
        return what

    def delete_bead(self) -> str:
        """Delete all marks of the selected bead."""
        if self.selected is None:
            return ""
        what = f"deleted bead {self.selected + 1}"
        self._change(self.points.without(self.selected), what)
        self.selected = None
        return what

    def fill(self) -> str:
        """Mark the selected bead in all views where it must be seen and is found there.

        Views are gone through from those that have a mark to the next, since a bead of few marks
        is known better with each more.
        """
        if self.selected is None:
            return ""
        bead, points, added = self.selected, self.points, 0
        is_solved = self.solved is not None and bead in self.solved.numbers
        reach = 2 * self.limit() if is_solved else self.diameter / 2
        missing = {view for each, view in self.gaps() if each == bead}
        while missing:
            marked = points.views[points.beads == bead]
            view = min(missing, key=lambda each: int(np.abs(marked - each).min()))
            missing.discard(view)
            place = self._expect(points, bead, view)
            found = None if place is None else self.centred_on(place, view)
            if found is not None and np.hypot(*(found - place)) <= reach:
                points, added = points.put(bead, view, found), added + 1
        what = f"filled {added} gaps of bead {bead + 1}"
        if added:
            self._change(points, what)
        return what

    def undo(self) -> str:
        """Take the last change back."""
        what = self.history.undo()
        self._take_points()
        return f"undone: {what}" if what else "there is nothing to undo"

    def redo(self) -> str:
        """Make the change again that was taken back last."""
        what = self.history.redo()
        self._take_points()
        return f"done again: {what}" if what else "there is nothing to do again"

    def take(self, solved: Union[Solved, EtomotutError], points: Points) -> None:
        """Take what came of solving some points: a solution, or why there is none."""
        self._solved_points = points
        self.problem = str(solved) if isinstance(solved, EtomotutError) else ""
        if isinstance(solved, EtomotutError):
            return
        self.solved, self.first = solved, self.first or solved
        self._take_points()
        assert self.marks is not None
        self.stretch = line_scale(self.marks)[1]

    def edited(self) -> model.Model:
        """Give the edited marks as IMOD's model; beads are counted anew where some were deleted."""
        beads, numbers = np.unique(self.points.beads, return_inverse=True)
        made = model.from_tracks(
            self.points.rows,
            numbers,
            size=self._source.size,
            pixel_size=self._source.pixel_size,
            surfaces=[self._surfaces.get(bead, 0) for bead in beads.tolist()],
            symbol_size=self._source.objects[0].symbol_size if self._source.objects else 7,
        )
        return replace(made, origin=self._source.origin)

    # ------------------------------------------------------------------ inside
    def centred_on(self, place: Array, rank: Optional[int] = None) -> Optional[Array]:
        """Give the centre (2,) of the bead at a place of the view shown or of another one."""
        rank = self.rank if rank is None else rank
        if rank is None or not self.is_beads:
            return None
        others = self.points if self.selected is None else self.points.without(self.selected)
        return self._centring.centre(place, rank, others)

    def _expect(self, points: Points, bead: int, view: int) -> Optional[Array]:
        if self.solved is None:
            return None
        place: Array = self.solved.predicted(points)[bead][view]
        return place

    def _change(self, points: Points, what: str) -> None:
        self.history.change(points, what)
        self._take_points()

    def _take_points(self) -> None:
        """Let what is shown follow the points."""
        if self.selected is not None and self.selected not in self.points.beads:
            self.selected = None
        self.predicted = {} if self.solved is None else self.solved.predicted(self.points)
        self._visible = {bead: self._is_visible(each) for bead, each in self.predicted.items()}
        assert self.marks is not None
        self.marks = replace(
            self.marks,
            rows=self.points.rows,
            beads=self.points.beads,
            residuals=self.residuals(),
            is_solved=self.solved is not None,
        )

    def _jump(self, place: Place, number: int, count: int) -> Jump:
        self.selected = place[0]
        self.go_to(self._shown_at[self.series.used[place[1]].order])
        return Jump(place[0], number + 1, count)

    def _is_inside(self, bead: int, view: int) -> bool:
        return bead not in self._visible or bool(self._visible[bead][view])

    def _is_visible(self, places: Array) -> npt.NDArray[np.bool_]:
        """Tell whether a bead at places (view, 2) of the frame is whole in each view (view,)."""
        transforms = self.frame.transforms
        off = places - self.geometry.centre
        raw = np.linalg.solve(transforms[:, :, :2], (off - transforms[:, :, 2])[..., None])[..., 0]
        limit = (np.array(self._stack.shape[:0:-1]) - 1) / 2 - self.diameter / 2
        inside = (np.abs(raw) <= limit) & (np.abs(off) <= self.geometry.centre)
        whole: npt.NDArray[np.bool_] = inside.all(axis=1)
        return whole

    def _next_number(self) -> int:
        known: Sequence[int] = [*self._surfaces, *self.points.beads.tolist(), -1]
        return max(known) + 1
