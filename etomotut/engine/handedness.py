"""Whether the defocus of tilted views rises or falls across the tilt axis, measured on them.

Power spectra of pieces at either side of the axis show the rings of the transfer function. They
are compared with the rings that the pieces would have if the defocus rose to the right at positive
tilt, as IMOD's ctfphaseflip takes it, and if it fell. The difference is the evidence of a view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, List, Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import gaussian_filter1d, uniform_filter

from etomotut.engine.ctf import Defocus, Frequencies, Microscope, grid

Array = npt.NDArray[np.float64]

LEAST_TILT = 10.0  # degrees; below, the defocus hardly changes within a view
SURE = 2.5  # standard deviations
_OFFSETS = np.linspace(-0.06, 0.06, 7)  # of the defocus, by which that of a view may be wrong
_LARGEST_PIECE = 256
_ENOUGH = 12  # pieces along x, and along y
_HIGHEST = 0.9  # of the Nyquist limit
_BLOCK = 8  # pixels
_EMPTY = 0.15  # of a piece may be empty: its edges count little
_FIRST = 0.75 * np.pi  # argument of the sine: what lies below is more specimen than ring
_SMOOTH = 10.0  # Fourier pixels, wider than the first rings: what is left is no background


@dataclass(frozen=True)
class Handedness:
    """What all views say: +1 if the defocus rises to the right at positive tilt, -1 if it falls.

    `sigma` tells how sure that is: the sum of the evidence in its standard deviations, if the sign
    of each pair of views were chance; `agreeing` of the `pairs` say so alone.
    """

    sign: int
    sigma: float
    pairs: int
    agreeing: int

    @property
    def is_sure(self) -> bool:
        """Whether it is not likely to be chance."""
        return self.sigma >= SURE


def is_measurable(defocus: Defocus, microscope: Microscope, pixel_size: float) -> bool:
    """Tell whether there are two rings, the least that can be compared, at this pixel size (Å)."""
    k = np.array([[_HIGHEST * 0.5 / pixel_size]])
    argument = Frequencies(microscope, k, np.zeros_like(k)).argument(defocus)
    return bool(argument[0, 0] > 2 * np.pi)


def evidence(
    view: npt.NDArray[Any],
    defocus: Defocus,
    microscope: Microscope,
    *,
    pixel_size: float,
    slope: float,
    middle: float,
) -> float:
    """Give how much more an aligned view (y, x) agrees with `slope` than with its opposite.

    `defocus` holds at the column `middle`, and may be somewhat wrong; `slope` is in Å a column.
    """
    size = _piece_size(view.shape)
    frequencies = Frequencies(microscope, *grid((size, size), pixel_size))
    fixed, rate = frequencies.offset(defocus), frequencies.per_defocus
    radius = frequencies.magnitude * size * pixel_size
    chosen = (radius < _HIGHEST * size / 2) & (fixed + defocus.mean * rate > _FIRST)
    pieces = [
        (place - middle, _without_background(power, radius)[chosen])
        for place, power in _pieces(view, size)
    ]
    if not chosen.any() or len(pieces) < 2:
        return 0.0
    fixed, rate = 2 * fixed[chosen], 2 * rate[chosen]
    mean = np.mean([rings for _, rings in pieces], axis=0)
    weight = _visibility(mean, np.cos(fixed + np.float32(defocus.mean) * rate), radius[chosen])
    score = np.zeros((2, len(_OFFSETS)))
    for place, rings in pieces:
        for number, offset in enumerate(_OFFSETS):
            levels = defocus.mean * (1 + offset) + np.array([1, -1]) * slope * place
            for side, level in enumerate(levels):
                score[side, number] -= (weight * rings) @ np.cos(fixed + np.float32(level) * rate)
    best = score.sum(axis=0).argmax()
    return float(score[0, best] - score[1, best])


def decide(evidences: npt.ArrayLike, angles: npt.ArrayLike) -> Handedness:
    """Put the evidence of views (view,) together; without any, the sign is +1 and not sure.

    Each view is taken with the one nearest to the opposite tilt angle (degrees): what differs
    between the sides of the specimen itself speaks for one sign in one, for the other in the other.
    """
    values, tilts = np.asarray(evidences, float), np.asarray(angles, float)
    left = np.flatnonzero(tilts <= -LEAST_TILT)
    right = np.flatnonzero(tilts >= LEAST_TILT)
    pairs = np.zeros(0)
    if len(left) and len(right):
        few, many = sorted((left, right), key=len)
        partner = many[np.argmin(np.abs(tilts[many] + tilts[few][:, None]), axis=1)]
        pairs = values[few] + values[partner]
    total, spread = pairs.sum(), np.sqrt((pairs**2).sum())
    sign = -1 if total < 0 else 1
    sigma = float(abs(total) / spread) if spread else 0.0
    return Handedness(sign, sigma, len(pairs), int((pairs * sign > 0).sum()))


def _piece_size(shape: Tuple[int, ...]) -> int:
    """Give a power of 2 of which about five fit across a view at half steps."""
    size = _LARGEST_PIECE
    while size > 32 and 3 * size > min(2 * shape[0], shape[1]):
        size //= 2
    return size


def _pieces(view: npt.NDArray[Any], size: int) -> Iterator[Tuple[float, Array]]:
    """Give the column of the centre and the mean log power of the pieces at each place along x.

    Pieces that reach far into an area that was filled, in which nothing varies, are left out.
    """
    window = np.outer(np.hanning(size), np.hanning(size)).astype(np.float32)
    empty = _empty_blocks(view)
    tops, lefts = (_starts(length, size) for length in view.shape)
    for left in lefts:
        places = [(y, left) for y in tops]
        blocks = [tuple(slice(n // _BLOCK, (n + size) // _BLOCK) for n in at) for at in places]
        seen = [at for at, block in zip(places, blocks) if empty[block].mean() < _EMPTY]
        if seen:
            pieces = _clipped(np.stack([view[y : y + size, x : x + size] for y, x in seen]))
            spectra = fft.fft(fft.rfft(pieces * window, axis=1), axis=2)
            power = (np.abs(spectra) ** 2).mean(axis=0)
            yield left + (size - 1) / 2, np.log(power + 1e-6 * power.max())


def _starts(length: int, size: int) -> List[int]:
    """Give where pieces begin: every half size, or as many as are enough, from end to end."""
    count = min(2 * (length - size) // size + 1, _ENOUGH)
    return np.linspace(0, length - size, count).astype(int).tolist()


def _clipped(pieces: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Give pieces (piece, y, x) whose beads and edges stand out no more than noise does."""
    values = pieces.astype(np.float32)
    values -= uniform_filter(values, (0, 15, 15))
    spread = 1.5 * np.median(np.abs(values), axis=(1, 2), keepdims=True)
    return np.clip(values, -2.5 * spread, 2.5 * spread)


def _empty_blocks(view: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Tell for the blocks of a view (y, x) in which hardly anything varies."""
    rows, columns = (n // _BLOCK * _BLOCK for n in view.shape)
    blocks = view[:rows, :columns].astype(np.float32)
    blocks = blocks.reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK)
    spread = blocks.std(axis=(1, 3))
    return np.asarray(spread <= 0.2 * np.median(spread))


def _visibility(
    rings: Array, expected: npt.NDArray[np.float32], radius: npt.NDArray[np.float32]
) -> Array:
    """Give the amplitude (frequency,) of the rings that are expected, as a view's mean shows it.

    It is the best weight where all frequencies have the same noise, as those of log power have.
    """
    ring = np.rint(radius).astype(np.int64)
    found = gaussian_filter1d(np.bincount(ring, -rings * expected), _SMOOTH)
    power = gaussian_filter1d(np.bincount(ring, expected**2), _SMOOTH)
    return np.asarray(np.maximum(found / np.maximum(power, 1.0), 0.0)[ring])


def _without_background(power: Array, radius: npt.NDArray[np.float32]) -> Array:
    """Take the smooth part of the radial mean off a log power (y, x)."""
    ring = np.rint(radius).astype(np.int64)
    counts = np.bincount(ring.ravel())
    profile = np.bincount(ring.ravel(), power.ravel()) / np.maximum(counts, 1)
    rest = power - gaussian_filter1d(profile, _SMOOTH)[ring]
    return np.asarray(rest)
