"""Solve a tilt series from tracked fiducials: rotations, tilt angles, magnifications, 3D positions.

Each kind of variable is fixed, one for all views, grouped, or one a view. With -EveryView the
views' rotations, tilt angles and magnifications are all solved, each held to its neighbours' or
nominal value by a prior whose width is learned from the data.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.programs import angles
from etomotut.programs.options import Option, Ranges, Several, Values

OPTIONS = (
    Option("ModelFile", Path, "fiducial model", required=True),
    Option("ImageFile", Path, "tilt series that the model was made on"),
    Option("ImageSizeXandY", Several(int, 2), "size of its images (default: the model's)", low=1),
    Option("ImagesAreBinned", int, "binning of the images against raw", 1, low=1),
    Option("UnbinnedPixelSize", float, "pixel size of the raw images, nm", low=0),
    Option("OutputModelFile", Path, "3D model of the fiducials"),
    Option("OutputResidualFile", Path, "residuals of all points"),
    Option("OutputFidXYZFile", Path, "3D positions of the fiducials"),
    Option("OutputTiltFile", Path, "solved tilt angles"),
    Option("OutputXAxisTiltFile", Path, "tilts around the x axis"),
    Option("OutputTransformFile", Path, "transforms to the aligned frame"),
    Option("OutputFilledInModel", Path, "the model with its gaps filled by prediction"),
    Option("OutputZFactorFile", Path, "shifts by z, where views are stretched"),
    Option("IncludeStartEndInc", Several(int, 3), "views to use: first, last, step", low=1),
    Option("IncludeList", Ranges, "views to use, from 1", low=1),
    Option("ExcludeList", Ranges, "views to leave out, from 1", low=1),
    Option("RotationAngle", float, "tilt axis from vertical, degrees", 0.0, low=-360, high=360),
    *angles.OPTIONS,
    Option("AngleOffset", float, "added to all tilt angles, degrees", 0.0),
    Option(
        "RotOption", int, "0 fixed, 1 each view, 3 or 4 groups, -1 one", 0, choices=(-1, 0, 1, 3, 4)
    ),
    Option("RotDefaultGrouping", int, "views a group of rotations", 5, low=1),
    Option("TiltOption", int, "0 fixed, 2 each view, 5 or 6 groups", 0, choices=(0, 1, 2, 5, 6)),
    Option("TiltFixedView", int, "view whose tilt angle is fixed (TiltOption 1)", low=1),
    Option("TiltDefaultGrouping", int, "views a group of tilt angles", 5, low=1),
    Option("MagReferenceView", int, "view of magnification 1 (default: least tilt)", low=1),
    Option("MagOption", int, "0 fixed, 1 each view, 3 or 4 groups", 0, choices=(0, 1, 3, 4)),
    Option("MagDefaultGrouping", int, "views a group of magnifications", 4, low=1),
    Option("CompOption", int, "compressions: fixed only", 0, choices=(0,)),
    Option("XStretchOption", int, "0 fixed, 1 each view, 3 or 4 groups", 0, choices=(0, 1, 3, 4)),
    Option("XStretchDefaultGrouping", int, "views a group of stretches", 7, low=1),
    Option("SkewOption", int, "0 fixed, 1 each view, 3 or 4 groups", 0, choices=(0, 1, 3, 4)),
    Option("SkewDefaultGrouping", int, "views a group of skews", 11, low=1),
    Option("BeamTiltOption", int, "beam tilt: none only", 0, choices=(0,)),
    Option("XTiltOption", int, "x-axis tilts: none only", 0, choices=(0,)),
    Option("XTiltDefaultGrouping", int, "as in IMOD; not needed here"),
    Option("ResidualReportCriterion", float, "SDs above the mean of residuals to list", 3.0),
    Option("SurfacesToAnalyze", int, "planes to fit to the fiducials", 0, choices=(0, 1, 2)),
    Option("MetroFactor", float, "as in IMOD; not needed here"),
    Option("MaximumCycles", int, "as in IMOD; not needed here"),
    Option("RobustFitting", bool, "weigh marks down that do not fit"),
    Option("WeightWholeTracks", bool, "weigh whole tracks alike (patches)"),
    Option(
        "KFactorScaling", float, "how much is weighed down: less for a smaller value", 1.0, low=0.1
    ),
    Option("WarnOnRobustFailure", bool, "as in IMOD; robust fitting does not fail here"),
    Option("MinWeightGroupSizes", Several(int, 2), "as in IMOD; not needed here"),
    Option("NoSeparateTiltGroups", bool, "as in IMOD; not needed here"),
    Option("AxisZShift", float, "shift of the axis in z, raw pixels; 1000: mid-range", 0.0),
    Option("ShiftZFromOriginal", bool, "count AxisZShift from where the axis was"),
    Option("AxisXShift", float, "shift of the axis in x, raw pixels", 0.0),
    Option("LocalAlignments", bool, "local alignments: not offered here"),
    Option("TargetPatchSizeXandY", Several(int, 2), "as in IMOD; not needed here"),
    Option("MinSizeOrOverlapXandY", Several(float, 2), "as in IMOD; not needed here"),
    Option("MinFidsTotalAndEachSurface", Several(int, 2), "as in IMOD; not needed here"),
    Option("FixXYZCoordinates", bool, "as in IMOD; not needed here"),
    Option("EveryView", bool, "solve every view under learned priors", extra=True),
)
POSITIONAL = ()


def run(values: Values) -> None:
    """Write the solution."""
