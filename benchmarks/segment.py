"""Segmenting membranes."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the embedded program on 512 x 512 x 100 voxels of noise: the search without finds."""
    size, depth = (96, 40) if is_quick else (512, 100)
    volume = inputs.volume(folder, size, depth, seed=0)
    words = ["--path", str(volume), "--correct_px", "11", "--output_format", "mrc_None"]
    return [Case("tardis_mem", [Step("tardis_mem", words)], memory=16 * size * size * depth)]
