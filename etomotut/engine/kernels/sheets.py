"""Loops over oriented points of a volume (z, y, x): normals, ridges, support, votes, paint.

Points and normals are (n, 3) of x, y, z in voxels; a point is at the middle of its voxel where it
is a whole number.
"""

from __future__ import annotations

from typing import Any, Tuple

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Number = Any  # a scalar that numba types

_FASTEST = {"reassoc", "contract", "nsz", "arcp"}
_TINY = 1e-20
_NEWTON_STEPS = 8
_PARALLEL = 0.8  # cosine from which normals go together


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST, error_model="numpy")
def find_normals(tensors: Floats, normals: Floats, coherence: Floats) -> None:
    """Find the main directions (3, n) of structure tensors (6, n): xx, yy, zz, xy, xz, yz.

    `coherence` (n,) gets the first eigenvalue less the second, over their sum.
    """
    roots = np.empty(coherence.size, np.float32)
    find_largest_roots(tensors, roots, coherence)
    for i in range(np.uint64(roots.size)):
        xx, yy, zz = tensors[0, i] - roots[i], tensors[1, i] - roots[i], tensors[2, i] - roots[i]
        x, y, z = null_vector(xx, yy, zz, tensors[3, i], tensors[4, i], tensors[5, i])
        normals[0, i], normals[1, i], normals[2, i] = x, y, z


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST, error_model="numpy")
def find_largest_roots(tensors: Floats, roots: Floats, coherence: Floats) -> None:
    """Find the largest eigenvalues of tensors, and by how much they are; see find_normals.

    Of a matrix without its mean, over its size, they are roots of q^3 - 3 q = c. Newton's method
    comes down to the largest from 2, and is slow only where the next is all but as large.
    """
    for i in range(np.uint64(roots.size)):
        xx, yy, zz = np.float64(tensors[0, i]), np.float64(tensors[1, i]), np.float64(tensors[2, i])
        xy, xz, yz = np.float64(tensors[3, i]), np.float64(tensors[4, i]), np.float64(tensors[5, i])
        mean = (xx + yy + zz) / 3
        a, b, c = xx - mean, yy - mean, zz - mean
        size = np.sqrt((a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6) + _TINY
        det = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)
        constant = min(max(det / (size * size * size), -2.0), 2.0)
        root = 2.0
        for _ in range(_NEWTON_STEPS):
            root = (2 * root * root * root + constant) / (3 * root * root - 3)
        second = 0.5 * (np.sqrt(max(12 - 3 * root * root, 0.0)) - root)
        roots[i] = mean + size * root
        coherence[i] = size * (root - second) / (3 * mean + _TINY)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST, error_model="numpy")
def null_vector(
    a: Number, b: Number, c: Number, xy: Number, xz: Number, yz: Number
) -> Tuple[Number, Number, Number]:
    """Give the unit vector that a symmetric matrix turns to nothing: across two of its rows."""
    x, y, z = xy * yz - xz * b, xz * xy - a * yz, a * b - xy * xy
    best = x * x + y * y + z * z
    u, v, w = xy * c - xz * yz, xz * xz - a * c, a * yz - xy * xz
    size = u * u + v * v + w * w
    if size > best:
        x, y, z, best = u, v, w, size
    u, v, w = b * c - yz * yz, yz * xz - xy * c, xy * yz - b * xz
    size = u * u + v * v + w * w
    if size > best:
        x, y, z, best = u, v, w, size
    scale = 1 / np.sqrt(best + 1e-30)
    return x * scale, y * scale, z * scale


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_ridges(
    responses: Floats, points: Whole, normals: Floats, reach: Number, kept: Flags
) -> None:
    """Keep the points whose response is the largest along their normal, `reach` voxels each way.

    `responses` (z, y, x) is 0 where there is no point.
    """
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        own = responses[z, y, x]
        kept[i] = own > 0
        for turn in range(2 * int(2 * reach)):
            t = (0.75 + turn // 2 * 0.5) * (1 - 2 * (turn % 2))
            k = int(np.rint(z + t * normals[i, 2]))
            j = int(np.rint(y + t * normals[i, 1]))
            h = int(np.rint(x + t * normals[i, 0]))
            is_inside = 0 <= k < responses.shape[0] and 0 <= j < responses.shape[1]
            if is_inside and 0 <= h < responses.shape[2] and responses[k, j, h] > own:
                kept[i] = False
                break


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_support(
    points: Floats, starts: Numbers, grid: Numbers, reach: Number, bend: Number, out: Floats
) -> None:
    """Add up the strengths of the points that lie on one smooth sheet with each point.

    `points` (7, n) have x, y, z, the normal, and the strength, in the order of cubic cells of side
    `reach` voxels; `starts` says where each cell of a `grid` (z, y, x cells) begins.
    """
    for z in range(grid[0]):
        for y in range(grid[1]):
            for x in range(grid[2]):
                cell = (z * grid[1] + y) * grid[2] + x
                for i in range(starts[cell], starts[cell + 1]):
                    total = np.float32(0.0)
                    for near_z in range(max(z - 1, 0), min(z + 2, grid[0])):
                        for near_y in range(max(y - 1, 0), min(y + 2, grid[1])):
                            row = (near_z * grid[1] + near_y) * grid[2]
                            first = starts[row + max(x - 1, 0)]
                            last = starts[row + min(x + 2, grid[2])]
                            total += sum_strengths(points, i, first, last, reach, bend)
                    out[i] = total


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def sum_strengths(
    points: Floats, i: int, first: int, last: int, reach: Number, bend: Number
) -> Number:
    """Add up the strengths of those of the points `first` to `last` - 1 on the sheet of point i.

    They are within `reach` voxels, each lies near the other's plane, as far off it as a sheet goes
    that bends by 1 / `bend` voxels of radius, and the normals are within 37 degrees.
    """
    square, half = np.float32(reach * reach), np.float32(0.5 * bend)
    x, y, z, u, v, w = points[:6, i]
    total = np.float32(0.0)
    for j in range(np.uint64(first), np.uint64(last)):
        dx, dy, dz = points[0, j] - x, points[1, j] - y, points[2, j] - z
        away = dx * dx + dy * dy + dz * dz
        slack = np.float32(1.0) + half * away
        if away > square or abs(dx * u + dy * v + dz * w) > slack:
            continue
        off = abs(dx * points[3, j] + dy * points[4, j] + dz * points[5, j])
        cosine = abs(u * points[3, j] + v * points[4, j] + w * points[5, j])
        if off <= slack and cosine >= np.float32(_PARALLEL):
            total += points[6, j]
    return total


@numba.njit(cache=True, nogil=True)
def vote_for_centres(
    points: Floats, normals: Floats, weights: Floats, radii: Floats, votes: Floats
) -> None:
    """Add the weight of each point to the cells (z, y, x) along its normal, at all radii."""
    for i in range(points.shape[0]):
        for k in range(2 * radii.size):
            r = radii[k // 2] * (1 - 2 * (k % 2))
            x = int(np.floor(points[i, 0] + r * normals[i, 0]))
            y = int(np.floor(points[i, 1] + r * normals[i, 1]))
            z = int(np.floor(points[i, 2] + r * normals[i, 2]))
            is_inside = 0 <= z < votes.shape[0] and 0 <= y < votes.shape[1]
            if is_inside and 0 <= x < votes.shape[2]:
                votes[z, y, x] += weights[i]


@numba.njit(cache=True, nogil=True)
def paint_plates(
    points: Floats,
    normals: Floats,
    values: Floats,
    half: Number,
    radius: Number,
    first: int,
    out: Floats,
) -> None:
    """Paint a plate at each point: `half` voxels each way of it, of a radius across its normal.

    Voxels (z, y, x), section `first` the first of them, keep the largest value.
    """
    reach = np.sqrt(half * half + radius * radius)
    for i in range(points.shape[0]):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2] - first
        low_z, high_z = max(int(np.ceil(pz - reach)), 0), int(np.floor(pz + reach)) + 1
        low_y, high_y = max(int(np.ceil(py - reach)), 0), int(np.floor(py + reach)) + 1
        low_x, high_x = max(int(np.ceil(px - reach)), 0), int(np.floor(px + reach)) + 1
        for z in range(low_z, min(high_z, out.shape[0])):
            for y in range(low_y, min(high_y, out.shape[1])):
                for x in range(low_x, min(high_x, out.shape[2])):
                    dx, dy, dz = x - px, y - py, z - pz
                    across = dx * normals[i, 0] + dy * normals[i, 1] + dz * normals[i, 2]
                    aside = dx * dx + dy * dy + dz * dz - across * across
                    if abs(across) <= half and aside <= radius * radius:
                        out[z, y, x] = max(out[z, y, x], values[i])
