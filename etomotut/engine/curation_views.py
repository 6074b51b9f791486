"""Signs that a view had better be left out: what its beads, its marks and its image say.

Each is a number for every view, in their order. Ratios are to the median of the views next in
tilt; NaN stands for what cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import beads, locating
from etomotut.engine.curation_fit import Fit, neighbours_of, view_errors
from etomotut.engine.locating import Setting, Views

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NO_COUNTS = 0.5  # of the brightness; where views vary more about it, zero is no absence of beam
SAME_PATH = 0.1  # of the thickness of the slab; paths that differ by less tell no slope
FAINTEST = 1e-3  # of the spread; a view without beam has no density at all, or less
FEWEST_BEADS = 3  # in a view, that tell what beads look like in it
EDGE = (0.5, 1.5)  # radii, between which a bead's profile rises


@dataclass(frozen=True)
class ViewSigns:
    """Signs (view,): beads `visible` and `marked`, the mean `error` of marks in pixels.

    `error_ratio`; `jump` of the solved shift in pixels from those of the neighbours; `brightness`
    against what their tilt explains, `contrast` and `sharpness` of beads as ratios.
    """

    visible: Ints
    marked: Ints
    error: Array
    error_ratio: Array
    jump: Array
    brightness: Array
    contrast: Array
    sharpness: Array


def signs_of_views(views: Views, marks: Array, fit: Fit, setting: Setting) -> ViewSigns:
    """Give the signs of the views (view, y, x) of a series with marks (bead, view, 2)."""
    centre = (np.array(views.shape[:0:-1]) - 1) / 2
    told = np.isfinite(marks[..., 0])
    known = told.sum(axis=1) > 0
    visible = locating.visible(fit.solution, centre - setting.radius)[known].sum(axis=0)
    error = view_errors(fit)
    tilts, level = setting.tilt_angles, _levels(views)
    depth, sharpness = _of_beads(views, marks + centre, setting)
    contrast = depth / np.where(np.isfinite(level), level, 1.0)
    return ViewSigns(
        visible,
        told.sum(axis=0),
        error,
        error / neighbours_of(error, tilts),
        _jumps(fit.solution.shifts, tilts),
        _brightness(level, tilts),
        contrast / neighbours_of(contrast, tilts),
        sharpness / neighbours_of(sharpness, tilts),
    )


def _jumps(shifts: Array, tilt_angles: Array) -> Array:
    """Give how far (view,) shifts (view, 2) are from the median of their neighbours'."""
    off = np.stack([each - neighbours_of(each, tilt_angles) for each in shifts.T])
    jumps: Array = np.hypot(*off)
    return jumps


def _levels(views: Views) -> Array:
    """Give the median density of views, NaN where densities count no electrons."""
    sample = views[:, ::4, ::4].reshape(len(views), -1)
    level = np.median(sample, axis=1).astype(np.float64)
    spread = np.median(np.abs(sample - level[:, None]))
    if not np.median(level) > spread / NO_COUNTS:
        return np.full(len(views), np.nan)
    return np.maximum(level, FAINTEST * spread)


def _brightness(level: Array, tilt_angles: Array) -> Array:
    """Give the density of views against what a slab of their tilt lets through.

    That falls exponentially with the path, thickness / cos tilt (Beer and Lambert); the median
    slope of all pairs of views tells how fast (Theil and Sen).
    """
    path, log = 1 / np.cos(np.radians(tilt_angles)), np.log(level)
    longer = path[:, None] - path > SAME_PATH
    slopes = (log[:, None] - log)[longer] / (path[:, None] - path)[longer]
    flat = log - (np.median(slopes) if len(slopes) else 0.0) * path
    ratio: Array = np.exp(flat - np.median(flat))
    return ratio


def _of_beads(views: Views, places: Array, setting: Setting) -> Tuple[Array, Array]:
    """Give the depth (view,) of beads, and the share of it by which they rise at their edge.

    Each view is looked at on its own; NaN where fewer than FEWEST_BEADS are marked.
    """
    depth, sharpness = np.full((2, len(views)), np.nan)
    reach = beads.REACH * setting.radius
    first, last = (int(each * setting.radius / beads.PROFILE_STEP) for each in EDGE)
    for view, image in enumerate(views):
        xy = places[np.isfinite(places[:, view, 0]), view]
        patches, corners, inside = beads.cut(image, xy, int(np.ceil(reach)) + 2)
        if inside.sum() >= FEWEST_BEADS:
            profile = beads.radial_profile(patches[inside], (xy - corners)[inside], reach)
            depth[view] = max(-profile[0], 0.0)
            steepest = np.gradient(profile)[first:last].max()
            sharpness[view] = steepest / depth[view] if depth[view] else 0.0
    return depth, sharpness
