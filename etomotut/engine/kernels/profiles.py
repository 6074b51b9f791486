"""Loops over profiles: densities of a volume (z, y, x) along the normals of points.

Points are looked at in blocks, one row a quantity, so that all but the reading of densities is
done for many at once in vector registers.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.uint32]
Number = Any  # a scalar that numba types

_FASTEST = {"reassoc", "contract", "nsz", "arcp"}
_BLOCK = 128
_ZERO = np.float32(0.0)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def compare_profiles(
    u: Floats,
    points: Floats,
    normals: Floats,
    disc: Floats,
    step: Number,
    profiles: Floats,
    doubt: Number,
    out: Floats,
) -> None:
    """Tell how well the densities across each point agree with the best of some profiles.

    They are taken along the normal every `step` voxels, on lines through the places of a `disc`
    (m, 2) that lies across it. `profiles` are (k, 2 r + 1). A point gets the mean of its lines
    less `doubt` standard deviations: a sheet has all of them, a grain only some.
    """
    flat = u.ravel()
    count, reach = profiles.shape[0], profiles.shape[1] // 2
    frames = np.zeros((12, _BLOCK), np.float32)
    corners = np.empty(_BLOCK, np.uint32)
    places = np.empty((3, _BLOCK), np.float32)
    densities = np.zeros(_BLOCK, np.float32)
    lines = np.empty((count, _BLOCK), np.float32)
    sums = np.empty((2, count, _BLOCK), np.float32)
    for first in range(0, points.shape[0], _BLOCK):
        last = min(first + _BLOCK, points.shape[0])
        set_frames(points[first:last], normals[first:last], frames)
        sums[:] = 0
        for j in range(disc.shape[0]):
            lines[:] = 0
            for t in range(-reach, reach + 1):
                place(frames, disc[j, 0], disc[j, 1], t * step, u.shape, corners, places)
                read(flat, u.shape, corners[: last - first], places, densities)
                for k in range(count):
                    add_scaled(densities, profiles[k, t + reach], lines[k])
            for k in range(count):
                add_powers(lines[k], sums[0, k], sums[1, k])
        find_best(sums, disc.shape[0], doubt, out[first:last])


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def set_frames(points: Floats, normals: Floats, frames: Floats) -> None:
    """Fill columns of frames: a point, two directions across its normal, the normal."""
    for i in range(points.shape[0]):
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        flat = np.sqrt(nx * nx + ny * ny)
        ax, ay = np.float32(1.0), _ZERO
        if flat > np.float32(1e-3):
            ax, ay = -ny / flat, nx / flat
        frames[0, i], frames[1, i], frames[2, i] = points[i, 0], points[i, 1], points[i, 2]
        frames[3, i], frames[4, i], frames[5, i] = ax, ay, _ZERO
        frames[6, i], frames[7, i], frames[8, i] = -nz * ay, nz * ax, nx * ay - ny * ax
        frames[9, i], frames[10, i], frames[11, i] = nx, ny, nz


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def place(
    frames: Floats, a: Number, b: Number, t: Number, shape: Any, corners: Numbers, places: Floats
) -> None:
    """Find the voxels below the places a, b, t of frames, and where between voxels these are.

    Beyond the volume it is at its edge.
    """
    a, b, t = np.float32(a), np.float32(b), np.float32(t)
    rows, columns = np.int32(shape[1]), np.int32(shape[2])
    top_x, top_y = np.float32(shape[2] - 1.001), np.float32(shape[1] - 1.001)
    top_z = np.float32(shape[0] - 1.001)
    for i in range(_BLOCK):
        x = frames[0, i] + a * frames[3, i] + b * frames[6, i] + t * frames[9, i]
        y = frames[1, i] + a * frames[4, i] + b * frames[7, i] + t * frames[10, i]
        z = frames[2, i] + a * frames[5, i] + b * frames[8, i] + t * frames[11, i]
        x = min(max(x, _ZERO), top_x)
        y = min(max(y, _ZERO), top_y)
        z = min(max(z, _ZERO), top_z)
        whole_x, whole_y, whole_z = np.int32(x), np.int32(y), np.int32(z)
        corners[i] = (whole_z * rows + whole_y) * columns + whole_x
        places[0, i] = x - np.float32(whole_x)
        places[1, i] = y - np.float32(whole_y)
        places[2, i] = z - np.float32(whole_z)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def read(flat: Floats, shape: Any, corners: Numbers, places: Floats, densities: Floats) -> None:
    """Read densities between voxels; whole numbers without sign need no look at their sign."""
    one, row, plane = np.uint64(1), np.uint64(shape[2]), np.uint64(shape[1] * shape[2])
    for i in range(np.uint64(corners.size)):
        here, x, y, z = np.uint64(corners[i]), places[0, i], places[1, i], places[2, i]
        low, high = flat[here], flat[here + one]
        low += y * (flat[here + row] - low)
        high += y * (flat[here + row + one] - high)
        here += plane
        low_next, high_next = flat[here], flat[here + one]
        low_next += y * (flat[here + row] - low_next)
        high_next += y * (flat[here + row + one] - high_next)
        low += z * (low_next - low)
        high += z * (high_next - high)
        densities[i] = low + x * (high - low)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_scaled(row: Floats, weight: Number, out: Floats) -> None:
    """Add a row times a weight to another."""
    for i in range(_BLOCK):
        out[i] += weight * row[i]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_powers(row: Floats, sums: Floats, squares: Floats) -> None:
    """Add a row to sums, and its squares to those of squares."""
    for i in range(_BLOCK):
        sums[i] += row[i]
        squares[i] += row[i] * row[i]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_best(sums: Floats, count: int, doubt: Number, out: Floats) -> None:
    """Find the largest mean less `doubt` standard deviations, from sums (1 and 2, k, point)."""
    share, doubt = np.float32(1.0 / count), np.float32(doubt)
    for i in range(out.size):
        best = np.float32(-1e30)
        for k in range(sums.shape[1]):
            mean = share * sums[0, k, i]
            variance = max(share * sums[1, k, i] - mean * mean, _ZERO)
            best = max(best, mean - doubt * np.sqrt(variance))
        out[i] = best
