"""Where the bead is that somebody pointed at: its centre, fitted with the beads of the view."""

from __future__ import annotations

from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.convert.series import Series
from etomotut.engine import beads
from etomotut.engine.locating import MIN_LIKENESS
from etomotut.formats.mrc import Stack
from etomotut.report.findings import Array, Frame
from etomotut.report.images import centred
from etomotut.viewers.editor_points import Points

Image = npt.NDArray[np.float32]
REACH = 1.5  # diameters from where somebody pointed, within which the bead is looked for
WINDOW = 4  # diameters around the place that are searched
CANDIDATES = 12
NEIGHBOURS = 2  # views on either side whose beads tell what a bead looks like
ENOUGH = 4  # marks there, without which only the place of a dark disc is told


class Centring:
    """Finds beads of a `diameter` in the views of a series as they are in its file.

    Places are in the `frame` of the used views; a bead is as round before it is moved there, and
    not blurred.
    """

    def __init__(self, stack: Stack, series: Series, frame: Frame, diameter: float) -> None:
        self._stack, self._frame, self._radius = stack, frame, diameter / 2
        self._sections = [view.section - 1 for view in series.used]

    def centre(self, place: Array, rank: int, others: Points) -> Optional[Array]:
        """Give the centre (2,) of the bead next to a place (2,) in a used view, if there is one.

        `others` are marks that tell what beads look like.
        """
        image, to_raw, from_raw = self._raw(rank)
        start = _moved(to_raw, place[None])[0]
        found = self._find(image, start, self._profile(rank, others))
        return None if found is None else _moved(from_raw, found[None])[0]

    def _find(self, image: Image, place: Array, profile: Optional[Array]) -> Optional[Array]:
        half = int(np.ceil(2 * WINDOW * self._radius)) + 2
        corner = np.maximum(np.rint(place).astype(int) - half, 0)
        near = image[corner[1] : corner[1] + 2 * half + 1, corner[0] : corner[0] + 2 * half + 1]
        if min(near.shape) < 4 * self._radius:
            return None
        starts = beads.find(near, self._radius, limit=CANDIDATES).xy + corner
        distances = np.hypot(*(starts - place).T)
        if not (distances <= 2 * REACH * self._radius).any():
            return None
        start: Array = starts[distances.argmin()]
        if profile is None:
            return start
        fitted = beads.locate(image, start[None], self._radius, profile=profile)
        return fitted.xy[0] if fitted.likeness[0] > MIN_LIKENESS else None

    def _profile(self, rank: int, others: Points) -> Optional[Array]:
        """Give the radial profile of the beads in a view and its neighbours, None of too few."""
        reach = beads.REACH * self._radius
        half = int(np.ceil(reach)) + 2
        patches: List[Array] = []
        offsets: List[Array] = []
        last = len(self._sections) - 1
        for view in range(max(rank - NEIGHBOURS, 0), min(rank + NEIGHBOURS, last) + 1):
            image, to_raw, _ = self._raw(view)
            xy = _moved(to_raw, others.rows[others.views == view, :2])
            cut, corners, inside = beads.cut(image, xy, half)
            patches.append(cut[inside])
            offsets.append((xy - corners)[inside])
        together = np.concatenate(patches)
        if len(together) < ENOUGH:
            return None
        return beads.radial_profile(together, np.concatenate(offsets), reach)

    def _raw(self, rank: int) -> Tuple[Image, Array, Array]:
        """Give a view as it is in the file, and matrices (3, 3) from the frame to it and back."""
        image = np.asarray(self._stack[self._sections[rank]], np.float32)
        size = (image.shape[1], image.shape[0])
        forward = np.vstack([self._frame.transforms[rank], [0, 0, 1]]) @ centred(size)
        from_raw = np.linalg.inv(centred(self._frame.size)) @ forward
        return image, np.linalg.inv(from_raw), from_raw


def _moved(matrix: Array, places: Array) -> Array:
    """Give places (n, 2) moved by a matrix (3, 3)."""
    moved: Array = places @ matrix[:2, :2].T + matrix[:2, 2]
    return moved
