"""Filling masked areas of a view with what might be there: its surroundings, with their noise.

An area is drawn from the densities that a Gaussian random field can have there, given those
around it (conditional simulation by kriging; Journel & Huijbregts 1978, Mining Geostatistics).
So its mean, its gradient and its noise spectrum are those of the surroundings, nothing jumps at
its edge, and what crosses the edge fades inwards as far as densities are correlated.
"""

from __future__ import annotations

import zlib
from typing import Any, Dict, Iterator, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.linalg
from scipy import ndimage

from etomotut.engine.views import without_data

Image = npt.NDArray[Any]
Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.int64]
Box = Tuple[slice, slice]

LAGS = 16  # pixels over which densities may be correlated; longer waves are trend
SAMPLE = 1536  # pixels; the side of the part of a view that tells how densities are correlated
SPIKE = 4.0  # SD at which single densities are clipped before they tell anything
BORDER = (5, 12)  # pixels: the least and largest width of what an area is filled from
MOST = 420  # of its pixels: more tell no more and cost the cube of their number
FLOOR = 1e-3  # of the mean power: a spectrum estimated from a sample may dip below 0
BOXES = 16  # pixels, of which the sides of spectra are multiples, so that few are needed


def fill_masked(view: Image, mask: Mask) -> npt.NDArray[np.float32]:
    """Give a view (y, x) whose masked pixels (y, x) are filled from what surrounds them.

    The noise is drawn from the view itself: the same view is filled alike in every run, and the
    halves of a series differently. What holds no data, as beyond the edge of a moved view, stays;
    so does a view that is masked whole.
    """
    filled = view.astype(np.float32)
    mask = mask.astype(bool)
    empty = _beyond(mask, without_data(filled))
    known = ~mask & ~empty
    mask = mask & ~empty
    if not mask.any() or known.sum() < MOST:
        return filled
    field = _Field(filled, known)
    random = np.random.default_rng(zlib.crc32(np.ascontiguousarray(view).tobytes()))
    for box, area in _areas(mask):
        target = filled[box]
        target[area] = _fill(target, area, known[box], field, random)
    return filled


class _Field:
    """How densities of a view (y, x) are correlated where they are `known`."""

    def __init__(self, view: npt.NDArray[np.float32], known: Mask) -> None:
        self._correlation = _correlation(*(_middle(each) for each in (view, known)))
        self._spectra: Dict[int, Tuple[Array, Array]] = {}

    def on(self, side: int) -> Tuple[Array, Array]:
        """Give covariance and amplitude spectrum (side, side) of a periodic square; variance 1."""
        if side not in self._spectra:
            square = np.zeros((side, side))
            lags = np.arange(-LAGS, LAGS + 1)
            square[np.ix_(lags, lags)] = self._correlation
            power = scipy.fft.fft2(square).real
            power = np.maximum(power, FLOOR * power.mean())
            covariance = scipy.fft.ifft2(power).real
            variance = covariance[0, 0]
            self._spectra[side] = covariance / variance, np.sqrt(power / variance)
        return self._spectra[side]


def _beyond(mask: Mask, empty: Mask) -> Mask:
    """Give those of empty areas (y, x) that reach beyond a mask: clipped beads do not."""
    labels, _ = ndimage.label(empty)
    outside = np.unique(labels[~mask])
    beyond: Mask = np.isin(labels, outside[outside > 0])
    return beyond


def _middle(image: Image) -> Image:
    starts = [max(0, (size - SAMPLE) // 2) for size in image.shape]
    return image[tuple(slice(start, start + SAMPLE) for start in starts)]


def _correlation(view: Image, known: Mask) -> Array:
    """Give the correlation (2 LAGS + 1, 2 LAGS + 1) of known densities with those beside them.

    Densities are taken from their local mean, in units of the local deviation.
    """
    weight = known.astype(np.float32)
    level = float(view[known].mean()) if known.any() else 0.0
    window = 2 * LAGS + 1
    share = np.maximum(ndimage.uniform_filter(weight, window), 1e-3)
    rest = (view - level) * weight
    rest = (rest - ndimage.uniform_filter(rest, window) / share) * weight
    deviation = np.sqrt(np.maximum(ndimage.uniform_filter(rest**2, window), 0) / share)
    rest = np.clip(rest / np.maximum(deviation, 1e-12), -SPIKE, SPIKE)
    shape = [scipy.fft.next_fast_len(size + LAGS, real=True) for size in view.shape]
    products, counts = (
        scipy.fft.irfft2(np.abs(scipy.fft.rfft2(each, shape)) ** 2, shape)
        for each in (rest, weight)
    )
    lags = np.arange(-LAGS, LAGS + 1)
    near = np.ix_(lags, lags)
    mean: Array = products[near] / np.maximum(counts[near], 1.0)
    distance = np.hypot(lags[:, None], lags[None]) / (LAGS + 1)
    taper = 0.5 + 0.5 * np.cos(np.pi * np.minimum(distance, 1.0))
    return mean * taper / max(mean[LAGS, LAGS], 1e-12)


def _areas(mask: Mask) -> Iterator[Tuple[Box, Mask]]:
    """Yield each connected area of a mask with a box around it that holds its surroundings."""
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    for number, found in enumerate(ndimage.find_objects(labels, count), 1):
        rows, columns = (slice(max(0, s.start - BORDER[1]), s.stop + BORDER[1]) for s in found)
        yield (rows, columns), labels[rows, columns] == number


def _fill(
    view: Image, area: Mask, known: Mask, field: _Field, random: np.random.Generator
) -> Array:
    """Give densities for the pixels of an area (y, x), from known pixels around it.

    Where the surroundings lie to one side of it, they tell a level but no gradient.
    """
    inside = np.argwhere(area)
    around, surrounds = _around(area, known, random)
    if len(around) < 3:
        return view[area].astype(np.float64)
    densities = view[tuple(around.T)].astype(np.float64)
    middle, size = inside.mean(axis=0), float(max(area.shape))
    trends = [_trend(each, middle, size, slopes=surrounds) for each in (around, inside)]
    densities = _without_spikes(densities, trends[0])
    side = -(-(max(area.shape) + LAGS) // BOXES) * BOXES
    covariance, amplitude = field.on(side)
    deviation = _deviation(view, known, covariance)
    noise = _filtered(random.standard_normal((side, side)), amplitude)
    # universal kriging: the trend by generalized least squares, the rest by its correlation
    apart = around[:, None] - around[None]
    factor = scipy.linalg.cho_factor(covariance[apart[..., 0], apart[..., 1]], overwrite_a=True)
    weights = scipy.linalg.cho_solve(factor, trends[0])
    trend = np.linalg.lstsq(trends[0].T @ weights, weights.T @ densities, rcond=None)[0]
    rest = densities - trends[0] @ trend - deviation * noise[tuple(around.T)]
    sources = np.zeros((side, side))
    sources[tuple(around.T)] = scipy.linalg.cho_solve(factor, rest)
    drawn = deviation * noise + _filtered(sources, amplitude**2)
    filled: Array = trends[1] @ trend + drawn[tuple(inside.T)]
    return filled


def _around(area: Mask, known: Mask, random: np.random.Generator) -> Tuple[Points, bool]:
    """Give known pixels (n, 2) near an area, y and x, all those that touch it among them.

    Also tells whether they lie on all sides of it.
    """
    distance = ndimage.distance_transform_edt(~area)
    width = np.clip(0.35 * np.sqrt(area.sum()), *BORDER)
    near = known & (distance <= width)
    touching, others = np.argwhere(near & (distance < 2)), np.argwhere(near & (distance >= 2))
    touching = random.permutation(touching)[:MOST]
    around = np.concatenate([touching, random.permutation(others)[: MOST - len(touching)]])
    low, high = np.percentile(np.argwhere(area), (10, 90), axis=0)
    surrounds = len(around) > 0 and (around.min(axis=0) < low).all()
    return around, bool(surrounds and (around.max(axis=0) > high).all())


def _trend(points: Points, middle: Array, size: float, *, slopes: bool) -> Array:
    columns = [np.ones(len(points))]
    if slopes:
        columns += list(((points - middle) / size).T)
    return np.stack(columns, axis=1)


def _without_spikes(densities: Array, trend: Array) -> Array:
    """Give densities with what stands out of their trend clipped."""
    clipped = _clip(densities, np.full(len(densities), np.median(densities)))
    return _clip(densities, trend @ np.linalg.lstsq(trend, clipped, rcond=None)[0])


def _clip(densities: Array, level: Array) -> Array:
    reach = SPIKE * 1.4826 * float(np.median(np.abs(densities - level)))
    return np.clip(densities, level - reach, level + reach)


def _deviation(view: Image, known: Mask, covariance: Array) -> float:
    """Give the deviation of a field from how much known pixels (y, x) differ from neighbours.

    Edges and other structure hardly change it.
    """
    rises = [np.diff(view, axis=axis) for axis in (0, 1)]
    known_rises = [known[1:] & known[:-1], known[:, 1:] & known[:, :-1]]
    sizes = np.abs(np.concatenate([rise[each] for rise, each in zip(rises, known_rises)]))
    alike = (covariance[0, 1] + covariance[1, 0]) / 2
    usual = 1.4826 * float(np.median(sizes)) if len(sizes) else 0.0
    return usual / float(np.sqrt(max(2 - 2 * alike, 1e-6)))


def _filtered(square: Array, response: Array) -> Array:
    """Give a periodic square (side, side) with its spectrum times a response."""
    result: Array = scipy.fft.ifft2(scipy.fft.fft2(square) * response).real
    return result
