"""What the programs that segment membranes share: finding them in a file, and writing masks.

A tomogram is read once, binned; masks are written in slabs. Memory: 8 bytes a voxel of the binned
tomogram, and 100 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import progress, require_file, threads
from etomotut.programs.options import Option

if TYPE_CHECKING:
    from etomotut.engine.membranes import Membranes
    from etomotut.engine.tiles import Tile
    from etomotut.formats.mrc import Stack

BRIGHT = Option(
    "bright", bool, "membranes are bright; without it they are dark", extra=True, dash="--"
)
Volume = npt.NDArray[np.float32]
Make = Callable[[Volume, Volume], npt.NDArray[np.generic]]
_SLAB = 32  # sections painted at a time
_LARGEST = np.iinfo(np.int16).max


class Segmentation:
    """The membranes of a tomogram, and masks of them on its grid."""

    def __init__(self, path: Path, pixel_size: Optional[float], is_bright: bool) -> None:
        from etomotut.engine.membranes import find_membranes
        from etomotut.formats.mrc import Stack

        self.tomogram: Stack = Stack(require_file(path, "tomogram"))
        self.pixel_size = pixel_size or self.tomogram.pixel_size
        if not self.pixel_size:
            raise OptionError(f"{path} does not tell its pixel size: give it")
        size = " x ".join(map(str, self.tomogram.shape[::-1]))
        print(f"Tomogram of {size} voxels, {self.pixel_size:.4g} Å a voxel", flush=True)
        volume, factor = _read_binned(self.tomogram, self.pixel_size)
        if is_bright:
            np.negative(volume, out=volume)
        self.membranes: Membranes = find_membranes(
            volume, factor * self.pixel_size, workers=threads(), watch=_watch
        )

    def write(self, path: Path, dtype: npt.DTypeLike, make: Make) -> Dict[int, int]:
        """Write what `make` gives for confidence and numbers in sections (z, y, x).

        Gives how many voxels each value from 1 on has, if the type is of whole numbers.
        """
        from etomotut.formats import mrc

        counts = np.zeros(_LARGEST + 1, np.int64)
        depth, rows, columns = self.tomogram.shape
        with mrc.create(
            path,
            self.tomogram.shape,
            dtype,
            pixel_size=self.pixel_size,
            volume=True,
            origin=self.tomogram.origin,
            labels=[*self.tomogram.labels, "etomotut: membranes"],
        ) as out:
            for first in range(0, depth, _SLAB):
                shape = (min(_SLAB, depth - first), rows, columns)
                made = make(*self.membranes.paint(first, shape, self.pixel_size))
                out[first] = made.astype(dtype)
                if np.dtype(dtype).kind == "i":
                    counts += np.bincount(made.ravel().astype(np.int64), minlength=len(counts))
        return {int(k): int(counts[k]) for k in np.flatnonzero(counts[1:]) + 1}

    def tell(self, counts: Dict[int, int]) -> None:
        """Print how much of the tomogram is membrane; warn where nothing is."""
        voxels = sum(counts.values())
        if not voxels:
            print("WARNING: no membrane was found, so the mask is empty")
        share = 100 * voxels / float(np.prod(self.tomogram.shape))
        print(
            f"{voxels} voxels of membrane, {share:.2f}% of the tomogram; "
            f"{len(np.unique(self.membranes.numbers))} membranes, "
            f"{len(self.membranes.surfaces)} of them vesicles"
        )


def mask_of(confidence: Volume, threshold: float) -> npt.NDArray[np.bool_]:
    """Tell which voxels are membrane; a threshold of 0 still needs something to be there."""
    return np.asarray((confidence >= threshold) & (confidence > 0))


def _read_binned(tomogram: Stack, pixel_size: float) -> Tuple[Volume, int]:
    from etomotut.engine.sheets import binning
    from etomotut.programs.streaming import require_numbers

    factor = binning(pixel_size)
    shape = tuple(n // factor for n in tomogram.shape)
    if min(shape) < 2:
        size = " x ".join(map(str, tomogram.shape[::-1]))
        raise OptionError(f"{tomogram.path} of {size} voxels is too small to find membranes in")
    volume = np.empty(shape, np.float32)
    kept = tuple(n * factor for n in shape[1:])
    for z in range(shape[0]):
        slab = np.asarray(tomogram[z * factor : (z + 1) * factor], np.float32)
        for number, section in enumerate(slab, z * factor + 1):
            require_numbers(section, f"section {number} of {tomogram.path}")
        blocks = slab[:, : kept[0], : kept[1]].reshape(factor, shape[1], factor, shape[2], factor)
        volume[z] = blocks.mean(axis=(0, 2, 4))
    return volume, factor


def _watch(tiles: List[Tile]) -> Iterable[Tile]:
    return progress(tiles, "Tiles")
