"""Which part of an image a canvas shows, and how large; no window is needed.

Places in the image are indices (x, y), its first row at the bottom; those on the canvas are
pixels (x, y) from its top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

Size = Tuple[int, int]
Array = npt.NDArray[np.float64]
SMALLEST, LARGEST = 0.02, 32.0  # zoom


@dataclass
class Viewport:
    """A canvas of a size over an image of a size; `zoom` is canvas pixels an image pixel."""

    image: Size
    canvas: Size
    zoom: float = 1.0
    centre: Tuple[float, float] = (0.0, 0.0)

    def fit(self) -> None:
        """Show the whole image, as large as the canvas allows."""
        pairs = zip(self.canvas, self.image)
        self.zoom = self._allowed(min(canvas / image for canvas, image in pairs))
        self.centre = (self.image[0] - 1) / 2, (self.image[1] - 1) / 2

    def zoom_at(self, factor: float, place: Tuple[float, float]) -> None:
        """Magnify by a factor; what is at a place of the canvas stays there."""
        before = self.to_image(np.array([place]))[0]
        self.zoom = self._allowed(self.zoom * factor)
        after = self.to_image(np.array([place]))[0]
        self.look_at(*(np.array(self.centre) + before - after))

    def pan(self, across: float, down: float) -> None:
        """Move the image over the canvas by so many canvas pixels."""
        self.look_at(self.centre[0] - across / self.zoom, self.centre[1] + down / self.zoom)

    def look_at(self, x: float, y: float) -> None:
        """Bring a place of the image to the middle of the canvas, or the nearest there is."""
        self.centre = (
            float(np.clip(x, 0, self.image[0] - 1)),
            float(np.clip(y, 0, self.image[1] - 1)),
        )

    def to_canvas(self, points: npt.ArrayLike) -> Array:
        """Give where points (n, 2) of the image are on the canvas."""
        moved = (np.asarray(points, float) - self.centre) * (self.zoom, -self.zoom)
        return moved + self._middle()

    def to_image(self, points: npt.ArrayLike) -> Array:
        """Give what points (n, 2) of the canvas show."""
        moved = (np.asarray(points, float) - self._middle()) / (self.zoom, -self.zoom)
        return moved + np.array(self.centre)

    def matrix(self) -> Array:
        """Give the matrix (3, 3) that takes canvas pixels (x, y, 1) to indices of the image."""
        start, across, down = self.to_image([[0, 0], [1, 0], [0, 1]])
        columns = [np.append(across - start, 0), np.append(down - start, 0), np.append(start, 1)]
        return np.column_stack(columns)

    def _middle(self) -> Array:
        return (np.array(self.canvas) - 1) / 2

    def _allowed(self, zoom: float) -> float:
        return float(np.clip(zoom, SMALLEST, LARGEST))
