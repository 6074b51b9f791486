"""What fidder and beadmask share: the gold of a stack, its masks, and what is told of them.

Views are read when they are needed, and masks written as they are made: a raw series is larger
than a machine's memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import progress, threads
from etomotut.programs.streaming import in_order, require_numbers

if TYPE_CHECKING:
    from etomotut.engine.bead_detection import Found
    from etomotut.engine.bead_masks import Outline
    from etomotut.formats.mrc import Stack

Image = npt.NDArray[np.float32]
Places = npt.NDArray[np.float64]

SAMPLE = 3  # views, those in the middle, in which the size of beads is measured
WANTED = 10  # beads a view by which it is measured
SMALLEST, LARGEST = 1.0, 0.125  # radius: pixels, and share of the shorter side of a view


class Views(Sequence[Image]):
    """The views (y, x) of a stack, read when they are asked for.

    Raises EtomotutError for a view with what is no number.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.shape = stack.shape

    def __len__(self) -> int:
        return len(self._stack)

    def __getitem__(self, number: int) -> Image:  # type: ignore[override]
        view = self._stack[range(len(self))[number]]
        require_numbers(view, f"view {number + 1} of {self._stack.path}")
        return view.astype(np.float32)


@dataclass(frozen=True)
class Gold:
    """All beads that were found in each view, the places of those that are sure, their shape."""

    found: List[Found]
    places: List[Places]
    radius: float
    profile: Places
    outline: Outline


def find(views: Views, radius: float, threshold: float) -> Gold:
    """Find the gold of all views; `radius` in pixels may be off by a factor of 2."""
    from etomotut.engine import bead_detection, bead_masks, beads

    shortest = min(views.shape[1:])
    if shortest < SMALLEST / LARGEST:
        raise OptionError(
            f"views of {views.shape[2]} x {views.shape[1]} pixels are too small to find beads in; "
            f"{SMALLEST / LARGEST:g} a side are needed"
        )
    if not SMALLEST <= radius <= LARGEST * shortest:
        raise OptionError(
            f"beads of {2 * radius:.1f} pixels cannot be found in images of {views.shape[2]} x "
            f"{views.shape[1]}; they must be {2 * SMALLEST:g} to {2 * LARGEST * shortest:.0f} wide"
        )
    middle = max(0, len(views) // 2 - SAMPLE // 2)
    sample = [views[number] for number in range(middle, min(middle + SAMPLE, len(views)))]
    measured = beads.measure_radius(sample, radius, wanted=WANTED)
    found, _ = bead_detection.detect(views, measured, threads=threads())
    places = [each.xy[each.probability >= threshold] for each in found]
    profile, lopsided = bead_detection.profiles(views, places, measured)
    return Gold(found, places, measured, profile, bead_masks.measure_outline(profile, lopsided))


def write_masks(
    path: Path, views: Views, places: Sequence[Places], outline: Outline, pixel_size: float
) -> None:
    """Write masks (view, y, x), 1 for the gold at places (n, 2) of each view, and tell how much."""
    from etomotut.engine.bead_masks import mask_beads
    from etomotut.formats import mrc

    def make(number: int) -> Tuple[int, npt.NDArray[np.bool_]]:
        return number, mask_beads(views[number], places[number], outline)

    marked, numbers = 0, range(len(views))
    with mrc.create(path, views.shape, np.int8, pixel_size=pixel_size) as out:
        for number, mask in progress(in_order(make, numbers, threads()), "Views", len(views)):
            out[number] = mask
            marked += int(mask.sum())
    print(
        f"{sum(map(len, places))} beads in {len(views)} views, {2 * outline.disc:.1f} pixels "
        f"wide, {2 * outline.mask:.1f} with their fringes; "
        f"{100 * marked / np.prod(views.shape):.2f}% of the pixels are masked",
        flush=True,
    )


def write_probabilities(path: Path, views: Views, gold: Gold, pixel_size: float) -> None:
    """Write for each pixel (view, y, x) the probability that it belongs to gold."""
    from etomotut.engine.bead_masks import draw
    from etomotut.formats import mrc

    with mrc.create(path, views.shape, np.float32, pixel_size=pixel_size) as out:
        for number, each in enumerate(gold.found):
            chance = np.zeros(views.shape[1:], np.float32)
            for place, probability in zip(each.xy, each.probability):
                mask = draw(chance.shape, place[None], gold.outline.mask)
                chance[mask] = np.maximum(chance[mask], probability)
            out[number] = chance
