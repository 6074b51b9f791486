"""Dark details of a tomogram, such as beads: where they are, and where their energy is.

A detail is a minimum of the density behind a band-pass that is tuned to its diameter: a
difference of Gaussians across the beam (Marr & Hildreth 1980), a Gaussian along it, where the
missing wedge has blurred everything already.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from etomotut.engine.slab import Array, Evidence

Floats = npt.NDArray[np.float32]

THRESHOLD = 5.0  # noise SDs; weaker minima are not given
_RATIO = 1.6  # of the two Gaussians: the best imitation of a Laplacian
_CHUNK = 48  # sections that are searched at a time
_CLIPPED = 3.0  # SDs of a section at which energy saturates, so that gold does not hide the rest
_TILES = 8  # along the shorter side


def collect(volume: Any, shape: Tuple[int, int, int], diameter: float) -> Evidence:
    """Find the dark details of a volume (z, y, x) and the energy of details; see `Evidence`.

    `volume` is indexed by slices of z, so that an open file is read in pieces; `diameter` of a
    detail in voxels, at least 3. Lengths are voxels from the centre.
    """
    height, width = shape[1:]
    tile = max(min(height, width) // _TILES, 1)
    rows, columns = _tiles(height, tile), _tiles(width, tile)
    energies: List[Array] = []
    found: List[Array] = []
    noises: List[float] = []
    for start, inside, filtered in _chunks(volume, shape, diameter):
        core = filtered[inside]
        noise = float(np.median(np.abs(core[:, ::3, ::3]))) / 0.6745
        noises.append(noise)
        energies.append(_energy(core, rows, columns, tile))
        found.append(_maxima(filtered, inside, start, diameter, noise))
    noise = float(np.median(noises))
    table = np.concatenate(found)
    table = table[table[:, 3] > THRESHOLD * noise]
    centre = (np.array(shape[::-1]) - 1) / 2
    middle = (tile - 1) / 2
    return Evidence(
        table[:, :3] - centre,
        table[:, 3] / max(noise, 1e-30),
        np.concatenate(energies),
        np.arange(shape[0]) - centre[2],
        np.array(rows) + middle - centre[1],
        np.array(columns) + middle - centre[0],
    )


def _tiles(length: int, tile: int) -> List[int]:
    """Give where tiles start; the outermost are left out, where views end."""
    starts = list(range((length % tile) // 2, length - tile + 1, tile))
    return starts[1:-1] or starts


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


def _energy(core: Floats, rows: List[int], columns: List[int], tile: int) -> Array:
    limits = _CLIPPED / 0.6745 * np.median(np.abs(core[:, ::3, ::3]), axis=(1, 2), keepdims=True)
    clipped = np.minimum(core**2, limits**2)
    return np.array(
        [
            [[np.mean(each[y : y + tile, x : x + tile]) for x in columns] for y in rows]
            for each in clipped
        ]
    )


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
