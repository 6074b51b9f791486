"""Skeletons of membrane masks: the voxels of the middle of a membrane, about one thick.

As MemBrain does it (Lamm et al. 2024, bioRxiv 2024.01.05.574336; after Martinez-Sanchez et al.
2014, J. Struct. Biol. 186, 49): the Hessian of the distance to the background tells the normal and
how sharp the ridge is; a voxel stays where that is greatest along the normal.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]

DEEPEST = 10  # voxels from the background: what lies deeper is no membrane any more
_SIGMA, _RADIUS = 1.0, 4  # of smoothing, both times
_STEP = 0.71  # voxels on either side at which the sharpness is compared
REACH = DEEPEST + 2 * _RADIUS + 4  # voxels away that count for a voxel of the skeleton
_PAD = 3  # voxels around the mask, for derivatives at its faces
_SHALLOW, _NEAR = 0.5, 3  # of the greatest depth so near: faces have tops that are no ridges
_VOXELS = 500_000  # whose normals are found at a time


def skeletonize(mask: Mask) -> Mask:
    """Give the skeleton of a mask (z, y, x); voxels on the faces of the volume never belong to it.

    What is more than REACH voxels away from a voxel does not count for it.
    """
    result = np.zeros(mask.shape, bool)
    if not mask.any() or min(mask.shape) < 3:
        return result
    places, depth = _places_and_depth(mask)
    sharpness = np.zeros(depth.shape, np.float32)
    normals = np.empty((len(places), 3))
    for start in range(0, len(places), _VOXELS):
        part = slice(start, start + _VOXELS)
        values, vectors = np.linalg.eigh(_hessians(depth, places[part]))
        largest = np.abs(values).argmax(axis=1)
        rows = np.arange(len(largest))
        sharpness[tuple(places[part].T)] = values[rows, largest]
        normals[part] = vectors[rows, :, largest]
    sharpness = _smooth(sharpness)
    here = sharpness[tuple(places.T)]
    around = [_along(sharpness, places, step * normals) for step in (_STEP, -_STEP)]
    is_top = (here > around[0]) & (here > around[1])
    deepest = ndimage.minimum_filter(depth, 2 * _NEAR + 1)
    is_top &= (depth < _SHALLOW * deepest)[tuple(places.T)]
    kept = places[is_top] - _PAD
    inside = ((kept > 0) & (kept < np.array(mask.shape) - 1)).all(axis=1)
    result[tuple(kept[inside].T)] = True
    return result


def _places_and_depth(mask: Mask) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Give the mask's voxels (n, 3) and the smoothed depth below its surface, negative, padded."""
    padded = np.pad(mask, _PAD, mode="edge")
    depth = ndimage.distance_transform_edt(padded).astype(np.float32)
    if mask.all():  # without a background there is no distance to it
        depth[:] = DEEPEST
    places = np.argwhere(mask) + _PAD
    return places, _smooth(-np.minimum(depth, DEEPEST))


def _smooth(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    smoothed: npt.NDArray[np.float32] = ndimage.gaussian_filter(
        values, _SIGMA, truncate=_RADIUS / _SIGMA, mode="nearest"
    )
    return smoothed


def _along(values: npt.NDArray[np.float32], places: npt.NDArray[np.int64], by: Array) -> Array:
    return np.asarray(ndimage.map_coordinates(values, (places + by).T, order=1))


def _hessians(values: npt.NDArray[np.float32], places: npt.NDArray[np.int64]) -> Array:
    """Give second derivatives (n, 3, 3) at places by central differences, taken twice."""

    def at(*steps: int) -> Array:
        return values[tuple((places + steps).T)].astype(float)

    found = np.empty((len(places), 3, 3))
    unit = np.eye(3, dtype=int)
    middle = at(0, 0, 0)
    for a in range(3):
        found[:, a, a] = (at(*(2 * unit[a])) - 2 * middle + at(*(-2 * unit[a]))) / 4
        for b in range(a):
            along, across = unit[a] + unit[b], unit[a] - unit[b]
            mixed = (at(*along) - at(*across) - at(*-across) + at(*-along)) / 4
            found[:, a, b] = found[:, b, a] = mixed
    return found
