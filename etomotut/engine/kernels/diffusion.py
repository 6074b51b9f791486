"""Loops of diffusion: one explicit step for a strip of rows, plane after plane.

A volume (z, y, x) has one more row and column on each side, copies of its edge, so that no density
flows out; planes beyond the ends are those at the ends. Of the diffusion tensors only three planes
of a strip exist at a time. Each loop along x writes one row and reads few: compilers check at run
time that rows do not overlap, and give up vectorizing where there would be many checks.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Number = Any  # a scalar that numba types

XX, YY, ZZ, XY, XZ, YZ = range(6)
_ONE = np.uint64(1)
_HALF, _QUARTER = np.float32(0.5), np.float32(0.25)
_WEICKERT = np.float32(3.31488)
_FASTEST = {"reassoc", "contract", "nsz", "arcp"}
_STEEPEST = np.float32(30.0)  # exp(-30) is nothing to a 32-bit sum


@numba.njit(cache=True, nogil=True)
def fill_edges(plane: Floats) -> None:
    """Copy the outermost rows and columns of a plane (y, x) to those around it."""
    plane[0] = plane[1]
    plane[-1] = plane[-2]
    plane[:, 0] = plane[:, 1]
    plane[:, -1] = plane[:, -2]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_gradient(u: Floats, z: int, y: int, grad: Floats) -> None:
    """Find the gradient of row y of plane z, by central differences, as rows (x, y, z; x)."""
    columns = np.uint64(u.shape[2] - 1)
    here, ahead, behind = u[z, y], u[z, y + 1], u[z, y - 1]
    above, below = u[min(z + 1, u.shape[0] - 1), y], u[max(z - 1, 0), y]
    along, across, up = grad[0], grad[1], grad[2]
    for x in range(_ONE, columns):
        along[x] = _HALF * (here[x + _ONE] - here[x - _ONE])
    for x in range(_ONE, columns):
        across[x] = _HALF * (ahead[x] - behind[x])
    for x in range(_ONE, columns):
        up[x] = _HALF * (above[x] - below[x])


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def sum_gradients(u: Floats, z: int) -> float:
    """Sum the lengths of the gradients of plane z."""
    grad = np.zeros((3, u.shape[2]), np.float32)
    along, across, up = grad[0], grad[1], grad[2]
    total = 0.0
    for y in range(1, u.shape[1] - 1):
        find_gradient(u, z, y, grad)
        row = np.float32(0.0)
        for x in range(_ONE, np.uint64(u.shape[2] - 1)):
            row += np.sqrt(along[x] * along[x] + across[x] * across[x] + up[x] * up[x])
        total += float(row)
    return total


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def weigh_edges(grad: Floats, contrast: Number, powers: int, share: Floats) -> None:
    """Give to `share` what an edge holds back: 1 - g with g = 1 - exp(-3.31488 / (s/k)^m).

    s is the gradient's length, k the contrast and m 2 to the power of 1 + `powers` (Weickert 1998
    has m = 8). The exponential is the 16th power of a Padé approximant, good to 32 bits.
    """
    along, across, up = grad[0], grad[1], grad[2]
    least = np.float32(1e-4) * contrast * contrast
    for x in range(np.uint64(share.size)):
        square = along[x] * along[x] + across[x] * across[x] + up[x] * up[x]
        share[x] = contrast * contrast / max(square, least)
    for _ in range(powers):
        for x in range(np.uint64(share.size)):
            share[x] = share[x] * share[x]
    for x in range(np.uint64(share.size)):
        h = min(_WEICKERT * share[x], _STEEPEST) / np.float32(16.0)
        even, odd = np.float32(1.0) + h * h / np.float32(12.0), _HALF * h
        r = (even - odd) / (even + odd)
        r = r * r
        r = r * r
        r = r * r
        share[x] = r * r


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def outer_product(grad: Floats, scale: Floats, out: Any, y: int) -> None:
    """Write the products of the components, times a scale (x,), to row y of `out` (6, y, x)."""
    for component in range(6):
        first = grad[component if component < 3 else (0 if component < 5 else 1)]
        second = grad[component if component < 3 else (1 if component == 3 else 2)]
        row = out[component, y]
        for x in range(np.uint64(scale.size)):
            row[x] = scale[x] * first[x] * second[x]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def across_edges(
    u: Floats,
    z: int,
    low: int,
    contrast: Number,
    powers: int,
    along_edges: Number,
    grad: Floats,
    out: Floats,
) -> None:
    """Make the tensors of plane z that let densities flow along edges, not across them.

    They are 1 - (1 - g) (h + (1 - h) n n'), n the direction of the gradient and h, `along_edges`,
    what is held back along edges, too. Row 0 of `out` (6, y, x) is row `low`.
    """
    share, scale = np.zeros(u.shape[2], np.float32), np.zeros(u.shape[2], np.float32)
    along, across, up = grad[0], grad[1], grad[2]
    for y in range(out.shape[1]):
        find_gradient(u, z, min(max(low + y, 1), u.shape[1] - 2), grad)
        weigh_edges(grad, contrast, powers, share)
        for x in range(np.uint64(share.size)):
            square = along[x] * along[x] + across[x] * across[x] + up[x] * up[x]
            scale[x] = (along_edges - np.float32(1.0)) * share[x] / max(square, np.float32(1e-30))
        outer_product(grad, scale, out, y)
        for component in range(3):
            row = out[component, y]
            for x in range(np.uint64(share.size)):
                row[x] += np.float32(1.0) - along_edges * share[x]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def reduce_axes(tensors: Floats, low: int, rows: int, kept: Number) -> None:
    """Turn tensors (6, y, x) into weights of neighbours, in place; row 0 is row `low` of `rows`.

    Beyond the sides of a volume there is its mirror image, where mixed components change sign.
    What flows to diagonal neighbours must not flow along the axes too: `kept` times the mixed
    components is subtracted there. 1 makes the scheme consistent (Weickert 1998, section 3.4.2).
    """
    for y in range(tensors.shape[1]):
        xy, xz, yz = tensors[XY, y], tensors[XZ, y], tensors[YZ, y]
        for component in range(3):
            first = xy if component < 2 else xz
            second = yz if component > 0 else xz
            row = tensors[component, y]
            for x in range(np.uint64(row.size)):
                row[x] -= kept * (abs(first[x]) + abs(second[x]))
        for component in range(6):
            row = tensors[component, y]
            sign = np.float32(-1.0 if component in (XY, XZ) else 1.0)
            row[0], row[-1] = sign * row[1], sign * row[-2]
        if low + y < 1 or low + y > rows - 2:
            for x in range(np.uint64(xy.size)):
                xy[x] = -xy[x]
            for x in range(np.uint64(yz.size)):
                yz[x] = -yz[x]


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_line(a: Floats, b: Floats, c: Floats, u: Floats, v: Floats, w: Floats, out: Floats) -> None:
    """Add what flows from the neighbours v and w of u, with weights b and c beside a."""
    for x in range(_ONE, np.uint64(out.size - 1)):
        out[x] += (a[x] + b[x]) * (v[x] - u[x]) + (a[x] + c[x]) * (w[x] - u[x])


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_diagonals(
    a: Floats, b: Floats, u: Floats, v: Floats, sign: Number, mirror: Number, out: Floats
) -> None:
    """Add what flows along x diagonally from v to u, with mixed components b and a.

    `sign` is that of the step from u to v; `mirror` is -1 if v is a copy of u beyond the end.
    """
    for x in range(_ONE, np.uint64(out.size - 1)):
        mixed = sign * a[x]
        other = mirror * sign * b[x + _ONE]
        right = abs(mixed) + mixed + abs(other) + other
        other = mirror * sign * b[x - _ONE]
        left = abs(mixed) - mixed + abs(other) - other
        out[x] += _HALF * (right * (v[x + _ONE] - u[x]) + left * (v[x - _ONE] - u[x]))


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def add_corners(
    a: Floats,
    b: Floats,
    c: Floats,
    u: Floats,
    v: Floats,
    w: Floats,
    sign: Number,
    mirror: Number,
    out: Floats,
) -> None:
    """Add what flows from diagonal neighbours: v, with b, in y like in z, and w, with c, opposite.

    `sign` is that of the step in z; `mirror` as for add_diagonals.
    """
    for x in range(_ONE, np.uint64(out.size - 1)):
        mixed, one, other = sign * a[x], mirror * sign * b[x], mirror * sign * c[x]
        toward = abs(mixed) + mixed + abs(one) + one
        away = abs(mixed) - mixed + abs(other) - other
        out[x] += _HALF * (toward * (v[x] - u[x]) + away * (w[x] - u[x]))


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def step_row(
    u: Floats, tensors: Floats, z: int, y: int, row: int, step: Number, out: Floats
) -> None:
    """Let densities flow once into row y of plane z and write it to `out` (z, y, x).

    `tensors` (3, 6, y, x) are the reduced ones of planes z - 1, z and z + 1 at z modulo 3, row y
    being their row `row`. Neighbours weigh the mean of their tensor and the voxel's own.
    """
    above, below = min(z + 1, u.shape[0] - 1), max(z - 1, 0)
    t, t_above, t_below = tensors[z % 3], tensors[above % 3], tensors[below % 3]
    here, line = u[z, y], out[z, y]
    flow = np.zeros(u.shape[2], np.float32)
    axis = t[XX, row]
    for x in range(_ONE, np.uint64(flow.size - 1)):
        flow[x] = (axis[x] + axis[x + _ONE]) * (here[x + _ONE] - here[x]) + (
            axis[x] + axis[x - _ONE]
        ) * (here[x - _ONE] - here[x])
    add_line(t[YY, row], t[YY, row + 1], t[YY, row - 1], here, u[z, y + 1], u[z, y - 1], flow)
    add_line(t[ZZ, row], t_above[ZZ, row], t_below[ZZ, row], here, u[above, y], u[below, y], flow)
    plus, minus = np.float32(1.0), np.float32(-1.0)
    top, bottom = (minus if above == z else plus), (minus if below == z else plus)
    add_diagonals(t[XY, row], t[XY, row + 1], here, u[z, y + 1], plus, plus, flow)
    add_diagonals(t[XY, row], t[XY, row - 1], here, u[z, y - 1], minus, plus, flow)
    add_diagonals(t[XZ, row], t_above[XZ, row], here, u[above, y], plus, top, flow)
    add_diagonals(t[XZ, row], t_below[XZ, row], here, u[below, y], minus, bottom, flow)
    ahead, behind = t_above[YZ, row + 1], t_above[YZ, row - 1]
    add_corners(t[YZ, row], ahead, behind, here, u[above, y + 1], u[above, y - 1], plus, top, flow)
    ahead, behind = t_below[YZ, row + 1], t_below[YZ, row - 1]
    add_corners(
        t[YZ, row], ahead, behind, here, u[below, y + 1], u[below, y - 1], minus, bottom, flow
    )
    for x in range(_ONE, np.uint64(flow.size - 1)):
        line[x] = here[x] + _HALF * step * flow[x]


@numba.njit(cache=True, nogil=True)
def follow_edges(
    u: Floats,
    out: Floats,
    first: int,
    last: int,
    contrast: Number,
    step: Number,
    powers: int,
    along_edges: Number,
    kept: Number,
) -> None:
    """Do a step in rows `first` to `last` - 1 of all planes, with tensors from the gradient.

    `powers`, `along_edges` and `kept` are those of weigh_edges, across_edges and reduce_axes.
    """
    grad = np.zeros((3, u.shape[2]), np.float32)
    tensors = np.zeros((3, 6, last - first + 2, u.shape[2]), np.float32)
    for ahead in range(u.shape[0] + 1):
        if ahead < u.shape[0]:
            plane = tensors[ahead % 3]
            across_edges(u, ahead, first - 1, contrast, powers, along_edges, grad, plane)
            reduce_axes(plane, first - 1, u.shape[1], kept)
        if ahead:
            for y in range(first, last):
                step_row(u, tensors, ahead - 1, y, y - first + 1, step, out)


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def flow_beltrami(
    u: Floats, out: Floats, first: int, last: int, contrast: Number, step: Number
) -> None:
    """Do a step of Beltrami flow in rows `first` to `last` - 1 of all planes.

    u_t = ((1 + |∇u|²) Δu - ∇u' H ∇u) / (1 + |∇u|²)², H the second derivatives and densities in
    units of the contrast: the metric's divergence (Kimmel et al. 2000) written out.
    """
    weight = np.float32(1.0) / contrast
    rows = np.zeros((9, u.shape[2]), np.float32)
    for z in range(u.shape[0]):
        for y in range(first, last):
            find_gradient(u, z, y, rows)
            find_second(u, z, y, rows[3:])
            _move_beltrami(u[z, y], rows, weight, step, out[z, y])


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def find_second(u: Floats, z: int, y: int, second: Floats) -> None:
    """Find the second derivatives of row y of plane z as rows (xx, yy, zz, xy, xz, yz; x)."""
    columns = np.uint64(u.shape[2] - 1)
    top, bottom = min(z + 1, u.shape[0] - 1), max(z - 1, 0)
    here, ahead, behind, above, below = u[z, y], u[z, y + 1], u[z, y - 1], u[top, y], u[bottom, y]
    xx, yy, zz, xy, xz, yz = second[0], second[1], second[2], second[3], second[4], second[5]
    for x in range(_ONE, columns):
        xx[x] = here[x + _ONE] - here[x] - here[x] + here[x - _ONE]
    for x in range(_ONE, columns):
        yy[x] = ahead[x] - here[x] - here[x] + behind[x]
    for x in range(_ONE, columns):
        zz[x] = above[x] - here[x] - here[x] + below[x]
    for x in range(_ONE, columns):
        xy[x] = _QUARTER * (
            (ahead[x + _ONE] - ahead[x - _ONE]) - (behind[x + _ONE] - behind[x - _ONE])
        )
    for x in range(_ONE, columns):
        xz[x] = _QUARTER * (
            (above[x + _ONE] - above[x - _ONE]) - (below[x + _ONE] - below[x - _ONE])
        )
    a, b, c, d = u[top, y + 1], u[top, y - 1], u[bottom, y + 1], u[bottom, y - 1]
    for x in range(_ONE, columns):
        yz[x] = _QUARTER * ((a[x] - b[x]) - (c[x] - d[x]))


@numba.njit(cache=True, nogil=True, fastmath=_FASTEST)
def _move_beltrami(here: Floats, rows: Floats, weight: Number, step: Number, out: Floats) -> None:
    # nine rows read in one loop would be too many, so sums are built in the rows themselves
    gx, gy, gz, xx, yy = rows[0], rows[1], rows[2], rows[3], rows[4]
    zz, xy, xz, yz = rows[5], rows[6], rows[7], rows[8]
    columns = np.uint64(here.size - 1)
    for x in range(_ONE, columns):
        xy[x] = gx[x] * gy[x] * xy[x] + gx[x] * gz[x] * xz[x] + gy[x] * gz[x] * yz[x]
    for x in range(_ONE, columns):
        yz[x] = gx[x] * gx[x] * xx[x] + gy[x] * gy[x] * yy[x] + gz[x] * gz[x] * zz[x]
    for x in range(_ONE, columns):
        xx[x] = xx[x] + yy[x] + zz[x]
    square = weight * weight
    for x in range(_ONE, columns):
        gx[x] = np.float32(1.0) + square * (gx[x] * gx[x] + gy[x] * gy[x] + gz[x] * gz[x])
    for x in range(_ONE, columns):
        bent = square * (yz[x] + xy[x] + xy[x])
        out[x] = here[x] + step * (gx[x] * xx[x] - bent) / (gx[x] * gx[x])
