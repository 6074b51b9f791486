"""Choosing which beads to track: those followed best, spread over the field and its surfaces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from etomotut.engine.locating import Tracked, predict
from etomotut.engine.surfaces import fit_planes

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TYPICAL_SHARE = 0.6  # of the mean distance of evenly spread beads, within which two are crowded


def choose(tracked: Tracked, wanted: int, *, two_surfaces: bool, field: float) -> Ints:
    """Give the indices of up to `wanted` beads, best first.

    Beads are taken one by one; each time the one whose quality, times how far it is from those
    taken on its surface, is highest. `field` is the area of a view in square pixels.
    """
    quality = bead_quality(tracked)
    surface = np.zeros(len(quality), np.int64)
    if two_surfaces and len(quality) >= 6:
        surface = fit_planes(tracked.solution.xyz, 2).surface
    places = tracked.solution.xyz[:, :2]
    near = TYPICAL_SHARE * np.sqrt(field * len(np.unique(surface)) / max(wanted, 1))
    chosen: list[int] = []
    spread = np.ones(len(quality))
    while len(chosen) < min(wanted, len(quality)):
        score = quality * spread * _balance(surface, chosen)
        score[chosen] = -1.0
        best = int(np.argmax(score))
        chosen.append(best)
        distance = np.hypot(*(places - places[best]).T)
        apart = 1 - np.exp(-((distance / near) ** 2))
        spread = np.where(surface == surface[best], np.minimum(spread, apart), spread)
    return np.array(chosen, np.int64)


def bead_quality(tracked: Tracked) -> Array:
    """Give how well beads (bead,) are followed, 0 to 1: share of views, likeness, and fit."""
    marked = np.isfinite(tracked.marks[..., 0])
    share = marked.mean(axis=1)
    likeness = np.where(marked, tracked.likeness, 0).sum(axis=1) / np.maximum(marked.sum(axis=1), 1)
    offset = np.where(marked[..., None], tracked.marks - predict(tracked.solution), 0)
    squares = (offset**2).sum(axis=(1, 2)) / np.maximum(marked.sum(axis=1), 1)
    typical = max(float(np.median(squares)), 1e-6)
    fit = 1 / (1 + squares / (4 * typical))
    quality: Array = share * likeness * fit
    return quality


def _balance(surface: Ints, chosen: list[int]) -> Array:
    """Give weights (bead,) that favour the surface from which fewer have been chosen."""
    counts = np.bincount(surface[chosen], minlength=int(surface.max(initial=0)) + 1)
    lead = counts - counts.min()
    weights: Array = 0.5 ** lead[surface]
    return weights
