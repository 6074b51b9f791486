"""The small things of a specimen: grain of ice and carbon, proteins, cargo of vesicles, crumbs."""

from __future__ import annotations

from typing import List

import numpy as np

from etomotut.demo.bodies import (
    CONTAMINANT,
    PROTEIN,
    Array,
    Blobs,
    Body,
    Field,
    Film,
    Generator,
)
from etomotut.demo.parameters import Parameters


def solvent(parameters: Parameters, seen: Field, rng: Generator) -> List[Blobs]:
    """Draw the grain of the ice, which any stands for the smallest detail, and free proteins."""
    half = 0.5 * parameters.thickness
    count = int(seen.area / 400)
    strength = parameters.grain * np.sqrt(parameters.thickness / 1800)
    grain = _spread(seen.anywhere(rng, count), half, rng)
    integrals = strength * 18000 * rng.normal(size=count)
    number = int(seen.area * parameters.thickness / 180**3)
    proteins = _spread(seen.anywhere(rng, number), half, rng)
    widths = rng.uniform(14, 28, number)
    return [
        Blobs(grain, np.full(count, 3.0), integrals),
        Blobs(proteins, widths, parameters.grain * 0.5 * _integral(widths)),
    ]


def cargo(vesicle: Body, rng: Generator) -> Blobs:
    """Fill a vesicle with protein, a few large granules, and proteins standing on its membrane."""
    volume = 4 / 3 * np.pi * vesicle.radius**3
    inside, granules = int(volume / 70**3), rng.poisson(2)
    outside = int(4 * np.pi * vesicle.radius**2 / 160**2)
    count = inside + granules + outside
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    reach = (vesicle.radius - 60) * np.cbrt(rng.random(count))
    reach[inside + granules :] = vesicle.radius + 45
    matrix = np.linalg.cholesky(vesicle.shape)
    widths = rng.uniform(8, 20, count)
    widths[inside : inside + granules] = rng.uniform(30, 60, granules)
    strength = np.full(count, 1.0)
    strength[inside : inside + granules] = 0.5
    places = vesicle.centre + reach[:, None] * directions @ matrix.T
    return Blobs(places, widths, strength * _integral(widths))


def carbon_grain(film: Film, seen: Field, rng: Generator) -> Blobs:
    """Draw the grain of the carbon, and the rough rim of its hole."""
    flat = seen.anywhere(rng, int(seen.area / 250))
    flat = flat[np.hypot(*(flat - film.centre).T) > film.radius]
    places = _spread(flat, 0.5 * film.thickness, rng)
    rim = int(2 * np.pi * film.radius / 8)
    turn = rng.uniform(0, 2 * np.pi, rim)
    reach = film.radius + np.abs(rng.normal(0, 35, rim))
    edge = film.centre + reach[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    edge = edge[(np.abs(edge) < seen.whole).all(axis=1)]
    places = np.concatenate([places, _spread(edge, 0.5 * film.thickness, rng)])
    places[:, 2] += film.z
    widths = np.concatenate([np.full(len(flat), 3.0), rng.uniform(10, 28, len(edge))])
    integrals = np.concatenate(
        [34000 * rng.normal(size=len(flat)), 1.5 * _integral(widths[len(flat) :])]
    )
    return Blobs(places, widths, integrals)


def contaminants(parameters: Parameters, seen: Field, rng: Generator) -> List[Body]:
    """Drop crumbs of ice, each a few overlapping balls, on the upper surface."""
    bodies = []
    for flat in seen.inside(rng, parameters.contaminants, 100):
        middle = np.array([*flat, 0.5 * parameters.thickness + 60])
        for _ in range(rng.integers(2, 7)):
            radius = float(rng.uniform(60, 160))
            r = np.arange(0, radius + 30, 2.0)
            profile = np.stack([r, CONTAMINANT * 0.5 * (1 - np.tanh((r - radius) / 6))], axis=1)
            shape: Array = np.diag(rng.uniform(0.7, 1.3, 3) ** 2)
            middle = middle + rng.normal(0, 90, 3) * (1, 1, 0.2)
            bodies.append(Body(middle, shape, radius, profile))
    return bodies


def _spread(flat: Array, half: float, rng: Generator) -> Array:
    return np.concatenate([flat, rng.uniform(-half, half, (len(flat), 1))], axis=1)


def _integral(widths: Array) -> Array:
    """Give the integral of a Gaussian of protein's potential, V Å³."""
    return np.asarray(PROTEIN * (2 * np.pi) ** 1.5 * widths**3)
