"""What fidder and beadmask share: the gold of a stack, its masks, and what is told of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, List, Sequence

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.streaming import require_numbers

if TYPE_CHECKING:
    from etomotut.engine.bead_detection import Found
    from etomotut.engine.bead_masks import Outline
    from etomotut.formats.mrc import Stack

Views = npt.NDArray[np.float32]
Masks = npt.NDArray[np.bool_]
Places = npt.NDArray[np.float64]

SAMPLE = 3  # views, those in the middle, in which the size of beads is measured
WANTED = 10  # beads a view by which it is measured
SMALLEST, LARGEST = 1.0, 0.125  # radius: pixels, and share of the shorter side of a view


@dataclass(frozen=True)
class Gold:
    """All beads that were found in each view, the places of those that are sure, their shape."""

    found: List[Found]
    places: List[Places]
    radius: float
    profile: Places
    outline: Outline


def read_views(stack: Stack) -> Views:
    """Give all views (view, y, x) of a stack; raises EtomotutError for what is no number."""
    views = stack[:].astype(np.float32)
    for number, view in enumerate(views, 1):
        require_numbers(view, f"view {number} of {stack.path}")
    return views


def find(views: Views, radius: float, threshold: float, threads: int) -> Gold:
    """Find the gold of all views; `radius` in pixels may be off by a factor of 2."""
    from etomotut.engine import bead_detection, bead_masks, beads

    shortest = min(views.shape[1:])
    if not SMALLEST <= radius <= LARGEST * shortest:
        raise OptionError(
            f"beads of {2 * radius:.1f} pixels cannot be found in images of {views.shape[2]} x "
            f"{views.shape[1]}; they must be {2 * SMALLEST:g} to {2 * LARGEST * shortest:.0f} wide"
        )
    middle = len(views) // 2
    sample = views[max(0, middle - SAMPLE // 2) :][:SAMPLE]
    measured = beads.measure_radius(list(sample), radius, wanted=WANTED)
    found, _ = bead_detection.detect(views, measured, threads=threads)
    places = [each.xy[each.probability >= threshold] for each in found]
    clean = [bead_detection.without_spikes(view) for view in views]
    profile = bead_detection.mean_profile(clean, places, measured)
    return Gold(found, places, measured, profile, bead_masks.measure_outline(profile))


def masks_of(views: Views, places: Sequence[Places], outline: Outline, threads: int) -> Masks:
    """Give the masks (view, y, x) of the gold at places (n, 2) of each view."""
    from etomotut.engine.bead_masks import mask_beads

    with ThreadPoolExecutor(threads) as pool:
        masks = pool.map(lambda view, xy: mask_beads(view, xy, outline), views, places)
        return np.array(list(masks))


def probabilities_of(views: Views, gold: Gold) -> Views:
    """Give for each pixel (view, y, x) the probability that it belongs to gold."""
    from etomotut.engine.bead_masks import draw

    chances = np.zeros(views.shape, np.float32)
    for chance, each in zip(chances, gold.found):
        for place, probability in zip(each.xy, each.probability):
            mask = draw(chance.shape, place[None], gold.outline.mask)
            chance[mask] = np.maximum(chance[mask], probability)
    return chances


def tell(masks: Masks, places: Sequence[Places], outline: Outline) -> None:
    """Print how much gold there is."""
    print(
        f"{sum(map(len, places))} beads in {len(masks)} views, {2 * outline.disc:.1f} pixels "
        f"wide, {2 * outline.mask:.1f} with their fringes; {100 * masks.mean():.2f}% of the "
        "pixels are masked",
        flush=True,
    )
