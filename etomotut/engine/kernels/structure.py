"""Loops of diffusion along the direction in which densities vary least around a voxel.

That direction is the eigenvector of the smallest eigenvalue of the structure tensor: products of
gradient components, averaged with a Gaussian. Layout and rings of planes as in kernels.diffusion.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels.diffusion import (
    XX,
    XY,
    XZ,
    YY,
    YZ,
    ZZ,
    find_gradient,
    outer_product,
    reduce_axes,
    step_row,
    weigh_edges,
)

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Number = Any  # a scalar that numba types

_FASTEST = {"reassoc", "contract", "nsz", "arcp"}
_NEWTON_STEPS = 12
_LARGEST = 1.0 / 3.0  # that the smallest of three roots with sum 1 can be
_TINY = 1e-14  # of the squared trace: below it a direction is not known


@numba.njit(cache=True, nogil=True)
def follow_structure(
    u: Floats,
    out: Floats,
    first: int,
    last: int,
    contrast: Number,
    step: Number,
    powers: int,
    kept: Number,
    weights: Floats,
) -> None:
    """Do a step in rows `first` to `last` - 1 of all planes, with tensors from the structure.

    `weights` (2 r + 1,) are the Gaussian's that averages structure tensors, `powers` and `kept`
    those of weigh_edges and reduce_axes.
    """
    radius = weights.size // 2
    rows, columns = last - first + 2, u.shape[2]
    grad = np.zeros((3, columns), np.float32)
    raw = np.zeros((6, rows + 2 * radius, columns), np.float32)
    smooth = np.zeros((weights.size, 6, rows, columns), np.float32)
    tensors = np.zeros((3, 6, rows, columns), np.float32)
    done = 0
    for z in range(u.shape[0] + 1):
        if z < u.shape[0]:
            while done < min(z + radius + 1, u.shape[0]):
                multiply_gradients(u, done, first - 1 - radius, grad, raw)
                smooth_plane(raw, weights, smooth[done % weights.size])
                done += 1
            plane = tensors[z % 3]
            direct_plane(u, z, first - 1, contrast, powers, weights, smooth, grad, plane)
            reduce_axes(plane, first - 1, u.shape[1], kept)
        if z:
            for y in range(first, last):
                step_row(u, tensors, z - 1, y, y - first + 1, step, out)


@numba.njit(cache=True, nogil=True)
def multiply_gradients(u: Floats, z: int, low: int, grad: Floats, raw: Floats) -> None:
    """Multiply the gradient components of plane z; row 0 of `raw` (6, y, x) is row `low`."""
    ones = np.ones(u.shape[2], np.float32)
    for y in range(raw.shape[1]):
        find_gradient(u, z, min(max(low + y, 1), u.shape[1] - 2), grad)
        outer_product(grad, ones, raw, y)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def smooth_plane(raw: Floats, weights: Floats, out: Floats) -> None:
    """Average each of the planes (6, y, x) along x and y; `out` lacks the margins in y."""
    radius, columns = weights.size // 2, raw.shape[2] - 2
    line = np.zeros(columns + 2 * radius, np.float32)
    for component in range(6):
        for y in range(raw.shape[1]):
            row = raw[component, y]
            line[:radius] = row[1]
            line[radius : radius + columns] = row[1 : columns + 1]
            line[radius + columns :] = row[columns]
            row[:] = 0
            for tap in range(weights.size):
                add_scaled(line[tap : tap + columns], weights[tap], row[1 : columns + 1])
        for y in range(out.shape[1]):
            row = out[component, y]
            row[:] = 0
            for tap in range(weights.size):
                add_scaled(raw[component, y + tap], weights[tap], row)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_scaled(row: Floats, weight: Number, out: Floats) -> None:
    """Add a row times a weight to another."""
    for x in range(np.uint64(out.size)):
        out[x] += weight * row[x]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def direct_plane(
    u: Floats,
    z: int,
    low: int,
    contrast: Number,
    powers: int,
    weights: Floats,
    smooth: Floats,
    grad: Floats,
    out: Floats,
) -> None:
    """Make the tensors of plane z: g + (1 - g) v v', v the direction of least variation.

    `smooth` (2 r + 1, 6, y, x) holds the averaged products of the planes around z.
    """
    radius, columns = weights.size // 2, u.shape[2]
    structure = np.zeros((6, columns), np.float32)
    share = np.zeros(columns, np.float32)
    scale = np.zeros(columns, np.float32)
    roots = np.zeros((3, columns), np.float64)
    for y in range(out.shape[1]):
        inner = min(max(low + y, 1), u.shape[1] - 2)
        structure[:] = 0
        for tap in range(weights.size):
            plane = min(max(z + tap - radius, 0), u.shape[0] - 1) % weights.size
            for component in range(6):
                add_scaled(
                    smooth[plane, component, inner - low], weights[tap], structure[component]
                )
        find_gradient(u, z, inner, grad)
        weigh_edges(grad, contrast, powers, share)
        find_smallest_root(structure, roots)
        project_on_least(structure, roots[0], out, y)
        xx, yy, zz = out[XX, y], out[YY, y], out[ZZ, y]
        for x in range(np.uint64(columns)):
            scale[x] = share[x] / (xx[x] + yy[x] + zz[x])
        for component in range(6):
            row = out[component, y]
            for x in range(np.uint64(columns)):
                row[x] *= scale[x]
        for component in range(3):
            row = out[component, y]
            for x in range(np.uint64(columns)):
                row[x] += np.float32(1.0) - share[x]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_smallest_root(j: Floats, roots: Doubles) -> None:
    """Find the smallest eigenvalue of tensors (6, x), divided by their trace.

    Newton's method on the characteristic polynomial, from zero on: it comes up to the smallest of
    three real roots without passing it. `roots` (3, x) gets it first, then scratch.
    """
    xx, yy, zz, xy, xz, yz = j[XX], j[YY], j[ZZ], j[XY], j[XZ], j[YZ]
    root, linear, constant = roots[0], roots[1], roots[2]
    columns = np.uint64(root.size)
    for x in range(columns):
        root[x] = 1.0 / max(np.float64(xx[x]) + yy[x] + zz[x], 1e-30)
    for x in range(columns):
        a, b, c = np.float64(xx[x]), np.float64(yy[x]), np.float64(zz[x])
        d, e, f = np.float64(xy[x]), np.float64(xz[x]), np.float64(yz[x])
        linear[x] = (a * b + a * c + b * c - d * d - e * e - f * f) * root[x] * root[x]
    for x in range(columns):
        a, b, c = np.float64(xx[x]), np.float64(yy[x]), np.float64(zz[x])
        d, e, f = np.float64(xy[x]), np.float64(xz[x]), np.float64(yz[x])
        cofactors = a * (b * c - f * f) - d * (d * c - e * f) + e * (d * f - b * e)
        constant[x] = cofactors * root[x] * root[x] * root[x]
    root[:] = 0
    for _ in range(_NEWTON_STEPS):
        for x in range(columns):
            m = root[x]
            value = ((m - 1.0) * m + linear[x]) * m - constant[x]
            slope = (3.0 * m - 2.0) * m + linear[x]
            root[x] = min(m - min(value, 0.0) / max(slope, 1e-9), _LARGEST)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def project_on_least(j: Floats, root: Doubles, out: Floats, y: int) -> None:
    """Write to row y of `out` (6, y, x) what projects on the eigenvector of the smallest root.

    It is the adjugate of tensor minus root, which has rank one: v v' times a number. A trace of
    its own keeps it from vanishing where two roots are the same.
    """
    xx, yy, zz, xy, xz, yz = j[XX], j[YY], j[ZZ], j[XY], j[XZ], j[YZ]
    columns = np.uint64(root.size)
    for x in range(columns):
        root[x] *= np.float64(xx[x]) + yy[x] + zz[x]
    first, second, third = out[XX, y], out[YY, y], out[ZZ, y]
    for x in range(columns):
        b, c, f = yy[x] - root[x], zz[x] - root[x], np.float64(yz[x])
        first[x] = b * c - f * f
    for x in range(columns):
        a, c, e = xx[x] - root[x], zz[x] - root[x], np.float64(xz[x])
        second[x] = a * c - e * e
    for x in range(columns):
        a, b, d = xx[x] - root[x], yy[x] - root[x], np.float64(xy[x])
        third[x] = a * b - d * d
    first, second, third = out[XY, y], out[XZ, y], out[YZ, y]
    for x in range(columns):
        first[x] = np.float64(xz[x]) * yz[x] - xy[x] * (zz[x] - root[x])
    for x in range(columns):
        second[x] = np.float64(xy[x]) * yz[x] - xz[x] * (yy[x] - root[x])
    for x in range(columns):
        third[x] = np.float64(xy[x]) * xz[x] - yz[x] * (xx[x] - root[x])
    for component in range(3):
        row = out[component, y]
        for x in range(columns):
            trace = xx[x] + yy[x] + zz[x]
            row[x] = (
                max(row[x], np.float32(0.0)) + np.float32(_TINY) * trace * trace + np.float32(1e-37)
            )
