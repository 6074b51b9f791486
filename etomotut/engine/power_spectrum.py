"""How the power of images and volumes is spread over spatial frequencies.

The mean of the spectra of boxes spread over the data (P. D. Welch, IEEE Trans. Audio
Electroacoust. 15:70, 1967), each without its mean and under a Hann window, averaged over rings or
shells. White noise of variance v has the power v at all frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, List, Sequence

import numpy as np
import numpy.typing as npt
import scipy.fft

Array = npt.NDArray[np.float64]

SIDES = {2: 256, 3: 96}  # of a box, pixels, by its dimensions
_MOST_ALONG = 3  # boxes along an axis
_LEAST = 3  # sections of a volume: fewer are taken one by one


@dataclass(frozen=True)
class Spectrum:
    """The mean `power` (ring,) at `frequency` (ring,), cycles a pixel, and the `variance`."""

    frequency: Array
    power: Array
    variance: float


def volume_spectrum(volume: Any) -> Spectrum:
    """Give the spectrum of a volume (z, y, x), or of an open file of one: few boxes are read."""
    corners = list(product(*(_starts(n, SIDES[3]) for n in volume.shape)))
    sizes = [min(n, SIDES[3]) for n in volume.shape]
    boxes = (
        volume[tuple(slice(start, start + n) for start, n in zip(corner, sizes))]
        for corner in corners
    )
    return _mean_spectrum(boxes, sizes if sizes[0] >= _LEAST else sizes[1:])


def image_spectrum(image: npt.NDArray[Any]) -> Spectrum:
    """Give the spectrum of an image (y, x)."""
    sizes = [min(n, SIDES[2]) for n in image.shape]
    corners = product(*(_starts(n, SIDES[2]) for n in image.shape))
    boxes = (image[y : y + sizes[0], x : x + sizes[1]] for y, x in corners)
    return _mean_spectrum(boxes, sizes)


def _starts(length: int, side: int) -> List[int]:
    count = min(max(length // side, 1), _MOST_ALONG)
    room = max(length - side, 0)
    return [room // 2] if count == 1 else [room * k // (count - 1) for k in range(count)]


def _mean_spectrum(boxes: Any, sizes: Sequence[int]) -> Spectrum:
    """Average the spectra of boxes, whose last axes have these sizes."""
    window = np.ones(1)
    for n in sizes:
        window = window[..., None] * np.hanning(n + 2)[1:-1]
    window = window[0] / np.sqrt(np.mean(window**2) * window[0].size)
    rings = _rings(sizes)
    sums, seen = np.zeros(rings.max() + 1), 0
    for box in boxes:
        for data in np.asarray(box, np.float32).reshape(-1, *sizes):
            transform = scipy.fft.rfftn((data - data.mean()) * window)
            power = transform.real**2 + transform.imag**2
            sums += np.bincount(rings.ravel(), power.ravel())
            seen += 1
    counts = np.bincount(rings.ravel())
    weights = np.full(rings.shape[-1], 2.0)  # the half spectrum has each frequency once
    weights[0] = 1.0
    if sizes[-1] % 2 == 0:
        weights[-1] = 1.0
    whole = np.bincount(rings.ravel(), np.broadcast_to(weights, rings.shape).ravel())
    mean = sums / counts / seen
    last = max(sizes) // 2
    frequency = np.arange(len(mean)) / max(sizes)
    variance = float((mean * whole)[1:].sum() / np.prod(sizes))
    return Spectrum(frequency[1 : last + 1], mean[1 : last + 1], variance)


def _rings(sizes: Sequence[int]) -> npt.NDArray[np.int64]:
    """Give the ring of each frequency of a half spectrum: its distance from 0, rounded."""
    *others, last = sizes
    square = scipy.fft.rfftfreq(last) ** 2
    for n in others[::-1]:
        axis = scipy.fft.fftfreq(n) ** 2
        square = axis.reshape(-1, *[1] * square.ndim) + square
    return np.asarray(np.rint(np.sqrt(square) * max(sizes)), np.int64)
