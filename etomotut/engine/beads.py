"""Gold beads in single views: finding them, measuring their size, locating their centres.

A bead is a disc, dark by convention (`light` views are negated by the caller), whose fringes
depend on the defocus. Positions are (x, y) array indices, radii in pixels.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.spatial

from etomotut.engine.views import Views, reduce_views

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

PROFILE_STEP = 0.25  # pixels between the samples of a radial profile
ORDERS = 3  # angular harmonics: an edge beside a bead has the first, a line through it the second
REACH = 2.0  # radii: how far from its centre a bead's profile is followed
MAX_ROUNDS = 12  # of a fit; most places need four
MIN_STRENGTH = 5.0  # noise SDs; what is weaker is left to chance in an image of some 10^5 pixels
OCTAVES = np.arange(-1.5, 1.75, 0.5)  # of a typed radius; covers errors of more than 2
SMALLEST = 1.2  # pixels, a radius below which nothing is a disc
FINE = 0.25  # octaves, to which the best one is refined
WORKING_RADIUS = 2.0  # pixels at which beads are found; smaller costs certainty, larger time


@dataclass(frozen=True)
class Candidates:
    """Places that may be beads, strongest first: `xy` (n, 2) whole array indices, `strength` (n,).

    Strength is the contrast of disc against ring in robust standard deviations of that contrast.
    """

    xy: Array
    strength: Array


@dataclass(frozen=True)
class Marks:
    """Fitted beads: `xy` (n, 2), `amplitude` (n,) relative to the profile, `likeness` (n,) 0 to 1.

    Likeness is the share of the variance around a bead that its profile explains, as a
    correlation coefficient.
    """

    xy: Array
    amplitude: Array
    likeness: Array


def find(image: Image, radius: float, *, limit: int) -> Candidates:
    """Find up to `limit` dark discs of a radius in a view (y, x).

    The contrast of a disc against a ring around it, the matched filter of a disc on a background
    of unknown level, is computed for all places at once; its local maxima are the candidates.
    """
    contrast = disc_contrast(image, radius)
    noise = robust_sd(contrast[::3, ::3])
    if not noise > 0:
        return Candidates(np.zeros((0, 2)), np.zeros(0))
    return _maxima(contrast / noise, max(2, round(0.8 * radius)), limit)


def measure_radius(images: Sequence[Image], guess: float, *, wanted: int) -> float:
    """Give the radius of the beads in some views (y, x), near a guess that may be off by 2.

    It is the radius of the disc filter at which the `wanted` strongest places stand out most from
    the noise of the filtered view, first by steps of half an octave, then refined.
    """
    stack = np.array(images, np.float32)

    def score(octave: float) -> float:
        return _conspicuity(stack, guess * 2.0**octave, wanted)

    scores = [score(octave) for octave in OCTAVES]
    best = int(np.argmax(scores))
    before, after = score(OCTAVES[best] - FINE), score(OCTAVES[best] + FINE)
    shift = np.clip(_parabola_top(before, scores[best], after), -1.0, 1.0)
    return float(guess * 2.0 ** (OCTAVES[best] + FINE * shift))


def _conspicuity(images: Views, radius: float, wanted: int) -> float:
    """Give how much the `wanted` strongest discs of a radius stand out, the median of all views."""
    factor = max(1, int(radius / WORKING_RADIUS))
    small = reduce_views(images, factor)
    if min(small.shape[1:]) < 8 * radius / factor or radius < SMALLEST:
        return 0.0
    found = [find(image, radius / factor, limit=wanted).strength for image in small]
    return float(np.median([np.median(each) if len(each) else 0.0 for each in found]))


def disc_contrast(image: Image, radius: float) -> Image:
    """Give, for every place of a view (y, x), the mean of a ring minus that of its disc."""
    margin = int(np.ceil(2 * radius)) + 1
    padded = np.pad(image.astype(np.float32), margin, mode="reflect")
    shape = tuple(scipy.fft.next_fast_len(n, real=True) for n in padded.shape)
    spectrum = scipy.fft.rfft2(padded, shape)
    spectrum *= _disc_spectrum(shape, radius)
    filtered = scipy.fft.irfft2(spectrum, shape)
    height, width = image.shape
    result: Image = filtered[margin : margin + height, margin : margin + width]
    return result


def robust_sd(values: npt.ArrayLike) -> float:
    """Give the standard deviation of the bulk of values: 1.4826 times their median deviation."""
    flat = np.asarray(values).ravel()
    return float(1.4826 * np.median(np.abs(flat - np.median(flat))))


def locate(image: Image, xy: Array, radius: float, *, profile: Array) -> Marks:
    """Fit a bead's radial profile at places (n, 2) of a view and give the beads' centres.

    Each patch is the profile about an unknown centre, times an amplitude, on a sloping plane: six
    unknowns by Gauss-Newton, which is the maximum-likelihood position in white noise. What the
    neighbours of a bead add to its patch is taken off between the rounds. Places too close to the
    edge for a patch get likeness 0 and stay.
    """
    half = int(np.ceil(REACH * radius)) + 2
    patches, corners, inside = cut(image, xy, half)
    places = np.where(inside[:, None], np.array(xy, float), corners)
    amplitude, likeness = np.zeros(len(xy)), np.zeros(len(xy))
    pairs = _neighbours(places, REACH * radius + half)
    left = np.flatnonzero(inside)
    for _ in range(MAX_ROUNDS):
        alone = patches - _added_by(pairs, places, corners, amplitude, profile, half)
        offset = places[left] - corners[left]
        fit = _fit_step(alone[left], offset, profile, REACH * radius)
        amplitude[left], likeness[left] = fit[1:]
        places[left] = corners[left] + np.clip(offset + fit[0], -radius - 1, radius + 1)
        left = left[np.abs(fit[0]).max(axis=1) > 0.01]
        if not len(left):
            break
    return Marks(np.where(inside[:, None], places, xy), amplitude, likeness)


def radial_profile(patches: Array, offset: Array, reach: float) -> Array:
    """Give the mean radial profile of patches (n, k, k) about centres (n, 2) off their middle.

    Sampled every PROFILE_STEP pixels from 0 to `reach` plus a pixel, zero at its end.
    """
    distance = _distances(patches.shape[1] // 2, offset)
    ring = (distance > reach - 1) & (distance <= reach + 1)
    level = (patches * ring).sum(axis=(1, 2)) / np.maximum(ring.sum(axis=(1, 2)), 1)
    samples = int(np.ceil((reach + 1) / PROFILE_STEP)) + 1
    place = np.minimum(distance / PROFILE_STEP, samples - 1.001).ravel()
    low = place.astype(np.int64)
    share = place - low
    values = (patches - level[:, None, None]).ravel()
    total = np.bincount(low, (1 - share) * values, samples + 1)
    total += np.bincount(low + 1, share * values, samples + 1)
    weight = np.bincount(low, 1 - share, samples + 1) + np.bincount(low + 1, share, samples + 1)
    covered = np.flatnonzero(weight[:samples] > 0)
    mean = total[covered] / weight[covered]
    profile = np.interp(np.arange(samples), covered, mean) if len(covered) else np.zeros(samples)
    smooth: Array = np.convolve(np.pad(profile, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    return smooth - smooth[-1]


def lopsided_profile(patches: Array, offset: Array, reach: float) -> Array:
    """Give how far beads are from round, sampled as their `radial_profile`.

    That is the largest amplitude of the first ORDERS angular harmonics of the mean patch: gold and
    its fringes have none, but what lies beside single beads does.
    """
    half = patches.shape[1] // 2
    y, x = np.meshgrid(*2 * (np.arange(-half, half + 1),), indexing="ij")
    angle = np.arctan2(y - offset[:, 1, None, None], x - offset[:, 0, None, None])
    level = patches.mean(axis=(1, 2), keepdims=True)
    amplitudes = []
    for order in range(1, ORDERS + 1):
        parts = [
            radial_profile(np.sqrt(2) * turn(order * angle) * (patches - level), offset, reach)
            for turn in (np.cos, np.sin)
        ]
        amplitudes.append(np.hypot(*parts))
    return np.max(amplitudes, axis=0)


def cut(image: Image, xy: Array, half: int) -> Tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Cut patches (n, 2 half + 1, 2 half + 1) about the pixels nearest to places (n, 2).

    Also gives the pixels (n, 2) and whether each patch lies inside the view; others are cut at
    the nearest place where they do.
    """
    height, width = image.shape
    nearest = np.rint(xy).astype(np.int64)
    last = np.array([width - 1 - half, height - 1 - half])
    corners = np.clip(nearest, half, np.maximum(last, half))
    inside = (corners == nearest).all(axis=1)
    window = np.arange(-half, half + 1)
    rows = np.clip(corners[:, 1, None, None] + window[:, None], 0, height - 1)
    columns = np.clip(corners[:, 0, None, None] + window[None, :], 0, width - 1)
    return image[rows, columns].astype(np.float64), corners.astype(np.float64), inside


def clear_of_fill(image: Image, xy: Array, reach: float) -> npt.NDArray[np.bool_]:
    """Tell which places (n, 2) are further than `reach` from the edge and from filled areas.

    Where a transformed view has no data it holds one constant value; no real pixel equals all its
    neighbours.
    """
    step = max(int(reach), 1)
    size = np.array(image.shape[::-1])
    clear = ((xy >= step) & (xy <= size - 1 - step)).all(axis=1)
    for index in np.flatnonzero(clear):
        column, row = np.rint(xy[index]).astype(int)
        near = image[row - step : row + step + 1, column - step : column + step + 1]
        same = (near[1:, 1:] == near[:-1, 1:]) & (near[1:, 1:] == near[1:, :-1])
        clear[index] = same.mean() < 0.1
    return clear


@functools.lru_cache(maxsize=4)
def _disc_spectrum(shape: Tuple[int, ...], radius: float) -> npt.NDArray[np.float32]:
    """Give the spectrum, real as it is symmetric, of a ring of mean 1 minus a disc of mean 1."""
    y, x = (np.minimum(np.arange(n), n - np.arange(n)) for n in shape)
    distance = np.hypot(y[:, None], x[None, :]).astype(np.float32)

    def disc(size: float) -> Image:
        return np.clip(size - distance + 0.5, 0, 1)

    core, ring = disc(radius), disc(1.8 * radius) - disc(1.3 * radius)
    kernel = ring / ring.sum() - core / core.sum()
    spectrum: npt.NDArray[np.float32] = scipy.fft.rfft2(kernel).real
    return spectrum


def _maxima(strength: Image, reach: int, limit: int) -> Candidates:
    """Give the highest local maxima of a map (y, x), none within `reach` of a higher one."""
    y, x = np.nonzero(strength > MIN_STRENGTH)
    order = np.argsort(-strength[y, x], kind="stable")
    taken = np.zeros(np.array(strength.shape) + 2 * reach, bool)
    keep = []
    for index in order:
        row, column = y[index], x[index]
        if not taken[row + reach, column + reach]:
            keep.append(index)
            if len(keep) == limit:
                break
            taken[row : row + 2 * reach + 1, column : column + 2 * reach + 1] = True
    xy = np.stack([x[keep], y[keep]], axis=1).astype(np.float64)
    return Candidates(xy, strength[y, x][keep].astype(np.float64))


def _neighbours(places: Array, reach: float) -> npt.NDArray[np.int64]:
    """Give the pairs (pair, 2) of places closer than `reach`, each in both orders."""
    if len(places) < 2:
        return np.zeros((0, 2), np.int64)
    pairs = scipy.spatial.cKDTree(places).query_pairs(reach, output_type="ndarray")
    return np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64)


def _added_by(
    pairs: npt.NDArray[np.int64],
    places: Array,
    corners: Array,
    amplitude: Array,
    profile: Array,
    half: int,
) -> Array:
    """Give what neighbours add to each patch (n, k, k): the first of a pair gets the second's."""
    added = np.zeros((len(places), 2 * half + 1, 2 * half + 1))
    pairs = pairs[amplitude[pairs[:, 1]] > 0]
    if len(pairs):
        one, other = pairs.T
        distance = _distances(half, places[other] - corners[one])
        shape, _ = _sample(profile, distance)
        np.add.at(added, one, np.clip(amplitude[other], 0, 2)[:, None, None] * shape)
    return added


def _fit_step(
    patches: Array, offset: Array, profile: Array, reach: float
) -> Tuple[Array, Array, Array]:
    """Give a Gauss-Newton step (n, 2) of the centres, the amplitudes (n,) and the likeness (n,)."""
    half = patches.shape[1] // 2
    window = np.arange(-half, half + 1.0)
    near = np.hypot(window[:, None], window[None, :]) < reach + 2  # the patch's corners add nothing
    row, column = np.nonzero(near)
    x = window[column] - offset[:, :1]
    y = window[row] - offset[:, 1:]
    distance = np.hypot(x, y) + 1e-6
    value, slope = _sample(profile, distance)
    root = np.sqrt(np.clip(reach + 1.5 - distance, 0, 1))
    pull = -slope / distance
    ones = np.ones_like(value)
    a = np.stack([pull * x, pull * y, value, ones, x, y], axis=1) * root[:, None, :]
    b = patches[:, near] * root
    normal = a @ a.transpose(0, 2, 1)
    size = np.sqrt(np.maximum(np.einsum("nii->ni", normal), 1e-12))
    normal = normal / (size[:, :, None] * size[:, None, :]) + 1e-6 * np.eye(6)
    right = (a @ b[:, :, None])[..., 0] / size
    solved = np.linalg.solve(normal, right[..., None])[..., 0] / size
    amplitude = solved[:, 2]
    step = solved[:, :2] / np.where(np.abs(amplitude) > 1e-3, amplitude, np.inf)[:, None]
    return np.clip(step, -0.7, 0.7), amplitude, _likeness(a, b, solved)


def _sample(profile: Array, distance: Array) -> Tuple[Array, Array]:
    """Give a radial profile and its slope at distances, linear between samples, 0 beyond.

    The slope is a central difference: noise in a steeper one would shorten the steps of a fit.
    """
    padded = np.append(profile, [0.0, 0.0])
    place = np.minimum(distance / PROFILE_STEP, len(profile))
    low = place.astype(np.int64)
    share = place - low
    slopes = np.gradient(padded, PROFILE_STEP)
    value, slope = ((1 - share) * each[low] + share * each[low + 1] for each in (padded, slopes))
    return value, slope


def _likeness(a: Array, b: Array, solved: Array) -> Array:
    """Give the correlation of the patches with the bead part of their fit, the plane taken off."""
    bead = a[:, 2] * solved[:, 2:3]
    left = b - (solved[:, None, 3:] @ a[:, 3:])[:, 0]
    signal, whole = (bead**2).sum(axis=1), (left**2).sum(axis=1)
    share: Array = (bead * left).sum(axis=1) / np.sqrt(np.maximum(signal * whole, 1e-30))
    return np.where(solved[:, 2] > 0, share, 0.0)


def _distances(half: int, offset: Array) -> Array:
    """Give the distance (n, k, k) of the pixels of a patch from places (n, 2) off its middle."""
    window = np.arange(-half, half + 1.0)
    x = window[None, None, :] - offset[:, 0, None, None]
    y = window[None, :, None] - offset[:, 1, None, None]
    result: Array = np.hypot(x, y)
    return result


def _parabola_top(before: float, top: float, after: float) -> float:
    """Give where the parabola through three equidistant values is highest, from the middle one."""
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
