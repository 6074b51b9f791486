"""Filters of images and volumes by spatial frequency, with Gaussian edges.

A response gives the weight of a frequency in cycles a pixel, 0.5 at the Nyquist limit; an image
or a volume is filtered by the same response in all its directions. What is at one end of the data
does not leak into the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft

Array = npt.NDArray[Any]
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
    is 1 from its start on and falls to 0 on the way down to lower frequencies. `factor` multiplies
    all weights.
    """

    low_pass: Optional[Edge] = None
    high_pass: Optional[Edge] = None
    shoulder: Optional[Edge] = None
    factor: float = 1.0

    def __call__(self, frequency: Array) -> Array:
        """Give the weights of frequencies."""
        weights = np.full_like(frequency, self.factor)
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


def filter_array(data: npt.NDArray[Any], response: Response, *, workers: int = 1) -> Image:
    """Give an image (y, x) or a volume (z, y, x) filtered by a response.

    The data go on beyond their ends as their mirror image: what the cosine transform (type 2)
    stands for, whose k-th coefficient of n is the frequency k / 2n. It needs no room around the
    data, and 4 bytes a voxel for the result beside the data given.
    """
    spectrum = scipy.fft.dctn(data.astype(np.float32), overwrite_x=True, workers=workers)
    *others, columns = [(np.arange(n, dtype=np.float32) / (2 * n)) ** 2 for n in data.shape]
    rest = np.zeros(1, np.float32) if len(others) == 1 else others[1][:, None]
    for plane, square in zip(spectrum, others[0]):
        plane *= response(np.sqrt(square + rest + columns)).reshape(plane.shape)
    filtered: Image = scipy.fft.idctn(spectrum, overwrite_x=True, workers=workers)
    return filtered
