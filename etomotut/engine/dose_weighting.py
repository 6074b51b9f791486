"""Weighing the frequencies of a view by what the electrons have left of the specimen.

T. Grant and N. Grigorieff, eLife 4:e06980 (2015): at the critical dose N_c(k) the signal of the
spatial frequency k (1/Å) has fallen so far that weighing it with exp(-N / (2 N_c)) after a dose
of N electrons per square Å is best for the signal-to-noise ratio. Measured at 300 kV,
    N_c(k) = 0.24499 k^-1.6649 + 2.8141
and 0.8 times that at 200 kV.
"""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.frequency_filters import Response

Array = npt.NDArray[np.float64]
Factors = Tuple[float, float, float]

FACTORS: Factors = (0.24499, -1.6649, 2.8141)
AT_200_KV = 0.8


def critical_dose(frequency: npt.ArrayLike, factors: Factors = FACTORS) -> Array:
    """Give a k^b + c, electrons per square Å, for frequencies k above 0 in 1/Å at 300 kV."""
    a, b, c = factors
    return np.asarray(a * np.asarray(frequency, float) ** b + c)


def dose_response(
    dose: float, pixel_size: float, *, scale: float = 1.0, factors: Factors = FACTORS
) -> Response:
    """Give the response for a view at whose end the specimen had taken a dose; the mean stays.

    `pixel_size` in Å; `scale` multiplies the critical dose.
    """

    def response(frequency: Array) -> Array:
        weights = np.ones_like(frequency)
        seen = frequency > 0
        critical = scale * critical_dose(frequency[seen] / pixel_size, factors)
        weights[seen] = np.exp(-dose / (2 * critical))
        return weights

    return response


def prior_doses(doses: Sequence[float], first_half: int = 0) -> Array:
    """Give the dose before each view (view,) from the doses of all, in the order of the stack.

    Views were taken in that order or, if the `first_half` of them is given, backwards from the
    last of these to the first and then forwards from the next one to the end.
    """
    count = len(doses)
    order = np.r_[first_half - 1 : -1 : -1, first_half:count] if first_half else np.arange(count)
    prior = np.empty(count)
    prior[order] = np.r_[0.0, np.cumsum(np.asarray(doses, float)[order])[:-1]]
    return prior
