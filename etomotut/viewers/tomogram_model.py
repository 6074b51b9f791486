"""What the window of a tomogram shows: three planes through a point; no window is needed.

Voxels are indices (x, y, z). Planes are read when they are shown. The one across the rows of the
file is read in strips, since it takes a piece of every row.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.report.images import CLIPPED, Limits, as_bytes, robust_limits, sampled, window
from etomotut.viewers.viewport import Viewport

SECTION, SLICE, SIDE = "x-y", "x-z", "y-z"
# the volume's axes (0: x, 1: y, 2: z) across and up a plane, and through it
AXES = {SECTION: (0, 1, 2), SLICE: (0, 2, 1), SIDE: (2, 1, 0)}
STRIP = 16  # sections
MASK_COLOUR = np.array([230.0, 120.0, 0.0])

Image = npt.NDArray[np.float32]


class TomogramModel:
    """A tomogram at a `point` [x, y, z]; planes are means of `slab` planes side by side.

    `beads` (n, 3) and their diameter are in voxels, `pixel_size` in Å, `origin` is where the first
    voxel lies in the specimen, in voxels. `mask` is a file of the same size, coloured where it is
    above zero; raises EtomotutError if its size is another.
    """

    def __init__(
        self,
        path: str,
        pixel_size: float,
        beads: Optional[npt.ArrayLike] = None,
        bead_diameter: float = 0.0,
        mask: Optional[str] = None,
        origin: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> None:
        self._origin = np.array(origin, float)
        self._stack = Stack(path)
        self.path, self.pixel_size = str(Path(path)), pixel_size
        depth, height, width = self._stack.shape
        self.size: Tuple[int, int, int] = (width, height, depth)
        self.point: List[int] = [width // 2, height // 2, depth // 2]
        self.slab, self.clipped = 1, CLIPPED
        self.beads = np.asarray([] if beads is None else beads, float).reshape(-1, 3)
        self.bead_diameter = bead_diameter
        self.shows_mask, self._mask = mask is not None, None if mask is None else Stack(mask)
        if self._mask is not None and self._mask.shape != self._stack.shape:
            raise EtomotutError(f"{mask} has another size than its tomogram {path}")
        self._side = np.zeros((height, depth), np.float32)
        self._mask_side = np.zeros((height, depth), np.float32)
        self._side_of: Tuple[int, ...] = ()
        self._filled = 0
        self._samples, self._sampled_slab = np.zeros((1, 1), np.float32), 0

    def go_to(self, axis: int, place: float) -> None:
        """Move the point along an axis, not beyond the volume."""
        self.point[axis] = int(np.clip(round(place), 0, self.size[axis] - 1))

    @property
    def place(self) -> npt.NDArray[np.float64]:
        """Where the point (x, y, z) is in the specimen, Å; another tomogram of it has it, too."""
        return np.asarray((np.array(self.point) + 0.5 + self._origin) * self.pixel_size)

    def go_to_place(self, place: npt.ArrayLike) -> None:
        """Move the point to a place in the specimen (x, y, z), Å, or the nearest that there is."""
        voxel = np.asarray(place, float) / self.pixel_size - self._origin - 0.5
        for axis in range(3):
            self.go_to(axis, float(voxel[axis]))

    def click(self, plane: str, across: float, up: float) -> None:
        """Move the point to a place of a plane."""
        self.go_to(AXES[plane][0], across)
        self.go_to(AXES[plane][1], up)

    def step(self, plane: str, count: int) -> None:
        """Go to another plane, so many voxels further."""
        axis = AXES[plane][2]
        self.go_to(axis, self.point[axis] + count)

    def size_of(self, plane: str) -> Tuple[int, int]:
        """Give the size (x, y) of a plane."""
        return self.size[AXES[plane][0]], self.size[AXES[plane][1]]

    def image(self, plane: str) -> Image:
        """Give a plane through the point; the one on the side as far as it has been filled."""
        x, y, z = self._windows()
        if plane == SECTION:
            return np.asarray(np.mean(self._stack[z], axis=0, dtype=np.float32))
        if plane == SLICE:
            return np.asarray(np.mean(self._stack[:, y, :], axis=1, dtype=np.float32))
        if self._side_of != (x.start, x.stop):
            self._side_of, self._filled = (x.start, x.stop), 0
            self._mask_side[:] = 0
        return self._side

    @property
    def is_side_full(self) -> bool:
        """Whether the plane on the side has been read completely."""
        x = self._windows()[0]
        return self._side_of == (x.start, x.stop) and self._filled == self.size[2]

    def fill_side(self) -> None:
        """Read the next strip of the plane on the side."""
        self.image(SIDE)
        x = self._windows()[0]
        end = min(self._filled + STRIP, self.size[2])
        strip = np.mean(self._stack[self._filled : end, :, x], axis=2, dtype=np.float32)
        self._side[:, self._filled : end] = strip.T
        if self._mask is not None:
            is_inside = self._mask[self._filled : end, :, self.point[0]] > 0
            self._mask_side[:, self._filled : end] = is_inside.T
        self._filled = end

    def limits(self) -> Limits:
        """Give the densities shown as black and white, the same in all planes."""
        if self._sampled_slab != self.slab:  # means of many planes have less noise
            self._samples, self._sampled_slab = self._take_samples(), self.slab
        return robust_limits(self._samples, self.clipped)

    def render(self, plane: str, viewport: Viewport) -> npt.NDArray[np.uint8]:
        """Give a canvas' pixels of a plane: grey (y, x), or (y, x, rgb) with a mask."""
        limits = self.limits()
        fill = limits[0] + 0.9 * (limits[1] - limits[0])
        moved = sampled(self.image(plane), viewport.matrix(), viewport.canvas, fill=fill)
        grey = as_bytes(moved, limits)
        if not self.shows_mask:
            return grey
        cut = sampled(self._mask_image(plane), viewport.matrix(), viewport.canvas, fill=0.0)
        colours = np.repeat(grey[:, :, None], 3, axis=2)
        inside = cut > 0.5
        colours[inside] = (0.6 * colours[inside] + 0.4 * MASK_COLOUR).astype(np.uint8)
        return colours

    @property
    def has_mask(self) -> bool:
        """Whether there is a mask to be shown."""
        return self._mask is not None

    def _mask_image(self, plane: str) -> Image:
        """Give a plane of the mask, 1 where it is above 0; on the side as far as it is filled."""
        assert self._mask is not None
        if plane == SIDE:
            self.image(SIDE)
            return self._mask_side
        through = AXES[plane][2]
        index = [slice(None)] * 3
        index[2 - through] = self.point[through]  # type: ignore[call-overload]
        return np.asarray(self._mask[tuple(index)] > 0, np.float32)

    def beads_near(self, plane: str) -> npt.NDArray[np.float64]:
        """Give where beads (n, 2) are cut by a plane."""
        across, up, through = AXES[plane]
        near = np.abs(self.beads[:, through] - self.point[through]) <= self.bead_diameter / 2
        return np.asarray(self.beads[near][:, [across, up]])

    def caption(self) -> str:
        """Tell where the point is."""
        voxels = ", ".join(f"{n} {p + 1}/{s}" for n, p, s in zip("xyz", self.point, self.size))
        nm = ", ".join(f"{p * self.pixel_size / 10:.0f}" for p in self.point)
        return f"{voxels}  ·  {nm} nm  ·  density {self.value():.4g}"

    def value(self) -> float:
        """Give the density at the point."""
        x, y, z = self.point
        return float(self._stack[z, y, x])

    def _windows(self) -> Sequence[slice]:
        return [window(p, self.slab, size) for p, size in zip(self.point, self.size)]

    def _take_samples(self) -> Image:
        """Give the middle section, which is shown first and so has been read already."""
        z = window(self.size[2] // 2, self.slab, self.size[2])
        return np.asarray(np.mean(self._stack[z], axis=0, dtype=np.float32))
