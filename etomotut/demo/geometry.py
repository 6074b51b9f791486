"""Where each view of a simulated series really was: angles, transforms, defocus, dose.

A point (X, Y, Z) of the volume stands in the aligned view at tilt t at
    x' = X cos t + Z sin t,   y' = Y,   height above the tilt axis h = -X sin t + Z cos t,
all about the centre; a transform takes the raw view to the aligned one, about their centres. The
defocus at height h is that of the view minus handedness * h. This is IMOD's geometry (manual
pages of tilt, tiltalign and ctfphaseflip).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.demo.parameters import Parameters
from etomotut.engine import transforms as linear

Array = npt.NDArray[np.float64]


@dataclass
class Views:
    """One entry a view, in the stack's order.

    `angles` are nominal and `true_angles` real, degrees; `order` is the rank of acquisition from
    0; `transforms` (view, 2, 3) raw to aligned, pixels; `defocus` (view, 2) U and V at the tilt
    axis, Å; `dose` e/Å² before the view.
    """

    angles: Array
    true_angles: Array
    order: npt.NDArray[np.int64]
    transforms: Array
    defocus: Array
    dose: Array

    def __len__(self) -> int:
        return len(self.angles)


def make_views(parameters: Parameters, rng: np.random.Generator) -> Views:
    """Draw the geometry of a series."""
    first, last, step = parameters.angles
    angles = np.arange(round((last - first) / step) + 1) * step + first
    order = dose_symmetric(angles)
    jitter = rng.normal(0, parameters.angle_jitter, len(angles))
    defocus = parameters.defocus + rng.normal(0, parameters.defocus_spread, len(angles))
    halves = 0.5 * parameters.astigmatism * np.array([1.0, -1.0])
    views = Views(
        angles,
        angles * parameters.angle_scale + parameters.angle_offset + jitter,
        order,
        _transforms(parameters, rng, order),
        defocus[:, None] + halves,
        parameters.dose * order,
    )
    return _take(views, np.argsort(order)) if parameters.stored_as_acquired else views


def dose_symmetric(angles: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Give the rank of acquisition of ascending angles: from zero outwards, side by side.

    The order is 0, +, -, -, +, +, ... (Hagen, Wan & Briggs 2017, J. Struct. Biol. 197, 191);
    where one side ends, the other goes on alone.
    """
    tilts = np.asarray(angles, float)
    start = int(np.argmin(np.abs(tilts)))
    away = np.arange(len(tilts)) - start
    ring = np.abs(away)
    second = (away > 0) ^ (ring % 2 == 1)
    visits = np.lexsort((second, ring))
    order = np.empty(len(tilts), np.int64)
    order[visits] = np.arange(len(tilts))
    return order


def project(points: npt.ArrayLike, angle: float) -> Tuple[Array, Array]:
    """Give places (n, 2) in the aligned view at a tilt and heights (n,) of points (n, 3)."""
    x, y, z = np.asarray(points, float).T
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.stack([x * cosine + z * sine, y], axis=1), z * cosine - x * sine


def track(points: npt.ArrayLike, views: Views) -> Array:
    """Give where points (n, 3) stand in the raw views: (view, n, 2), about the centre."""
    aligned = np.stack([project(points, angle)[0] for angle in views.true_angles])
    return linear.apply(linear.invert(views.transforms), aligned)


def _transforms(
    parameters: Parameters, rng: np.random.Generator, order: npt.NDArray[np.int64]
) -> Array:
    """Draw raw to aligned transforms: the axis upright, then what drifts from view to view."""
    count, start = len(order), int(np.argmin(order))
    scale = 1 + _wander(rng, start, count, 1)[:, 0] * parameters.magnification_spread
    turn = _wander(rng, start, count, 1)[:, 0] * parameters.rotation_spread
    walk = _wander(rng, start, count, 2, jumps=parameters.jumps)
    shifts = walk * (parameters.shift_range / np.linalg.norm(walk, axis=1).max())
    matrices = [linear.rotation(-parameters.axis_angle + a, m)[:, :2] for a, m in zip(turn, scale)]
    moved = -np.einsum("vij,vj->vi", matrices, shifts)
    return np.concatenate([np.array(matrices), moved[:, :, None]], axis=2)


def _wander(
    rng: np.random.Generator, start: int, count: int, columns: int, jumps: int = 0
) -> Array:
    """Walk at random from view `start` to both ends, with a few jumps; spread 1 over all views."""
    steps = rng.normal(size=(count, columns))
    steps[rng.choice(count, min(jumps, count), replace=False)] *= 5
    walk = np.zeros((count, columns))
    walk[start + 1 :] = np.cumsum(steps[start + 1 :], axis=0)
    walk[:start] = np.cumsum(steps[:start][::-1], axis=0)[::-1]
    # a stage does not return exactly, so what wanders also trembles
    walk += 0.3 * rng.normal(size=walk.shape)
    walk -= walk.mean(axis=0)
    spread: Array = walk / walk.std(axis=0)
    return spread


def _take(views: Views, places: npt.NDArray[np.int64]) -> Views:
    return Views(**{name: values[places] for name, values in vars(views).items()})
