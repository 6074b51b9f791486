"""Membrane-like sheets in a tomogram: points on them, their normals, how sure each is.

Each voxel gets the normal of the structure around it (structure tensor). Densities along that
normal, on many lines side by side, are compared with profiles that bilayers have in tomograms:
one dark band, or two leaflets 44 Å apart where the transfer function lets them be told. A sheet
shows the profile on all lines, a grain on some; so the mean less the spread counts. The ridges of
that response are the points; the response of neighbours on one smooth sheet supports them
(in the spirit of tensor voting: Medioni, Lee, Tang 2000; for membranes Martinez-Sanchez et al.
2014, J. Struct. Biol. 186, 49). Sheets that lie across the beam are not expected: the missing
wedge takes them away.

Lengths are in Å where nothing else is said; points are x, y, z in voxels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Iterable, List, Tuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import find_objects, label

from etomotut.engine import gaussian
from etomotut.engine.kernels import sheets as kernels
from etomotut.engine.kernels.profiles import compare_profiles
from etomotut.engine.tiles import Tile, split

Volume = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

FINEST = 11.5  # voxels are binned as long as they stay below
STEEPEST = 0.9  # z of the normals: beyond it the views show nothing of a sheet
GRADIENT, TENSOR = 9.0, 30.0  # standard deviations: of the gradients' filter, of their products'
DISC, DISC_STEP = 60.0, 16.0  # radius of the disc of lines, and how far they are from each other
REACH, STEP = 66.0, 11.0  # of the profiles, each way
LEAFLETS = 44.0  # from one to the other
COHERENT = 0.3  # of the structure tensor: below it there is no sheet
CLIP = 4.0  # noise levels beyond which densities do not count more
DOUBT = 0.5  # standard deviations of the lines that are taken from their mean
RIDGE = 33.0  # to the next sheet beside a sheet
SUPPORT, TIGHTEST = 100.0, 200.0  # reach of the support; radius of the tightest bend
STRONGEST = 8.0  # a response, noise levels, beyond which a point supports no more
WEAKEST = 0.4  # support that a point must have
EMPTY = 60.0  # percent of cells that are taken for empty
BEYOND = 2.0  # what is no membrane varies so much more than what is empty
GOLD = -20.0  # noise levels: nothing but gold is as dark
GOLD_SIZE = 400.0  # what is larger is not a bead
HERE, THERE = (-20.0, 0.0, 20.0), (100.0, 120.0, 140.0)  # off a sheet: on it; beside it
OUTSTANDING = 0.5  # of a sheet, where it is clearer than what is beside it: a third by chance
FAN, FAN_WIDTH = 1200.0, 100.0  # reach of a bead's rays, and half their width along the tilt axis

_TILE = 1 << 22  # voxels of a tile with its margins
_BOX, _BOXES = 32, 3  # voxels, and number along an axis, of the boxes that tell the noise
_SMALL = 1 << 21  # voxels of a volume that is one box
_CELL = 16  # voxels of the cells in them: small enough to be empty
_SEEN, _FEWEST = 200, 50  # points of a cell that are looked at; with no more it does not count
_FLAT = 0.85  # y of a normal: the rays of a bead make sheets that face the tilt axis


@dataclass
class Sheets:
    """Points on sheets (n, 3), their unit normals, and their support (n,) in noise levels."""

    points: Points
    normals: Points
    support: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.points)

    def take(self, which: npt.NDArray[np.generic]) -> Sheets:
        """Give some of the points, by flags or numbers."""
        return Sheets(self.points[which], self.normals[which], self.support[which])


@dataclass(frozen=True)
class Noise:
    """The response of what is no sheet: its middle, and one deviation of it."""

    middle: float
    deviation: float

    @property
    def level(self) -> float:
        """The response below which nothing is looked at twice."""
        return self.middle + 2 * self.deviation


def binning(pixel_size: float) -> int:
    """Give by how much a tomogram is binned before sheets are looked for."""
    return max(int(FINEST // pixel_size), 1)


def standardize(volume: Volume) -> None:
    """Bring densities (z, y, x) to zero median and noise levels, in place."""
    sample = volume[::3, ::3, ::3]
    middle = float(np.median(sample))
    spread = 1.4826 * float(np.median(np.abs(sample - middle)))
    volume -= np.float32(middle)
    volume /= np.float32(max(spread, 1e-20))


def find_gold(volume: Volume, spacing: float) -> Floats:
    """Give the middles (n, 3) of gold beads in a standardized volume with dark beads."""
    labels, _ = label(volume < GOLD)
    parts = find_objects(labels)
    middles = [
        [(s.start + s.stop - 1) / 2 for s in part[::-1]]
        for part in parts
        if max(s.stop - s.start for s in part) * spacing < GOLD_SIZE
    ]
    return np.array(middles, float).reshape(-1, 3)


def find_sheets(
    volume: Volume,
    spacing: float,
    *,
    workers: int = 1,
    watch: Callable[[List[Tile]], Iterable[Tile]] = iter,
) -> Tuple[Sheets, Noise]:
    """Find the points on sheets in a standardized volume (z, y, x), `spacing` Å a voxel.

    Membranes and gold are dark in it. It is clipped in place. `watch` may count the tiles. Gives
    the noise of responses, too.
    """
    gold = find_gold(volume, spacing)
    np.clip(volume, -CLIP, CLIP, out=volume)
    noise = measure_noise(volume, spacing)
    responses = np.zeros_like(volume)
    found: List[Tuple[npt.NDArray[np.int32], Points]] = []
    tiles = list(split(volume.shape, _margin(spacing), _TILE))

    def work(tile: Tile) -> Tuple[npt.NDArray[np.int32], Points]:
        return _look_at(volume, spacing, tile, noise, responses)

    with ThreadPoolExecutor(workers) as pool:
        for _, part in zip(watch(tiles), pool.map(work, tiles)):
            found.append(part)
    points = np.concatenate([part[0] for part in found])
    normals = np.concatenate([part[1] for part in found])
    kept = np.zeros(len(points), bool)
    kernels.find_ridges(responses, points, normals, RIDGE / spacing, kept)
    kept &= ~_is_of_gold(points, normals, gold, spacing)
    points, normals = points[kept], normals[kept]
    x, y, z = points.T
    strengths = (responses[z, y, x] - noise.middle) / noise.deviation
    support = _support(points, normals, strengths, spacing)
    certain = support > WEAKEST
    sure = Sheets(points[certain].astype(np.float32), normals[certain], support[certain])
    return sure, noise


def respond(volume: Volume, spacing: float, points: Points, normals: Points) -> Points:
    """Give how well the densities at points (n, 3) agree with a sheet of these normals."""
    return _compare(volume, spacing, points, normals, _disc(spacing, DISC, DISC_STEP))


def outstanding(volume: Volume, spacing: float, points: Points, normals: Points) -> float:
    """Tell at which share of points a sheet is clearer than what is parallel to it, on both sides.

    What was fitted to grains, or to the rays of beads, passes through as many of them as a sheet
    beside it does: a third by chance.
    """

    def strongest(offsets: Iterable[float]) -> Points:
        moved = ((points + at / spacing * normals).astype(np.float32) for at in offsets)
        return np.max([respond(volume, spacing, each, normals) for each in moved], axis=0)

    here, outside = strongest(HERE), strongest(THERE)
    within = strongest([-each for each in THERE])
    return float((here > np.maximum(outside, within)).mean())


def measure_noise(volume: Volume, spacing: float) -> Noise:
    """Give the noise of responses, from the emptier of cells all over a standardized volume."""
    rng, seen = np.random.default_rng(0), []
    for tile in _boxes(volume.shape, _margin(spacing)):
        part = np.ascontiguousarray(volume[tile.source])
        points, normals = _oriented(part, spacing, list(tile.inner))
        owns = [rng.permutation(own)[:_SEEN] for own in _by_cell(points)]
        chosen = np.concatenate([np.zeros(0, np.int64), *owns])
        found = respond(part, spacing, points[chosen].astype(np.float32), normals[chosen])
        parts = np.split(found, np.cumsum([len(own) for own in owns])[:-1])
        seen += [each for each in parts if len(each) > _FEWEST]
    if not seen:
        return Noise(0.0, 1.0)
    middles = np.array([np.median(found) for found in seen])
    empty = np.flatnonzero(middles <= np.percentile(middles, EMPTY))
    low, middle = np.percentile(np.concatenate([seen[cell] for cell in empty]), [25, 50])
    return Noise(float(middle), max(BEYOND * 1.4826 * float(middle - low), 1e-6))


def _by_cell(points: npt.NDArray[np.int32]) -> List[npt.NDArray[np.int64]]:
    """Give the numbers of the points (n, 3) in each cell that has any."""
    if not len(points):
        return []
    cells = (points // _CELL).T
    places = np.ravel_multi_index(tuple(cells), tuple(cells.max(axis=1) + 1))
    order = np.argsort(places, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(places[order])) + 1)


def _boxes(shape: Tuple[int, ...], margin: int) -> List[Tile]:
    """Give boxes spread over a volume, with margins; one if it is small."""
    if np.prod(shape) <= _SMALL:
        return list(split(shape, 0, _SMALL))
    found = []
    for place in np.ndindex(_BOXES, _BOXES, _BOXES):
        starts = [max(round((n - _BOX) * at / (_BOXES - 1)), 0) for at, n in zip(place, shape)]
        core = tuple(slice(a, min(a + _BOX, n)) for a, n in zip(starts, shape))
        source = tuple(
            slice(max(c.start - margin, 0), min(c.stop + margin, n)) for c, n in zip(core, shape)
        )
        inner = tuple(slice(c.start - s.start, c.stop - s.start) for c, s in zip(core, source))
        found.append(Tile(core, source, inner))
    return found


def profiles() -> npt.NDArray[np.float32]:
    """Give the profiles (k, 2 r + 1) of dark sheets along their normals, each of unit length.

    Their sums are zero, and they are symmetric, so that neither level nor slope of the densities
    gives a response.
    """
    t = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
    shapes = [-(1 - (t / s) ** 2) * np.exp(-((t / s) ** 2) / 2) for s in (14.0, 22.0)]
    sides = sum(np.exp(-(((t - at) / 9) ** 2) / 2) for at in (-LEAFLETS / 2, LEAFLETS / 2))
    shapes.append(np.exp(-((t / 10) ** 2) / 2) - sides)
    window = np.cos(np.pi * t / (2 * REACH + 2 * STEP)) ** 2
    rows = []
    for shape in shapes:
        row = (shape - (shape * window).sum() / window.sum()) * window
        rows.append(row / np.sqrt((row**2).sum()))
    return np.array(rows, np.float32)


def _margin(spacing: float) -> int:
    """Give how many voxels away densities count for the response of a voxel."""
    tensor = gaussian.radius(GRADIENT / spacing) + 1 + gaussian.radius(TENSOR / spacing)
    return max(tensor, int(np.ceil(np.hypot(DISC, REACH) / spacing)) + 2)


def _oriented(
    part: Volume, spacing: float, inner: List[slice]
) -> Tuple[npt.NDArray[np.int32], Points]:
    """Give the voxels (n, 3) of the inner part that may be on a sheet, and their normals."""
    whole = [slice(0, n) for n in part.shape]
    grad = np.gradient(gaussian.smooth(part, GRADIENT / spacing, whole))[::-1]
    shape = tuple(s.stop - s.start for s in inner)
    tensors = np.empty((6, *shape), np.float32)
    for row, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        tensors[row] = gaussian.smooth(grad[a] * grad[b], TENSOR / spacing, inner)
    tensors = tensors.reshape(6, -1)
    normals = np.empty((3, tensors.shape[1]), np.float32)
    coherence = np.empty(tensors.shape[1], np.float32)
    kernels.find_normals(tensors, normals, coherence)
    may_be = np.flatnonzero((coherence > COHERENT) & (np.abs(normals[2]) < STEEPEST))
    z, y, x = np.unravel_index(may_be, shape)
    points = np.stack([x + inner[2].start, y + inner[1].start, z + inner[0].start], axis=1)
    return points.astype(np.int32), np.ascontiguousarray(normals[:, may_be].T)


def _look_at(
    volume: Volume, spacing: float, tile: Tile, noise: Noise, responses: Volume
) -> Tuple[npt.NDArray[np.int32], Points]:
    """Fill the responses of a tile's core; gives its points beyond the noise, and normals.

    Five lines a point are enough to tell most of what is no sheet.
    """
    part = np.ascontiguousarray(volume[tile.source])
    points, normals = _oriented(part, spacing, list(tile.inner))
    few = _disc(spacing, 0.75 * DISC, 0.75 * DISC)
    for disc in (few, _disc(spacing, DISC, DISC_STEP)):
        strong = _compare(part, spacing, points.astype(np.float32), normals, disc)
        points, normals = points[strong > noise.level], normals[strong > noise.level]
        strong = strong[strong > noise.level]
    z, y, x = (source.start for source in tile.source)
    points = points + np.array([x, y, z], np.int32)
    responses[points[:, 2], points[:, 1], points[:, 0]] = strong
    return points, normals


def _compare(
    volume: Volume, spacing: float, points: Points, normals: Points, disc: Points
) -> Points:
    out = np.empty(len(points), np.float32)
    about = disc, STEP / spacing, profiles(), np.float32(DOUBT), out
    compare_profiles(volume, points, normals, *about)
    return out


def _disc(spacing: float, radius: float, step: float) -> Points:
    """Give places (m, 2) of a disc in voxels."""
    count = int(radius / step)
    grid = np.arange(-count, count + 1) * step
    a, b = (each.ravel() for each in np.meshgrid(grid, grid))
    inside = a * a + b * b <= radius * radius * 1.0001
    return (np.stack([a, b], axis=1)[inside] / spacing).astype(np.float32)


def _is_of_gold(
    points: npt.NDArray[np.int32], normals: Points, gold: Floats, spacing: float
) -> npt.NDArray[np.bool_]:
    """Tell which points belong to beads or to the rays that the views make of them."""
    found = np.zeros(len(points), bool)
    for bead in gold:
        near = np.flatnonzero(np.abs(points[:, 1] - bead[1]) * spacing < FAN_WIDTH + 30)
        x, y, z = np.abs(points[near] - bead).T * spacing
        is_ray = (np.abs(normals[near, 1]) > _FLAT) & (np.hypot(x, z) < FAN) & (y < FAN_WIDTH)
        is_bead = x * x + y * y + z * z < (1.2 * FAN_WIDTH) ** 2
        found[near] |= is_ray | is_bead
    return found


def _support(
    points: npt.NDArray[np.int32], normals: Points, strengths: Points, spacing: float
) -> Points:
    """Give the strength around each point, as the mean over a full disc of its sheet."""
    reach, bend = SUPPORT / spacing, spacing / TIGHTEST
    if not len(points):
        return np.zeros(0, np.float32)
    cells = (points[:, ::-1] / reach).astype(np.int64)
    grid = cells.max(axis=0) + 1
    numbers = np.ravel_multi_index(tuple(cells.T), tuple(grid))
    order = np.argsort(numbers, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=int(grid.prod())))])
    capped = np.minimum(strengths, STRONGEST)
    rows = np.concatenate([points.T, normals.T, capped[None]])[:, order].astype(np.float32)
    found = np.empty(len(points), np.float32)
    kernels.add_support(rows, starts, grid, reach, bend, found)
    out = np.empty_like(found)
    out[order] = found
    return out / np.float32(np.pi * reach**2)
