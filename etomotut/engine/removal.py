"""What a denoiser took away: noise alone, or structure with it.

Noise is everywhere alike, structure is not. So where the result shows structure, no more should
have been removed than where it shows little: the removed energy that the richer places have over
the poorer ones is counted as structure. The measure needs no second volume and does not care
whether the noise is white. It says nothing of structure that is everywhere alike, and a result
below zero means that noise was left where structure is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, List, Tuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]

BLOCK = 16  # voxels along each side of a place
_COARSE = 4  # voxels over which the result is averaged before its structure is judged


@dataclass(frozen=True)
class Removal:
    """What was removed: its standard deviation, that of the input, and the share of structure.

    `structure` is the share of the removed energy that goes with the structure of the result.
    """

    deviation: float
    before: float
    structure: float


def measure(raw: Any, denoised: Any) -> Removal:
    """Compare volumes (z, y, x) before and after; they are read in slabs of a few sections."""
    energies: List[Doubles] = []
    contents: List[Doubles] = []
    sums = np.zeros(3)
    for low, high in _slabs(len(raw)):
        before = np.asarray(raw[low:high], np.float32)
        after = np.asarray(denoised[low:high], np.float32)
        sums += before.size, before.sum(dtype=np.float64), np.sum(before**2, dtype=np.float64)
        energies.append(_block_means((before - after) ** 2, BLOCK).ravel())
        contents.append(_content(after).ravel())
    energy, content = np.concatenate(energies), np.concatenate(contents)
    mean = float(energy.mean())
    poor = float(energy[content <= np.median(content)].mean())
    return Removal(
        float(np.sqrt(mean)),
        float(np.sqrt(max(sums[2] / sums[0] - (sums[1] / sums[0]) ** 2, 0.0))),
        1.0 - poor / mean if mean > 0 else 0.0,
    )


def _slabs(planes: int) -> Iterator[Tuple[int, int]]:
    """Give slabs a block thick, the last one up to twice that."""
    count = max(planes // BLOCK, 1)
    return ((k * BLOCK, (k + 1) * BLOCK if k < count - 1 else planes) for k in range(count))


def _content(slab: Array) -> Doubles:
    """Give the energy of coarse gradients in each block of a slab (z, y, x)."""
    coarse = _block_means(slab, _COARSE)
    squares = sum(np.gradient(coarse, axis=k) ** 2 for k in range(3) if coarse.shape[k] > 1)
    return _block_means(np.asarray(squares), BLOCK // _COARSE)


def _block_means(volume: Array, side: int) -> Doubles:
    """Average blocks of a volume; those at the far ends are larger, to hold what is left over."""
    means: Doubles = volume
    for axis, size in enumerate(volume.shape):
        starts = np.arange(max(size // side, 1)) * side
        counts = np.diff(np.append(starts, size))
        shape = [-1 if k == axis else 1 for k in range(3)]
        means = np.add.reduceat(means, starts, axis=axis) / counts.reshape(shape)
    return means
