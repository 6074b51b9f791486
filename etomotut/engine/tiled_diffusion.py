"""Diffusion of volumes that do not fit in memory: in tiles of planes, with exact margins.

A tile is read with as many planes more on each side as its steps can see, and only its own planes
are kept; so a tiled result has the same numbers as one made at once. Where tiles are needed,
results between the passes go to scratch arrays, which may lie on disk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Callable, List, Sequence, Tuple, Union

import numpy as np

from etomotut.engine.diffusion import (
    Doubles,
    Flow,
    Volume,
    advance,
    edged,
    gaussian_reach,
    gradient_sums,
    inside,
    smooth,
)

BYTES = 12  # a voxel at work: the densities before and after a step, and what they are read from
_MARGINS = 5  # a tile is at least so many times as thick as a margin, where that fits
_LEAST = 1e-20  # of a contrast: a volume without any gradient has none to compare with

Array = Any  # an array, or what is sliced like one
Scratch = Callable[[Tuple[int, ...]], Volume]


class Contrast(Enum):
    """How a contrast is found: as the mean gradient before each step."""

    VARYING = "varying"


@dataclass(frozen=True)
class Tile:
    """Planes `start` to `stop` - 1, made from planes `low` to `high` - 1."""

    start: int
    stop: int
    low: int
    high: int


def cut(planes: int, thickness: int, margin: int) -> List[Tile]:
    """Cut planes into tiles of a thickness, each read with a margin where there are planes."""
    starts = range(0, planes, thickness)
    stops = [min(start + thickness, planes) for start in starts]
    return [
        Tile(start, stop, max(start - margin, 0), min(stop + margin, planes))
        for start, stop in zip(starts, stops)
    ]


def plan(planes: int, plane_bytes: int, reach: int, steps: int, memory: int) -> Tuple[int, int]:
    """Give how many steps to do in a pass, and how thick tiles are, within bytes of memory.

    Everything at once if that fits. Else margins, a plane and `reach` a step, are kept small
    beside tiles, but one step is done at least.
    """
    fitting = memory // plane_bytes
    if planes <= fitting:
        return max(steps, 1), planes
    at_once = max(min((fitting // _MARGINS - 1) // max(reach, 1), steps), 1)
    return at_once, max(fitting - 2 * (at_once * reach + 1), 1)


class Diffusion:
    """A flow of `steps` steps on volumes (z, y, x), after a Gaussian filter of `sigma` voxels.

    `contrast` is a number, or says that it is to be found, and then is `relative` times that;
    those used are noted in `contrasts`. `memory` is in bytes, `scratch` gives an array for a
    volume between two passes.
    """

    def __init__(
        self,
        flow: Flow,
        *,
        steps: int,
        contrast: Union[float, Contrast],
        relative: float = 1.0,
        sigma: float = 0.0,
        memory: int,
        scratch: Scratch,
        workers: int = 1,
    ) -> None:
        self._flow, self._steps, self._sigma = flow, steps, sigma
        self._memory, self._scratch, self._workers = memory, scratch, workers
        self._contrast, self._relative = contrast, relative
        self.contrasts: List[float] = []

    def run(self, volume: Array, tell: Callable[[int], None] = lambda done: None) -> Array:
        """Give a volume after the flow; `tell` hears after each pass how many steps are done."""
        self.contrasts = []
        planes, rows, columns = volume.shape
        plane_bytes = BYTES * (rows + 2) * (columns + 2)
        at_once, thickness = plan(planes, plane_bytes, self._flow.reach, self._steps, self._memory)
        if thickness == planes:
            return self._run_whole(volume, tell)
        if self._contrast is Contrast.VARYING:
            at_once = 1
        source, spare = self._scratch(volume.shape), self._scratch(volume.shape)
        tiles = cut(planes, thickness, gaussian_reach(self._sigma) + 1)
        mean = self._pass(volume, source, tiles, lambda u: edged(smooth(inside(u), self._sigma)))
        tiles = cut(planes, thickness, at_once * self._flow.reach + 1)
        for first in range(0, self._steps, at_once):
            contrasts = [self._next(mean) for _ in range(first, min(first + at_once, self._steps))]
            mean = self._pass(source, spare, tiles, partial(self._steps_on, contrasts))
            source, spare = spare, source
            tell(first + len(contrasts))
        return source

    def _run_whole(self, volume: Array, tell: Callable[[int], None]) -> Volume:
        u = edged(smooth(volume[:], self._sigma))
        spare = np.zeros_like(u)
        for number in range(self._steps):
            is_given = self._contrast is not Contrast.VARYING
            mean = 0.0 if is_given else self._mean(self._sums(u, range(len(u))), volume.shape)
            u, spare = self._advance(u, spare, self._next(mean))
            tell(number + 1)
        return inside(u)

    def _pass(
        self, source: Array, target: Volume, tiles: Sequence[Tile], make: Callable[[Volume], Volume]
    ) -> float:
        """Make a volume from another, tile by tile, and give the mean length of its gradients."""
        sums = []
        for tile in tiles:
            u = make(edged(np.asarray(source[tile.low : tile.high], np.float32)))
            kept = range(tile.start - tile.low, tile.stop - tile.low)
            sums.append(self._sums(u, kept))
            target[tile.start : tile.stop] = inside(u)[kept.start : kept.stop]
        return self._mean(np.concatenate(sums), target.shape)

    def _steps_on(self, contrasts: Sequence[float], u: Volume) -> Volume:
        spare = np.zeros_like(u)
        for contrast in contrasts:
            u, spare = self._advance(u, spare, contrast)
        return u

    def _next(self, mean: float) -> float:
        """Give the contrast of the next step, and note it; `mean` is that of the gradients."""
        if isinstance(self._contrast, float):
            found = self._contrast
        else:
            found = max(self._relative * mean, _LEAST)
        self.contrasts.append(found)
        return found

    def _advance(self, u: Volume, spare: Volume, contrast: float) -> Tuple[Volume, Volume]:
        return advance(u, self._flow, contrast, spare, workers=self._workers)

    def _sums(self, u: Volume, planes: range) -> Doubles:
        return gradient_sums(u, planes, workers=self._workers)

    def _mean(self, sums: Doubles, shape: Sequence[int]) -> float:
        return float(np.sum(sums)) / math.prod(shape)
