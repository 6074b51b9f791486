"""Gaussian filtering of a volume where only a part of the result is needed."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import smoothing

Volume = npt.NDArray[np.float32]
TRUNCATE = 3.0  # standard deviations at which the filter ends


def radius(sigma: float) -> int:
    """Give how many voxels away densities count."""
    return int(TRUNCATE * sigma + 0.5)


def smooth(volume: Volume, sigma: float, inner: Sequence[slice]) -> Volume:
    """Give the inner part (z, y, x) of a volume under a Gaussian of `sigma` voxels.

    Beyond the volume it is as at its edge. What no later axis needs is not computed.
    """
    taps = np.exp(-0.5 * (np.arange(radius(sigma) + 1) / sigma) ** 2)
    taps[0] /= 2
    weights = (taps / (2 * taps.sum())).astype(np.float32)
    z, y, x = inner
    depth, rows, columns = (s.stop - s.start for s in inner)
    sections = np.empty((depth, *volume.shape[1:]), np.float32)
    flat = volume.reshape(len(volume), -1)
    smoothing.smooth_down(flat, weights, z.start, sections.reshape(depth, -1))
    bands = np.empty((depth, rows, volume.shape[2]), np.float32)
    for section, band in zip(sections, bands):
        smoothing.smooth_down(section, weights, y.start, band)
    out = np.empty((depth * rows, columns), np.float32)
    smoothing.smooth_across(bands.reshape(-1, volume.shape[2]), weights, x.start, out)
    return out.reshape(depth, rows, columns)
