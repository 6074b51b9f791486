"""Compiled loops that lay projections of bodies into images, in place.

Images are (y, x), places are array indices with fractions, lengths are pixels. A body is
laid into its window only.
"""

from __future__ import annotations

from typing import Tuple

import numba
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def add_blobs(image: Image, x: Array, y: Array, width: Array, integral: Array) -> None:
    """Add Gaussians (n,) of a standard deviation and an integral over pixels."""
    height, columns = image.shape
    across = np.empty(256, np.float32)
    for n in range(len(x)):
        reach = min(int(3.3 * width[n]) + 1, 127)
        middle_x, middle_y = int(np.rint(x[n])), int(np.rint(y[n]))
        first_x, last_x = max(middle_x - reach, 0), min(middle_x + reach, columns - 1)
        first_y, last_y = max(middle_y - reach, 0), min(middle_y + reach, height - 1)
        if first_x > last_x or first_y > last_y:
            continue
        factor = np.float32(-0.5 / (width[n] * width[n]))
        peak = np.float32(integral[n] / (2 * np.pi * width[n] * width[n]))
        for i in range(first_x, last_x + 1):
            away = np.float32(i - x[n])
            across[i - first_x] = np.exp(factor * away * away)
        for j in range(first_y, last_y + 1):
            away = np.float32(j - y[n])
            line = peak * np.exp(factor * away * away)
            for i in range(first_x, last_x + 1):
                image[j, i] += line * across[i - first_x]


@numba.njit(cache=True, nogil=True)
def add_table(
    image: Image,
    x: float,
    y: float,
    inverse: Tuple[float, float, float],
    scale: float,
    table: Array,
    step: float,
) -> None:
    """Add a body whose projection is a table over the distance from its centre.

    The distance at (dx, dy) is sqrt(a dx² + 2 b dx dy + c dy²), `inverse` = (a, b, c); entries
    of the table are `step` apart, and the last one is taken as zero.
    """
    height, columns = image.shape
    a, b, c = inverse
    limit = (len(table) - 1) * step
    area = a * c - b * b
    reach_x, reach_y = limit * np.sqrt(c / area), limit * np.sqrt(a / area)
    for j in range(max(int(np.ceil(y - reach_y)), 0), min(int(y + reach_y), height - 1) + 1):
        dy = j - y
        for i in range(max(int(np.ceil(x - reach_x)), 0), min(int(x + reach_x), columns - 1) + 1):
            dx = i - x
            square = a * dx * dx + 2 * b * dx * dy + c * dy * dy
            if square < limit * limit:
                place = np.sqrt(square) / step
                entry = int(place)
                part = place - entry
                image[j, i] += scale * ((1 - part) * table[entry] + part * table[entry + 1])


@numba.njit(cache=True, nogil=True)
def film_path(
    path: Image,
    height: Image,
    plane: Array,
    slope: Array,
    middle: Array,
    radius: float,
    half: float,
    soft: float,
) -> None:
    """Give the length of each ray in a film with a round hole, and the height where it meets it.

    `plane` (3, 3): rows give x, y and the height above the tilt axis, of the film's mid plane,
    from (column, row, 1). `slope` (2,) is how x and y change from the film's one face to the
    other; `middle` and `radius` are the hole's, `half` the slanted half path, all in pixels.
    The edge rises linearly over `soft` on both sides; its mean over the film's depth, where the
    distance to the edge changes linearly, has the closed form of `_ramp_integral`.
    """
    for j in range(path.shape[0]):
        for i in range(path.shape[1]):
            x = plane[0, 0] * i + plane[0, 1] * j + plane[0, 2] - middle[0]
            y = plane[1, 0] * i + plane[1, 1] * j + plane[1, 2] - middle[1]
            away = np.sqrt(x * x + y * y)
            distance = away - radius
            change = 0.5 * abs((x * slope[0] + y * slope[1]) / max(away, 1e-6)) + 1e-3
            upper = _ramp_integral(distance + change, soft)
            lower = _ramp_integral(distance - change, soft)
            path[j, i] = 2 * half * (upper - lower) / (2 * change)
            height[j, i] = plane[2, 0] * i + plane[2, 1] * j + plane[2, 2]


@numba.njit(cache=True, nogil=True, inline="always")
def _ramp_integral(distance: float, soft: float) -> float:
    if distance <= -soft:
        return 0.0
    if distance >= soft:
        return distance
    return (distance + soft) ** 2 / (4 * soft)


@numba.njit(cache=True, nogil=True)
def add_balls(volume: Image, places: Array, width: Array, integral: Array) -> None:
    """Add Gaussians (n,) at places (n, 3) x, y, z to a volume (z, y, x)."""
    depth, height, columns = volume.shape
    across = np.empty(256, np.float32)
    for n in range(len(width)):
        x, y, z = places[n]
        reach = min(3.3 * width[n] + 1, 127.0)
        first_x, last_x = max(int(np.ceil(x - reach)), 0), min(int(x + reach), columns - 1)
        first_y, last_y = max(int(np.ceil(y - reach)), 0), min(int(y + reach), height - 1)
        first_z, last_z = max(int(np.ceil(z - reach)), 0), min(int(z + reach), depth - 1)
        if first_x > last_x or first_y > last_y or first_z > last_z:
            continue
        factor = -0.5 / (width[n] * width[n])
        peak = integral[n] / (2 * np.pi * width[n] * width[n]) ** 1.5
        for i in range(first_x, last_x + 1):
            across[i - first_x] = np.exp(factor * (i - x) ** 2)
        for k in range(first_z, last_z + 1):
            for j in range(first_y, last_y + 1):
                line = np.float32(peak * np.exp(factor * ((k - z) ** 2 + (j - y) ** 2)))
                for i in range(first_x, last_x + 1):
                    volume[k, j, i] += line * across[i - first_x]


@numba.njit(cache=True, nogil=True)
def add_profile(volume: Image, centre: Array, inverse: Array, table: Array, step: float) -> None:
    """Add a body whose value is a table over the distance from its centre x, y, z.

    The distance at d is sqrt(d' inverse d); entries are `step` apart, the last one is zero.
    """
    limit = (len(table) - 1) * step
    reach = limit * np.sqrt(np.diag(np.linalg.inv(inverse)))
    low = np.maximum(np.ceil(centre - reach), 0.0).astype(np.int64)
    high = (centre + reach).astype(np.int64)
    for k in range(low[2], min(high[2], volume.shape[0] - 1) + 1):
        for j in range(low[1], min(high[1], volume.shape[1] - 1) + 1):
            for i in range(low[0], min(high[0], volume.shape[2] - 1) + 1):
                x, y, z = i - centre[0], j - centre[1], k - centre[2]
                square = inverse[0, 0] * x * x + inverse[1, 1] * y * y + inverse[2, 2] * z * z
                square += 2 * (
                    inverse[0, 1] * x * y + inverse[0, 2] * x * z + inverse[1, 2] * y * z
                )
                if square < limit * limit:
                    place = np.sqrt(square) / step
                    entry = int(place)
                    part = place - entry
                    volume[k, j, i] += (1 - part) * table[entry] + part * table[entry + 1]
