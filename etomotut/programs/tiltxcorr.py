"""Align the views of a tilt series to each other by cross-correlation, or track patches through it.

Views are taken from the least tilted outwards. The higher tilted of a pair is stretched across the
tilt axis by the ratio of cosines before it is correlated with the one before. The output holds each
view's shift to the view before it (.prexf); with a patch size it is a model of tracked patches.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.programs import angles
from etomotut.programs.options import THREADS, Option, Ranges, Several, Values

OPTIONS = (
    Option("InputFile", Path, "tilt series, MRC", short="input", required=True),
    Option(
        "OutputFile",
        Path,
        "transforms (.prexf), or model of patches",
        None,
        "output",
        required=True,
    ),
    Option("RotationAngle", float, "tilt axis from vertical, degrees", 0.0, "rotation", -360, 360),
    *angles.OPTIONS,
    Option("AngleOffset", float, "added to all tilt angles, degrees", 0.0, "offset"),
    Option("FilterRadius1", float, "low cut-off of the filter, 1/pixel", 0.0, "radius1", 0, 1),
    Option("FilterRadius2", float, "high cut-off of the filter, 1/pixel", 0.25, "radius2", 0, 1),
    Option("FilterSigma1", float, "SD of the high-pass at zero, 1/pixel", 0.03, "sigma1", -1, 1),
    Option("FilterSigma2", float, "SD of the fall-off beyond radius2", 0.05, "sigma2", -1, 1),
    Option(
        "ShiftLimitsXandY", Several(int, 2), "largest shifts to search, pixels", None, "shift", 1
    ),
    Option(
        "BordersInXandY", Several(int, 2), "pixels to leave out at each edge", None, "border", 0
    ),
    Option("XMinAndMax", Several(int, 2), "first and last column to correlate", None, "xminmax", 0),
    Option("YMinAndMax", Several(int, 2), "first and last row to correlate", None, "yminmax", 0),
    Option(
        "BinningToApply", int, "reduction before correlating (default by size)", None, "binning", 1
    ),
    Option("PadsInXandY", Several(int, 2), "pixels of padding", None, "pad", 0),
    Option(
        "TapersInXandY", Several(int, 2), "pixels of tapering inside the edges", None, "taper", 0
    ),
    Option("StartingEndingViews", Several(int, 2), "first and last view, from 1", None, "views", 1),
    Option("SkipViews", Ranges, "views, from 1, to leave out", None, "skip", 1),
    Option(
        "CumulativeCorrelation", bool, "correlate with the sum of aligned views", short="cumulative"
    ),
    Option("NoCosineStretch", bool, "do not stretch tilted views", short="nostretch"),
    Option("IterateCorrelations", int, "rounds that refine the shifts", None, "iterate", 0, 20),
    Option("SizeOfPatchesXandY", Several(int, 2), "track patches of this size", None, "size", 8),
    Option("NumberOfPatchesXandY", Several(int, 2), "patches in x and y", None, "number", 1),
    Option(
        "OverlapOfPatchesXandY", Several(float, 2), "overlap of patches", None, "overlap", 0, 0.95
    ),
    Option("SeedModel", Path, "model of points where patches are tracked", None, "seed"),
    Option("LengthAndOverlap", Several(int, 2), "pieces to cut the tracks into", None, "length", 1),
    Option("PrealignmentTransformFile", Path, "transforms already applied", None, "prexf"),
    Option("ImagesAreBinned", int, "binning of the input against raw", None, "imagebinned", 1),
    THREADS,
)
POSITIONAL = ("InputFile", "OutputFile")


def run(values: Values) -> None:
    """Write the shifts between views, or the model of tracked patches."""
