"""How well patches of views agree with the reprojection of the tomogram that the others make.

A patch is a column of the specimen. Each view shows it stretched by 1 / cos(tilt) across the axis
and moved by z tan(tilt), where z is the depth of what it holds. Stretched back, its spectrum at
q (along x, cycles a pixel) and k (along y) is that of the column's depth profile at q tan(tilt):
the central slice theorem. Profiles of the depth D are correlated between views a and b by

    K = exp(-(2 pi q s (tan a - tan b))^2 / 2),   s = D / sqrt(12),

so that the tomogram of least error under this prior, and its reprojection into a view that it was
not made from, are a product with the inverse of C = K * sqrt(c_a c_b) + (1 - c) (Rasmussen and
Williams 2006, Gaussian processes for machine learning, equation 5.12: the left-out prediction is
-sum_b M_ab v_b / M_aa, M = inverse of C). The share c of the signal in a view's power is what
neighbouring views have in common. No tomogram is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft

from etomotut.engine.resample import transform_image
from etomotut.engine.transforms import Transforms, apply, invert, scale_shifts
from etomotut.engine.views import reduce_views

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Looks = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex128]

TAPER = 0.4  # of a patch's width, at each edge
RINGS = 6  # of frequencies, within which signal and noise are estimated
SURE = 0.9  # the largest share of signal; views differ by more than noise
FAINT = 0.02  # the smallest
ENOUGH = 0.2  # 1/pixel of reduced views, up to which their averages are as good as all pixels
ALIKE = 0.7  # radians: what neighbouring views have in common up to here is all the signal


@dataclass(frozen=True)
class Band:
    """What is compared: patches of `size` pixels, frequencies (1/pixel), `depth` in pixels."""

    size: int
    low: float
    high: float
    depth: float

    @property
    def reduction(self) -> int:
        """By how much views may be reduced for it."""
        return max(int(ENOUGH / self.high + 1e-6), 1)


@dataclass(frozen=True)
class Columns:
    """Patches (patch,) of a specimen: `x`, `y` of its plane and depth `z`, pixels from the axis.

    `layer` (patch,) is the depth that is expected of them.
    """

    x: Array
    y: Array
    z: Array
    layer: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Agreement:
    """What patches say: `gradient` (patch, view, 2) and `curvature` (patch, view, 2, view, 2).

    They are those of minus the logarithm of the likelihood, by how far (x, y) what a view shows
    lies off in the specimen's plane, pixels. `correlation` (view,) is that with the reprojection.
    """

    gradient: Array
    curvature: Array
    correlation: Array


def compare(
    views: Looks, transforms: Transforms, tilt_angles: Array, columns: Columns, band: Band
) -> Agreement:
    """Compare views (view, y, x) under transforms (view, 2, 3), raw to aligned, patch by patch.

    Tilt angles are in degrees. Views that show less than all of a patch do not count for it.
    """
    tilts = np.radians(tilt_angles)
    places = _places(transforms, tilts, columns)
    shown = _shown(views, places, band.size)
    frequencies = _Frequencies(band)
    factor = band.reduction
    looks = _cut(
        reduce_views(views, factor), _at_scale(places, 1 / factor), shown, band.size // factor
    )
    spectra = frequencies.of(looks)
    white, power = frequencies.whiten(spectra, shown)
    signal = _signal(white, power, shown, tilts, frequencies, band.depth)
    return _match(white, signal, tilts, frequencies, band.depth)


def grid(
    width: int, height: int, size: int, most: int, layers: Sequence[float] = (0.0,)
) -> Columns:
    """Give patches that cover a plane, overlapping by half or, if these were too many, by less.

    There are at most about `most`, in all of the `layers` (depths) together.
    """
    step = max(size / 2, float(np.sqrt(width * height * len(layers) / most)))
    axes = []
    for length in (width, height):
        count = max(round((length - size) / step), 0) + 1
        reach = max((length - size) / 2, 0)
        axes.append(np.linspace(-reach, reach, count) if count > 1 else np.zeros(1))
    x, y = (each.ravel() for each in np.meshgrid(*axes))
    depths = np.repeat(np.array(layers, float), len(x))
    return Columns(np.tile(x, len(layers)), np.tile(y, len(layers)), depths.copy(), depths)


def _places(transforms: Transforms, tilts: Array, columns: Columns) -> Array:
    """Give transforms (patch, view, 2, 3) from raw views to patches in the specimen's plane."""
    stretched = transforms.copy()
    stretched[:, 0] /= np.cos(tilts)[:, None]
    places = np.repeat(stretched[None], len(columns), axis=0)
    places[:, :, 0, 2] -= columns.x[:, None] + columns.z[:, None] * np.tan(tilts)
    places[:, :, 1, 2] -= columns.y[:, None]
    return places


def _at_scale(places: Array, factor: float) -> Array:
    return scale_shifts(places.reshape(-1, 2, 3), factor).reshape(places.shape)


def _shown(views: Looks, places: Array, size: int) -> Bools:
    """Tell which views show all but the outermost tenth of a patch, (patch, view)."""
    half = 0.4 * size
    corners = np.array([[x, y] for x in (-half, half) for y in (-half, half)])
    seen = apply(invert(places), np.broadcast_to(corners, (*places.shape[:2], 4, 2)))
    shown: Bools = (np.abs(seen) <= np.array(views.shape[:0:-1]) / 2).all(axis=(2, 3))
    return shown


def _cut(views: Looks, places: Array, shown: Bools, size: int) -> Looks:
    """Give patches (patch, view, y, x), tapered about their mean, 0 where they are not shown."""
    ramp = np.minimum(
        (np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5) / (TAPER * size), 1
    )
    taper = (np.sin(0.5 * np.pi * ramp) ** 2).astype(np.float32)
    weights = taper[:, None] * taper
    sum_of_weights = float(weights.sum())
    looks = np.zeros((*shown.shape, size, size), np.float32)
    for patch, view in np.argwhere(shown):
        image = transform_image(
            views[view], places[patch, view], (size, size), fill=0.0, extend=True
        )
        looks[patch, view] = (image - np.vdot(image, weights) / sum_of_weights) * weights
    return looks


class _Frequencies:
    """The frequencies of a band: `q` and `k` (frequency,), their `ring`, how often each counts."""

    def __init__(self, band: Band) -> None:
        pixel = band.reduction
        size = band.size // pixel
        q, k = scipy.fft.rfftfreq(size, pixel), scipy.fft.fftfreq(size, pixel)[:, None]
        radius = np.hypot(q, k)
        self._inside = np.nonzero((radius >= band.low) & (radius <= band.high))
        self.q = np.broadcast_to(q, radius.shape)[self._inside]
        self.k = np.broadcast_to(k, radius.shape)[self._inside]
        ring = (radius[self._inside] / band.high * RINGS).astype(np.int64)
        self.ring = np.minimum(ring, RINGS - 1)
        self.counts = np.where(self.q > 0, 2.0, 1.0)  # the other half plane says the same

    def of(self, looks: Looks) -> Spectra:
        """Give the spectra (patch, view, frequency) of patches."""
        spectra: Spectra = scipy.fft.rfft2(looks)[(..., *self._inside)].astype(np.complex128)
        return spectra

    def whiten(self, spectra: Spectra, shown: Bools) -> Tuple[Spectra, Array]:
        """Give spectra with power 1 in every ring of a patch in a view, and 1 where it had any."""
        power = np.zeros((*spectra.shape[:2], RINGS))
        for ring in range(RINGS):
            own = self.ring == ring
            if own.any():
                squares = np.abs(spectra[..., own]) ** 2
                power[..., ring] = np.average(squares, axis=2, weights=self.counts[own])
        known = shown[..., None] & (power > 0)
        scale = np.where(known, 1 / np.sqrt(np.where(known, power, 1.0)), 0.0)
        return spectra * scale[..., self.ring], known.astype(float)


def _signal(
    white: Spectra, known: Array, shown: Bools, tilts: Array, these: _Frequencies, depth: float
) -> Array:
    """Give the share of signal (patch, view, ring), from what neighbouring views have in common.

    It is the product, in terms of signal over noise, of what patches and what views are like.
    """
    order = np.argsort(tilts)
    tangents = np.tan(tilts)
    common = np.zeros((len(white), len(tilts), RINGS, 2))
    for first, second in zip(order[:-1], order[1:]):
        phase = 2 * np.pi * these.q * _spread(depth) * abs(tangents[second] - tangents[first])
        weights = these.counts * (phase < ALIKE) * shown[:, [first]] * shown[:, [second]]
        agree = (white[:, first].conj() * white[:, second]).real * weights
        for ring in range(RINGS):
            own = these.ring == ring
            sums = np.stack([agree[:, own].sum(axis=1), weights[:, own].sum(axis=1)], axis=1)
            common[:, first, ring] += sums
            common[:, second, ring] += sums
    of_patches, of_views, of_all = (
        _odds(common.sum(axis=axis, keepdims=True)) for axis in (1, 0, (0, 1))
    )
    odds = of_patches * of_views / of_all
    share: Array = np.minimum(odds / (1 + odds), SURE) * known
    return share


def _odds(common: Array) -> Array:
    share = np.clip(common[..., 0] / np.maximum(common[..., 1], 1e-9), FAINT, SURE)
    odds: Array = share / (1 - share)
    return odds


def _spread(depth: float) -> float:
    return depth / float(np.sqrt(12))


def _match(
    white: Spectra, signal: Array, tilts: Array, these: _Frequencies, depth: float
) -> Agreement:
    """Sum what all frequencies of a band say.

    What a view shows at (q, k) turns by -2 pi i (q, k) a pixel; real and imaginary parts stand
    side by side, so that all sums are products of real matrices.
    """
    patches, views = white.shape[:2]
    gradient = np.zeros((patches, views, 2))
    along, across, mixed = np.zeros((3, patches, views, views))
    sums = np.zeros((3, views))
    apart = np.subtract.outer(np.tan(tilts), np.tan(tilts))
    for ring in range(RINGS):
        root = np.sqrt(signal[:, :, ring])
        both, noise = root[:, :, None] * root[:, None], np.eye(views) * (1 - root**2)[:, None]
        for q in np.unique(these.q[these.ring == ring]):
            own = (these.ring == ring) & (these.q == q)
            decay = np.exp(-0.5 * (2 * np.pi * q * _spread(depth) * apart) ** 2)
            inverse = np.linalg.inv(both * decay + noise) * these.counts[own][0]
            itself = np.einsum("pvv->pv", inverse).copy()
            others = inverse - itself[..., None] * np.eye(views)
            k = 2 * np.pi * np.concatenate([these.k[own]] * 2)
            seen = np.concatenate([white[..., own].real, white[..., own].imag], axis=2)
            turned = np.concatenate([white[..., own].imag, -white[..., own].real], axis=2)
            lacks = others @ seen
            torque = turned * lacks
            gradient[..., 0] += 2 * np.pi * q * torque.sum(axis=2)
            gradient[..., 1] += torque @ k
            same, steep = np.swapaxes(seen, 1, 2), np.swapaxes(seen * k, 1, 2)
            across += others * (seen @ same) * (2 * np.pi * q) ** 2
            mixed += others * (seen @ steep) * (2 * np.pi * q)
            along += others * (np.swapaxes(steep, 1, 2) @ steep)
            predicted = -lacks / itself[..., None]
            sums[0] += (seen * predicted).sum(axis=(0, 2))
            sums[1] += (seen**2).sum(axis=(0, 2))
            sums[2] += (predicted**2).sum(axis=(0, 2))
    curvature = np.stack([np.stack([across, mixed], -1), np.stack([mixed, along], -1)], axis=2)
    curvature = _close(curvature)
    return Agreement(gradient, curvature, sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-30)))


def _close(curvature: Array) -> Array:
    """Give the curvature with the blocks of each view with itself, and no negative direction.

    Moving all views alike changes nothing, which tells those blocks.
    """
    patches, views = curvature.shape[:2]
    for view in range(views):
        block = -curvature[:, view].sum(axis=2)
        curvature[:, view, :, view] = (block + np.swapaxes(block, 1, 2)) / 2
    whole = curvature.reshape(patches, 2 * views, 2 * views)
    sizes, axes = np.linalg.eigh(whole)
    whole = (axes * np.maximum(sizes, 0)[:, None]) @ np.swapaxes(axes, 1, 2)
    return whole.reshape(curvature.shape)
