"""What starting an embedded program costs: almost no work, with and without compiled loops."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give a product of transforms, and a tomogram of a few voxels."""
    del is_quick
    stack, transforms = inputs.noise(folder, 32, 8), str(inputs.transforms(folder))
    words = [str(stack), "out.rec", "-TILTFILE", str(stack.with_suffix(".tlt")), "-THICKNESS", "4"]
    return [
        Case("xfproduct", [Step("xfproduct", [transforms, transforms, "out.xf"])]),
        Case("tilt, 32 x 8 x 4 voxels", [Step("tilt", words)]),
        Case("newstack, 32 x 8", [Step("newstack", [str(stack), "out.mrc", "-bin", "2"])]),
    ]
