"""Where the bead is that somebody pointed at: its centre, fitted with the beads of the view."""

from __future__ import annotations

from typing import List, Optional

import numpy as np
import numpy.typing as npt

from etomotut.engine import beads
from etomotut.engine.locating import MIN_LIKENESS
from etomotut.report.findings import Array

Image = npt.NDArray[np.float32]
REACH = 1.5  # diameters from where somebody pointed, within which the bead is looked for
WINDOW = 4  # diameters around the place that are searched
CANDIDATES = 12
ENOUGH = 4  # marks in a view that tell what its beads look like


def centre_on(
    image: Image, place: Array, radius: float, *, profile: Optional[Array]
) -> Optional[Array]:
    """Give the centre (2,) of the bead next to a place (2,) of a view (y, x), if one is there.

    `profile` is what `profile_of` gives; where it is None the place of the disc is taken.
    """
    half = int(np.ceil(2 * WINDOW * radius)) + 2
    corner = np.maximum(np.rint(place).astype(int) - half, 0)
    near = image[corner[1] : corner[1] + 2 * half + 1, corner[0] : corner[0] + 2 * half + 1]
    if min(near.shape) < 4 * radius:
        return None
    found = beads.find(near, radius, limit=CANDIDATES)
    starts = found.xy + corner
    distances = np.hypot(*(starts - place).T)
    inside = np.flatnonzero(distances <= 2 * REACH * radius)
    if not len(inside):
        return None
    start: Array = starts[inside[distances[inside].argmin()]]
    if profile is None:
        return start
    fitted = beads.locate(image, start[None], radius, profile=profile)
    return fitted.xy[0] if fitted.likeness[0] > MIN_LIKENESS else None


def profile_of(images: List[Image], places: List[Array], radius: float) -> Optional[Array]:
    """Give the radial profile of the beads at places (n, 2) of some views, None if too few."""
    reach = beads.REACH * radius
    half = int(np.ceil(reach)) + 2
    patches, offsets = [], []
    for image, xy in zip(images, places):
        cut, corners, inside = beads.cut(image, xy, half)
        patches.append(cut[inside])
        offsets.append((xy - corners)[inside])
    together = np.concatenate(patches)
    if len(together) < ENOUGH:
        return None
    return beads.radial_profile(together, np.concatenate(offsets), reach)
