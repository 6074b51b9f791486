"""Solving the alignment from the marks of beads."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the solution of the tutorial's stage 4, and one of all tilts and magnifications."""
    made = inputs.tracked(folder, (180, 128) if is_quick else (720, 512))
    lines = f"""ModelFile {made.fiducials}
ImageFile {made.prealigned}
ImagesAreBinned 1
OutputResidualFile out.resid
OutputFidXYZFile out.xyz
OutputTiltFile out.tlt
OutputTransformFile out.tltxf
RotationAngle {made.axis_angle:.3f}
TiltFile {made.angles}
MagReferenceView 1
XStretchOption 0
SkewOption 0
SurfacesToAnalyze 2
"""
    options = {
        "tilt groups, one rotation": "RotOption -1\nTiltOption 5\nTiltDefaultGrouping 5\n"
        "MagOption 0\n",
        "every tilt, rotation and magnification": "RotOption 1\nTiltOption 2\nMagOption 1\n",
    }
    return [
        Case(name, [Step("tiltalign", ["-StandardInput"], lines + more)])
        for name, more in options.items()
    ]
