"""Filters of images and volumes by spatial frequency, with Gaussian edges.

A response gives the weight of a frequency in cycles a pixel, 0.5 at the Nyquist limit; an image
or a volume is filtered by the same response in all its directions. Data are continued by their
mirror image, so that what is at one end does not leak into the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Response = Callable[[Array], Array]
Edge = Tuple[float, float]  # where it starts, and the sigma of its Gaussian

HALF = float(np.sqrt(2 * np.log(2)))  # sigmas from where a Gaussian is 1 to where it is 1/2
# How far a filter reaches, in 1 / (sigma of its edge). A Gaussian that starts beside a plateau has
# a kernel with long tails: what lies farther away changes less than 0.1% of the result's SD. The
# kernel of an inverted Gaussian about zero is a Gaussian, too, and ends after five sigmas.
_REACH_OF_EDGE, _REACH_OF_GAUSSIAN = 1.6, 0.8


def fall(frequency: Array, start: float, sigma: float) -> Array:
    """Give 1 up to `start`, and beyond it a Gaussian of `sigma` that falls to 0."""
    return np.asarray(np.exp(-0.5 * (np.maximum(frequency - start, 0.0) / sigma) ** 2))


def rise(frequency: Array, start: float, sigma: float) -> Array:
    """Give 0 up to `start`, and beyond it an inverted Gaussian of `sigma` that rises to 1."""
    return np.asarray(1.0 - fall(frequency, start, sigma))


@dataclass(frozen=True)
class Edges:
    """A response made of edges, as IMOD's programs describe it.

    `low_pass` falls to 0 beyond its start, `high_pass` rises from 0 at its start, and `shoulder`
    is 1 from its start on and falls to 0 on the way down to lower frequencies.
    """

    low_pass: Optional[Edge] = None
    high_pass: Optional[Edge] = None
    shoulder: Optional[Edge] = None

    def __call__(self, frequency: Array) -> Array:
        """Give the weights of frequencies."""
        weights = np.ones_like(frequency)
        if self.low_pass is not None:
            weights *= fall(frequency, *self.low_pass)
        if self.shoulder is not None:
            start, sigma = self.shoulder
            weights *= fall(-frequency, -start, sigma)
        if self.high_pass is not None:
            weights *= rise(frequency, *self.high_pass)
        return weights

    @property
    def reach(self) -> int:
        """How many pixels around a place count for its result."""
        lengths = [_REACH_OF_EDGE / e[1] for e in (self.low_pass, self.shoulder) if e is not None]
        if self.high_pass is not None:
            start, sigma = self.high_pass
            lengths.append((_REACH_OF_EDGE if start > 0 else _REACH_OF_GAUSSIAN) / sigma)
        return int(np.ceil(max(lengths, default=0.0)))


class FrequencyFilter:
    """A response made ready for arrays of one shape: images (y, x) or volumes (z, y, x).

    `reach` pixels are added on each side before the Fourier transform. While an array is filtered
    about 16 bytes are needed for each of its pixels and those added.
    """

    def __init__(self, shape: Sequence[int], response: Response, reach: int) -> None:
        self._shape = tuple(shape)
        self._reach = reach
        self._padded = tuple(scipy.fft.next_fast_len(n + 2 * reach, real=True) for n in shape)
        self._weights = spectrum_weights(self._padded, response)

    def __call__(self, data: npt.NDArray[Any]) -> Image:
        """Give the filtered array."""
        added = [(self._reach, m - n - self._reach) for n, m in zip(self._shape, self._padded)]
        padded = np.pad(data.astype(np.float32, copy=False), added, mode="symmetric")
        spectrum = scipy.fft.rfftn(padded, overwrite_x=True)
        del padded
        spectrum *= self._weights
        whole = scipy.fft.irfftn(spectrum, self._padded, overwrite_x=True)
        kept = tuple(slice(self._reach, self._reach + n) for n in self._shape)
        return np.ascontiguousarray(whole[kept])


def spectrum_weights(shape: Sequence[int], response: Response) -> Image:
    """Give the weights of the half spectrum, as `rfftn` has it, of arrays of a shape."""
    *others, last = shape
    weights = np.empty((*others, last // 2 + 1), np.float32)
    squares = [scipy.fft.fftfreq(n) ** 2 for n in others]
    along = scipy.fft.rfftfreq(last) ** 2
    for first, square in enumerate(squares[0]):
        rest = np.zeros(1) if len(squares) == 1 else squares[1][:, None]
        weights[first] = response(np.sqrt(square + rest + along))
    return weights
