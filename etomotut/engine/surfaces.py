"""Planes through fiducials: whether they lie on one or two surfaces, and how these are tilted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_GAP = 6.0  # spreads between two planes before there are two surfaces; chance gives 3.5


@dataclass(frozen=True)
class Planes:
    """Parallel planes z = slope_x x + slope_y y + heights[k].

    `heights` (1,) or (2,) from low to high, `surface` (fiducial,) 0 or 1, `spread` the RMS distance
    in z from the planes. Pixels, and pixels a pixel.
    """

    slope_x: float
    slope_y: float
    heights: Array
    surface: Ints
    spread: float

    @property
    def tilt_offset(self) -> float:
        """Degrees to add to the tilt angles to make the planes level along x."""
        return -float(np.degrees(np.arctan(self.slope_x)))

    @property
    def x_axis_tilt(self) -> float:
        """Degrees that tilt must be told as x-axis tilt to make the planes level along y.

        The tilt offset is applied as well: a level normal (0, 0, 1) turned by both is that of the
        planes, whence tan(x_axis_tilt) = -slope_y cos(tilt_offset).
        """
        return -float(np.degrees(np.arctan(self.slope_y * np.cos(np.arctan(self.slope_x)))))


def fit_planes(xyz: Array, surfaces: int) -> Planes:
    """Fit one plane, or two parallel ones, to fiducials (n, 3) by least squares.

    The split into two is that of least spread over many directions in which they might part; a
    second plane is given only if both stand well apart.
    """
    single = _fit(xyz, np.zeros(len(xyz), np.int64))
    if surfaces < 2 or len(xyz) < 6:
        return single
    best = single
    for slope_x in np.tan(np.radians(np.arange(-24, 25, 4))):
        for slope_y in np.tan(np.radians(np.arange(-24, 25, 4))):
            split = _split(xyz[:, 2] - slope_x * xyz[:, 0] - slope_y * xyz[:, 1])
            for _ in range(4):
                trial = _fit(xyz, split)
                split = _nearest(xyz, trial)
            if len(np.unique(split)) == 2 and trial.spread < best.spread:
                best = trial
    apart = np.ptp(best.heights) > MIN_GAP * best.spread
    return best if apart else single


def _split(heights: Array) -> Ints:
    """Part heights in two where the sum of squares within the parts is least."""
    ordered = np.sort(heights)
    count = np.arange(1, len(ordered))
    total, squares = np.cumsum(ordered), np.cumsum(ordered**2)
    low = squares[:-1] - total[:-1] ** 2 / count
    rest = len(ordered) - count
    high = (squares[-1] - squares[:-1]) - (total[-1] - total[:-1]) ** 2 / rest
    place = int(np.argmin(low + high))
    split: Ints = (heights > (ordered[place] + ordered[place + 1]) / 2).astype(np.int64)
    return split


def _fit(xyz: Array, surface: Ints) -> Planes:
    count = int(surface.max(initial=0)) + 1
    heights = (surface[:, None] == np.arange(count)).astype(float)
    design = np.concatenate([xyz[:, :2], heights], axis=1)
    solved, *_ = np.linalg.lstsq(design, xyz[:, 2], rcond=None)
    spread = float(np.sqrt(np.mean((xyz[:, 2] - design @ solved) ** 2)))
    return Planes(float(solved[0]), float(solved[1]), solved[2:], surface, spread)


def _nearest(xyz: Array, planes: Planes) -> Ints:
    heights = xyz[:, 2] - planes.slope_x * xyz[:, 0] - planes.slope_y * xyz[:, 1]
    nearest: Ints = np.argmin(np.abs(heights[:, None] - np.sort(planes.heights)), axis=1)
    return nearest
