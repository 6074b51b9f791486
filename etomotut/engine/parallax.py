"""At which heights a tilt series has detail, from the parallax between its views.

A detail at height z above the tilt axis stands at x + z tan(tilt) once a view is stretched by
1 / cos(tilt) across the axis. So the product of the spectra of two views, one of them conjugated,
has the phase of z at the frequency u = kx (tan t1 - tan t2), and its mean over many details is the
Fourier transform at u of their density along the beam: what the theorem of van Cittert and Zernike
is for a telescope of two mirrors. Noise, and what one view alone has seen, have no part in it, and
nothing is smeared along the beam as in a tomogram. The views are looked at in tiles, so that the
surface of the specimen may lean.

Lengths are Å from the centre of the views and of the tilt axis; z grows as in a tomogram.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

HIGHEST = 4000.0  # Å; details farther from the tilt axis are not looked for
STEP = 10.0  # Å between heights
TILE = 1400.0  # Å across
FINE = 8.0  # Å; with smaller pixels the finest details are seen apart from the others
_DETAIL = 2.0, 15.0  # Å: Gaussians whose difference a detail is
_SURROUNDINGS = 80.0  # Å around a detail in which its contrast is measured
_CLIPPED = 2.0  # SDs of the surroundings, so that gold does not hide the rest
_FINEST = 1 / 15.0  # 1/Å
_RINGS = 14
_FINE_BANDS = (0.02, 0.006), (0.03, 0.006), (0.04, 0.003)  # 1/Å: from which on, finest along z
_COARSE_BAND = 0.276, 0.002  # the one of coarse pixels: cycles a pixel, 1/Å
_NYQUIST = 0.94  # of the Nyquist frequency that a view holds well
_FARTHEST = 0.5  # difference of tangents between views of a pair
_FREQUENCY_STEP, _FREQUENCIES = 2.5e-5, 600  # 1/Å along the beam
_SMALL = 2e-4  # 1/Å along the beam, where products tell how much of a view is signal
_FEWEST_VIEWS = 6
_TOGETHER = 2.25  # neighbouring cells of a Hann window vary together: SDs of sums grow so much


@dataclass(frozen=True)
class Detail:
    """How much detail tiles have at heights `z` (z,): `density` (tile, z), `noise` (tile,) its SD.

    Tiles have their centres at `x` and `y` (tile,).
    """

    density: Array
    noise: Array
    x: Array
    y: Array
    z: Array

    @property
    def weights(self) -> Array:
        """Of tiles: specimens differ from place to place too, by twice the usual noise."""
        return np.asarray(1 / (self.noise**2 + (2 * np.median(self.noise)) ** 2))


def even_out(views: Floats, pixel_size: float) -> Floats:
    """Give the details of views (view, y, x) in SDs of their surroundings, clipped."""
    fine, coarse = (size / pixel_size for size in _DETAIL)
    evened = np.empty(views.shape, np.float32)
    for view, out in zip(views, evened):
        band = ndimage.gaussian_filter(view, fine) - ndimage.gaussian_filter(view, coarse)
        spread = np.sqrt(ndimage.gaussian_filter(band**2, _SURROUNDINGS / pixel_size))
        least = 1e-6 * float(spread.max()) + 1e-30
        np.clip(band / np.maximum(spread, least), -_CLIPPED, _CLIPPED, out=out)
    return evened


def find_detail(evened: Floats, angles: npt.ArrayLike, pixel_size: float) -> List[Detail]:
    """Give the density of detail in views (view, y, x) that `even_out` made, for bands of size.

    `angles` in degrees; the tilt axis is vertical, in the middle. Finer bands come later. Raises
    SolutionError if the views are too small or too few.
    """
    rings = _Rings(pixel_size)
    stretched, seen = _stretch(evened, np.asarray(angles, float))
    sums, centres = [], []
    for centre, shown, windows in _tiles(stretched, seen, rings.size):
        if len(shown) >= _FEWEST_VIEWS:
            sums.append(rings.gather(windows, np.tan(np.radians(np.asarray(angles)[shown]))))
            centres.append(centre)
    if not sums:
        raise SolutionError(
            f"{len(evened)} views of {evened.shape[2]} x {evened.shape[1]} pixels of "
            f"{pixel_size:.2f} Å are too few or too small: {_FEWEST_VIEWS} views of "
            f"{TILE / 10:.0f} nm are needed"
        )
    x, y = pixel_size * np.array(centres).T
    return [_along_beam(each, x, y, finest) for each, finest in rings.bands(np.array(sums))]


def _stretch(views: Floats, angles: Array) -> Tuple[Floats, npt.NDArray[np.bool_]]:
    """Give views as if not tilted, and which of their columns (view, x) they show."""
    width = views.shape[2]
    centre = (width - 1) / 2
    stretched, seen = np.empty_like(views), np.empty((len(views), width), bool)
    for index, cosine in enumerate(np.cos(np.radians(angles))):
        places = (np.arange(width) - centre) * cosine + centre
        seen[index] = (places >= -1e-6) & (places <= width - 1 + 1e-6)
        left = np.clip(places.astype(int), 0, width - 2)
        part = (places - left).astype(np.float32)
        view = views[index]
        stretched[index] = view[:, left] * (1 - part) + view[:, left + 1] * part
    return stretched, seen


def _tiles(
    views: Floats, seen: npt.NDArray[np.bool_], size: int
) -> Iterator[Tuple[Tuple[float, float], npt.NDArray[np.int64], Floats]]:
    """Yield square windows that overlap by half: centre x, y, which views show them, and those."""
    height, width = views.shape[1:]
    for top in _starts(height, size):
        for left in _starts(width, size):
            shown = np.flatnonzero(seen[:, left : left + size].all(axis=1))
            part = views[shown, top : top + size, left : left + size]
            yield (left + (size - width) / 2, top + (size - height) / 2), shown, part


def _starts(length: int, size: int) -> List[int]:
    room = length - size
    if room < 0:
        return []
    return [int(start) for start in np.linspace(0, room, round(2 * room / size) + 1)]


class _Rings:
    """Rings of frequencies in the spectra of windows, from coarse details to fine ones."""

    def __init__(self, pixel_size: float) -> None:
        self._is_fine = pixel_size < FINE
        self.size = int(TILE / pixel_size) // 2 * 2
        window = np.hanning(self.size + 2)[1:-1]
        self._window = np.outer(window, window).astype(np.float32)
        along = fft.fftfreq(self.size, pixel_size)[:, None]
        across = fft.rfftfreq(self.size, pixel_size)[None]
        radius = np.hypot(across, along)
        highest = min(_FINEST, _NYQUIST / 2 / pixel_size)
        self._lowest = _FINE_BANDS[0][0] if self._is_fine else _COARSE_BAND[0] / pixel_size
        self._edges = np.linspace(self._lowest, highest, _RINGS + 1)
        grid = np.broadcast_to(across, radius.shape)
        inside = [(radius >= low) & (radius < high) for low, high in self._pairs()]
        self._rings = [(ring, grid[ring].astype(np.float32)) for ring in inside]

    def _pairs(self) -> List[Tuple[float, float]]:
        return list(zip(self._edges, self._edges[1:]))

    def gather(self, windows: Floats, tangents: Array) -> Array:
        """Give the sums of products of windows (view, y, x): (ring, 3, frequency)."""
        from etomotut.engine.kernels.parallax import gather_products

        spectra = fft.rfft2(windows * self._window)
        sums = np.zeros((_RINGS, 3, _FREQUENCIES))
        for (ring, across), out in zip(self._rings, sums):
            cells = spectra[:, ring]
            power = np.sqrt(np.mean(np.abs(cells) ** 2, axis=1, keepdims=True))
            even = (cells / np.maximum(power, 1e-30)).astype(np.complex64)
            gather_products(even, across, tangents, _FARTHEST, _FREQUENCY_STEP, out)
        return sums

    def bands(self, sums: Array) -> List[Tuple[Array, float]]:
        """Give sums (tile, ring, 3, frequency) by band (tile, 3, frequency), and its resolution.

        Rings count by the share of signal in them, where they are fine enough to hold more than
        the outlines of what is large.
        """
        if not self._is_fine:
            return [(sums.sum(axis=1), _COARSE_BAND[1])]
        near = sums[..., : int(_SMALL / _FREQUENCY_STEP)].sum(axis=(0, 3))
        share = np.maximum(near[:, 0] / np.maximum(near[:, 2], 1), 1e-3)
        weights = np.stack([share, share, share**2], axis=1)[:, :, None]
        chosen = []
        for lowest, finest in _FINE_BANDS:
            ring = self._edges[:-1] >= lowest - 1e-9
            chosen.append(((weights * sums)[:, ring].sum(axis=1), finest))
        return chosen


def _along_beam(sums: Array, x: Array, y: Array, finest: float) -> Detail:
    """Give the density of detail along the beam, whose transform is known up to about `finest`."""
    frequencies = _FREQUENCY_STEP * np.arange(_FREQUENCIES)
    z = np.arange(-HIGHEST, HIGHEST + STEP / 2, STEP)
    real, imaginary, count = np.moveaxis(sums, 1, 0)
    known = np.where(count > 0, 1 / np.maximum(count, 1e-12), 0.0)
    shape = np.exp(-0.5 * (frequencies / finest) ** 2) * np.where(frequencies > 0, 2, 1)
    phases = 2 * np.pi * np.outer(frequencies, z)
    density = (real * known * shape) @ np.cos(phases) - (imaginary * known * shape) @ np.sin(phases)
    noise = _TOGETHER * np.sqrt((known * shape**2).sum(axis=1) / 2)
    return Detail(_FREQUENCY_STEP * density, _FREQUENCY_STEP * noise, x, y, z)
