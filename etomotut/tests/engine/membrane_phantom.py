"""Tomograms with known bilayers: vesicles in noise, and a bead with what it adds."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
from scipy.ndimage import gaussian_filter

Place = Tuple[float, float, float]


def distance(shape: Sequence[int], centre: Place) -> np.ndarray:
    """Give how far voxels (z, y, x) are from a point (x, y, z)."""
    z, y, x = np.ogrid[tuple(slice(0, n) for n in shape)]
    return np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)


def tomogram(
    shape: Sequence[int],
    vesicles: Sequence[Tuple[Place, float]],
    *,
    pixel_size: float,
    noise: float = 0.3,
    beads: Sequence[Place] = (),
) -> np.ndarray:
    """Give vesicles of two dark leaflets 44 Å apart, bright between, centres in voxels, radii in Å.

    Their tops and bottoms, which views do not show, are missing. Noise is correlated over 8 Å.
    """
    volume = np.zeros(shape, np.float32)
    for centre, radius in vesicles:
        away = distance(shape, centre) * pixel_size
        leaflets = sum(np.exp(-(((away - radius + s) / 9) ** 2) / 2) for s in (-22, 22))
        leaflets = leaflets - 0.8 * np.exp(-(((away - radius) / 9) ** 2) / 2)
        height = np.abs(np.arange(shape[0]) - centre[2])[:, None, None] * pixel_size
        volume -= (leaflets * (height < 0.7 * radius)).astype(np.float32)
    white = np.random.default_rng(0).normal(0, 1, shape)
    grain = gaussian_filter(white, 8 / pixel_size)
    volume += (noise * grain / grain.std()).astype(np.float32)
    for bead in beads:
        volume[distance(shape, bead) * pixel_size < 50] = -60
    return volume
