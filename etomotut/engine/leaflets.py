"""The two leaflets of bilayers: they tell where the middle of a membrane is, and what is none.

A vesicle is denser than what is around it. Its rim draws a dark band inwards, the more the less
the views show of the membrane; the bright core between two leaflets stays in its place. So
densities along the normals, averaged along the surface, are compared with two leaflets, after
level, slope and bend, and steps at either leaflet, are taken out.

Lengths are in Å where nothing else is said; places are x, y, z in voxels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, List, Sequence

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from etomotut.engine.sheets import LEAFLETS, Sheets, Volume
from etomotut.engine.star_surface import GROUND, Array, Surface, fit, spread

STEP, REACH = 5.5, 66.0  # of the profiles, each way
OFFSETS = np.arange(-22, 23) * STEP  # of the middle from a surface, where leaflets are looked for
ON, OFF = 30.0, 86.0  # off a surface: what is its own; what is another's
AVERAGED = 80.0  # along a surface, over which densities are averaged
SIDE = 20.0  # of the cells of a surface that are looked at
HIDDEN, SEEN = 0.87, 0.77  # z of normals up to which views show anything; and much of it
CLEAR, SHOWN = 3.0, 1.8  # contrasts: of most membranes where leaflets are resolved; of all
_ROUNDS = (55.0, 44.0, 33.0)  # how far a middle may be from the surface of the round before
_DEGREE = 6
_FEWEST = 60  # places of a surface that tell something


@dataclass
class Settled:
    """A surface, and where a membrane is off it: `offsets` (n,), Å outwards, at `places` (n, 3).

    There are none where the tomogram does not show leaflets.
    """

    surface: Surface
    contrast: float
    places: Array
    offsets: Array

    @property
    def is_moved(self) -> bool:
        """Whether the surface was moved to the middle between leaflets."""
        return bool(len(self.places))

    def beside(self, places: Array) -> Array:
        """Give how far outwards, Å, the membrane is off places of the surface."""
        return np.asarray(self.offsets[cKDTree(self.places).query(places)[1]])


def settle(surfaces: Sequence[Surface], volume: Volume, spacing: float) -> List[Settled]:
    """Move surfaces to the middle between leaflets; those that show none are left out.

    Where most of their area does not show leaflets clearly, the tomogram resolves none: all stay
    as they are.
    """
    settled = [_settle(surface, volume, spacing) for surface in surfaces]
    areas = [surface.coefficients[0] ** 2 for surface in surfaces]
    clear = [area for area, each in zip(areas, settled) if each.contrast > CLEAR]
    if sum(clear) <= 0.5 * sum(areas):
        return [Settled(surface, 0.0, np.zeros((0, 3)), np.zeros(0)) for surface in surfaces]
    settled = [
        each if each.contrast >= CLEAR else _retry(surface, each, volume, spacing)
        for surface, each in zip(surfaces, settled)
    ]
    return [each for each in settled if each.contrast >= SHOWN]


def has_leaflets(sheet: Sheets, volume: Volume, spacing: float) -> bool:
    """Say whether two leaflets are clearer on a sheet than beside it."""
    cells = np.floor(sheet.points * (spacing / SIDE)).astype(int)
    few = np.unique(cells, axis=0, return_index=True)[1]
    few = few[np.abs(sheet.normals[few, 2]) < SEEN]
    places, normals = (each[few].astype(float) for each in (sheet.points, sheet.normals))
    return len(few) >= _FEWEST and _contrast(_look(volume, spacing, places, normals)) >= SHOWN


def visible(surface: Surface, count: int, volume: Volume, most: float = HIDDEN) -> List[Array]:
    """Give those of about evenly spread places of a surface, and their normals, that are shown.

    They are inside the volume, and the z of their normals is less than `most`.
    """
    places, normals = surface.sample(count)
    inside = ((places > 1) & (places < np.array(volume.shape[::-1]) - 2)).all(axis=1)
    shown = inside & (np.abs(normals[:, 2]) < most)
    return [places[shown], normals[shown]]


def profile() -> Array:
    """Give two dark leaflets about a bright core, free of level, slope, bend and steps."""
    t = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
    sides = sum(np.exp(-(((t - at) / 9) ** 2) / 2) for at in (-LEAFLETS / 2, LEAFLETS / 2))
    window = np.cos(np.pi * t / (2 * REACH + 2 * STEP))
    steps = [np.tanh((t - at) / 15) for at in (-20.0, 20.0)]
    others = np.stack([np.ones_like(t), t, t**2, t**3, *steps], axis=1) * window[:, None]
    basis, _ = np.linalg.qr(others)
    shape = (np.exp(-((t / 10) ** 2) / 2) - sides) * window
    shape = (shape - basis @ (basis.T @ shape)) * window
    return np.asarray(shape / np.linalg.norm(shape))


def _retry(surface: Surface, first: Settled, volume: Volume, spacing: float) -> Settled:
    """Settle a surface from a leaflet's distance within and outside of it, too.

    From there it may be nearer than the next dark band of a vesicle is to the first.
    """
    found = [first]
    for away in (-LEAFLETS, LEAFLETS):
        shifted = replace(surface, coefficients=surface.coefficients.copy())
        shifted.coefficients[0] += away / spacing * GROUND
        found.append(_settle(shifted, volume, spacing))
    return max(found, key=lambda each: each.contrast)


def _settle(surface: Surface, volume: Volume, spacing: float) -> Settled:
    moved = surface
    for reach in _ROUNDS:
        places, normals = _sample(moved, volume, spacing)
        if len(places) < _FEWEST:
            return Settled(surface, 0.0, places, np.zeros(len(places)))
        found = _compare(_look(volume, spacing, places, normals))
        best, offsets = _best(found, reach)
        moved = _fit(surface, places + (offsets / spacing)[:, None] * normals, best)
    places, normals = _sample(moved, volume, spacing)
    densities = _look(volume, spacing, places, normals)
    shown = _contrast(densities[np.abs(normals[:, 2]) < SEEN])
    return Settled(moved, shown, places, _steady_offsets(_compare(densities), places, spacing))


def _sample(surface: Surface, volume: Volume, spacing: float) -> List[Array]:
    area = 4 * np.pi * float((surface.radius(spread(1500)) ** 2).mean())
    return visible(surface, int(area * (spacing / SIDE) ** 2), volume)


def _look(volume: Volume, spacing: float, places: Array, normals: Array) -> Array:
    """Give the densities along normals, averaged over the places around each."""
    ends = OFFSETS[-1] + REACH
    along = np.arange(-round(ends / STEP), round(ends / STEP) + 1) * STEP / spacing
    densities = np.empty((len(places), len(along)))
    for column, at in enumerate(along):
        where = (places + at * normals)[:, ::-1].T
        densities[:, column] = map_coordinates(volume, where, order=1, mode="nearest")
    return _average(places, normals, densities, AVERAGED / spacing)


def _compare(densities: Array) -> Array:
    """Give the response to leaflets (n, OFFSETS) of densities along normals."""
    shape = profile()
    windows = np.lib.stride_tricks.sliding_window_view(densities, len(shape), axis=1)
    return np.asarray(windows @ shape)


def _average(places: Array, normals: Array, densities: Array, reach: float) -> Array:
    """Give the mean densities over the places around each, turned where normals are opposite."""
    near = cKDTree(places).sparse_distance_matrix(cKDTree(places), reach, output_type="coo_matrix")
    rows, columns = near.row, near.col
    cosines = (normals[rows] * normals[columns]).sum(axis=1)

    def chosen(which: Any) -> Any:
        pairs = rows[which], columns[which]
        return csr_matrix((np.ones(len(pairs[0])), pairs), shape=near.shape)

    same, turned = chosen(cosines > 0.5), chosen(cosines < -0.5)
    counts = np.asarray(same.sum(axis=1) + turned.sum(axis=1))
    return np.asarray((same @ densities + turned @ densities[:, ::-1]) / np.maximum(counts, 1))


def _best(found: Array, reach: float) -> List[Array]:
    """Give the best response up to a reach from the surface, and how far off it is."""
    near = np.flatnonzero(np.abs(OFFSETS) <= reach)
    best = np.argmax(found[:, near], axis=1)
    return [found[np.arange(len(found)), near[best]], OFFSETS[near][best]]


def _contrast(densities: Array) -> float:
    """Give the best response at a surface over the best one beside it.

    It is 0 where the core is no brighter than both leaflets: a dark band may have a response, too.
    """
    if len(densities) < _FEWEST:
        return 0.0
    found, rows = _compare(densities), np.arange(len(densities))
    here, offsets = _best(found, ON)
    core = densities.shape[1] // 2 + np.rint(offsets / STEP).astype(int)
    side = round(LEAFLETS / 2 / STEP)
    leaflets = np.maximum(densities[rows, core - side], densities[rows, core + side])
    if np.median(densities[rows, core] - leaflets) <= 0:
        return 0.0
    there = np.median(found[:, np.abs(OFFSETS) >= OFF].max(axis=1))
    return float(np.median(here) / max(there, 1e-9))


def _fit(surface: Surface, points: Array, weights: Array) -> Surface:
    """Fit a surface about the same centre; what most agree on counts more than the rest."""
    weights = np.maximum(weights, 0.0) + 1e-9
    fitted = fit(surface.centre, points, weights, _DEGREE)
    off = np.abs(fitted.beside(points)[0])
    return fit(
        surface.centre,
        points,
        weights * np.exp(-((off / (0.5 + 1.5 * np.median(off))) ** 2)),
        _DEGREE,
    )


def _steady_offsets(found: Array, places: Array, spacing: float) -> Array:
    """Give how far off a surface the membrane is, averaged, and nothing where it is not clear."""
    best, offsets = _best(found, ON)
    beside = found[:, np.abs(OFFSETS) >= OFF].max(axis=1)
    weights = np.maximum(best - 2 * np.median(beside), 0.0)
    near = cKDTree(places).sparse_distance_matrix(
        cKDTree(places), AVERAGED / spacing, output_type="coo_matrix"
    )
    rows, columns = near.row, near.col
    sums = [
        np.bincount(rows, each[columns], minlength=len(places))
        for each in (weights * offsets, weights)
    ]
    return np.asarray(sums[0] / (sums[1] + np.median(best)))
