"""Alignment without gold: by matching views to reprojections, and by patches as IMOD does it."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the refinement of a prealigned series of 41 x 720 x 512, and patches of the same."""
    made = inputs.bare(folder, (180, 128) if is_quick else (720, 512))
    angles, axis = str(made.angles), f"{made.axis_angle:.3f}"
    patch = "64" if is_quick else "128"
    refine = ["-input", str(made.stack), "-xform", str(made.prexg), "-tiltfile", angles]
    refine += ["-rotation", axis, "-output", "out.xf", "-size", "32" if is_quick else "64"]
    track = [str(made.prealigned), "patches.fid", "-tiltfile", angles, "-rotation", axis]
    track += ["-sigma1", "0.03", "-radius2", "0.125", "-sigma2", "0.03", "-iterate", "1"]
    track += ["-prexf", str(made.prexg), "-size", f"{patch},{patch}", "-overlap", "0.33,0.33"]
    cut = ["-input", "patches.fid", "-output", "pieces.fid", "-overlap", "4", "-surfaces"]
    lines = f"""ModelFile pieces.fid
ImageFile {made.prealigned}
ImagesAreBinned 1
OutputTiltFile out.tlt
OutputTransformFile out.tltxf
RotationAngle {axis}
TiltFile {angles}
RotOption -1
TiltOption 5
TiltDefaultGrouping 5
MagOption 0
RobustFitting
WeightWholeTracks
SurfacesToAnalyze 1
"""
    steps = [
        Step("tiltxcorr", track),
        Step("imodchopconts", [*cut, "-length", "-1"]),
        Step("tiltalign", ["-StandardInput"], lines),
    ]
    return [
        Case("refinealign", [Step("refinealign", refine)], cores=(1, 2), original=False),
        Case("patches and their alignment", steps),
    ]
