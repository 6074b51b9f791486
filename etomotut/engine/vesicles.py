"""Closed membranes: surfaces through the points of sheets, one a vesicle, also where views miss it.

The normals of a vesicle's points meet near its middle: votes along them show where one may be
(Ballard 1981, Pattern Recognition 13, 111). A sphere, then a smooth star-shaped surface (radius
as a sum of spherical harmonics) is fitted to the points that agree with it, and kept if it covers
enough of what views can show of it. Followed along that surface, the membrane is found where its
points are too weak to be told from noise alone.

Lengths are in voxels where nothing else is said, points are x, y, z.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from etomotut.engine.kernels import sheets as kernels
from etomotut.engine.sheets import Sheets
from etomotut.engine.star_surface import GROUND, Surface, fit, spread

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RADII = (160.0, 900.0)  # Å, of vesicles that are looked for
CELL = 33.0  # Å, of the grid of votes
CERTAIN = 1.0  # support of points that vote
SEEN = 0.77  # z of normals up to which views show a membrane well
WEDGE, CURVED = 1.73, 0.3  # z over x of normals that views to 60 degrees show; curved ones more
COVERED = 0.45  # of what can be seen, that a vesicle must have points on
LEAST = 1000.0  # nm², of what is covered
OBLONG = 2.4  # the largest radius over the smallest
NEAR, BESIDE = 30.0, 60.0  # Å from a surface: what is on it; what cannot be another one
CROSSING, SHARED = 0.1, 0.5  # of a surface outside another; of what both enclose, in both
ALIGNED = 0.82  # cosine of the normals of point and surface

_STEPS = ((0.22, 2), (0.15, 2), (0.0, 4), (0.0, 4), (0.0, 6), (0.0, 6))  # reach / radius; degree
_REACHES = (0.0, 0.0, 60.0, 40.0, 30.0, 25.0)  # Å, where it is no part of the radius
_FEWEST, _MOST = 60, 4000  # points of a fit
_FULL = 2000  # points of a surface
_LOWEST_VOTE = 0.04  # of the highest one: below it there are no vesicles
_PATIENCE = 30  # places without a vesicle, one after the other


def find_vesicles(
    sheets: Sheets, shape: Sequence[int], spacing: float
) -> Tuple[List[Surface], Flags]:
    """Find vesicles in a volume (z, y, x) of `spacing` Å, the clearest first.

    Also tells which of the points are not near any.
    """
    free = np.ones(len(sheets), bool)
    found: List[Surface] = []
    votes, highest, failures = None, 0.0, 0
    while failures < _PATIENCE:
        if votes is None:
            left = sheets.take(np.flatnonzero(free))
            voters = left.take(np.flatnonzero(left.support > CERTAIN))
            votes = _votes(voters, shape, spacing)
            highest = max(highest, float(votes.max()))
        place = np.unravel_index(int(np.argmax(votes)), votes.shape)
        if len(voters) < _FEWEST or votes[place] <= _LOWEST_VOTE * highest:
            break
        votes[tuple(slice(max(i - 2, 0), i + 3) for i in place)] = 0
        centre = (np.array(place[::-1]) + 0.5) * CELL / spacing
        surface = _fit(voters, centre, spacing)
        if surface is None or not _is_covered(surface, left, shape, spacing):
            failures += 1
            if surface is not None:
                _quench(votes, surface, spacing)
            continue
        found.append(surface)
        free &= ~is_beside(surface, sheets, spacing)
        votes, failures = None, 0
    return found, free


def unite(surfaces: Sequence[Surface]) -> List[Surface]:
    """Make one of surfaces that cross and share most of what they enclose: their outline.

    No two membranes do that; each of the two follows one of them on a part of its way.
    """
    united: List[Surface] = []
    for surface in surfaces:
        for number, other in enumerate(united):
            outline = _outline(other, surface)
            if outline is not None:
                united[number] = outline
                break
        else:
            united.append(surface)
    return united


def is_beside(surface: Surface, sheets: Sheets, spacing: float) -> Flags:
    """Tell which points are so near a surface that no other membrane can have them."""
    found = np.zeros(len(sheets), bool)
    near = _about(surface, sheets, spacing)
    found[near] = np.abs(surface.beside(sheets.points[near])[0]) < BESIDE / spacing
    return found


def _votes(voters: Sheets, shape: Sequence[int], spacing: float) -> Any:
    cell = CELL / spacing
    votes = np.zeros([int(n / cell) + 1 for n in shape], np.float32)
    radii = np.arange(RADII[0], RADII[1], CELL / 2).astype(np.float32) / np.float32(CELL)
    weights = np.minimum(voters.support, 6.0).astype(np.float32)
    points = (voters.points / np.float32(cell)).astype(np.float32)
    kernels.vote_for_centres(points, voters.normals, weights, radii, votes)
    return gaussian_filter(votes, 1.2)


def _quench(votes: Any, surface: Surface, spacing: float) -> None:
    """Take the votes away that would lead to the same surface again."""
    cell = CELL / spacing
    reach = max(0.4 * surface.coefficients[0] / GROUND / cell, 3.0)
    place = surface.centre[::-1] / cell - 0.5
    grid = np.ogrid[tuple(slice(0, n) for n in votes.shape)]
    away = sum((axis - at) ** 2 for axis, at in zip(grid, place))
    votes[away < reach**2] = 0


def _fit(voters: Sheets, centre: Array, spacing: float) -> Optional[Surface]:
    """Fit a surface to the points about a centre; None where too few agree on one."""
    radius = _commonest_radius(voters, centre, spacing)
    if radius is None:
        return None
    away = np.linalg.norm(voters.points - centre, axis=1)
    near = np.flatnonzero(away < 1.7 * radius + BESIDE / spacing)
    weights = np.minimum(voters.support[near], 6.0).astype(float)
    if len(near) > _MOST:
        rng = np.random.default_rng(0)
        near = rng.choice(near, _MOST, replace=False, p=weights / weights.sum())
        weights = np.ones(_MOST)
    points, normals = voters.points[near].astype(float), voters.normals[near].astype(float)
    ball = _fit_sphere(points, normals, weights, centre, radius)
    return None if ball is None else _fit_star(points, normals, weights, ball, spacing)


def _commonest_radius(voters: Sheets, centre: Array, spacing: float) -> Optional[float]:
    """Give the radius at which most points face a centre; None if few do."""
    away = voters.points - centre
    length = np.linalg.norm(away, axis=1) + 1e-9
    facing = np.abs((away * voters.normals).sum(axis=1)) > 0.85 * length
    facing &= (length * spacing > 0.8 * RADII[0]) & (length * spacing < 1.1 * RADII[1])
    if facing.sum() < _FEWEST:
        return None
    bins = (length[facing] * spacing / 20).astype(int)
    weights = voters.support[facing] / np.maximum(length[facing] * spacing, 150.0)
    counts = np.convolve(np.bincount(bins, weights, minlength=50), [0.5, 1, 1, 1, 0.5], "same")
    return 20 * (float(np.argmax(counts)) + 0.5) / spacing


def _fit_sphere(
    points: Array, normals: Array, weights: Array, centre: Array, radius: float
) -> Optional[Tuple[Array, float]]:
    """Fit a sphere to the points near one; what views do not show lets its height be uncertain."""
    for reach in (0.35, 0.25, 0.18, 0.15):
        away = points - centre
        length = np.linalg.norm(away, axis=1)
        agree = np.abs(length - radius) < reach * radius
        agree &= np.abs((away * normals).sum(axis=1)) > 0.85 * length
        if agree.sum() < _FEWEST:
            return None
        rows = np.hstack([2 * away[agree], np.ones((agree.sum(), 1))])
        weighted = rows * weights[agree, None]
        steady = np.diag([0, 0, 0.05 * radius**2, 0]) * weights[agree].sum()
        shift = np.linalg.solve(weighted.T @ rows + steady, weighted.T @ length[agree] ** 2)
        centre = centre + shift[:3]
        radius = float(np.sqrt(max(shift[3] + (shift[:3] ** 2).sum(), 1.0)))
    return centre, radius


def _fit_star(
    points: Array, normals: Array, weights: Array, ball: Tuple[Array, float], spacing: float
) -> Optional[Surface]:
    """Fit a star-shaped surface, step by step to points nearer and in more detail."""
    centre, radius = ball
    surface = Surface(centre, np.array([radius * GROUND]), 0)
    for (share, degree), reach in zip(_STEPS, _REACHES):
        beside, directions = surface.beside(points)
        agree = np.abs(beside) < (share * radius or reach / spacing)
        agree &= np.abs((surface.normals(directions) * normals).sum(axis=1)) > 0.85
        if agree.sum() < _FEWEST:
            return None
        surface = fit(centre, points[agree], weights[agree], degree)
    return surface


def _is_covered(surface: Surface, sheets: Sheets, shape: Sequence[int], spacing: float) -> bool:
    """Say whether a surface has the shape of a vesicle, and points where views can show it."""
    radii = surface.radius(spread(1500))
    least, most = 0.6 * RADII[0] / spacing, 1.4 * RADII[1] / spacing
    if radii.min() < least or radii.max() > most or radii.max() > OBLONG * radii.min():
        return False
    places, normals = surface.sample(1500)
    edge = 30.0 / spacing
    inside = (places > edge) & (places < np.array(shape[::-1]) - edge)
    x, _, z = np.abs(normals).T
    shown = (z < SEEN) & (z < WEDGE * x + CURVED) & inside.all(axis=1)
    near = sheets.take(_about(surface, sheets, spacing) & (sheets.support > CERTAIN))
    if shown.sum() < _FEWEST or len(near) < _FEWEST:
        return False
    beside, directions = surface.beside(near.points)
    cosine = np.abs((surface.normals(directions) * near.normals).sum(axis=1))
    on = near.points[(np.abs(beside) < NEAR / spacing) & (cosine > ALIGNED)]
    if len(on) < _FEWEST:
        return False
    share = float((cKDTree(on).query(places[shown])[0] < 40.0 / spacing).mean())
    area = 4 * np.pi * float((radii**2).mean()) * spacing**2 / 100 * shown.mean() * share
    return share >= COVERED and area >= LEAST


def _outline(first: Surface, second: Surface) -> Optional[Surface]:
    """Give the outline of two surfaces, None where they do not cross or share too little."""
    outer, volumes, directions = [], [], spread(_FULL)
    for one, other in ((first, second), (second, first)):
        radii = one.radius(directions)
        places = one.centre + directions * radii[:, None]
        outer.append(places[other.beside(places)[0] > 0])
        volumes.append(float((radii**3).mean()))
    depths = np.cbrt(np.random.default_rng(0).random(_FULL))
    within = first.centre + (directions * depths[:, None]) * first.radius(directions)[:, None]
    shared = volumes[0] * float((second.beside(within)[0] < 0).mean())
    crosses = min(map(len, outer)) > CROSSING * _FULL
    if not crosses or shared < SHARED * (sum(volumes) - shared):
        return None
    points = np.concatenate(outer)
    return fit((first.centre + second.centre) / 2, points, np.ones(len(points)), _STEPS[-1][1])


def _about(surface: Surface, sheets: Sheets, spacing: float) -> Flags:
    """Tell which points are about as far from the centre as some of the surface's."""
    radii, reach = surface.radius(spread(1500)), BESIDE / spacing
    away = np.sqrt(((sheets.points - surface.centre) ** 2).sum(axis=1))
    return np.asarray((away > radii.min() - reach) & (away < radii.max() + reach))
