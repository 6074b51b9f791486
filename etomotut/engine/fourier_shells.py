"""Fourier shell correlation of two halves, and the Wiener filter that follows from it.

Two tomograms of the same specimen with independent noise agree at a frequency by the correlation
F of their Fourier shells. Their mean then correlates with the truth by sqrt(2 F / (1 + F)), the
figure of merit (Rosenthal & Henderson, J. Mol. Biol. 333, 2003); the signal's share of its power
is the square of that. Weighing frequencies by that share, 2 F / (1 + F), gives the least error
(a Wiener filter: Sindelar & Grigorieff, J. Struct. Biol. 180, 2012); the figure of merit itself
would leave more noise. Frequencies are in cycles a voxel, volumes are (z, y, x).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any, Iterator, List, Optional, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft

Doubles = npt.NDArray[np.float64]
Part = Tuple[slice, slice, slice]

SIDE = 128  # voxels of a block that is transformed; shells are 1 / SIDE wide
REACH = 48  # voxels around a place that count for its filtered density
# The kernel of the filter is ended by a Gaussian of REACH / 4: what is beyond weighs less than 1 in
# 3000 of what a kernel without an end would have there. The filter is smoothed accordingly.
_SMOOTHING = 4 / (2 * np.pi * REACH)
_FINE = 1 / 2048  # cycles a voxel, between the weights that are kept


@dataclass(frozen=True)
class Curve:
    """The correlation (shell,) of shells about `frequency`, and the count of what went into it."""

    frequency: Doubles
    correlation: Doubles
    counts: Doubles

    def falls_below(self, level: float) -> Optional[float]:
        """Give the frequency at which the correlation first is below a level, None if nowhere."""
        below = np.flatnonzero(self.correlation < level)
        if not len(below) or below[0] == 0:
            return float(self.frequency[0]) if len(below) else None
        pair = [below[0], below[0] - 1]
        return float(np.interp(level, self.correlation[pair], self.frequency[pair]))


def correlate(one: Any, other: Any, *, mask: Any = None, workers: int = 1) -> Curve:
    """Correlate the Fourier shells of two volumes of a shape.

    It is measured in windowed blocks, so that volumes are never read whole; `mask` weighs voxels
    from 0 to 1. Blocks where the mask is zero do not count. The shell about zero is left out.
    """

    def measure(part: Part) -> Optional[Doubles]:
        weights = None if mask is None else np.asarray(mask[part], np.float32)
        if weights is not None and not weights.any():
            return None
        blocks = (np.asarray(volume[part], np.float32) for volume in (one, other))
        return _block_sums(tuple(blocks), weights)

    with ThreadPoolExecutor(workers) as pool:
        found = [sums for sums in pool.map(measure, _blocks(one.shape)) if sums is not None]
    shells = SIDE // 2
    total = np.sum(found, axis=0) if found else np.zeros((4, shells + 1))
    cross, first, second, counts = total[:, 1:]
    power = np.sqrt(first * second)
    correlation = np.divide(cross, power, out=np.zeros(shells), where=power > 0)
    frequency, known = np.arange(1, shells + 1) / SIDE, counts > 0
    if known.any():  # small volumes have no frequency in some shells
        correlation = np.interp(frequency, frequency[known], correlation[known])
    return Curve(frequency, correlation, counts)


def signal_share(correlation: Doubles) -> Doubles:
    """Give the share of the signal in the mean of two halves: 2 F / (1 + F), none if F < 0."""
    found = np.clip(correlation, 0.0, 1.0)
    return np.asarray(2 * found / (1 + found))


class Wiener:
    """The weight of each frequency by the signal's share, for the mean of the two halves.

    A response for `frequency_filters`; no more than `reach` voxels around a place count. The mean
    density is kept.
    """

    reach = REACH

    def __init__(self, curve: Curve) -> None:
        share = signal_share(curve.correlation)
        self._frequency = np.arange(0.0, 0.9, _FINE)
        known = np.concatenate([[0.0], curve.frequency])
        wanted = np.interp(np.arange(_FINE / 2, 1.2, _FINE), known, np.append(1.0, share))
        self._weights = _smoothed(wanted, self._frequency)

    def __call__(self, frequency: Doubles) -> Doubles:
        """Give the weights of frequencies."""
        return np.interp(frequency, self._frequency, self._weights)


def _smoothed(weights: Doubles, places: Doubles) -> Doubles:
    """Smooth a radial function in three dimensions with a Gaussian of `_SMOOTHING`.

    `weights` are those at half-odd multiples of `_FINE`. Around k the mean over the angles leaves
    W(q) (q / k) (g(k - q) - g(k + q)), with g the Gaussian in one dimension.
    """
    q = (np.arange(len(weights)) + 0.5) * _FINE
    made = np.empty(len(places))
    for number, k in enumerate(np.maximum(places, _FINE / 8)):
        near, far = (np.exp(-0.5 * ((k + sign * q) / _SMOOTHING) ** 2) for sign in (-1, 1))
        kernel = q / k * (near - far)
        made[number] = kernel @ weights / kernel.sum()
    return made


def _blocks(shape: Tuple[int, ...]) -> Iterator[Part]:
    """Give blocks that cover a volume, of `SIDE` voxels each way where there are as many."""
    ranges: List[List[slice]] = []
    for size in shape:
        side = min(SIDE, size)
        starts = np.linspace(0, size - side, -(-size // side)).round().astype(int)
        ranges.append([slice(int(start), int(start) + side) for start in starts])
    return ((z, y, x) for z, y, x in product(*ranges))


def _block_sums(blocks: Tuple[npt.NDArray[np.float32], ...], weights: Any) -> Doubles:
    """Give the sums (4, shell) of cross spectrum, both powers and counts of two blocks."""
    window = _window(blocks[0].shape)
    if weights is not None:
        window = window * weights
    total = float(window.sum())
    spectra = []
    for block in blocks:
        mean = float((block * window).sum()) / max(total, 1e-20)
        spectra.append(scipy.fft.rfftn((block - np.float32(mean)) * window))
    first, second = spectra
    shell = _shells(blocks[0].shape).ravel()
    sums = [
        (first.real * second.real + first.imag * second.imag),
        (first.real**2 + first.imag**2),
        (second.real**2 + second.imag**2),
        np.ones(first.shape, np.float32),
    ]
    found = [np.bincount(shell, each.ravel(), SIDE // 2 + 2) for each in sums]
    return np.array(found, np.float64)[:, : SIDE // 2 + 1]


def _window(shape: Tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Give a window (z, y, x) that rises and falls like a squared sine along each axis."""
    made = np.ones(shape, np.float32)
    for axis, size in enumerate(shape):
        line = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32) ** 2
        made *= line.reshape([-1 if k == axis else 1 for k in range(3)])
    return made


def _shells(shape: Tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Give the number of the shell of each frequency of the half spectrum; the last: beyond all."""
    z, y = (scipy.fft.fftfreq(n) ** 2 for n in shape[:2])
    length = np.sqrt(z[:, None, None] + y[:, None] + scipy.fft.rfftfreq(shape[2]) ** 2)
    return np.asarray(np.minimum(np.rint(length * SIDE), SIDE // 2 + 1), np.int64)
