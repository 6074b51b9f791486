"""Masking gold and filling the mask."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the embedded program's two commands, one after the other, on 41 x 1440 x 1024."""
    made = inputs.tracked(folder, (180, 128) if is_quick else (1440, 1024))
    source = ["--input-image", str(made.stack)]
    predict = Step("fidder", ["predict", *source, "--output-mask", "mask.mrc"])
    fill = ["--input-mask", "mask.mrc", "--output-image", "out.mrc"]
    return [
        Case("fidder predict", [predict], cores=(1, 2)),
        Case("fidder predict, erase", [predict, Step("fidder", ["erase", *source, *fill])]),
    ]
