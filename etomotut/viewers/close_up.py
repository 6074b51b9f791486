"""A tilt series in the contrast of the part shown of a view: beads are seen in dark parts too."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from etomotut.report.images import Limits
from etomotut.viewers.series_model import SeriesModel
from etomotut.viewers.viewport import Viewport

FEWEST = 400  # pixels of which a contrast can be told


class CloseUpModel(SeriesModel):
    """A series whose views are shown in the contrast of the part that is looked at."""

    _box: Optional[npt.NDArray[Any]] = None  # of a view as it is in the file: its part shown

    def render(self, viewport: Viewport) -> npt.NDArray[np.uint8]:
        """Give the canvas' pixels (y, x)."""
        across, down = viewport.canvas
        corners = viewport.to_image([[0, 0], [across, 0], [0, down], [across, down]])
        transform, size = self.transform(), np.array(self._stack.shape[:0:-1])
        off = corners - (np.array(self.frame.size) - 1) / 2 - transform[:, 2]
        raw = np.linalg.solve(transform[:, :2], off.T).T + (size - 1) / 2
        box = np.array([raw.min(axis=0), raw.max(axis=0) + 1]).astype(int)
        self._box = np.clip(box, 0, size)
        return super().render(viewport)

    def limits(self, image: npt.NDArray[np.float32]) -> Limits:
        """Give the densities shown as black and white."""
        if self._box is None:
            return super().limits(image)
        (left, low), (right, high) = self._box
        part = image[low:high, left:right]
        return super().limits(part if part.size >= FEWEST else image)
