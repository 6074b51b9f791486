"""Membranes in a tomogram: where they are, how sure that is, and which belong together.

First the sheets (engine.sheets), then closed surfaces through them (engine.vesicles). Where the
tomogram resolves leaflets (engine.leaflets), surfaces are moved between them, and what shows none
is no membrane. Each surface is followed: the response, averaged along it, tells where it shows;
where no leaflets do, also how far it lies from the smooth surface. Sheets that are large and clear
are membranes without being closed. What cannot be seen, because it lies across the beam, is not
made up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Iterable, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from etomotut.engine.kernels import sheets as kernels
from etomotut.engine.leaflets import SEEN, Settled, has_leaflets, settle, visible
from etomotut.engine.sheet_pieces import find_pieces
from etomotut.engine.sheets import (
    OUTSTANDING,
    Noise,
    Points,
    Sheets,
    Volume,
    find_sheets,
    outstanding,
    respond,
    standardize,
)
from etomotut.engine.star_surface import Array, Surface, spread
from etomotut.engine.tiles import Tile
from etomotut.engine.vesicles import find_vesicles, is_beside, unite

HALF = 30.0  # Å, half the thickness of a bilayer with its head groups
AVERAGED = 60.0  # Å along a surface, over which responses are averaged
OFFSETS = np.arange(-30.0, 31.0, 10.0)  # Å, of the membrane from the smooth surface
GAP = 80.0  # Å, to what is certain on a vesicle, over which the rest is taken as there
CERTAIN = 1.5  # response, noise levels, with the confidence 0.5
DEEP, CROSSING = 60.0, 0.03  # Å inside another; the least share of a membrane that crosses it
FAINT = 0.4  # of the support outside of another: less has what crosses it
_DENSE = 1.6  # points a voxel of a surface
_PLACES = 1500  # of a surface, where it is compared with what is beside it


@dataclass
class Membranes:
    """Points (n, 3) on membranes, x, y, z in voxels; unit normals; confidence; numbers from 1.

    A confidence of 0.5 is where noise ends. `spacing` is Å a voxel; `surfaces` are those of the
    closed ones, which have the first numbers.
    """

    points: Points
    normals: Points
    confidence: npt.NDArray[np.float32]
    numbers: npt.NDArray[np.int32]
    spacing: float
    surfaces: List[Surface]

    def take(self, which: npt.NDArray[np.bool_]) -> Membranes:
        """Give the membranes of some of the points only."""
        return replace(
            self,
            points=self.points[which],
            normals=self.normals[which],
            confidence=self.confidence[which],
            numbers=self.numbers[which],
        )

    def paint(
        self, first: int, shape: Tuple[int, int, int], pixel_size: float
    ) -> Tuple[Volume, Volume]:
        """Paint the confidence, and the numbers, in sections (z, y, x) from number `first` on.

        The sections are those of a volume of `pixel_size` Å whose first voxel has its corner
        where that of the volume of the points has it. Where nothing is known there are zeros.
        """
        scale = self.spacing / pixel_size
        points = ((self.points + 0.5) * scale - 0.5).astype(np.float32)
        half, radius = HALF / pixel_size, max(scale, 1.0)
        near = (points[:, 2] > first - half - radius) & (
            points[:, 2] < first + shape[0] + half + radius
        )
        about = half, radius, first
        sure, number = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        points, normals = points[near], self.normals[near]
        kernels.paint_plates(points, normals, self.confidence[near], *about, sure)
        kernels.paint_plates(points, normals, self.numbers[near].astype(np.float32), *about, number)
        return sure, number


def find_membranes(
    volume: Volume,
    spacing: float,
    *,
    workers: int = 1,
    watch: Callable[[List[Tile]], Iterable[Tile]] = iter,
) -> Membranes:
    """Find membranes, which are dark, in a volume (z, y, x) of `spacing` Å; changed in place."""
    standardize(volume)
    sheets, noise = find_sheets(volume, spacing, workers=workers, watch=watch)
    surfaces, free = find_vesicles(sheets, volume.shape, spacing)
    surfaces = unite([each for each in surfaces if stands_out(each, volume, spacing)])
    vesicles = settle(surfaces, volume, spacing)
    for each in vesicles:
        free &= ~is_beside(each.surface, sheets, spacing)
    pieces = find_pieces(sheets.take(free), volume, spacing)
    if any(each.is_moved for each in vesicles):
        pieces = [piece for piece in pieces if has_leaflets(piece, volume, spacing)]
    parts = [follow(each, volume, spacing, noise) for each in vesicles]
    parts = part_crossing([each.surface for each in vesicles], parts, spacing) + pieces
    kept = [part for part in parts if len(part)]
    numbers = [np.full(len(part), k, np.int32) for k, part in enumerate(kept, 1)]
    together = Sheets(
        np.concatenate([part.points for part in kept] or [np.zeros((0, 3), np.float32)]),
        np.concatenate([part.normals for part in kept] or [np.zeros((0, 3), np.float32)]),
        np.concatenate([part.support for part in kept] or [np.zeros(0, np.float32)]),
    )
    return Membranes(
        together.points,
        together.normals,
        together.support / (together.support + np.float32(CERTAIN)),
        np.concatenate(numbers or [np.zeros(0, np.int32)]),
        spacing,
        [each.surface for each, part in zip(vesicles, parts) if len(part)],
    )


def stands_out(surface: Surface, volume: Volume, spacing: float) -> bool:
    """Say whether a surface shows a membrane more often than what is parallel to it, both ways.

    A surface that was fitted to grains or rays passes through as many of them as one beside it.
    """
    places, normals = (each.astype(np.float32) for each in visible(surface, _PLACES, volume, SEEN))
    return outstanding(volume, spacing, places, normals) > OUTSTANDING


def follow(settled: Settled, volume: Volume, spacing: float, noise: Noise) -> Sheets:
    """Give the points of a membrane along a smooth surface, with their responses as support.

    Only where views can show it, inside the volume, and where there is any response.
    """
    surface = settled.surface
    area = 4 * np.pi * float((surface.radius(spread(1500)) ** 2).mean())
    places, normals = visible(surface, int(_DENSE * area), volume)
    if not len(places):
        return Sheets(*(np.zeros(n, np.float32) for n in ((0, 3), (0, 3), 0)))
    tree = cKDTree(places)
    if settled.is_moved:
        offsets = settled.beside(places)
        seen = _look(volume, spacing, places, normals, offsets)[:, None]
        support = (_average(tree, seen, AVERAGED / spacing)[:, 0] - noise.middle) / noise.deviation
    else:
        offsets, support = _search(tree, normals, volume, spacing, noise)
    support = _bridge(places, support, GAP / spacing)
    kept = support > 0.1
    points = places + (offsets / spacing)[:, None] * normals
    kept_points = points[kept].astype(np.float32), normals[kept].astype(np.float32)
    return Sheets(*kept_points, support[kept].astype(np.float32))


def part_crossing(
    surfaces: Sequence[Surface], parts: Sequence[Sheets], spacing: float
) -> List[Sheets]:
    """Take from membranes what is inside another and far fainter than what is outside of it.

    Membranes do not cross: a surface that closes what is open, as a bud, runs on through the other.
    """
    kept = []
    for number, part in enumerate(parts):
        crosses = np.zeros(len(part), bool)
        for other in (surface for k, surface in enumerate(surfaces) if k != number):
            off = other.beside(part.points)[0] * spacing
            inside, outside = part.support[off < -DEEP], part.support[off > DEEP]
            if min(len(inside), len(outside)) > CROSSING * len(part):
                is_faint = np.median(inside) < FAINT * np.median(outside)
                crosses |= is_faint & (off < -HALF)
        kept.append(part.take(~crosses))
    return kept


def _search(
    tree: cKDTree, normals: Array, volume: Volume, spacing: float, noise: Noise
) -> Tuple[Array, Array]:
    """Give how far off places, Å, a membrane is that shows no leaflets, and its support."""
    places, reach = np.asarray(tree.data), AVERAGED / spacing
    seen = np.stack([_look(volume, spacing, places, normals, at) for at in OFFSETS], axis=1)
    seen = _average(tree, seen, reach)
    support = (seen.max(axis=1) - noise.middle) / noise.deviation
    weights = np.maximum(support - 0.5 * CERTAIN, 0.0) + 1e-6
    moves = np.stack([weights * OFFSETS[np.argmax(seen, axis=1)], weights], axis=1)
    moves = _average(tree, np.where(support[:, None] > CERTAIN, moves, [0, 1e-6]), reach)
    return moves[:, 0] / moves[:, 1], support


def _look(
    volume: Volume, spacing: float, places: Array, normals: Array, offsets: npt.ArrayLike
) -> Array:
    """Give the response at so many Å from places along their normals."""
    moved = places + np.reshape(offsets, (-1, 1)) / spacing * normals
    found = respond(volume, spacing, moved.astype(np.float32), normals.astype(np.float32))
    return found.astype(float)


def _bridge(places: Array, support: Array, reach: float) -> Array:
    """Raise the support in gaps: the nearer to what is certain, the more."""
    certain = support > CERTAIN
    if not certain.any():
        return support
    away = cKDTree(places[certain]).query(places, distance_upper_bound=reach)[0] / reach
    return np.where(away < 1, np.maximum(support, CERTAIN * (1.5 - 0.5 * away)), support)


def _average(tree: cKDTree, values: Array, reach: float) -> Array:
    """Give the means of rows of values over the points within a reach of each."""
    near = tree.sparse_distance_matrix(tree, reach, output_type="coo_matrix").tocsr()
    near.data[:] = 1.0
    near.setdiag(1.0)
    return np.asarray((near @ values) / near.sum(axis=1).A)
