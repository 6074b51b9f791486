"""Loops over the densities of an image."""

from __future__ import annotations

from typing import Any, Tuple

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True, nogil=True)
def moments(image: npt.NDArray[Any]) -> Tuple[Any, Any, Any, Any]:
    """Give the lowest and highest value, the mean and the variance times (n - 1) of an image."""
    low = high = image[0, 0]
    total, squares = 0.0, 0.0
    origin = np.float64(image[0, 0])
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            value = image[y, x]
            low, high = min(low, value), max(high, value)
            from_origin = value - origin
            total += from_origin
            squares += from_origin * from_origin
    count = image.size
    return low, high, origin + total / count, squares - total * total / count
