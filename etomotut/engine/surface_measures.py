"""What is measured of membrane surfaces: curvature, thickness, distances. Lengths are in Å."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.spatial import cKDTree

from etomotut.engine import mid_surface
from etomotut.engine.kernels import neighbourhood
from etomotut.engine.mesh import Mesh

Array = npt.NDArray[np.float64]

_REACH = 120.0  # of profiles on both sides of the middle
_STEP = 2.0
_LEAFLETS = 20.0, 90.0  # between which distances of leaflets are believed


@dataclass(frozen=True)
class Profile:
    """The mean density across a membrane: `distances` from its middle, outwards; `densities`."""

    distances: Array
    densities: Array


def curvatures(mesh: Mesh, sigma: float) -> Tuple[Array, Array]:
    """Give the mean (1/Å) and Gaussian (1/Å²) curvature at each vertex, positive for a ball.

    The shape operator is fitted to the normals around a vertex, with Gaussian weights: normals of
    a ball change linearly whatever the width, so that smoothing does not lessen its curvature.
    """
    normals, areas = mesh.vertex_normals, mesh.vertex_areas
    first, second = mid_surface.tangents(normals)
    frames = np.ascontiguousarray(np.stack([first, second, normals], axis=1))
    # normals travel with the vertices through the sorting
    numbers = mid_surface.make_cloud(mesh.vertices, sigma, np.arange(len(areas), dtype=float))
    order = numbers.weights.astype(np.int64)
    sums = np.zeros((len(areas), 12))
    neighbourhood.add_normals(
        numbers.points,
        areas[order],
        *numbers.index[2:],
        np.ascontiguousarray(normals[order]),
        mesh.vertices,
        frames,
        sums,
    )
    matrix = sums[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(-1, 3, 3)
    scale = np.maximum(matrix[:, :1, :1], 1e-30)
    matrix = matrix / scale + 1e-9 * np.eye(3)
    right = np.stack([sums[:, 6:9], sums[:, 9:12]], axis=2) / scale
    found = np.linalg.solve(matrix, right)[:, 1:] / sigma  # (vertex, along u or v, of n_u or n_v)
    shear = (found[:, 0, 1] + found[:, 1, 0]) / 2
    mean = (found[:, 0, 0] + found[:, 1, 1]) / 2
    return mean, found[:, 0, 0] * found[:, 1, 1] - shear**2


def profile_across(
    mesh: Mesh, volume: Any, pixel_size: float, *, weights: Optional[Array] = None
) -> Profile:
    """Give the mean density of a volume (z, y, x) along the normals of a surface.

    The surface's frame has its zero at the centre of the first voxel. What leaves the volume does
    not count.
    """
    distances = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    normals = mesh.vertex_normals
    areas = mesh.vertex_areas if weights is None else weights
    low = np.floor((mesh.vertices.min(axis=0) - _REACH) / pixel_size).astype(int)
    high = np.ceil((mesh.vertices.max(axis=0) + _REACH) / pixel_size).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(np.maximum(high, 1), volume.shape[::-1])
    box = np.asarray(volume[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1]))], np.float32)
    densities = np.empty(len(distances))
    for number, distance in enumerate(distances):
        places = (mesh.vertices + distance * normals) / pixel_size - low
        values = map_coordinates(box, places.T[::-1], order=1, mode="constant", cval=np.nan)
        known = np.isfinite(values)
        total = areas[known].sum()
        densities[number] = (values[known] * areas[known]).sum() / total if total else np.nan
    return Profile(distances, densities)


def leaflet_distance(profile: Profile) -> float:
    """Give how far the two leaflets' peaks are apart, nan where a profile does not show both.

    Peaks may be bright or dark: they are those whose middle has the other sign of curvature.
    """
    values = profile.densities
    if not np.isfinite(values).all():
        return float("nan")
    smooth = gaussian_filter1d(values, 3.0 / _STEP)
    background = np.interp(profile.distances, profile.distances[[0, -1]], smooth[[0, -1]])
    signal = smooth - background
    near = np.abs(profile.distances) <= 0.5 * _LEAFLETS[1]
    signal = signal * np.sign(signal[near].sum())
    peaks = [
        i
        for i in np.flatnonzero(near)
        if signal[i] > 0 and signal[i] >= signal[i - 1] and signal[i] > signal[i + 1]
    ]
    if len(peaks) < 2:
        return float("nan")
    peaks = sorted(sorted(peaks, key=lambda i: -signal[i])[:2])
    places = [_refined(signal, i) * _STEP for i in peaks]
    apart = places[1] - places[0]
    return float(apart) if _LEAFLETS[0] <= apart <= _LEAFLETS[1] else float("nan")


def nearest(mesh: Mesh, others: Array) -> Tuple[float, int]:
    """Give how near any of other points (n, 3) comes to the surface's vertices, and which."""
    distances, _ = cKDTree(mesh.vertices).query(others)
    number = int(np.argmin(distances))
    return float(distances[number]), number


def _refined(values: Array, place: int) -> float:
    """Give the top of the parabola through three values."""
    before, here, after = values[place - 1 : place + 2]
    bend = before - 2 * here + after
    return place + (0.5 * (before - after) / bend if bend else 0.0)
