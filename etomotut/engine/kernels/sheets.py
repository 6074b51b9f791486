"""Loops over oriented points of a volume (z, y, x): normals, profiles across sheets, votes, paint.

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
Flags = npt.NDArray[np.bool_]
Number = Any  # a scalar that numba types

_FASTEST = {"reassoc", "contract", "nsz", "arcp"}
_TINY = 1e-20


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_normals(tensors: Floats, normals: Floats, coherence: Floats) -> None:
    """Find the main directions of structure tensors (6, n): xx, yy, zz, xy, xz, yz.

    `coherence` (n,) gets the first eigenvalue less the second, over their sum.
    """
    for i in range(tensors.shape[1]):
        xx, yy, zz = tensors[0, i], tensors[1, i], tensors[2, i]
        xy, xz, yz = tensors[3, i], tensors[4, i], tensors[5, i]
        first, second = largest_roots(xx, yy, zz, xy, xz, yz)
        coherence[i] = (first - second) / (xx + yy + zz + _TINY)
        x, y, z = null_vector(xx - first, yy - first, zz - first, xy, xz, yz)
        normals[i, 0], normals[i, 1], normals[i, 2] = x, y, z


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def largest_roots(
    xx: Number, yy: Number, zz: Number, xy: Number, xz: Number, yz: Number
) -> Tuple[Number, Number]:
    """Give the two largest eigenvalues of a symmetric matrix (Smith 1961, Comm. ACM 4, 168)."""
    mean = (xx + yy + zz) / 3
    a, b, c = xx - mean, yy - mean, zz - mean
    size = np.sqrt((a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6) + _TINY
    det = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)
    cosine = min(max(det / (2 * size * size * size), -1.0), 1.0)
    angle = np.arccos(cosine) / 3
    first = mean + 2 * size * np.cos(angle)
    last = mean + 2 * size * np.cos(angle + 2 * np.pi / 3)
    return first, 3 * mean - first - last


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
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
def density_at(u: Floats, x: Number, y: Number, z: Number) -> Number:
    """Give the density between voxels; beyond the volume that of its edge."""
    x = min(max(x, 0.0), u.shape[2] - 1.001)
    y = min(max(y, 0.0), u.shape[1] - 1.001)
    z = min(max(z, 0.0), u.shape[0] - 1.001)
    i, j, k = int(x), int(y), int(z)
    a, b, c = x - i, y - j, z - k
    near = (1 - b) * ((1 - a) * u[k, j, i] + a * u[k, j, i + 1])
    near += b * ((1 - a) * u[k, j + 1, i] + a * u[k, j + 1, i + 1])
    far = (1 - b) * ((1 - a) * u[k + 1, j, i] + a * u[k + 1, j, i + 1])
    far += b * ((1 - a) * u[k + 1, j + 1, i] + a * u[k + 1, j + 1, i + 1])
    return (1 - c) * near + c * far


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
    reach = profiles.shape[1] // 2
    lines = np.zeros((profiles.shape[0], disc.shape[0]), np.float32)
    for i in range(points.shape[0]):
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        flat = np.sqrt(nx * nx + ny * ny)
        ax, ay = (-ny / flat, nx / flat) if flat > 1e-3 else (1.0, 0.0)
        bx, by, bz = -nz * ay, nz * ax, nx * ay - ny * ax
        for j in range(disc.shape[0]):
            x = points[i, 0] + disc[j, 0] * ax + disc[j, 1] * bx
            y = points[i, 1] + disc[j, 0] * ay + disc[j, 1] * by
            z = points[i, 2] + disc[j, 1] * bz
            lines[:, j] = 0
            for t in range(-reach, reach + 1):
                s = t * step
                density = density_at(u, x + s * nx, y + s * ny, z + s * nz)
                for k in range(profiles.shape[0]):
                    lines[k, j] += profiles[k, t + reach] * density
        out[i] = best_mean(lines, doubt)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def best_mean(lines: Floats, doubt: Number) -> Number:
    """Give the largest mean of rows (k, m), each less `doubt` of its standard deviations."""
    best = -1e30
    for k in range(lines.shape[0]):
        mean = lines[k].mean()
        variance = 0.0
        for j in range(lines.shape[1]):
            variance += (lines[k, j] - mean) ** 2
        best = max(best, mean - doubt * np.sqrt(variance / lines.shape[1]))
    return best


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
    numbers: Whole,
    points: Whole,
    normals: Floats,
    strengths: Floats,
    reach: Number,
    bend: Number,
    out: Floats,
) -> None:
    """Add up the strengths of the points that lie on one smooth sheet with each point.

    `numbers` (z, y, x) are those of the points, -1 where there is none. A neighbour within `reach`
    voxels counts if each of both lies near the other's plane, as far off it as a sheet goes that
    bends by 1 / `bend` voxels of radius, and if the normals are within 37 degrees.
    """
    r = int(np.ceil(reach))
    for i in range(points.shape[0]):
        total = np.float32(0.0)
        for z in range(max(points[i, 2] - r, 0), min(points[i, 2] + r + 1, numbers.shape[0])):
            for y in range(max(points[i, 1] - r, 0), min(points[i, 1] + r + 1, numbers.shape[1])):
                low, high = row_span(points[i], normals[i], y, z, reach, bend, numbers.shape[2])
                for x in range(low, high):
                    j = numbers[z, y, x]
                    if j >= 0 and is_on_sheet(points, normals, i, j, reach, bend):
                        total += strengths[j]
        out[i] = total


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def row_span(
    point: Whole, normal: Floats, y: int, z: int, reach: Number, bend: Number, columns: int
) -> Tuple[int, int]:
    """Give where a row passes a point's plane near enough to hold points of its sheet."""
    dy, dz = y - point[1], z - point[2]
    half = np.sqrt(max(reach * reach - dy * dy - dz * dz, 0.0))
    low, high = -half, half
    if abs(normal[0]) > 0.05:
        middle = -(normal[1] * dy + normal[2] * dz) / normal[0]
        wide = (1.0 + 0.5 * bend * reach * reach) / abs(normal[0])
        low, high = max(low, middle - wide), min(high, middle + wide)
    first = max(int(np.ceil(point[0] + low)), 0)
    return first, max(min(int(np.floor(point[0] + high)) + 1, columns), first)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def is_on_sheet(
    points: Whole, normals: Floats, i: int, j: int, reach: Number, bend: Number
) -> bool:
    """Say whether two points lie on one smooth sheet; see add_support."""
    dx = points[j, 0] - points[i, 0]
    dy = points[j, 1] - points[i, 1]
    dz = points[j, 2] - points[i, 2]
    away = dx * dx + dy * dy + dz * dz
    slack = 1.0 + 0.5 * bend * away
    first = dx * normals[i, 0] + dy * normals[i, 1] + dz * normals[i, 2]
    second = dx * normals[j, 0] + dy * normals[j, 1] + dz * normals[j, 2]
    cosine = (
        normals[i, 0] * normals[j, 0]
        + normals[i, 1] * normals[j, 1]
        + normals[i, 2] * normals[j, 2]
    )
    is_near = away <= reach * reach and abs(first) <= slack and abs(second) <= slack
    return is_near and abs(cosine) >= 0.8


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
