"""Align a tilt series without gold, as AreTomo3 -Cmd 1 does, and write its alignment file.

The input is the series PREFIX.SUFFIX with its tilt angles in PREFIX_TLT.txt or PREFIX.rawtlt; the
.aln file goes into the output folder. The embedded program matches views to reprojections by a
method of its own; tilt angles stay as they are, and it makes no tomogram. Several numbers of an
option are separated by commas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs import markerless
from etomotut.programs.console import require_file
from etomotut.programs.options import THREADS, Option, Several, Values

PACKAGE = "AreTomo3"
_REFUSED: markerless.Refused = {
    "VolZ": (int, "make tomograms with tilt or tomo3d; 0 is none"),
    "AtPatch": (Several(int, 2), "views are not bent"),
    "FmDose": (float, "doses are weighted by mtffilter"),
    "OutImod": (int, "the alignment is converted by this plugin"),
}
OPTIONS = (
    Option("InPrefix", str, "tilt series, its ending left out", required=True),
    Option("InSuffix", str, "ending of the tilt series", "mrc"),
    Option("OutDir", Path, "folder for the results", required=True),
    Option("Cmd", int, "1: begin with the alignment", 1, choices=(1,)),
    Option("TiltAxis", Several(float), "tilt axis from vertical, degrees; and -1 to leave it"),
    Option("AlignZ", int, "thickness of the specimen, pixels; 0: found", 0, low=0),
    Option("AtBin", Several(float), "reduction of tomograms"),
    Option("TiltCor", Several(float), "offset of tilt angles: -1 not measured, 0 measured, 1 "
           "corrected as well"),
    Option("DarkTol", float, "views are dark whose mean over SD is below this share of that of "
           "the least tilted one", 0.7, low=0, high=1),
    Option("PixSize", float, "pixel size, Å", low=0.01),
    Option("kV", float, "acceleration voltage, kV; for the weighting by dose"),
    Option("FlipVol", int, "as in AreTomo3; of tomograms only"),
    Option("CorrCTF", Several(int), "as in AreTomo3; of tomograms only"),
    Option("SplitSum", int, "as in AreTomo3; of tomograms only"),
    Option("Gpu", Several(int), "ignored: computes without a GPU"),
    *markerless.refused_options(_REFUSED),
    THREADS,
)  # fmt: skip
POSITIONAL: Tuple[str, ...] = ()


def run(values: Values) -> None:
    """Write the alignment."""
    from etomotut.formats import aln
    from etomotut.formats.mrc import Stack

    markerless.refuse(values, _REFUSED)
    prefix = values["InPrefix"].rstrip(".")
    stack = Stack(require_file(Path(f"{prefix}.{values['InSuffix']}"), "tilt series"))
    angles = _angles(prefix, len(stack))
    alignment = markerless.align(stack, angles, markerless.wish_of(values))
    if alignment.dark:
        print(f"Dark views, left out: {markerless.sections_of(alignment.dark)}")
    values["OutDir"].mkdir(parents=True, exist_ok=True)
    path = values["OutDir"] / f"{Path(prefix).name}.aln"
    aln.write(path, alignment, first=1)
    print(f"{len(alignment.sections)} views aligned, written to {path}")


def _angles(prefix: str, views: int) -> npt.NDArray[np.float64]:
    """Give the tilt angles, the first numbers of the lines of the file beside the series."""
    for ending in ("_TLT.txt", ".rawtlt"):
        path = Path(prefix + ending)
        if path.is_file():
            lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
            try:
                angles = np.array([float(words[0]) for words in lines])
            except ValueError:
                raise OptionError(f"{path} holds what is no number") from None
            if len(angles) != views:
                raise OptionError(f"{path} has {len(angles)} angles for {views} views")
            return angles
    raise OptionError(f"{prefix}_TLT.txt or {prefix}.rawtlt is needed for the tilt angles")
