"""Filtering volumes of any size tile by tile, in several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, Dict, Tuple

import numpy.typing as npt

from etomotut.programs.console import progress, threads

if TYPE_CHECKING:
    from etomotut.engine.tiles import Tile
    from etomotut.formats.mrc import Stack, Writer

Array = npt.NDArray[Any]
Filter = Callable[[Array], Array]

TILE_VOXELS = 1 << 25  # of what a thread reads at a time, with all that is around a tile


def filter_volume(
    volume: Stack, out: Writer, make: Callable[[Tuple[int, ...]], Filter], reach: int
) -> int:
    """Filter a volume into a file; gives how many densities the file's type cut.

    `make` gives the filter for boxes (z, y, x) of a shape. What is more than `reach` voxels away
    from a voxel must not count for it, or not much.
    """
    from etomotut.engine.tiles import split

    filters: Dict[Tuple[int, ...], Filter] = {}
    lock = threading.Lock()

    def work(tile: Tile) -> int:
        box = volume[tile.source]
        with lock:
            if box.shape not in filters:
                filters[box.shape] = make(box.shape)
        return _write(out, tile, filters[box.shape](box))

    tiles = list(split(volume.shape, reach, TILE_VOXELS))
    with ThreadPoolExecutor(min(threads(), len(tiles))) as pool:
        waiting = [pool.submit(work, tile) for tile in tiles]
        try:
            return sum(done.result() for done in progress(waiting, "Tiles"))
        finally:
            for each in waiting:
                each.cancel()


def _write(out: Writer, tile: Tile, filtered: Array) -> int:
    from etomotut.engine.densities import round_to
    from etomotut.programs.streaming import require_numbers

    z, y, x = (core.start for core in tile.core)
    core = filtered[tile.inner]
    for section in core:
        require_numbers(section, f"the result around x {x}, y {y}, z {z}")
    rounded, below, above = round_to(core, out.dtype)
    out.put_part(tile.core, rounded)
    return below + above
