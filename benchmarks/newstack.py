"""Resampling of stacks: reduction, and transforms with linear and cubic interpolation."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give reductions of 41 x 2880 x 2048 by 4, and transforms of 41 x 1440 x 1024."""
    scale = 4 if is_quick else 1
    big = str(inputs.noise(folder, 2880 // scale, 2048 // scale))
    middle = str(inputs.noise(folder, 1440 // scale, 1024 // scale))
    transforms = str(inputs.transforms(folder))

    def case(name: str, stack: str, *words: str) -> Case:
        return Case(name, [Step("newstack", [stack, "out.mrc", *words])])

    return [
        case("bin by 4", big, "-bin", "4"),
        case("shrink by 4, antialias 6", big, "-shrink", "4", "-antialias", "6"),
        case("linear transform", middle, "-xform", transforms, "-linear"),
        case("cubic transform", middle, "-xform", transforms, "-mode", "2"),
    ]
