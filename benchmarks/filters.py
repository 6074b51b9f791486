"""Filters by frequency, in 3D and view by view, and a Gaussian and a median of a volume."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step

_ARRAYS = 300_000_000  # bytes that a program takes beside its files


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give a volume of 512 x 512 x 200, and the tutorial's series: 41 views of 1440 x 1024."""
    size, depth = (128, 40) if is_quick else (512, 200)
    columns, rows = (360, 256) if is_quick else (1440, 1024)
    volume = str(inputs.volume(folder, size, depth, 0))
    stack = str(inputs.noise(folder, columns, rows))
    low, high = ["-lowpass", "0.15,0.05"], ["-highpass", "0.01"]

    def case(name: str, program: str, source: str, *words: str) -> Case:
        memory = 3 * Path(source).stat().st_size + _ARRAYS
        step = Step(program, [*words, source, "out.mrc"])
        return Case(name, [step], cores=(1, 2), memory=memory)

    return [
        case("band-pass in 3D", "mtffilter", volume, "-3dfilter", *low, *high),
        case("low-pass of 41 views", "mtffilter", stack, *low),
        case("Gaussian, sigma 2", "volumefilter", volume, "-Gaussian", "2"),
        case("median of 3 x 3 x 3", "volumefilter", volume, "-Median", "3"),
    ]
