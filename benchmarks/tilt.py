"""Reconstruction by weighted back-projection, against the rate of a tight loop."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step

_ARRAYS = 600_000_000  # bytes that the program takes beside its output


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the tutorial's first tomogram: 41 views of 1440 x 1024, 300 voxels thick."""
    columns, rows, thickness = (360, 256, 100) if is_quick else (1440, 1024, 300)
    stack = inputs.noise(folder, columns, rows)
    words = ["-TILTFILE", str(stack.with_suffix(".tlt")), "-THICKNESS", str(thickness)]
    words += ["-RADIAL", "0.35,0.035", "-PERPENDICULAR"]
    voxels = columns * rows * thickness

    def case(name: str, *more: str) -> Case:
        step = Step("tilt", [str(stack), "volume.rec", *words, *more])
        updates = float(voxels * inputs.VIEWS)
        return Case(name, [step], updates=updates, cores=(1, 2), memory=4 * voxels + _ARRAYS)

    return [
        case("32-bit output", "-MODE", "2"),
        case("16-bit output", "-MODE", "1"),
        case("x-axis tilt 2 degrees", "-MODE", "2", "-XAXISTILT", "2"),
    ]
