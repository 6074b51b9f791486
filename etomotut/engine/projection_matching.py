"""Refining an alignment without gold: each view matched to the reprojection of the others.

The specimen is looked at in patches, each with a depth of its own that is found on the way. From
how each patch of each view lies against the reprojection of the tomogram of the other views
(`reprojection`), shifts, rotations and magnifications of all views are found together, by damped
Newton steps from coarse to fine: a step moves a view against all others at once, so that drifts
through the series do not need hundreds of rounds. What no series can tell is left as it was: the
place of the specimen as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import reprojection
from etomotut.engine import transforms as linear
from etomotut.engine.reprojection import Agreement, Band, Columns
from etomotut.engine.transforms import Transforms
from etomotut.engine.views import FEATURES, clip_view

Array = npt.NDArray[np.float64]
Looks = npt.NDArray[np.float32]
Watch = Callable[["Round"], None]

PATCH = 64  # pixels; of about 11 Å
LOW = 0.02  # 1/pixel; thickness and illumination lie below
MOST = 120  # patches
SETTLED = 0.02  # pixels, rms, by which views still move at the end of a stage
REACH = 0.25  # of the finest wavelength: what a step may move
TRUST = 0.2  # of the likelihood, as patches overlap and the prior of the depths is rough
DAMPING = 0.01
FARTHEST = 20.0  # pixels, SD: how far views are expected to be off
UNIT = 100.0  # of rotation and log magnification against pixels, so that all are alike

# SD of rotation (radians) and log magnification: of each view, of a trend with tilt, of all
WIDTHS: Dict[str, Tuple[float, float, float]] = {
    "rotation": (np.radians(0.15), np.radians(0.3), np.radians(2.0)),
    "magnification": (0.0015, 0.005, 1e-6),
}
SHIFTS = ("x", "y")
ALL = (*SHIFTS, *WIDTHS)


@dataclass(frozen=True)
class Stage:
    """A scale: the finest detail (1/pixel), patches against PATCH, what is solved, the rounds.

    `depth` against PATCH is how thick what a patch holds is taken to be.
    """

    high: float
    patch: float
    free: Sequence[str]
    rounds: int
    depth: float = 3.0


STAGES = (
    Stage(1 / 20, 2.0, SHIFTS, 6),
    Stage(1 / 10, 1.5, SHIFTS, 6),
    Stage(1 / 6, 1.0, ALL, 6),
    Stage(1 / 5, 1.0, ALL, 6),
)
ONE_LAYER = (0.0,)


@dataclass(frozen=True)
class Round:
    """What a round did: how far views (view,) moved, pixels, and how they agreed before it."""

    stage: int
    number: int
    moved: Array
    correlation: Array


def refine(
    views: Looks,
    transforms: Transforms,
    tilt_angles: Array,
    *,
    patch: int = PATCH,
    stages: Sequence[Stage] = STAGES,
    layers: Sequence[float] = ONE_LAYER,
    watch: Optional[Watch] = None,
) -> Transforms:
    """Give better transforms (view, 2, 3), raw to aligned with the tilt axis vertical, pixels.

    `views` (view, y, x) are raw, `tilt_angles` (view,) degrees; `watch` is told of every round.
    """
    views = np.stack([clip_view(view, FEATURES) for view in views])
    state = _State(transforms, tilt_angles)
    columns: Optional[Columns] = None
    for index, stage in enumerate(stages):
        band = band_of(stage, patch)
        columns = columns_of(views, state.transforms, band.size, columns, layers)
        for number in range(stage.rounds):
            found = reprojection.compare(views, state.transforms, tilt_angles, columns, band)
            step, deeper = _solve(found, columns, state, stage.free, band)
            limit = REACH / band.high
            moved = state.move(np.clip(step, -limit, limit), stage.free)
            columns = replace(columns, z=columns.z + np.clip(deeper, -limit, limit))
            if watch is not None:
                watch(Round(index + 1, number + 1, moved, found.correlation))
            if np.sqrt(np.mean(moved**2)) < SETTLED:
                break
    return state.transforms


def agreement(
    views: Looks,
    transforms: Transforms,
    tilt_angles: Array,
    *,
    patch: int = PATCH,
    stage: Stage = STAGES[-1],
    layers: Sequence[float] = ONE_LAYER,
) -> Array:
    """Give how each view (view,) correlates with the reprojection of the others, at a scale.

    Depths of patches are found first, transforms stay.
    """
    views = np.stack([clip_view(view, FEATURES) for view in views])
    state = _State(transforms, tilt_angles)
    band = band_of(stage, patch)
    columns = columns_of(views, transforms, band.size, None, layers)
    coarse = replace(band, high=band.high / 2)
    for each in (coarse, coarse, band):
        found = reprojection.compare(views, transforms, tilt_angles, columns, each)
        _, deeper = _solve(found, columns, state, (), each)
        limit = 2 * REACH / each.high
        columns = replace(columns, z=columns.z + np.clip(deeper, -limit, limit))
    return reprojection.compare(views, transforms, tilt_angles, columns, band).correlation


def band_of(stage: Stage, patch: int) -> Band:
    """Give what a stage compares, where patches are `patch` pixels wide at the finest scale."""
    size = 2 * round(patch * stage.patch / 2)
    return Band(size, LOW, stage.high, stage.depth * patch)


def columns_of(
    views: Looks,
    transforms: Transforms,
    size: int,
    known: Optional[Columns],
    layers: Sequence[float] = ONE_LAYER,
) -> Columns:
    """Give patches that cover the field of a view, at the depths of the nearest `known` ones."""
    height, width = views.shape[1:]
    if abs(transforms[len(transforms) // 2, 0, 1]) > np.sqrt(0.5):
        width, height = height, width
    columns = reprojection.grid(width, height, size, MOST, layers)
    if known is None:
        return columns
    away = np.subtract.outer(columns.x, known.x) ** 2 + np.subtract.outer(columns.y, known.y) ** 2
    away[~np.equal.outer(columns.layer, known.layer)] = np.inf
    return replace(columns, z=known.z[away.argmin(axis=1)])


class _State:
    """The transforms so far, and how rotations and magnifications deviate from one for all."""

    def __init__(self, transforms: Transforms, tilt_angles: Array) -> None:
        self.transforms = np.array(transforms, float)
        self.tilts = np.radians(tilt_angles)
        magnification, angle, *_ = linear.natural(self.transforms).T
        turns = np.exp(1j * angle)
        sizes = np.log(magnification)
        self._deviations = {
            "rotation": UNIT * np.angle(turns / turns.mean()),
            "magnification": UNIT * (sizes - sizes.mean()),
        }

    def deviations(self, name: str) -> Array:
        """Give by how much views (view,) are off a nominal value, in units of the step."""
        return self._deviations.get(name, np.zeros(len(self.tilts)))

    def move(self, step: Array, free: Sequence[str]) -> Array:
        """Move what views show by a step (view, parameter); gives how far (view,), pixels."""
        values = dict(zip(free, step.T))
        for name in WIDTHS:
            self._deviations[name] = self._deviations[name] + values.get(name, 0.0)
        nothing = np.zeros(len(self.tilts))
        angles = values.get("rotation", nothing) / UNIT
        sizes = np.exp(values.get("magnification", nothing) / UNIT)
        moves = np.array([linear.rotation(np.degrees(a), m) for a, m in zip(angles, sizes)])
        moves[:, 0, 2], moves[:, 1, 2] = values.get("x", nothing), values.get("y", nothing)
        self.transforms = linear.then(self.transforms, moves)
        moved: Array = np.hypot(moves[:, 0, 2], moves[:, 1, 2])
        return moved


def _solve(
    found: Agreement, columns: Columns, state: _State, free: Sequence[str], band: Band
) -> Tuple[Array, Array]:
    """Give the step (view, parameter) of views and that (patch,) of depths, in one Newton step."""
    views, count, patches = len(state.tilts), len(free), len(columns)
    size = views * count
    matrix, right = np.zeros((size + patches,) * 2), np.zeros(size + patches)
    for patch in range(patches):
        slopes = _slopes(columns, patch, state.tilts, free)
        curvature = found.curvature[patch].reshape(2 * views, 2 * views)
        product = curvature @ slopes
        places = np.append(np.arange(size), size + patch)
        matrix[np.ix_(places, places)] += slopes.T @ product
        right[places] += slopes.T @ found.gradient[patch].ravel()
    precision = _precision(state.tilts, free)
    matrix[:size, :size] += precision
    right[:size] += (
        precision
        @ np.stack([state.deviations(name) for name in free] or [np.zeros(0)], axis=-1).ravel()
    )
    depths = np.arange(size, size + patches)
    matrix[depths, depths] += 1 / (TRUST * band.depth**2)
    right[depths] += (columns.z - columns.layer) / (TRUST * band.depth**2)
    diagonal = np.diag(matrix).copy()
    matrix[:size, :size] += 10 * np.median(diagonal) * _unknown(state.tilts, free)
    step = -np.linalg.solve(matrix + np.diag(DAMPING * diagonal), right)
    return step[:size].reshape(views, count), step[size:]


def _slopes(columns: Columns, patch: int, tilts: Array, free: Sequence[str]) -> Array:
    """Give how what views show in a patch moves, in the plane of the specimen.

    (2 * view, parameter of a view + 1): x and y of each view, by all parameters and the depth.
    """
    x, y, z = columns.x[patch], columns.y[patch], columns.z[patch]
    cosine, across = np.cos(tilts), x * np.cos(tilts) + z * np.sin(tilts)
    zero, one = np.zeros(len(tilts)), np.ones(len(tilts))
    moves = {
        "x": (1 / cosine, zero),
        "y": (zero, one),
        "rotation": (-y / cosine / UNIT, across / UNIT),
        "magnification": (across / cosine / UNIT, y * one / UNIT),
    }
    slopes = np.zeros((len(tilts), 2, len(tilts), len(free)))
    each = np.arange(len(tilts))
    for place, name in enumerate(free):
        for axis in (0, 1):
            slopes[each, axis, each, place] = moves[name][axis]
    deeper = np.stack([-np.tan(tilts), zero], axis=1)  # the patch moves, so what it shows does not
    return np.column_stack([slopes.reshape(2 * len(tilts), -1), deeper.ravel()])


def _precision(tilts: Array, free: Sequence[str]) -> Array:
    """Give the inverse covariance that is expected of what is solved for (view * parameter, ..)."""
    views, count = len(tilts), len(free)
    precision = np.zeros((views, count, views, count))
    trend = tilts / max(np.abs(tilts).max(), 1e-6)
    for place, name in enumerate(free):
        if name in SHIFTS:
            covariance = np.eye(views) * FARTHEST**2
        else:
            each, drift, common = (UNIT * width for width in WIDTHS[name])
            covariance = np.eye(views) * each**2 + np.outer(trend, trend) * drift**2 + common**2
        precision[:, place, :, place] = np.linalg.inv(covariance) / TRUST
    return precision.reshape(views * count, views * count)


def _unknown(tilts: Array, free: Sequence[str]) -> Array:
    """Give the projector (view * parameter, ..) onto moves of the specimen, which change nothing.

    Along the axis all views move alike, across it by x cos(tilt) + z sin(tilt).
    """
    moves = np.zeros((len(tilts), len(free), 3))
    for place, name in enumerate(free):
        if name == "y":
            moves[:, place, 0] = 1.0
        if name == "x":
            moves[:, place, 1], moves[:, place, 2] = np.cos(tilts), np.sin(tilts)
    if not len(free):
        return np.zeros((0, 0))
    axes = np.linalg.qr(moves.reshape(-1, 3))[0]
    projector: Array = axes @ axes.T
    return projector
