"""What is known of one tilt series, its alignment and its tomogram: all that pictures need.

Views are those that were used, by ascending tilt angle, counted from 0. Positions in images are
array indices, so that the centre of an image is at (n - 1) / 2; transforms are centred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Size = Tuple[int, int]


@dataclass(frozen=True)
class Frame:
    """Where views lie: transforms (view, 2, 3) take them from the file into images of `size`."""

    transforms: Array
    size: Size  # x, y


@dataclass(frozen=True)
class Marks:
    """Beads marked in views that lie in `frame`.

    `rows` (point, 3) are x, y and the view; `beads` (point,) say which bead, from 0; `residuals`
    (point, 2), pixels, are measured minus predicted, NaN where nothing was measured.
    """

    rows: Array
    beads: Numbers
    residuals: Array
    frame: Frame
    diameter: float  # of a bead, pixels
    is_solved: bool = True

    @property
    def views(self) -> Numbers:
        """The view of each point."""
        return np.rint(self.rows[:, 2]).astype(np.int64)

    @property
    def lengths(self) -> Array:
        """The residual of each point, pixels, NaN where it has none."""
        return np.hypot(self.residuals[:, 0], self.residuals[:, 1])

    @property
    def is_measured(self) -> npt.NDArray[np.bool_]:
        """Whether a point was found in its view; after a solution the others are predicted."""
        if not self.is_solved:
            return np.ones(len(self.rows), bool)
        return np.isfinite(self.residuals[:, 0])

    def in_frame(self, frame: Frame, points: Optional[Array] = None) -> Array:
        """Give the points (point, 2) where they lie in another frame of the same views.

        With `points`, one for each mark and in the marks' frame, those are moved instead.
        """
        points = (self.rows[:, :2] if points is None else points) - _centre(self.frame.size)
        start, end = self.frame.transforms[self.views], frame.transforms[self.views]
        raw = np.linalg.solve(start[:, :, :2], (points - start[:, :, 2])[..., None])[..., 0]
        moved: Array = np.einsum("pij,pj->pi", end[:, :, :2], raw) + end[:, :, 2]
        return moved + _centre(frame.size)

    def by_bead_and_view(self) -> Tuple[Array, npt.NDArray[np.bool_]]:
        """Give residuals (bead, view), NaN where there is none, and whether a point is there."""
        shape = int(self.beads.max(initial=-1)) + 1, len(self.frame.transforms)
        residuals, is_marked = np.full(shape, np.nan), np.zeros(shape, bool)
        residuals[self.beads, self.views] = self.lengths
        is_marked[self.beads, self.views] = True
        return residuals, is_marked


@dataclass(frozen=True)
class Tomogram:
    """A file with sections (z, y, x); `origin` is its first voxel from the tilt axis, voxels."""

    path: str
    pixel_size: float  # Å
    origin: Tuple[float, float, float]  # x, y, z

    def voxels(self, positions: Array) -> Array:
        """Give the indices (n, 3) of positions (n, 3) that count from the tilt axis, in voxels.

        The origin is the outer corner of the first voxel, indices count from its centre.
        """
        indices: Array = positions - np.array(self.origin) - 0.5
        return indices


@dataclass(frozen=True)
class Findings:
    """A series `ts_id`, whose files are called `name`; lengths in pixels of its `stack`.

    `sections` (view,) are the views' places in the stack, from 0. `nominal_angles` are those
    before the solution. `recorded` is the frame of the file, `aligned` that of the solution.
    `positions` (bead, 3) are x, y from the centre of the aligned view and z from the tilt axis.
    """

    ts_id: str
    name: str
    pixel_size: float  # Å
    stack: str
    sections: Numbers
    tilt_angles: Array
    nominal_angles: Array
    recorded: Frame
    aligned: Frame
    marks: Optional[Marks] = None
    positions: Optional[Array] = None
    tomogram: Optional[Tomogram] = None

    @property
    def least_tilted(self) -> int:
        """The view at about zero degrees."""
        return int(np.argmin(np.abs(self.nominal_angles)))


def still(views: int, size: Size) -> Frame:
    """Give the frame of views that stay as they are in the file."""
    return Frame(np.tile(np.eye(3)[:2], (views, 1, 1)), size)


def _centre(size: Size) -> npt.NDArray[Any]:
    return (np.array(size) - 1) / 2
