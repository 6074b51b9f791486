"""Finding all gold beads of a series, in each view on its own: at edges, in pairs, on carbon.

What is dark as a disc is compared with a ring around it. Gold is told from what is only dark by
its contrast against the undoubted beads of its view and by its likeness to the mean bead of the
series. Views (y, x) have dark beads; places (n, 2) are x, y as array indices, radii in pixels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.spatial
from scipy import ndimage

from etomotut.engine import beads
from etomotut.engine.views import reduce_views, without_data

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

LEAST_SEEN = 0.25  # of a bead at the edge of a view, that it may be told from the background
FAINTEST = 4.0  # noise SDs of contrast below which nothing is looked at
GOLD = 8.0  # noise SDs of contrast that undoubted beads have; grain alone reaches 6
DARKEST_VIEW = 0.3  # of the usual contrast of gold, in noise SDs, that it has in every view
LARGE = 20.0  # squared radii: a larger area of one value is no clipped bead, it has no data
REGION = 8.0  # radii: the side of regions whose noise is measured
QUIETEST = 0.25  # of the noise of a view that is taken for that of a region
USUAL_SCORE = 0.29  # contrast times likeness that parts gold from what is only dark
SCORES = 0.2, 0.5  # between which the widest gap of scores parts them better
CLEAR_GAP = 0.25  # in the logarithm of the score
STEEPNESS = 20.0  # of the probability: 0.9 at 1.12 times the score for 0.5
SPIKE = 6.0  # SDs of a view beyond which a bright pixel is faulty
FARTHEST = 2.6  # radii to which the mean bead is followed
POOL = 400  # beads of which the mean is taken
APART = 3  # pixels between which noise is not alike
CELLS = 16  # in the width of a bead, over which noise is averaged where pixels are smaller
SHIFTS = np.arange(-1.5, 2.0, 0.5)  # pixels by which beads at edges are moved to their best place


@dataclass(frozen=True)
class Found:
    """Beads of a view: places (n, 2), and the probability (n,) that each is gold."""

    xy: Array
    probability: Array


def detect(views: Sequence[Image], radius: float, *, threads: int = 1) -> Tuple[List[Found], Array]:
    """Find the beads of a radius in each view (y, x); also gives their mean profile.

    Views are asked for one by one, each three times, so that they may be read from a file.
    """
    numbers = range(len(views))
    with ThreadPoolExecutor(threads) as pool:
        discs = list(pool.map(lambda n: _find(without_spikes(views[n]), radius), numbers))
        golden = _golden(discs)
        kept = [each.above(SCORES[0], one) for each, one in zip(discs, golden)]
        profile = mean_profile(views, [each.xy[each.relative > 0.7] for each in kept], radius)

        def move(number: int) -> Tuple[Array, Array]:
            return refine(without_spikes(views[number]), kept[number].xy, radius, profile)

        refined = list(pool.map(move, numbers))
    scores = [each.relative * likeness for each, (_, likeness) in zip(kept, refined)]
    weakest = _weakest_gold(np.concatenate(scores))
    chances = [1 / (1 + (weakest / np.maximum(each, 1e-3)) ** STEEPNESS) for each in scores]
    return [Found(xy, chance) for (xy, _), chance in zip(refined, chances)], profile


def refine(view: Image, places: Array, radius: float, profile: Array) -> Tuple[Array, Array]:
    """Give places (n, 2) moved onto beads of a view, and how like (n,) the mean bead they are.

    A place from which no bead is reached within about half a radius stays.
    """
    places = np.asarray(places, float).reshape(-1, 2)
    if not len(places):
        return places, np.zeros(0)
    marks = beads.locate(view, places, radius, profile=profile)
    half = int(np.ceil(beads.REACH * radius)) + 2
    inside = ((places >= half) & (places <= np.array(view.shape[::-1]) - 1 - half)).all(axis=1)
    near = np.hypot(*(marks.xy - places).T) <= max(0.5 * radius, 1.5)
    moved = np.where((inside & near & (marks.likeness > 0.5))[:, None], marks.xy, places)
    likeness = np.where(inside, marks.likeness, 0.0)
    for index in np.flatnonzero(~inside):
        moved[index], likeness[index] = _at_edge(view, places[index], radius, profile)
    return moved, likeness


def mean_profile(views: Sequence[Image], places: Sequence[Array], radius: float) -> Array:
    """Give the mean radial profile of the beads of all views, every beads.PROFILE_STEP pixels.

    It is that of density above the surroundings, in units of the noise of a pixel.
    """
    return profiles(views, places, radius)[0]


def profiles(views: Sequence[Image], places: Sequence[Array], radius: float) -> Tuple[Array, Array]:
    """Give the `mean_profile` of beads, and how far they are from round at each radius."""
    reach = FARTHEST * radius
    half = int(np.ceil(reach)) + 2
    patches, offsets = [], []
    for number, xy in enumerate(_thinned(places)):
        alone = xy[_is_alone(xy, 2 * reach)]
        if not len(alone):
            continue
        view = without_spikes(views[number])
        cut, corners, inside = beads.cut(view, alone, half)
        if inside.any():
            patches.append(cut[inside] / max(_noise(view, radius), 1e-9))
            offsets.append((alone - corners)[inside])
    if not patches:
        distance = beads.PROFILE_STEP * np.arange(int(reach / beads.PROFILE_STEP))
        return -np.clip(radius + 0.5 - distance, 0, 1), np.zeros(len(distance))
    found = np.concatenate(patches), np.concatenate(offsets), reach
    return beads.radial_profile(*found), beads.lopsided_profile(*found)


def without_spikes(view: Image) -> Image:
    """Give a view whose hot pixels are no brighter than anything that was seen through ice."""
    sample = view[::3, ::3]
    limit = np.median(sample) + SPIKE * beads.robust_sd(sample)
    return np.minimum(view, np.float32(limit))


@dataclass(frozen=True)
class _Discs:
    """Dark discs of a view: places (n, 2), contrasts (n,), and these in the noise around (n,).

    After `above`, `relative` (n,) is how much they have of what gold has, 1 at most.
    """

    xy: Array
    contrast: Array
    strength: Array
    relative: Array

    def above(self, least: float, golden: Tuple[float, float]) -> _Discs:
        """Give the discs that have at least a share of the contrast or the strength of gold."""
        parts = np.stack([self.contrast / golden[0], self.strength / golden[1]])
        relative = np.minimum(parts.max(axis=0), 1.0)
        kept = relative >= least
        return _Discs(self.xy[kept], self.contrast[kept], self.strength[kept], relative[kept])


def _find(view: Image, radius: float) -> _Discs:
    """Find dark discs that stand out of the noise around them."""
    margin = int(np.ceil(1.8 * radius)) + 1
    known = ~_large(without_data(view), LARGE * radius**2)
    level = float(view[known].mean()) if known.any() else 0.0
    contrast, seen = _contrast((view - level) * known, known.astype(np.float32), radius, margin)
    strength = contrast * np.sqrt(seen)
    strength = strength / _noise_around(strength, np.pad(known, margin), radius)
    size = 2 * max(2, round(0.8 * radius)) + 1
    top = (strength >= FAINTEST) & (strength == ndimage.maximum_filter(strength, size))
    y, x = np.nonzero(top)
    places = np.stack([x, y], axis=1) - float(margin)
    found = (each[y, x].astype(np.float64) for each in (contrast, strength))
    return _Discs(places, next(found), next(found), np.ones(len(x)))


def _large(areas: Mask, least: float) -> Mask:
    """Give those of areas (y, x) that have as many pixels at least."""
    labels, _ = ndimage.label(areas)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    large: Mask = sizes[labels] >= least
    return large


def _noise_around(strength: Image, known: Mask, radius: float) -> Image:
    """Give the noise (y, x) of strength: robust SDs of regions, interpolated between them."""
    usual = beads.robust_sd(strength[known][::3]) if known.any() else 0.0
    if not usual > 0:
        return np.full(strength.shape, np.inf, np.float32)
    counts = [max(1, round(size / (REGION * radius))) for size in strength.shape]
    noise = np.full(counts, usual)
    for row, lines in enumerate(np.array_split(np.arange(strength.shape[0]), counts[0])):
        for column, across in enumerate(np.array_split(np.arange(strength.shape[1]), counts[1])):
            part = np.ix_(lines, across)
            if known[part].mean() > 0.5:
                noise[row, column] = beads.robust_sd(strength[part][known[part]])
    place = [
        np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
        for size, count in zip(strength.shape, counts)
    ]
    rows = np.stack([np.interp(place[1], np.arange(counts[1]), row) for row in noise])
    around = np.stack([np.interp(place[0], np.arange(counts[0]), line) for line in rows.T], axis=1)
    return np.asarray(np.maximum(around, QUIETEST * usual), np.float32)


def _contrast(view: Image, known: Image, radius: float, margin: int) -> Tuple[Image, Image]:
    """Give the mean of a ring minus that of its disc, and the share of the disc that is known.

    Both (y + 2 margin, x + 2 margin): discs may lie partly outside the view. Where too little of
    disc or ring is known, both are 0.
    """
    sizes = [length + 2 * margin for length in view.shape]
    shape = tuple(scipy.fft.next_fast_len(n + margin, real=True) for n in sizes)
    y, x = (np.minimum(np.arange(n), n - np.arange(n)) for n in shape)
    distance = np.hypot(y[:, None], x[None]).astype(np.float32)
    core, middle, outer = (np.clip(radius * f - distance + 0.5, 0, 1) for f in (1, 1.3, 1.8))
    spectra = [scipy.fft.rfft2(np.pad(each, margin), shape) for each in (view, known)]
    means, shares = [], []
    for kernel in (core, outer - middle):
        response = scipy.fft.rfft2(kernel).real
        total, count = (
            scipy.fft.irfft2(each * response, shape)[: sizes[0], : sizes[1]] for each in spectra
        )
        means.append(total / np.maximum(count, 0.1))
        shares.append(count / kernel.sum())
    enough = (shares[0] >= LEAST_SEEN) & (shares[1] >= LEAST_SEEN)
    return np.where(enough, means[1] - means[0], 0), np.where(enough, shares[0], 0)


def _golden(found: Sequence[_Discs]) -> List[Tuple[float, float]]:
    """Give the contrast and the strength of undoubted beads for each view's discs.

    Where a view has no gold, what is darkest in it does not count as such.
    """
    own = [(_undoubted(each.contrast), _undoubted(each.strength)) for each in found]
    golden = [strength for _, strength in own if strength >= GOLD]
    least = max(GOLD, DARKEST_VIEW * float(np.median(golden))) if golden else np.inf
    return [pair if pair[1] >= least else (np.inf, np.inf) for pair in own]


def _undoubted(contrast: Array) -> float:
    """Give the contrast, or strength, of the undoubted beads of a view from those of all discs."""
    if not len(contrast):
        return 0.0
    top = np.sort(contrast)[::-1]
    return float(np.median(top[top >= 0.7 * np.median(top[:3])]))


def _at_edge(view: Image, place: Array, radius: float, profile: Array) -> Tuple[Array, float]:
    """Give the best place near one (2,) at an edge, and the likeness of what is seen of a bead."""
    reach = beads.REACH * radius
    low = np.maximum(np.floor(place - reach).astype(int), 0)
    high = np.minimum(np.ceil(place + reach).astype(int) + 1, view.shape[::-1])
    patch = view[low[1] : high[1], low[0] : high[0]].astype(np.float64)
    y, x = np.indices(patch.shape)
    best, most = place, 0.0
    for dx in SHIFTS:
        for dy in SHIFTS:
            moved = place + (dx, dy)
            distance = np.hypot(x + low[0] - moved[0], y + low[1] - moved[1])
            model = np.interp(distance, beads.PROFILE_STEP * np.arange(len(profile)), profile)
            near = distance <= reach
            likeness = _correlation(patch[near], model[near])
            if likeness > most:
                best, most = moved, likeness
    return best, most


def _correlation(one: Array, other: Array) -> float:
    if len(one) < 3 or not one.std() * other.std() > 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _weakest_gold(scores: Array) -> float:
    """Give the score that parts gold from the rest, where all scores (n,) leave a gap."""
    low, high = SCORES
    inner = np.sort(scores[(scores > low) & (scores < high)])
    edges = np.concatenate([[low], inner, [high]])
    gaps = np.diff(np.log(edges))
    widest = int(np.argmax(gaps))
    if gaps[widest] < CLEAR_GAP:
        return USUAL_SCORE
    return float(np.sqrt(edges[widest] * edges[widest + 1]))


def _thinned(places: Sequence[Array]) -> List[Array]:
    """Give no more than POOL of the places of all views."""
    every = max(1, sum(map(len, places)) // POOL)
    return [xy[offset % every :: every] for offset, xy in enumerate(places)]


def _is_alone(places: Array, reach: float) -> Mask:
    if len(places) < 2:
        return np.ones(len(places), bool)
    distances, _ = scipy.spatial.cKDTree(places).query(places, k=2)
    alone: Mask = distances[:, 1] > reach
    return alone


def _noise(view: Image, radius: float) -> float:
    """Give the noise of a pixel, of several averaged where a bead is many pixels wide."""
    factor = max(1, int(2 * radius / CELLS))
    small = reduce_views(view[None], factor)[0]
    return beads.robust_sd(small[::2, APART:] - small[::2, :-APART]) / float(np.sqrt(2))
