"""Align a tilt series without gold, as AreTomo2 does, and write its alignment file.

The .aln file is named as the input and lies beside the output, which holds the aligned views. The
embedded program matches views to reprojections by a method of its own; tilt angles stay as they
are, and it makes no tomogram. Several numbers of an option are separated by commas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

from etomotut.programs import markerless
from etomotut.programs.console import require_file
from etomotut.programs.options import THREADS, Option, Several, Values

PACKAGE = "AreTomo2"
_REFUSED: markerless.Refused = {
    "VolZ": (int, "make tomograms with tilt or tomo3d; 0 is none"),
    "Patch": (Several(int, 2), "views are not bent"),
    "RoiFile": (Path, "views are not bent"),
    "AlnFile": (Path, "an alignment is applied by newstack"),
    "ImgDose": (float, "doses are weighted by mtffilter"),
    "OutImod": (int, "the alignment is converted by this plugin"),
}
OPTIONS = (
    Option("InMrc", Path, "raw tilt series, MRC", required=True),
    Option("OutMrc", Path, "file for the aligned views", required=True),
    Option("AngFile", Path, "tilt angles, one a view, in the order of the stack", required=True),
    Option("TiltAxis", Several(float), "tilt axis from vertical, degrees; and -1 to leave it, 0 to "
           "refine it, 1 to refine it for each view"),
    Option("AlignZ", int, "thickness of the specimen, pixels; found by the embedded program", 600,
           low=1),
    Option("OutBin", float, "reduction of the output", 1.0, low=1),
    Option("TiltCor", Several(float), "offset of tilt angles: -1 not measured, 0 measured, 1 "
           "corrected as well"),
    Option("DarkTol", float, "views are dark whose mean over SD is below this share of that of "
           "the least tilted one", 0.7, low=0, high=1),
    Option("PixSize", float, "pixel size, Å", low=0.01),
    Option("Kv", float, "acceleration voltage, kV; for the weighting by dose"),
    Option("FlipVol", int, "as in AreTomo2; of tomograms only"),
    Option("Gpu", Several(int), "ignored: computes without a GPU"),
    *markerless.refused_options(_REFUSED),
    THREADS,
)  # fmt: skip
POSITIONAL: Tuple[str, ...] = ()


def run(values: Values) -> None:
    """Write the alignment and the aligned views."""
    from etomotut.formats import aln, tlt
    from etomotut.formats.mrc import Stack

    markerless.refuse(values, _REFUSED)
    stack = Stack(require_file(values["InMrc"], "tilt series"))
    angles = tlt.read(values["AngFile"], views=len(stack))
    alignment = markerless.align(stack, angles, markerless.wish_of(values))
    if alignment.dark:
        print(f"Dark views, left out: {markerless.sections_of(alignment.dark)}")
    name = f"{values['InMrc'].name.split('.mrc')[0]}.aln"
    aln.write(values["OutMrc"].with_name(name), alignment)
    markerless.write_aligned(values["OutMrc"], stack, alignment, round(values["OutBin"]))
    print(f"{len(alignment.sections)} views aligned, written to {values['OutMrc'].with_name(name)}")
