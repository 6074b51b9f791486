"""Skeletons and surfaces of membranes."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the two embedded programs on the membranes of a specimen of 512 x 512 x 200 voxels."""
    mask = str(inputs.membranes(folder, *((128, 100) if is_quick else (512, 200))))
    return [
        Case("membrain skeletonize", [Step("membrain", ["skeletonize", "--label-path", mask])]),
        Case("membranemesh", [Step("membranemesh", [mask, "surface"])], cores=(1, 2)),
    ]
