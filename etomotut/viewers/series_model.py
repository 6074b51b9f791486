"""What the window of a tilt series shows: its views, in several frames, with marks over them.

Nothing here knows the window. All views are shown, by ascending tilt angle; those that are
disabled are said to be. Each view is read and moved when it is shown, and only then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.convert.series import EVEN, FULL, ODD, Series, View
from etomotut.formats.mrc import Stack
from etomotut.report.findings import Array, Frame, Marks, Numbers, still
from etomotut.report.images import CLIPPED, Limits, as_bytes, centred, robust_limits, sampled
from etomotut.report.residuals import line_scale
from etomotut.viewers.viewport import Viewport

AS_RECORDED = "as recorded"
LISTED = 12  # beads
PARTS = {"all frames": FULL, "even": EVEN, "odd": ODD}  # what a view is the sum of
EMPTY = 0.9  # grey of what no view covers, from black 0 to white 1


@dataclass(frozen=True)
class Shown:
    """The marks of one view in the frame shown: places (n, 2), residuals (n, 2) in that frame."""

    points: Array
    beads: Numbers
    is_measured: npt.NDArray[np.bool_]
    residuals: Array
    radius: float


class SeriesModel:
    """A tilt series at one of its views, `index`, in one of its `frames`, from one of its `parts`.

    `frames` are those of the used views beside the file's own, e.g. {"aligned": frame}; the last
    one is shown first. `clipped` is the percentage of pixels beyond black, and beyond white;
    residuals are drawn `stretch` times as long as they are.
    """

    def __init__(
        self,
        series: Series,
        frames: Optional[Mapping[str, Frame]] = None,
        marks: Optional[Marks] = None,
        first_frame: str = "",
    ) -> None:
        self.series, self.marks = series, marks
        self.views: List[View] = sorted(
            series.views, key=lambda view: (view.tilt_angle, view.section)
        )
        self._ranks = {view.order: rank for rank, view in enumerate(series.used)}
        self.parts = [name for name, key in PARTS.items() if series.files.get(key)]
        self.show_part(self.parts[0])
        _, height, width = self._stack.shape
        recorded = still(len(series.used), (width, height))
        self.frames: Dict[str, Frame] = {AS_RECORDED: recorded, **(frames or {})}
        self.frame_name = first_frame or list(self.frames)[-1]
        self.clipped = CLIPPED
        self.stretch = line_scale(marks)[1] if marks is not None and marks.is_solved else 1.0
        angles = [abs(view.tilt_angle) for view in self.views]
        self.index = int(np.argmin(angles))

    def __len__(self) -> int:
        return len(self.views)

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self.views[self.index]

    @property
    def frame(self) -> Frame:
        """The frame that is shown."""
        return self.frames[self.frame_name]

    @property
    def is_excluded(self) -> bool:
        """Whether the view shown is disabled."""
        return not self.view.is_enabled

    def go_to(self, index: int) -> None:
        """Show a view, or the nearest there is."""
        self.index = int(np.clip(index, 0, len(self.views) - 1))

    def next_frame(self) -> None:
        """Show the views in the next of the frames."""
        names = list(self.frames)
        self.frame_name = names[(names.index(self.frame_name) + 1) % len(names)]

    def show_part(self, name: str) -> None:
        """Show the views from one of the parts."""
        self.part = name
        self._stack = Stack(self.series.files[PARTS[name]])

    def next_part(self) -> None:
        """Show the views from the next of the parts."""
        self.show_part(self.parts[(self.parts.index(self.part) + 1) % len(self.parts)])

    def image(self) -> npt.NDArray[np.float32]:
        """Read the view shown, as it is in the file."""
        return np.asarray(self._stack[self.view.section - 1], np.float32)

    def transform(self) -> Array:
        """Give the transform (2, 3) of the view shown into the frame.

        One that is disabled has none: it gets that of the used view nearest in tilt.
        """
        rank = self._ranks.get(self.view.order)
        if rank is None:
            angles = self.series.tilt_angles()
            rank = int(np.argmin(np.abs(angles - self.view.tilt_angle)))
        transform: Array = self.frame.transforms[rank]
        return transform

    def render(self, viewport: Viewport) -> npt.NDArray[np.uint8]:
        """Give the canvas' pixels (y, x): the view moved and magnified in one interpolation."""
        image = self.image()
        limits = self.limits(image)
        to_raw = np.linalg.inv(centred((image.shape[1], image.shape[0])))
        undo = np.linalg.inv(np.vstack([self.transform(), [0, 0, 1]]))
        place = to_raw @ undo @ centred(self.frame.size) @ viewport.matrix()
        fill = limits[0] + EMPTY * (limits[1] - limits[0])
        return as_bytes(sampled(image, place, viewport.canvas, fill=fill), limits)

    def limits(self, image: npt.NDArray[np.float32]) -> Limits:
        """Give the densities shown as black and white: each view has its own."""
        return robust_limits(image, self.clipped)

    def value_at(self, x: float, y: float) -> Optional[float]:
        """Give the density at a place of the frame, None where there is no image."""
        centre = (np.array(self.frame.size) - 1) / 2
        transform = self.transform()
        raw = np.linalg.solve(transform[:, :2], np.array([x, y]) - centre - transform[:, 2])
        column, row = np.rint(raw + (np.array(self._stack.shape[:0:-1]) - 1) / 2).astype(int)
        if not (0 <= row < self._stack.shape[1] and 0 <= column < self._stack.shape[2]):
            return None
        return float(self._stack[self.view.section - 1, row, column])

    def shown_marks(self) -> Optional[Shown]:
        """Give the marks of the view shown, None if there are none or the view was not used."""
        rank = self._ranks.get(self.view.order)
        if self.marks is None or rank is None:
            return None
        here = self.marks.views == rank
        ends = self.marks.rows[:, :2] - self.marks.residuals
        points, predicted = self._placed(), self._placed(ends)
        return Shown(
            points[here],
            self.marks.beads[here],
            self.marks.is_measured[here],
            (points - predicted)[here],
            self.marks.diameter / 2,
        )

    def tracks(self) -> List[Array]:
        """Give the way of each bead (n, 2) through the views, in the frame shown."""
        if self.marks is None:
            return []
        points = self._placed()
        order = np.lexsort((self.marks.views, self.marks.beads))
        ordered = self.marks.beads[order]
        breaks = np.flatnonzero(np.diff(ordered)) + 1
        return list(np.split(points[order], breaks))

    def caption(self) -> str:
        """Tell which view is shown."""
        view = self.view
        used = "excluded" if self.is_excluded else self.frame_name
        part = f"  ·  {self.part}" if len(self.parts) > 1 else ""
        return (
            f"view {self.index + 1} of {len(self)}  ·  {view.tilt_angle:.1f}°  ·  "
            f"section {view.section}, taken as number {view.order}  ·  {used}{part}"
        )

    def about_marks(self) -> str:
        """Tell how many marks the view has and how good they are."""
        marks = self.shown_marks()
        if marks is None:
            return ""
        measured = int(marks.is_measured.sum())
        text = f"{measured} beads measured"
        if self.marks is not None and self.marks.is_solved:
            text += f", {len(marks.points) - measured} predicted"
            lengths = np.hypot(*marks.residuals[marks.is_measured].T)
            if len(lengths):
                text += f", mean residual {lengths.mean():.2f} px"
        return text + self._absent(marks)

    def _absent(self, marks: Shown) -> str:
        """Tell which beads have no mark in the view, if there are any."""
        assert self.marks is not None
        absent = np.setdiff1d(self.marks.beads, marks.beads) + 1
        if not len(absent):
            return ""
        listed = ", ".join(map(str, absent[:LISTED])) + (" ..." if len(absent) > LISTED else "")
        return f"  ·  without: {listed}"

    def _placed(self, points: Optional[Array] = None) -> Array:
        assert self.marks is not None
        return self.marks.in_frame(self.frame, points)


def nearest_bead(shown: Shown, place: Tuple[float, float]) -> Optional[int]:
    """Give the bead whose ring a place (x, y) of the frame is in, None if there is none."""
    if not len(shown.points):
        return None
    distances = np.hypot(*(shown.points - place).T)
    nearest = int(distances.argmin())
    return int(shown.beads[nearest]) if distances[nearest] <= 2 * shown.radius else None
