"""Coarse alignment by cross-correlation, and tracking of patches."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give pairs of neighbouring views and patches, on 41 x 720 x 512."""
    made = inputs.tracked(folder, (180, 128) if is_quick else (720, 512))
    common = ["-tiltfile", str(made.angles), "-rotation", f"{made.axis_angle:.3f}"]
    common += ["-sigma1", "0.03", "-radius2", "0.25", "-sigma2", "0.05"]
    size = "60,60" if is_quick else "200,200"
    patches = ["-prexf", str(made.prexg), "-size", size, "-overlap", "0.33,0.33", "-iterate", "1"]
    stack, prealigned = str(made.stack), str(made.prealigned)
    return [
        Case("neighbours", [Step("tiltxcorr", [stack, "out.prexf", *common])]),
        Case("cumulative", [Step("tiltxcorr", [stack, "out.prexf", *common, "-cumulative"])]),
        Case("patches", [Step("tiltxcorr", [prealigned, "out.fid", *common, *patches])]),
    ]
