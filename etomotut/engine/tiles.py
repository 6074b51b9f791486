"""Large volumes in tiles: each is made from its surroundings, so that no seam shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Iterator, List, Sequence, Tuple

Part = Tuple[slice, ...]


@dataclass(frozen=True)
class Tile:
    """A piece of a volume: `core` is what it gives, `source` what it needs to be read.

    Both are indices of the volume (z, y, x); `inner` are those of the core within the source.
    """

    core: Part
    source: Part
    inner: Part


def split(shape: Sequence[int], reach: int, largest: int) -> Iterator[Tile]:
    """Give the tiles of a volume (z, y, x), z slowest, which together give each voxel once.

    A voxel's result depends on what is up to `reach` voxels away along each axis. A volume with no
    more than `largest` voxels is one tile; else the sources of tiles have no more, unless that
    would leave cores narrower than the reach.
    """
    pieces = [1] * len(shape)
    is_large = prod(shape) > largest
    while is_large and _voxels(shape, pieces, reach) > largest:
        cores = [-(-n // count) for n, count in zip(shape, pieces)]
        if max(cores) <= max(reach, 1):
            break
        pieces[cores.index(max(cores))] += 1
    ranges = [_ranges(n, count) for n, count in zip(shape, pieces)]
    for core in product(*ranges):
        source = [
            slice(max(each.start - reach, 0), min(each.stop + reach, n))
            for each, n in zip(core, shape)
        ]
        inner = [slice(c.start - s.start, c.stop - s.start) for c, s in zip(core, source)]
        yield Tile(core, tuple(source), tuple(inner))


def _voxels(shape: Sequence[int], pieces: Sequence[int], reach: int) -> int:
    voxels = 1
    for n, count in zip(shape, pieces):
        voxels *= -(-n // count) + 2 * reach
    return voxels


def _ranges(length: int, count: int) -> List[slice]:
    """Split a length into pieces that differ by no more than one."""
    ends = [length * place // count for place in range(count + 1)]
    return [slice(start, stop) for start, stop in zip(ends, ends[1:]) if stop > start]
