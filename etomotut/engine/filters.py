"""Filters of weighted back-projection: the ramp and its low-pass ends, and the weight of views.

A projection line (x,) is filtered in the direction across the tilt axis. Frequencies are in
cycles a pixel; a filter is in units of Fourier pixels, as in IMOD: the ramp's value at the k-th
frequency is k, so that the densities of a tomogram grow with the width of the images.
"""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft

Weights = npt.NDArray[np.float64]
Lines = npt.NDArray[np.float32]

_ZERO_SHARE = 0.2  # of the first frequency's weight, for the mean: enough to keep its contrast
_LARGEST_PRIME = 13
_SIRT_SPEED = 3.0


def padded_length(columns: int) -> int:
    """Give the length to which lines of `columns` pixels are padded for filtering.

    A tenth more, 16 to 50 pixels, and then an even number with small prime factors.
    """
    length = (columns + min(max(columns // 10, 16), 50)) // 2 * 2
    while not _is_smooth(length):
        length += 2
    return length


def ramp(length: int) -> Weights:
    """Give the ramp (frequency,) of lines of a padded length; the mean keeps a small weight."""
    weights = np.arange(length // 2 + 1, dtype=float)
    weights[0] = _ZERO_SHARE
    return weights


def gaussian_end(
    weights: Weights, cutoff: float, sigma: float, *, is_true_sigma: bool = False
) -> Weights:
    """Let a filter fall off like a Gaussian from its value at the cutoff, cycles a pixel.

    The fall-off is exp(-(f - cutoff)^2 / sigma^2), or with the true sigma that with 2 sigma^2.
    """
    f = _frequencies(weights)
    beyond = np.maximum(f - cutoff, 0.0) / max(sigma, 1e-6)
    if is_true_sigma:
        beyond /= np.sqrt(2.0)
    level = np.interp(np.minimum(f, cutoff), f, weights)
    return np.asarray(level * np.exp(-(beyond**2)))


def hamming_end(weights: Weights, start: float) -> Weights:
    """Let a filter fall off like half a Hamming window from `start`, cycles a pixel, to 0.5."""
    phase = np.clip((_frequencies(weights) - start) / max(0.5 - start, 1e-6), 0.0, 1.0)
    return np.asarray(weights * (0.54 + 0.46 * np.cos(np.pi * phase)))


def sirt_like(weights: Weights, iterations: int, thickness: int, angles: npt.ArrayLike) -> Weights:
    """Turn a filter into the one that acts like a number of iterations of SIRT.

    An iteration recovers the share lambda of what is missing of a component, so n of them recover
    1 - (1 - lambda)^n (G. L. Zeng, Med. Phys. 39, 2012). lambda goes with the part of the tilt
    range in which views see a component at all, 1 / (f thickness); a factor 3 agrees best with
    IMOD's tomograms after 5 and after 10 iterations.
    """
    tilts = np.radians(np.asarray(angles, float))
    reach = max(float(np.ptp(tilts)), np.radians(1.0)) * thickness
    f = np.maximum(_frequencies(weights), 1e-9)
    share = np.minimum(_SIRT_SPEED / (f * reach), 1.0)
    return np.asarray(weights * (1.0 - (1.0 - share) ** iterations))


def view_weights(
    angles: npt.ArrayLike, *, neighbours: int = 2, shares: Optional[Sequence[float]] = None
) -> Weights:
    """Weigh views (view,) by the tilt step around them, so that dense views do not dominate.

    The step is an average of the `neighbours` steps on each side, weighted with `shares`, nearest
    first (IMOD's default 1, 1/3, 1/5, ...). A view amid steps of average size weighs 1.
    """
    tilts = np.asarray(angles, float)
    if neighbours < 1 or len(tilts) < 2 or np.ptp(tilts) == 0:
        return np.ones(len(tilts))
    if shares is None:
        shares = [1.0 / (2 * place + 1) for place in range(neighbours)]
    order = np.argsort(tilts, kind="stable")
    steps = np.diff(tilts[order])
    weights = np.empty(len(tilts))
    for place, view in enumerate(order):
        after, before = steps[place:][:neighbours], steps[:place][::-1][:neighbours]
        near = np.concatenate([after, before])
        share = np.concatenate([shares[: len(after)], shares[: len(before)]])
        weights[view] = near @ share / share.sum()
    return np.asarray(weights / steps.mean())


def filter_lines(lines: npt.NDArray[np.generic], response: Weights) -> Tuple[Lines, Lines]:
    """Filter lines (view, line, x) with the response (view, frequency) of each view.

    Lines are padded with a slope from their last to their first value, so that their ends do not
    ring. Gives the lines (view, line, padded x), of which the first x are the filtered pixels, and
    what they would be far outside (view, line), where nothing but the mean is known.
    """
    columns, length = lines.shape[2], 2 * (response.shape[1] - 1)
    padded = np.empty((*lines.shape[:2], length), np.float32)
    padded[..., :columns] = lines
    slope = (np.arange(length - columns, dtype=np.float32) + 1) / (length - columns + 1)
    first, last = padded[..., :1], padded[..., columns - 1 : columns]
    padded[..., columns:] = last + (first - last) * slope
    spectrum = fft.rfft(padded, overwrite_x=True)
    spectrum *= response.astype(np.float32)[:, None]
    outside = spectrum[..., 0].real / np.float32(length)
    return fft.irfft(spectrum, length, overwrite_x=True), np.ascontiguousarray(outside)


def _frequencies(weights: Weights) -> Weights:
    return np.linspace(0.0, 0.5, len(weights))


def _is_smooth(number: int) -> bool:
    for prime in range(2, _LARGEST_PRIME + 1):
        while number % prime == 0:
            number //= prime
    return number == 1
