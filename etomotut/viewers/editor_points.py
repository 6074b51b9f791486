"""Marks of beads that are edited: each change gives new points, and can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from etomotut.report.findings import Array, Numbers


@dataclass(frozen=True, eq=False)
class Points:
    """Marks: `rows` (point, 3) are x, y and the view, `beads` (point,) say which bead."""

    rows: Array
    beads: Numbers

    @property
    def views(self) -> Numbers:
        """The view of each point."""
        return np.rint(self.rows[:, 2]).astype(np.int64)

    def index(self, bead: int, view: int) -> Optional[int]:
        """Give the number of the mark of a bead in a view, None if there is none."""
        found = np.flatnonzero((self.beads == bead) & (self.views == view))
        return int(found[0]) if len(found) else None

    def put(self, bead: int, view: int, xy: Array) -> Points:
        """Give the points with a bead's mark in a view at a place, moved there or new."""
        left = self.without(bead, view)
        rows = np.concatenate([left.rows, [[*xy, view]]])
        return Points(rows, np.append(left.beads, bead))

    def without(self, bead: int, view: Optional[int] = None) -> Points:
        """Give the points without a bead, or without its mark in one view."""
        away = self.beads == bead
        if view is not None:
            away &= self.views == view
        return Points(self.rows[~away], self.beads[~away])

    def by_place(self) -> Dict[Tuple[int, int], Tuple[float, float]]:
        """Give x, y of each mark by bead and view."""
        keys = zip(self.beads.tolist(), self.views.tolist())
        return {key: (x, y) for key, (x, y) in zip(keys, self.rows[:, :2].tolist())}


class History:
    """The points as they are now, and as they were before each change, with what was done."""

    def __init__(self, points: Points) -> None:
        self.points = self._start = self._saved = points
        self._before: List[Tuple[Points, str]] = []
        self._undone: List[Tuple[Points, str]] = []

    @property
    def is_unsaved(self) -> bool:
        """Whether there are changes that were not saved."""
        return self.points is not self._saved

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return bool(self._undone)

    def change(self, points: Points, what: str) -> None:
        """Take new points; `what` tells what was done."""
        self._before.append((self.points, what))
        self._undone.clear()
        self.points = points

    def undo(self) -> str:
        """Take the last change back and tell what it was; nothing where there is none."""
        return self._swap(self._before, self._undone)

    def redo(self) -> str:
        """Make the change again that was taken back last and tell what it was."""
        return self._swap(self._undone, self._before)

    def note_saved(self) -> None:
        """Note that the points as they are now were saved."""
        self._saved = self.points

    def counts(self) -> Dict[str, int]:
        """Give how many marks were moved, added and deleted since the start, all in all."""
        before, now = self._start.by_place(), self.points.by_place()
        both = before.keys() & now.keys()
        return {
            "moved": sum(before[key] != now[key] for key in both),
            "added": len(now) - len(both),
            "deleted": len(before) - len(both),
        }

    def _swap(self, taken: List[Tuple[Points, str]], kept: List[Tuple[Points, str]]) -> str:
        if not taken:
            return ""
        points, what = taken.pop()
        kept.append((self.points, what))
        self.points = points
        return what
