"""How far two masks agree: Dice's coefficient, strictly and within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]

FIRST, SECOND, BOTH = 1, 2, 3  # in a volume of the differences
_SECTIONS = 24  # at a time


@dataclass
class Overlap:
    """Voxels of the masks, of both, and of each within the tolerance of the other."""

    first: int = 0
    second: int = 0
    both: int = 0
    first_near: int = 0
    second_near: int = 0

    @property
    def dice(self) -> float:
        """The share of voxels that agree, 1 for two empty masks."""
        return 2 * self.both / (self.first + self.second) if self.first + self.second else 1.0

    @property
    def dice_near(self) -> float:
        """The same, where a voxel agrees if the other mask is within the tolerance."""
        near = self.first_near + self.second_near
        return near / (self.first + self.second) if self.first + self.second else 1.0


def compare(
    first: Any,
    second: Any,
    tolerance: float,
    put: Optional[Callable[[int, npt.NDArray[np.int8]], None]] = None,
) -> Overlap:
    """Compare masks (z, y, x), arrays or open stacks, where they are above zero.

    `tolerance` in voxels. `put` gets the number of a section and sections of the differences:
    FIRST where there is only the first, SECOND, BOTH, or 0.
    """
    reach = int(tolerance)
    z, y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1, -reach : reach + 1]
    around = z**2 + y**2 + x**2 <= tolerance**2
    found, depth = Overlap(), len(first)
    for start in range(0, depth, _SECTIONS):
        low, stop = max(start - reach, 0), min(start + _SECTIONS, depth)
        source = slice(low, min(stop + reach, depth))
        inner = slice(start - low, stop - low)
        a, b = (np.asarray(each[source] > 0) for each in (first, second))
        near_a, near_b = (_grown(each, around)[inner] for each in (a, b))
        a, b = a[inner], b[inner]
        found.first += int(a.sum())
        found.second += int(b.sum())
        found.both += int((a & b).sum())
        found.first_near += int((a & near_b).sum())
        found.second_near += int((b & near_a).sum())
        if put is not None:
            put(start, (FIRST * a + SECOND * b).astype(np.int8))
    return found


def _grown(mask: Mask, around: Mask) -> Mask:
    """Give a mask grown by a ball; only its box is worked on."""
    box = ndimage.find_objects(mask.astype(np.int8))
    result = mask.copy()
    if box and box[0] is not None:
        reach = around.shape[0] // 2
        part = tuple(slice(max(s.start - reach, 0), s.stop + reach) for s in box[0])
        result[part] = ndimage.binary_dilation(mask[part], around)
    return result
