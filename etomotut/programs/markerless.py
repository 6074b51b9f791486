"""What the embedded AreTomo2 and AreTomo3 share: views aligned without gold, and what they write.

Views are shifted by correlation and then matched to the reprojection of each other; AreTomo's own
method (Zheng et al. 2022) is projection matching, too, of other details.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs.options import Kind, Option, Values
from etomotut.programs.refinealign import (
    FEWEST,
    WORKING_SIZE,
    require_agreement,
    told_of_search,
)
from etomotut.programs.streaming import require_numbers

if TYPE_CHECKING:
    from etomotut.engine.projection_matching import Round
    from etomotut.formats.aln import Alignment
    from etomotut.formats.mrc import Stack

Array = npt.NDArray[np.float64]
Refused = Dict[str, Tuple[Kind, str]]

WIDTH = 700.0  # Å of a patch
SMALLEST, LARGEST = 32, 96  # reduced pixels of a patch


@dataclass(frozen=True)
class Wish:
    """What is asked for: the tilt axis (degrees), whether it is refined, which views are dark."""

    axis_angle: float
    is_axis_refined: bool
    dark_tolerance: float
    pixel_size: float


def refuse(values: Values, refused: Refused) -> None:
    """Raise OptionError for the first option of those that are not embedded."""
    for name, (_, why) in refused.items():
        if values[name] not in (None, False, 0, (0, 0), (0,)):
            raise OptionError(f"option {name} is not embedded: {why}")


def refused_options(refused: Refused) -> List[Option]:
    """Give the rows of options that are not embedded."""
    return [
        Option(name, kind, f"needs the original: {why}") for name, (kind, why) in refused.items()
    ]


def wish_of(values: Values) -> Wish:
    """Read the options that both versions have; raises OptionError."""
    axis = values["TiltAxis"]
    if axis is None:
        raise OptionError("option TiltAxis is needed: the embedded program does not search it")
    if values["TiltCor"] is not None and values["TiltCor"][0] > 0:
        raise OptionError(
            f"option TiltCor is {values['TiltCor'][0]:g}; the embedded program does not measure "
            "the offset of tilt angles"
        )
    refines = len(axis) < 2 or axis[1] >= 0
    return Wish(axis[0], refines, values["DarkTol"], values["PixSize"] or 0.0)


def align(stack: Stack, tilt_angles: Array, wish: Wish) -> Alignment:
    """Give the alignment of a stack; raises SolutionError where views show nothing in common."""
    from etomotut.engine import transforms as linear
    from etomotut.engine.gold_free import match_views
    from etomotut.engine.views import reduce_views
    from etomotut.formats.aln import Alignment

    views = stack[:].astype(np.float32)
    for number, view in enumerate(views, 1):
        require_numbers(view, f"view {number} of {stack.path}")
    if min(views.shape[1:]) < SMALLEST:
        raise SolutionError(
            f"{stack.path} has views of {views.shape[2]} x {views.shape[1]} pixels; {SMALLEST} a "
            "side are needed"
        )
    dark = find_dark(views, tilt_angles, wish.dark_tolerance)
    used = [view for view in range(len(views)) if view not in dark]
    if len(used) < FEWEST:
        raise SolutionError(
            f"{len(dark)} of {len(views)} views of {stack.path} are dark, {len(used)} are left; "
            f"{FEWEST} are needed"
        )
    factor = -(-max(views.shape[1:]) // WORKING_SIZE)
    small, angles = reduce_views(views[used], factor), tilt_angles[used]
    start = _prealign(small, angles, wish.axis_angle)
    pixel = factor * (wish.pixel_size or stack.pixel_size or 11.0)
    patch = int(np.clip(WIDTH / pixel, SMALLEST, min(LARGEST, min(small.shape[1:]) // 2)))
    known = ("magnification",) if wish.is_axis_refined else ("magnification", "rotation")

    def tell(done: Round) -> None:
        print(
            f"Stage {done.stage}, round {done.number}: correlation with reprojections "
            f"{done.correlation.mean():.3f}",
            flush=True,
        )

    found = match_views(small, start, angles, patch=patch, known=known, watch=tell)
    require_agreement(found, stack.path)
    for lost in found.lost:
        print(told_of_search(lost, used[lost.view] + 1, factor))
    size = stack.shape[2], stack.shape[1], stack.shape[0]
    return Alignment(used, linear.scale_shifts(found.transforms, factor), angles, dark, size)


def find_dark(views: npt.NDArray[np.float32], tilt_angles: Array, tolerance: float) -> List[int]:
    """Give the views whose mean over SD is below a share of that of the least tilted one.

    That is AreTomo's rule; a `tolerance` of 0, or of 1 and more, leaves none out.
    """
    if not 0 < tolerance < 1:
        return []
    means, spreads = np.abs(views.mean(axis=(1, 2))), views.std(axis=(1, 2))
    ratios = np.where(spreads > 1e-10, means / np.maximum(spreads, 1e-10), -1.0)
    least = tolerance * ratios[np.argmin(np.abs(tilt_angles))]
    return [int(view) for view in np.flatnonzero((ratios <= least) | (ratios < 0))]


def write_aligned(path: Path, stack: Stack, alignment: Alignment, binning: int) -> None:
    """Write the views by ascending tilt, aligned and averaged over blocks of pixels."""
    from etomotut.engine.resample import bin_image, transform_image
    from etomotut.formats import mrc

    _, height, width = stack.shape
    if abs(alignment.transforms[0, 0, 1]) > np.sqrt(0.5):
        height, width = width, height
    images = []
    for view in np.argsort(alignment.tilt_angles, kind="stable"):
        raw = stack[alignment.sections[view]].astype(np.float32)
        transform = alignment.transforms[view]
        image = transform_image(raw, transform, (width, height), fill=float(raw.mean()))
        images.append(bin_image(image, binning) if binning > 1 else image)
    mrc.write(path, np.stack(images), pixel_size=binning * stack.pixel_size)


def _prealign(views: npt.NDArray[np.float32], tilt_angles: Array, axis_angle: float) -> Array:
    """Give transforms from shifts by correlation, the tilt axis turned upright."""
    from etomotut.engine import correlation
    from etomotut.engine import transforms as linear

    matching = correlation.Matching(correlation.Bandpass(), cumulative=True)
    shifts = correlation.align_views(views, tilt_angles, axis_angle, matching)
    moves = np.repeat(linear.IDENTITY[None], len(views), axis=0)
    moves[:, :, 2] = shifts - shifts.mean(axis=0)
    return linear.then(moves, linear.rotation(-axis_angle))


def sections_of(values: Sequence[int]) -> str:
    """Spell sections, counted from 0, as a user counts them."""
    return ", ".join(str(value + 1) for value in values)
