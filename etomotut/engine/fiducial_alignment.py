"""Fiducial alignment from tracks: robust weights, learned priors, aligning transforms.

Where every view has a rotation, tilt angle and magnification of its own, a few beads do not
determine them all. Each is then held to its nominal value by a prior whose width is estimated
from the data together with the solution (variance components by expectation maximization:
Dempster, Laird, Rubin 1977, J. R. Stat. Soc. B 39:1, section 4.4): narrow where views deviate
less than the beads could tell, wide where they do deviate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Solution, Tracks, Variables
from etomotut.engine.transforms import Transforms

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOW_TILTS = 10.0  # degrees from the least tilt within which views count as little tilted
TUKEY = 4.685  # standard deviations beyond which a mark counts nothing (95% efficiency)
MIN_SD = 0.02  # pixels; no mark is located better than this

# first width of each prior, and the limits within which it is learned; radians, and log of size
PRIORS: Dict[int, Tuple[float, float, float]] = {
    bundle.ROTATION: (np.radians(0.2), np.radians(0.002), np.radians(2.0)),
    bundle.TILT: (np.radians(0.3), np.radians(0.01), np.radians(3.0)),
    bundle.MAGNIFICATION: (0.002, 0.0001, 0.03),
}

# how far a parameter may drift from the lowest to the highest tilt; what most microscopes keep
TRENDS: Dict[int, float] = {
    bundle.ROTATION: np.radians(0.5),
    bundle.TILT: np.radians(1.5),
    bundle.MAGNIFICATION: 0.01,
}


def nominal(tilt_angles: Array, axis_angle: float) -> Array:
    """Give the parameters (view, 5) of undistorted views at some tilt angles, degrees."""
    base = np.zeros((len(tilt_angles), len(bundle.PARAMETERS)))
    base[:, bundle.ROTATION] = np.radians(axis_angle)
    base[:, bundle.TILT] = np.radians(tilt_angles)
    return base


def one_rotation(tilt_angles: Array, axis_angle: float) -> Variables:
    """Give the variables of the simplest alignment: one rotation of the axis and nothing else."""
    base = nominal(tilt_angles, axis_angle)
    basis = np.zeros((*base.shape, 1))
    basis[:, bundle.ROTATION, 0] = 1.0
    return Variables(base, basis, np.zeros(1))


def solve_robustly(
    tracks: Tracks,
    variables: Variables,
    *,
    start: Optional[Solution] = None,
    rounds: int = 8,
    tukey: float = TUKEY,
    whole_tracks: bool = False,
    uncertain: bool = False,
) -> Solution:
    """Solve with Tukey's bisquare weights, repeated until they settle.

    With `whole_tracks` all marks of a bead get the weight of their mean residual. The scale of
    residuals is estimated view by view, neighbours included, as views differ in noise. Raises
    SolutionError if the tracks do not determine the variables.
    """
    weights = start.weights if start is not None else np.ones(len(tracks.xy))
    solution = start or bundle.solve(tracks, variables, weights=weights)
    for last in [False] * (rounds - 1) + [True]:
        residuals = track_means(solution.residuals, tracks) if whole_tracks else solution.residuals
        new = bisquare_weights(residuals, tracks.view, len(variables.base), tukey)
        last = last or bool(np.abs(new - weights).max(initial=0.0) < 0.02)
        weights = new
        solution = bundle.solve(
            tracks, variables, weights=weights, start=solution, uncertain=uncertain and last
        )
        if last:
            break
    return solution


def solve_every_view(
    tracks: Tracks,
    tilt_angles: Array,
    axis_angle: float,
    *,
    free: Sequence[int] = tuple(PRIORS),
    rounds: int = 8,
) -> Solution:
    """Solve rotation, tilt and magnification of every view, each under a prior learned on the way.

    `tilt_angles` (view,) and `axis_angle` in degrees are the nominal values. Views without points
    keep them. Raises SolutionError if the tracks do not determine even one rotation.
    """
    first = solve_robustly(tracks, one_rotation(tilt_angles, axis_angle), rounds=3)
    widths = {parameter: PRIORS[parameter][0] for parameter in free}
    variables, classes = _every_view(tilt_angles, axis_angle, free)
    values = np.zeros(len(classes))
    values[0] = first.values[0]
    start = replace(first, values=values)
    for _ in range(rounds):
        noise = residual_sd(start, len(classes))
        weighted = _with_precision(variables, classes, widths, noise)
        start = solve_robustly(tracks, weighted, start=start, rounds=1, uncertain=True)
        noise = residual_sd(start, len(classes))
        learned = _learn(start, classes, widths, noise, np.unique(tracks.view))
        if all(abs(learned[each] / widths[each] - 1) < 0.05 for each in widths):
            break
        widths = learned
    return start


def bisquare_weights(residuals: Array, view: Ints, views: int, tukey: float = TUKEY) -> Array:
    """Give weights (point,), 0 to 1, from the lengths of residuals against those nearby."""
    size = np.hypot(residuals[:, 0], residuals[:, 1])
    scale = scale_by_view(residuals, view, views)
    ratio = size / (tukey * scale[view])
    weights: Array = np.where(ratio < 1, (1 - ratio**2) ** 2, 0.0)
    return weights


def residual_sd(solution: Solution, variables: int) -> float:
    """Give the standard deviation of a mark's coordinate, from weighted residuals and freedom."""
    weights = solution.weights
    squares = float(weights @ (solution.residuals**2).sum(axis=1))
    unknown = 2 * len(solution.shifts) + 3 * len(solution.xyz) + min(variables, 3)
    freedom = max(2 * float(weights.sum()) - unknown, 0.3 * float(weights.sum()), 1.0)
    return max(float(np.sqrt(squares / freedom)), MIN_SD)


def aligning_transforms(parameters: Array, shifts: Array, origin: Array) -> Transforms:
    """Give the transforms (view, 2, 3) that bring each view into the aligned frame.

    In that frame a point X, Y, Z appears at (X cos tilt + Z sin tilt, Y) from the centre; `origin`
    (3,) is where the centroid of the beads comes to lie. Where views are stretched in the plane of
    the specimen this is exact at Z = 0.
    """
    projections = bundle.matrices(parameters)
    tilt = parameters[:, bundle.TILT]
    plain = np.zeros((len(tilt), 2, 3))
    plain[:, 0, 0], plain[:, 0, 2], plain[:, 1, 1] = np.cos(tilt), np.sin(tilt), 1.0
    matrix = plain[:, :, :2] @ np.linalg.inv(projections[:, :, :2])
    shift = plain @ origin - np.einsum("vij,vj->vi", matrix, shifts)
    return np.concatenate([matrix, shift[..., None]], axis=-1)


def original_origin(parameters: Array, shifts: Array, used: npt.NDArray[np.bool_]) -> Array:
    """Give where (3,) the centroid of the beads lay before the alignment.

    In x and y that is its place in the least tilted views, so that these stay where they are; in z
    it is the depth that fits its path X cos tilt + Z sin tilt through all views best, so that what
    correlation kept at rest stays at the height of the axis. `used` (view,) marks views that count.
    """
    upright = aligning_transforms(parameters, shifts, np.zeros(3))
    places = -upright[used, :, 2]
    tilt = parameters[used, bundle.TILT]
    rays = np.stack([np.cos(tilt), np.sin(tilt)], axis=1)
    (_, z), *_ = np.linalg.lstsq(rays, places[:, 0], rcond=None)
    low = np.abs(tilt) <= np.abs(tilt).min() + np.radians(LOW_TILTS)
    x = np.mean((places[low, 0] - z * rays[low, 1]) / rays[low, 0])
    return np.array([x, places[low, 1].mean(), z])


def scale_by_view(residuals: Array, view: Ints, views: int) -> Array:
    """Give a robust scale (view,) of the lengths of residuals (point, 2), two views either side.

    It is the standard deviation that both coordinates together would have without outliers.
    """
    size = np.hypot(residuals[:, 0], residuals[:, 1])
    overall = np.median(size) if len(size) else 1.0
    scale = np.empty(views)
    for each in range(views):
        near = size[np.abs(view - each) <= 2]
        local = np.median(near) if len(near) >= 8 else overall
        scale[each] = max(local, 0.5 * overall)
    # the median length of a 2D Gaussian vector is 1.1774 of the SD of a coordinate
    return np.maximum(scale / 1.1774, MIN_SD) * np.sqrt(2)


def track_means(residuals: Array, tracks: Tracks) -> Array:
    """Give residuals (point, 2) whose length is the mean one of their bead."""
    lengths = np.hypot(residuals[:, 0], residuals[:, 1])
    counts = np.bincount(tracks.bead)
    means = np.bincount(tracks.bead, lengths) / np.maximum(counts, 1)
    return np.stack([means[tracks.bead], np.zeros(len(lengths))], axis=1)


def _every_view(
    tilt_angles: Array, axis_angle: float, free: Sequence[int]
) -> Tuple[Variables, Ints]:
    """Give a common rotation, trends with tilt, a deviation for each view; and their classes.

    The class of a deviation is its parameter, that of a trend follows after all parameters; the
    rotation's is -1.
    """
    base = nominal(tilt_angles, axis_angle)
    views, kinds = len(base), len(bundle.PARAMETERS)
    basis = np.zeros((views, kinds, 1 + (views + 1) * len(free)))
    basis[:, bundle.ROTATION, 0] = 1.0
    classes = np.full(basis.shape[2], -1)
    steepest = max(float(np.abs(tilt_angles).max()), 1.0)
    for index, parameter in enumerate(free):
        first = 1 + index * (views + 1)
        basis[:, parameter, first] = tilt_angles / steepest
        classes[first] = kinds + parameter
        columns = first + 1 + np.arange(views)
        basis[np.arange(views), parameter, columns] = 1.0
        classes[columns] = parameter
    return Variables(base, basis, np.zeros(len(classes))), classes


def _with_precision(
    variables: Variables, classes: Ints, widths: Dict[int, float], noise: float
) -> Variables:
    precision = np.zeros(len(classes))
    for parameter, width in widths.items():
        precision[classes == parameter] = (noise / width) ** 2
        trend = classes == len(bundle.PARAMETERS) + parameter
        precision[trend] = (noise / TRENDS[parameter]) ** 2
    return replace(variables, precision=precision)


def _learn(
    solution: Solution,
    classes: Ints,
    widths: Dict[int, float],
    noise: float,
    seen: Ints,
) -> Dict[int, float]:
    """Give the widths under which the solved deviations and their uncertainty are most likely."""
    learned = {}
    for parameter in widths:
        columns = np.flatnonzero(classes == parameter)[seen]
        deviations = solution.values[columns]
        uncertainty = np.diag(solution.covariance)[columns] * noise**2
        width = float(np.sqrt(np.mean(deviations**2 + uncertainty)))
        _, low, high = PRIORS[parameter]
        learned[parameter] = float(np.clip(width, low, high))
    return learned
