"""Dark details of a tomogram, such as beads: where they are, and how they stand out.

A detail is a minimum of the density behind a band-pass that is tuned to its diameter: a
difference of Gaussians across the beam (Marr & Hildreth 1980), a Gaussian along it, where the
missing wedge has blurred everything already.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

THRESHOLD = 5.0  # noise SDs; weaker minima are not given
_RATIO = 1.6  # of the two Gaussians: the best imitation of a Laplacian
_CHUNK = 48  # sections that are searched at a time


def find_details(volume: Any, shape: Tuple[int, int, int], diameter: float) -> Tuple[Array, Array]:
    """Find the dark details of a volume (z, y, x): points (n, 3) and strengths (n,) in noise SDs.

    `volume` is indexed by slices of z, so that an open file is read in pieces; `diameter` of a
    detail in voxels, at least 3. Points are x, y, z in voxels from the centre.
    """
    found: List[Array] = []
    noises: List[float] = []
    for start, inside, filtered in _chunks(volume, shape, diameter):
        noise = float(np.median(np.abs(filtered[inside][:, ::3, ::3]))) / 0.6745
        noises.append(noise)
        found.append(_maxima(filtered, inside, start, diameter, noise))
    noise = float(np.median(noises))
    table = np.concatenate(found)
    table = table[table[:, 3] > THRESHOLD * noise]
    return table[:, :3] - (np.array(shape[::-1]) - 1) / 2, table[:, 3] / max(noise, 1e-30)


def _chunks(
    volume: Any, shape: Tuple[int, int, int], diameter: float
) -> Iterator[Tuple[int, slice, Floats]]:
    """Yield filtered pieces (z, y, x): number of the first section, and which are complete."""
    sigma = diameter / (2 * np.sqrt(2))
    margin = int(np.ceil(4 * sigma + diameter)) + 1
    band = _band(shape[1:], sigma)
    for start in range(0, shape[0], _CHUNK):
        low, high = max(start - margin, 0), min(start + _CHUNK + margin, shape[0])
        piece = np.asarray(volume[low:high], np.float32)
        banded = np.stack([fft.irfft2(fft.rfft2(each) * band, shape[1:]) for each in piece])
        filtered = ndimage.gaussian_filter1d(banded, sigma, axis=0, mode="nearest")
        inside = slice(start - low, min(start + _CHUNK, shape[0]) - low)
        yield low, inside, -filtered


def _band(shape: Tuple[int, ...], sigma: float) -> Floats:
    y, x = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])
    squares = 2 * (np.pi * sigma) ** 2 * (x**2 + y**2)
    return np.asarray(np.exp(-squares) - np.exp(-squares * _RATIO**2), np.float32)


def _maxima(filtered: Floats, inside: slice, start: int, diameter: float, noise: float) -> Array:
    """Give x, y, z and value (n, 4) of the maxima in the complete part; z with fractions."""
    across = round(diameter) | 1
    highest = ndimage.maximum_filter(filtered, (2 * across + 1, across, across))
    is_peak = (filtered == highest) & (filtered > THRESHOLD / 2 * noise)
    edge = across
    is_peak[:, :edge] = is_peak[:, -edge:] = is_peak[:, :, :edge] = is_peak[:, :, -edge:] = False
    z, y, x = np.nonzero(is_peak)
    kept = (z >= max(inside.start, 1)) & (z < min(inside.stop, len(filtered) - 1))
    z, y, x = z[kept], y[kept], x[kept]
    below, here, above = (filtered[z + step, y, x] for step in (-1, 0, 1))
    bend = np.minimum(below - 2 * here + above, -1e-30)
    return np.column_stack([x, y, start + z + 0.5 * (below - above) / bend, here])
