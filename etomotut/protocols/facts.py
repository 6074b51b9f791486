"""What is known of an input before a run, for checks that need no file to be read twice."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple


@dataclass(frozen=True)
class Facts:
    """An input set: `size` (x, y, views or sections), Å, degrees, how many items, what they are."""

    size: Tuple[int, int, int] = (0, 0, 0)
    items: int = 0
    pixel_size: float = 0.0
    axis_angle: Optional[float] = None
    is_aligned: bool = False
    is_interpolated: bool = False
    has_halves: bool = False
    bytes_per_pixel: int = 4

    @property
    def pixels(self) -> int:
        """The pixels of one item."""
        return self.size[0] * self.size[1] * self.size[2]

    @property
    def bytes(self) -> int:
        """The size of one item's file."""
        return self.pixels * self.bytes_per_pixel


def facts_of(items: Any) -> Facts:
    """Give what a set of tilt series or tomograms says of itself."""
    width, height, depth = items.getDim() or (0, 0, 0)
    is_series = hasattr(items, "interpolated")
    return Facts(
        size=(width, height, items.getAnglesCount() or 0) if is_series else (width, height, depth),
        items=items.getSize(),
        pixel_size=items.getSamplingRate() or 0.0,
        axis_angle=items.getAcquisition().getTiltAxisAngle(),
        is_aligned=is_series and bool(items.hasAlignment()),
        is_interpolated=is_series and bool(items.interpolated()),
        has_halves=bool(items.hasOddEven()),
    )


def disk_problem(folder: str, needed: float) -> List[str]:
    """Give a sentence if the disk of a folder has less room than the bytes needed."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder) or "."
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    if needed <= free:
        return []
    return [f"The results need {needed / 1e9:.1f} GB; {folder} has {free / 1e9:.1f} GB left."]
