"""Sums over points near places, the points sorted into cubic cells of a grid.

A place sees the cell that it is in and the 26 around it. Arrays of points and places are (n, 3).
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def add_planes(
    points: Array,
    weights: Array,
    starts: Numbers,
    grid: Numbers,
    low: Array,
    side: float,
    sigma: float,
    places: Array,
    out: Array,
) -> None:
    """Sum Gaussian weights, and with them the first and second powers of the distances.

    `starts` says where in `points` each cell of a `grid` (x, y, z cells) begins that starts at
    `low`. `out` (place, 10) gets 1, x, y, z, xx, xy, xz, yy, yz, zz; `side` is where it all ends.
    """
    factor = -0.5 / (sigma * sigma)
    for i in range(places.shape[0]):
        px, py, pz = places[i, 0], places[i, 1], places[i, 2]
        cx = int(np.floor((px - low[0]) / side))
        cy = int(np.floor((py - low[1]) / side))
        cz = int(np.floor((pz - low[2]) / side))
        for x in range(max(cx - 1, 0), min(cx + 2, grid[0])):
            for y in range(max(cy - 1, 0), min(cy + 2, grid[1])):
                row = (x * grid[1] + y) * grid[2]
                first, last = max(cz - 1, 0), min(cz + 2, grid[2])
                if first >= last:
                    continue
                for j in range(starts[row + first], starts[row + last]):
                    dx, dy, dz = points[j, 0] - px, points[j, 1] - py, points[j, 2] - pz
                    square = dx * dx + dy * dy + dz * dz
                    if square > side * side:
                        continue
                    w = weights[j] * np.exp(factor * square)
                    out[i, 0] += w
                    out[i, 1] += w * dx
                    out[i, 2] += w * dy
                    out[i, 3] += w * dz
                    out[i, 4] += w * dx * dx
                    out[i, 5] += w * dx * dy
                    out[i, 6] += w * dx * dz
                    out[i, 7] += w * dy * dy
                    out[i, 8] += w * dy * dz
                    out[i, 9] += w * dz * dz


@numba.njit(cache=True, nogil=True)
def add_quadrics(
    points: Array,
    weights: Array,
    starts: Numbers,
    grid: Numbers,
    low: Array,
    side: float,
    sigma: float,
    places: Array,
    frames: Array,
    matrices: Array,
    rights: Array,
) -> None:
    """Sum the normal equations of quadrics w(u, v) in the frames (place, uvw, xyz) of places.

    `matrices` (place, 6, 6), above the diagonal, and `rights` (place, 6) are of 1, u, v, uu, uv,
    vv, in sigmas.
    """
    factor = -0.5 / (sigma * sigma)
    basis, total, right = np.empty(6), np.empty((6, 6)), np.empty(6)
    for i in range(places.shape[0]):
        total[:, :], right[:] = 0.0, 0.0
        frame = frames[i] / sigma
        px, py, pz = places[i, 0], places[i, 1], places[i, 2]
        cx = int(np.floor((px - low[0]) / side))
        cy = int(np.floor((py - low[1]) / side))
        cz = int(np.floor((pz - low[2]) / side))
        for x in range(max(cx - 1, 0), min(cx + 2, grid[0])):
            for y in range(max(cy - 1, 0), min(cy + 2, grid[1])):
                row = (x * grid[1] + y) * grid[2]
                first, last = max(cz - 1, 0), min(cz + 2, grid[2])
                if first >= last:
                    continue
                for j in range(starts[row + first], starts[row + last]):
                    dx, dy, dz = points[j, 0] - px, points[j, 1] - py, points[j, 2] - pz
                    square = dx * dx + dy * dy + dz * dz
                    if square > side * side:
                        continue
                    weight = weights[j] * np.exp(factor * square)
                    u = dx * frame[0, 0] + dy * frame[0, 1] + dz * frame[0, 2]
                    v = dx * frame[1, 0] + dy * frame[1, 1] + dz * frame[1, 2]
                    w = dx * frame[2, 0] + dy * frame[2, 1] + dz * frame[2, 2]
                    basis[0], basis[1], basis[2] = 1.0, u, v
                    basis[3], basis[4], basis[5] = u * u, u * v, v * v
                    for a in range(6):
                        weighted = weight * basis[a]
                        right[a] += weighted * w
                        for b in range(a, 6):
                            total[a, b] += weighted * basis[b]
        rights[i] = right
        matrices[i] = total


@numba.njit(cache=True, nogil=True)
def add_normals(
    points: Array,
    weights: Array,
    starts: Numbers,
    grid: Numbers,
    low: Array,
    side: float,
    sigma: float,
    normals: Array,
    places: Array,
    frames: Array,
    out: Array,
) -> None:
    """Sum the normal equations of normals that change linearly in the frames of places.

    `normals` are those of the points. `out` (place, 12) gets 1, u, v, uu, uv, vv in sigmas, then
    the normals' part along u with 1, u, v, and that along v. Points that face away do not count.
    """
    factor = -0.5 / (sigma * sigma)
    for i in range(places.shape[0]):
        cx = int(np.floor((places[i, 0] - low[0]) / side))
        cy = int(np.floor((places[i, 1] - low[1]) / side))
        cz = int(np.floor((places[i, 2] - low[2]) / side))
        frame = frames[i]
        for x in range(max(cx - 1, 0), min(cx + 2, grid[0])):
            for y in range(max(cy - 1, 0), min(cy + 2, grid[1])):
                row = (x * grid[1] + y) * grid[2]
                first, last = max(cz - 1, 0), min(cz + 2, grid[2])
                if first >= last:
                    continue
                for j in range(starts[row + first], starts[row + last]):
                    dx = points[j, 0] - places[i, 0]
                    dy = points[j, 1] - places[i, 1]
                    dz = points[j, 2] - places[i, 2]
                    square = dx * dx + dy * dy + dz * dz
                    n = normals[j]
                    if square > side * side or n @ frame[2] < 0.2:
                        continue
                    w = weights[j] * np.exp(factor * square)
                    u = (dx * frame[0, 0] + dy * frame[0, 1] + dz * frame[0, 2]) / sigma
                    v = (dx * frame[1, 0] + dy * frame[1, 1] + dz * frame[1, 2]) / sigma
                    along_u, along_v = n @ frame[0], n @ frame[1]
                    out[i, 0] += w
                    out[i, 1] += w * u
                    out[i, 2] += w * v
                    out[i, 3] += w * u * u
                    out[i, 4] += w * u * v
                    out[i, 5] += w * v * v
                    out[i, 6] += w * along_u
                    out[i, 7] += w * along_u * u
                    out[i, 8] += w * along_u * v
                    out[i, 9] += w * along_v
                    out[i, 10] += w * along_v * u
                    out[i, 11] += w * along_v * v
