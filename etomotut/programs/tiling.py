"""Filtering volumes of any size tile by tile, in several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable

import numpy.typing as npt

from etomotut.programs.console import progress, threads

if TYPE_CHECKING:
    from etomotut.engine.tiles import Tile
    from etomotut.formats.mrc import Stack, Writer

Array = npt.NDArray[Any]


def filter_volume(
    volume: Stack,
    out: Writer,
    function: Callable[[Array, int], Array],
    *,
    reach: int,
    largest: int,
    name: str = "the volume",
) -> int:
    """Filter a volume into a file; gives how many densities the file's type cut.

    `function` filters a box (z, y, x) with so many threads. What is more than `reach` voxels away
    from a voxel must not count for it, or hardly. No more than `largest` voxels are read at a
    time, by all threads together: as one box if the volume has no more. Raises EtomotutError where
    the volume, called `name`, has what is not a number.
    """
    from etomotut.engine.tiles import split

    tiles = list(split(volume.shape, reach, largest))
    if len(tiles) > 1:
        tiles = list(split(volume.shape, reach, largest // threads()))
    at_once = min(threads(), len(tiles))

    def work(tile: Tile) -> int:
        return _write(out, tile, function(_read(volume, tile, name), threads() // at_once))

    with ThreadPoolExecutor(at_once) as pool:
        waiting = [pool.submit(work, tile) for tile in tiles]
        try:
            return sum(done.result() for done in progress(waiting, "Tiles"))
        finally:
            for each in waiting:
                each.cancel()


def _read(volume: Stack, tile: Tile, name: str) -> Array:
    from etomotut.programs.streaming import require_numbers

    box = volume[tile.source]
    z, y, x = (source.start for source in tile.source)
    part = f" (the part from x {x}, y {y} on)" if x or y else ""
    for number, section in enumerate(box, z):
        require_numbers(section, f"section {number} of {name}{part}")
    return box


def _write(out: Writer, tile: Tile, filtered: Array) -> int:
    from etomotut.engine.densities import round_to

    rounded, below, above = round_to(filtered[tile.inner], out.dtype)
    out.put_part(tile.core, rounded)
    return below + above
