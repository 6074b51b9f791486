"""Closed surfaces that are star-shaped: the radius about a centre is a smooth function.

Lengths are in voxels, points are x, y, z.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Tuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GROUND = np.sqrt(4 * np.pi)  # one over the first harmonic: a sphere's coefficient is so many radii
_STIFFNESS = 4e-4


@dataclass
class Surface:
    """A closed surface about `centre` (x, y, z), whose radius is a sum of spherical harmonics."""

    centre: Array
    coefficients: Array
    degree: int

    def radius(self, directions: Array) -> Array:
        """Give the radius in unit directions (n, 3)."""
        return np.asarray(harmonics(directions, self.degree)[0] @ self.coefficients)

    def normals(self, directions: Array) -> Array:
        """Give the outward unit normals (n, 3) where unit directions (n, 3) meet the surface."""
        radius, step = self.radius(directions), 1e-3
        first = np.cross(directions, [0.0, 0.0, 1.0])
        first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-12
        found = directions.copy()
        for across in (first, np.cross(directions, first)):
            turned = directions + step * across
            turned /= np.linalg.norm(turned, axis=1, keepdims=True)
            found -= ((self.radius(turned) - radius) / step / radius)[:, None] * across
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))

    def sample(self, count: int) -> Tuple[Array, Array]:
        """Give about evenly spread points (n, 3) of the surface and their normals."""
        directions = spread(count)
        return self.centre + directions * self.radius(directions)[:, None], self.normals(directions)

    def beside(self, points: npt.ArrayLike) -> Tuple[Array, Array]:
        """Give how far points (n, 3) are outside of the surface, and their directions."""
        away = np.asarray(points, float) - self.centre
        length = np.linalg.norm(away, axis=1)
        directions = away / (length[:, None] + 1e-9)
        return length - self.radius(directions), directions


def fit(centre: Array, points: Array, weights: Array, degree: int) -> Surface:
    """Fit a surface about a centre to points (n, 3), with weights (n,), up to a degree.

    The higher a harmonic, the more it must be asked for by the points.
    """
    away = points - centre
    length = np.linalg.norm(away, axis=1)
    rows, degrees = harmonics(away / length[:, None], degree)
    weighted = rows * weights[:, None]
    stiff = np.where(degrees < 2, 1e-9, _STIFFNESS * (degrees * (degrees + 1) / 6.0) ** 2)
    matrix = weighted.T @ rows + np.diag(stiff * weights.sum())
    return Surface(centre, np.linalg.solve(matrix, weighted.T @ length), degree)


def spread(count: int) -> Array:
    """Give about evenly spread unit vectors (count, 3), along a spiral."""
    place = np.arange(count) + 0.5
    z = 1 - 2 * place / count
    turn, flat = np.pi * (1 + np.sqrt(5)) * place, np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)


def harmonics(directions: Array, degree: int) -> Tuple[Array, npt.NDArray[np.int64]]:
    """Give the real spherical harmonics (n, (degree + 1)^2) of unit vectors, and their degrees.

    By the recurrences of Legendre's functions without their power of the sine, which comes with
    the powers of x + iy.
    """
    x, y, z = directions.T
    wave, start = np.ones(len(z), complex), np.ones(len(z))
    columns, degrees = [], []
    for order in range(degree + 1):
        last, now = np.zeros(len(z)), start
        for each in range(order, degree + 1):
            if each > order:
                ahead = (2 * each - 1) * z * now - (each + order - 1) * last
                last, now = now, ahead / (each - order)
            norm = (2 * each + 1) / (4 * np.pi) * factorial(each - order) / factorial(each + order)
            scaled = np.sqrt(norm * (2 if order else 1)) * now
            columns += [scaled * wave.real, scaled * wave.imag][: 2 if order else 1]
            degrees += [each] * (2 if order else 1)
        wave, start = wave * (x + 1j * y), start * (2 * order + 1)
    return np.stack(columns, axis=1), np.array(degrees)
