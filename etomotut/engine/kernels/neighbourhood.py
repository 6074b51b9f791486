"""Sums over points near places, the points sorted into cubic cells of a grid.

A place sees the cell that it is in and the 26 around it. Arrays of points and places are (n, 3).
`starts` says where in the points each cell of a `grid` (x, y, z cells) begins that starts at `low`;
`side`, that of a cell, is where neighbourhoods end, and `sigma` that of their Gaussian weights.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

_FASTEST = {"reassoc", "contract", "nsz", "arcp"}


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
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

    `out` (place, 10) gets 1, x, y, z, xx, xy, xz, yy, yz, zz.
    """
    numbers, near = np.empty(len(points) + 1, np.int64), np.empty((4, len(points) + 1))
    basis, sums = np.ones((4, len(points))), np.empty((4, 4))
    for i in range(places.shape[0]):
        count = find_near(points, weights, starts, grid, low, side, sigma, places[i], numbers, near)
        basis[1:, :count] = near[1:, :count]
        sum_products(near[0], basis, count, sums)
        column = 0
        for a in range(4):
            for b in range(a, 4):
                out[i, column] += sums[a, b]
                column += 1


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
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
    numbers, near = np.empty(len(points) + 1, np.int64), np.empty((4, len(points) + 1))
    basis, sums = np.ones((7, len(points))), np.zeros((7, 7))
    for i in range(places.shape[0]):
        count = find_near(points, weights, starts, grid, low, side, sigma, places[i], numbers, near)
        frame = frames[i] / sigma
        for j in range(np.uint64(count)):
            x, y, z = near[1, j], near[2, j], near[3, j]
            u = x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2]
            v = x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2]
            basis[1, j], basis[2, j] = u, v
            basis[3, j], basis[4, j], basis[5, j] = u * u, u * v, v * v
            basis[6, j] = x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2]
        sum_products(near[0], basis, count, sums)
        matrices[i], rights[i] = sums[:6, :6], sums[:6, 6]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
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
    numbers, near = np.empty(len(points) + 1, np.int64), np.empty((4, len(points) + 1))
    basis, sums = np.ones((5, len(points))), np.empty((5, 5))
    for i in range(places.shape[0]):
        count = find_near(points, weights, starts, grid, low, side, sigma, places[i], numbers, near)
        frame = frames[i]
        for j in range(count):
            x, y, z = near[1, j], near[2, j], near[3, j]
            basis[1, j] = (x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2]) / sigma
            basis[2, j] = (x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2]) / sigma
            x, y, z = normals[numbers[j]]
            basis[3, j] = x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2]
            basis[4, j] = x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2]
            if x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2] < 0.2:
                near[0, j] = 0.0
        sum_products(near[0], basis, count, sums)
        out[i, 0], out[i, 1], out[i, 2] = sums[0, 0], sums[0, 1], sums[0, 2]
        out[i, 3], out[i, 4], out[i, 5] = sums[1, 1], sums[1, 2], sums[2, 2]
        out[i, 6:9], out[i, 9:] = sums[:3, 3], sums[:3, 4]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_near(
    points: Array,
    weights: Array,
    starts: Numbers,
    grid: Numbers,
    low: Array,
    side: float,
    sigma: float,
    place: Array,
    numbers: Numbers,
    near: Array,
) -> int:
    """Find the points around a place; gives how many they are.

    `numbers` (n,) gets which they are, `near` (4, n) their Gaussian weights, and x, y, z from the
    place.
    """
    factor, count = -0.5 / (sigma * sigma), 0
    cx = int(np.floor((place[0] - low[0]) / side))
    cy = int(np.floor((place[1] - low[1]) / side))
    cz = int(np.floor((place[2] - low[2]) / side))
    first, last = max(cz - 1, 0), min(cz + 2, grid[2])
    if first >= last:
        return 0
    for x in range(max(cx - 1, 0), min(cx + 2, grid[0])):
        for y in range(max(cy - 1, 0), min(cy + 2, grid[1])):
            row = (x * grid[1] + y) * grid[2]
            for j in range(np.uint64(starts[row + first]), np.uint64(starts[row + last])):
                dx, dy, dz = (
                    points[j, 0] - place[0],
                    points[j, 1] - place[1],
                    points[j, 2] - place[2],
                )
                square = dx * dx + dy * dy + dz * dz
                # written in any case, and written over if it is far: quicker than to branch
                at = np.uint64(count)
                numbers[at], near[0, at] = j, square
                near[1, at], near[2, at], near[3, at] = dx, dy, dz
                count += int(square <= side * side)
    for k in range(np.uint64(count)):
        near[0, k] = weights[numbers[k]] * np.exp(factor * near[0, k])
    return count


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def sum_products(weights: Array, basis: Array, count: int, out: Array) -> None:
    """Sum the weighted products of each two rows of a basis (m, n), above the diagonal."""
    for a in range(basis.shape[0]):
        for b in range(a, basis.shape[0]):
            total = 0.0
            for j in range(np.uint64(count)):
                total += weights[j] * basis[a, j] * basis[b, j]
            out[a, b] = total
