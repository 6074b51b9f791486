"""The middle of a membrane: quadrics fitted to the voxels of its mask around given places.

Points are (n, 3) x, y, z in Å. A quadric in the local tangent plane follows curved membranes
without the shift towards the centre of curvature that local means and planes have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import neighbourhood

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

REACH = 2.5  # sigmas at which a neighbourhood ends
_RIDGE = 1e-6  # what makes quadrics of too few points solvable


@dataclass(frozen=True)
class Cloud:
    """Weighted points, sorted so that those around a place, up to REACH sigmas, are soon found."""

    points: Array
    weights: Array
    sigma: float
    starts: Numbers
    grid: Numbers
    low: Array

    @property
    def index(self) -> Tuple[Array, Array, Numbers, Numbers, Array, float, float]:
        """What the compiled sums need to know of it."""
        side = REACH * self.sigma
        return self.points, self.weights, self.starts, self.grid, self.low, side, self.sigma


def make_cloud(points: Array, sigma: float, weights: Array) -> Cloud:
    """Sort points (n, 3) with their weights (n,) for neighbourhoods of this sigma, Å."""
    side, low = REACH * sigma, points.min(axis=0)
    cells = np.floor((points - low) / side).astype(np.int64)
    grid = cells.max(axis=0) + 1
    numbers = np.ravel_multi_index(tuple(cells.T), tuple(grid))
    order = np.argsort(numbers, kind="stable")
    starts = np.zeros(int(np.prod(grid)) + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=len(starts) - 1), out=starts[1:])
    return Cloud(points[order], np.asarray(weights, float)[order], sigma, starts, grid, low)


def gather(points: Array, cell: float) -> Tuple[Array, Array]:
    """Give the mean (n, 3) of the points in each cubic cell of this side, and how many they are."""
    keys = np.floor(points / cell).astype(np.int64)
    _, numbers, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    numbers = numbers.ravel()
    means = np.stack([np.bincount(numbers, points[:, k]) for k in range(3)], axis=1)
    return means / counts[:, None], counts.astype(float)


def planes(cloud: Cloud, places: Array) -> Tuple[Array, Array]:
    """Give means (n, 3) and unit normals (n, 3) of either sign of the cloud around places."""
    sums = np.zeros((len(places), 10))
    neighbourhood.add_planes(*cloud.index, places, sums)
    sums /= np.maximum(sums[:, :1], 1e-30)
    mean = sums[:, 1:4]
    spread = sums[:, [4, 5, 6, 5, 7, 8, 6, 8, 9]].reshape(-1, 3, 3)
    spread = spread - mean[:, :, None] * mean[:, None, :]
    return places + mean, np.linalg.eigh(spread)[1][:, :, 0]


def project(cloud: Cloud, places: Array, normals: Array, rounds: int = 2) -> Tuple[Array, Array]:
    """Move places along their normals onto the middle of the cloud; gives them and new normals."""
    for _ in range(rounds):
        first, second = tangents(normals)
        frames = np.ascontiguousarray(np.stack([first, second, normals], axis=1))
        matrices, rights = np.zeros((len(places), 6, 6)), np.zeros((len(places), 6))
        neighbourhood.add_quadrics(*cloud.index, places, frames, matrices, rights)
        matrices += np.triu(matrices, 1).transpose(0, 2, 1)
        scale = np.maximum(matrices[:, :1, :1], 1e-30)
        found = np.linalg.solve(matrices / scale + _RIDGE * np.eye(6), rights[:, :, None] / scale)
        height, slope_u, slope_v = (np.clip(found[:, k], -1, 1) for k in range(3))
        places = places + cloud.sigma * height * normals
        normals = normals - slope_u * first - slope_v * second
        normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return places, normals


def tangents(normals: Array) -> Tuple[Array, Array]:
    """Give two unit vectors across each normal (n, 3), which with it are a right-handed frame."""
    axis = np.eye(3)[np.argmin(np.abs(normals), axis=1)]
    first = np.cross(axis, normals)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    return first, np.cross(normals, first)


def density(cloud: Cloud, places: Array) -> Array:
    """Give the sum of the cloud's weights, Gaussians of height one, at places (n, 3)."""
    sums = np.zeros((len(places), 10))
    neighbourhood.add_planes(*cloud.index, places, sums)
    return np.asarray(sums[:, 0])
