"""Segmenting membranes."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the embedded program on 512 x 512 x 100 voxels of noise, and of vesicles in noise."""
    size, depth = (128, 40) if is_quick else (512, 100)
    volumes = {
        "noise": str(inputs.volume(folder, size, depth, seed=0)),
        "vesicles": str(inputs.specimen(folder, size, depth)),
    }
    options = ["--correct_px", "11", "--output_format", "mrc_None"]
    return [
        Case(
            f"tardis_mem, {name}",
            [Step("tardis_mem", ["--path", path, *options])],
            cores=(1, 2),
            memory=16 * size * size * depth,
        )
        for name, path in volumes.items()
    ]
