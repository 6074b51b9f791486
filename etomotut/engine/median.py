"""The median of the cube around each voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import median as kernels

Volume = npt.NDArray[np.float32]


def median_filter(volume: npt.NDArray[Any], side: int) -> Volume:
    """Give the medians of cubes of an odd `side` in a volume (z, y, x).

    Beyond its ends the volume goes on as its mirror image.
    """
    radius = side // 2
    padded = np.pad(volume.astype(np.float32, copy=False), radius, mode="symmetric")
    result = np.empty(volume.shape, np.float32)
    kernels.medians(padded, radius, result)
    return result
