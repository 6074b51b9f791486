"""Locating gold beads in the views of a tilt series, where a solution predicts them.

Marks are arrays (bead, view, 2) of x, y from the centre of the view, NaN where there is none.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import List, Sequence

import numpy as np
import numpy.typing as npt
import scipy.spatial

from etomotut.engine import beads
from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Solution, Tracks

Array = npt.NDArray[np.float64]
Views = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MIN_LIKENESS = 0.5  # of a mark to the typical bead of its view, as a correlation
MIN_AMPLITUDE = 0.35  # against the typical bead of its view
TOUCHING = 1.3  # radii between two beads within which neither can be located
POOL = 30  # beads to average for a profile, from as few views as possible


@dataclass(frozen=True)
class Setting:
    """What tracking must know.

    `tilt_angles` (view,) and `axis_angle` in degrees; in pixels the `radius` of a bead, the spread
    of depths `depth_sd`, and `search`, the largest step from view to view; `limit` is the largest
    number of candidates a view.
    """

    tilt_angles: Array
    axis_angle: float
    radius: float
    depth_sd: float
    search: float
    limit: int = 150
    threads: int = 1


@dataclass(frozen=True)
class Tracked:
    """Beads followed through a series.

    `marks` (bead, view, 2), `likeness` and `amplitude` (bead, view) to the typical bead of a view,
    the `solution` of the same beads that predicts them, and `numbers` (bead,), which beads of the
    solution that it began with they are.
    """

    marks: Array
    likeness: Array
    amplitude: Array
    solution: Solution
    numbers: Ints


def locate(
    views: Views, solution: Solution, profiles: Sequence[Array], setting: Setting
) -> Tracked:
    """Locate every predicted bead in every view; what is no bead, or lies elsewhere, is no mark."""
    centre = (np.array(views.shape[:0:-1]) - 1) / 2
    predicted = predict(solution)
    within = visible(solution, centre - 1) & ~touching(predicted, TOUCHING * setting.radius)

    def locate_in(view: int) -> beads.Marks:
        place = predicted[within[:, view], view] + centre
        found = beads.locate(views[view], place, setting.radius, profile=profiles[view])
        clear = beads.clear_of_fill(views[view], found.xy, setting.radius)
        return replace(found, likeness=np.where(clear, found.likeness, 0.0))

    marks = np.full(predicted.shape, np.nan)
    likeness, amplitude = np.zeros(within.shape), np.zeros(within.shape)
    with ThreadPoolExecutor(setting.threads) as pool:
        for view, each in enumerate(pool.map(locate_in, range(len(views)))):
            chosen = within[:, view]
            marks[chosen, view] = each.xy - centre
            likeness[chosen, view] = each.likeness
            alike = each.amplitude[each.likeness > MIN_LIKENESS]
            typical = float(np.median(alike)) if len(alike) else 1.0
            amplitude[chosen, view] = each.amplitude / max(typical, 1e-6)
    off = np.hypot(*np.moveaxis(marks - predicted, -1, 0))
    good = (likeness > MIN_LIKENESS) & (amplitude > MIN_AMPLITUDE) & (off < setting.radius)
    marks[~good] = np.nan
    return Tracked(marks, likeness, amplitude, solution, np.arange(len(marks)))


def shows_bead(image: beads.Image, places: Array, profile: Array, setting: Setting) -> Bools:
    """Tell whether a bead is seen within a radius of places (n, 2), array indices, of a view."""
    found = beads.locate(image, places, setting.radius, profile=profile)
    off = np.hypot(*(found.xy - places).T)
    shows: Bools = (found.likeness > MIN_LIKENESS) & (off < setting.radius)
    return shows


def profiles_of_beads(views: Views, places: Array, setting: Setting) -> List[Array]:
    """Give a radial profile of the beads a view, pooled with neighbours where beads are few."""
    reach = beads.REACH * setting.radius
    half = int(np.ceil(reach)) + 2
    cuts = []
    for view, image in enumerate(views):
        xy = places[np.isfinite(places[:, view, 0]), view]
        patches, corners, inside = beads.cut(image, xy, half)
        cuts.append((patches[inside], (xy - corners)[inside]))
    counts = np.array([len(patches) for patches, _ in cuts])
    profiles = []
    for view in range(len(views)):
        nearest = np.argsort(np.abs(np.arange(len(views)) - view), kind="stable")
        pool = nearest[: int(np.searchsorted(np.cumsum(counts[nearest]), POOL)) + 1]
        patches, offsets = (np.concatenate([cuts[each][k] for each in pool]) for k in (0, 1))
        profiles.append(beads.radial_profile(patches, offsets, reach))
    return profiles


def as_points(marks: Array) -> Tracks:
    """Give marks (bead, view, 2) as a list of points, ordered by bead and view."""
    bead, view = np.nonzero(np.isfinite(marks[..., 0]))
    return Tracks(marks[bead, view], view, bead)


def predict(solution: Solution) -> Array:
    """Give the places (bead, view, 2) at which a solution sees its beads."""
    seen: Array = np.einsum("vij,bj->bvi", bundle.matrices(solution.parameters), solution.xyz)
    return seen + solution.shifts


def keep(tracked: Tracked, chosen: Bools) -> Tracked:
    """Give the same for some of the beads (bead,)."""
    return Tracked(
        tracked.marks[chosen],
        tracked.likeness[chosen],
        tracked.amplitude[chosen],
        replace(tracked.solution, xyz=tracked.solution.xyz[chosen]),
        tracked.numbers[chosen],
    )


def visible(solution: Solution, half_size: Array) -> Bools:
    """Tell which beads (bead, view) are predicted within `half_size` (x, y) of the centre."""
    inside: Bools = (np.abs(predict(solution)) < half_size).all(axis=2)
    return inside


def touching(predicted: Array, reach: float) -> Bools:
    """Tell which beads (bead, view) have another one closer than `reach`."""
    close = np.zeros(predicted.shape[:2], bool)
    for view in range(predicted.shape[1]):
        distance, _ = scipy.spatial.cKDTree(predicted[:, view]).query(predicted[:, view], k=2)
        close[:, view] = distance[:, 1] < reach
    return close


def count_marks(marks: Array) -> Ints:
    """Give the number of marks (bead,) of each bead."""
    counts: Ints = np.isfinite(marks[..., 0]).sum(axis=1)
    return counts
