"""Solve a tilt series from tracked fiducials: rotations, tilt angles, magnifications, 3D positions.

Each kind of variable is fixed, one for all views, grouped, or one a view. With -EveryView the
views' rotations, tilt angles and magnifications are all solved, each held to its neighbours' or
nominal value by a prior whose width is learned from the data.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs import angles
from etomotut.programs.console import word_list
from etomotut.programs.options import Option, Ranges, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.bundle_adjustment import Solution
    from etomotut.engine.view_variables import Choice
    from etomotut.formats.model import Model
    from etomotut.programs.tiltalign_output import Problem

Array = npt.NDArray[np.float64]

MIN_POINTS = 3  # of a contour: fewer tell less than the three coordinates they ask for
MID_RANGE = 1000  # the AxisZShift by which IMOD means the middle of the range of z
_VIEW_LISTS = ("IncludeStartEndInc", "IncludeList", "ExcludeList")

OPTIONS = (
    Option("ModelFile", Path, "fiducial model", required=True),
    Option("ImageFile", Path, "tilt series that the model was made on"),
    Option("ImageSizeXandY", Several(int, 2), "size of its images (default: the model's)", low=1),
    Option("ImagesAreBinned", int, "binning of the images against raw", 1, low=1),
    Option("UnbinnedPixelSize", float, "pixel size of the raw images, nm", low=0, newer=True),
    Option("OutputModelFile", Path, "3D model of the fiducials"),
    Option("OutputResidualFile", Path, "residuals of all points"),
    Option("OutputFidXYZFile", Path, "3D positions of the fiducials"),
    Option("OutputTiltFile", Path, "solved tilt angles"),
    Option("OutputXAxisTiltFile", Path, "tilts around the x axis"),
    Option("OutputTransformFile", Path, "transforms to the aligned frame"),
    Option("OutputFilledInModel", Path, "the model with its gaps filled by prediction", newer=True),
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
    Option("NoSeparateTiltGroups", bool, "as in IMOD; not needed here", newer=True),
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
    from etomotut.engine import fiducial_alignment as alignment
    from etomotut.formats import model
    from etomotut.programs import tiltalign_output as output

    refuse_local(values)
    fiducials = model.read(values["ModelFile"])
    tilt_angles = read_tilt_angles(values, fiducials.size[2])
    size = image_size(values, fiducials)
    problem = read_points(values, fiducials, size, len(tilt_angles))
    print(f"{problem.tracks.beads} fiducials, {len(problem.tracks.xy)} points", flush=True)
    solution = _solve(values, problem, tilt_angles)
    origin = alignment.original_origin(solution.parameters, solution.shifts, problem.used)
    origin = _move_axis(values, origin, solution.xyz)
    result = output.Result(problem, solution, tilt_angles, origin, fiducials, size)
    output.report(result, values)
    output.write(result, values)


def _solve(values: Values, problem: Problem, tilt_angles: Array) -> Solution:
    from etomotut.engine import bundle_adjustment as bundle
    from etomotut.engine import fiducial_alignment as alignment
    from etomotut.engine.view_variables import chosen_variables

    axis_angle = values["RotationAngle"]
    if values["EveryView"]:
        return alignment.solve_every_view(problem.tracks, tilt_angles, axis_angle)
    variables = chosen_variables(tilt_angles, axis_angle, choices(values, tilt_angles))
    if not values["RobustFitting"] and not values["WeightWholeTracks"]:
        return bundle.solve(problem.tracks, variables)
    tukey = alignment.TUKEY * values["KFactorScaling"]
    whole = values["WeightWholeTracks"]
    return alignment.solve_robustly(problem.tracks, variables, tukey=tukey, whole_tracks=whole)


def choices(values: Values, tilt_angles: Array) -> Dict[int, Choice]:
    """Give how each parameter is solved, from the numbers by which IMOD's options say it."""
    from etomotut.engine import bundle_adjustment as bundle
    from etomotut.engine import view_variables as kinds
    from etomotut.engine.view_variables import Choice

    usual = {0: kinds.FIXED, 1: kinds.EACH, 3: kinds.LINEAR, 4: kinds.BLOCK, -1: kinds.ONE}
    tilts = {0: kinds.FIXED, 1: kinds.EACH, 2: kinds.EACH, 5: kinds.LINEAR, 6: kinds.BLOCK}
    stretches = {**usual, 3: kinds.BLOCK, 4: kinds.LINEAR}  # IMOD's autodoc swaps these two
    least = int(np.argmin(np.abs(tilt_angles)))
    fixed = least if values["TiltOption"] != 1 else (values["TiltFixedView"] or least + 1) - 1
    reference = (values["MagReferenceView"] or least + 1) - 1
    return {
        bundle.ROTATION: Choice(usual[values["RotOption"]], values["RotDefaultGrouping"]),
        bundle.TILT: Choice(tilts[values["TiltOption"]], values["TiltDefaultGrouping"], fixed),
        bundle.MAGNIFICATION: Choice(
            usual[values["MagOption"]], values["MagDefaultGrouping"], reference
        ),
        bundle.STRETCH: Choice(
            stretches[values["XStretchOption"]], values["XStretchDefaultGrouping"], least
        ),
        bundle.SKEW: Choice(usual[values["SkewOption"]], values["SkewDefaultGrouping"], least),
    }


def read_points(values: Values, fiducials: Model, size: Tuple[int, int], views: int) -> Problem:
    """Give the points to fit: those on used views, in contours that have enough of them."""
    from etomotut.engine.bundle_adjustment import Tracks
    from etomotut.formats import model
    from etomotut.programs.tiltalign_output import Problem

    rows, contours = model.tracks(fiducials)
    view = rows[:, 2].astype(np.int64)
    if len(view) and not 0 <= view.min() <= view.max() < views:
        raise OptionError(
            f"{values['ModelFile']} has points on view {view.max() + 1} of {views} views"
        )
    used = _used_views(values, views)
    keep = used[view]
    counts = np.bincount(contours[keep], minlength=int(contours.max(initial=-1)) + 1)
    few = np.flatnonzero((counts > 0) & (counts < MIN_POINTS))
    if len(few):
        print(f"Contours with fewer than {MIN_POINTS} points, left out: {word_list(few + 1)}")
    keep &= counts[contours] >= MIN_POINTS
    if not keep.any():
        raise SolutionError(
            f"{values['ModelFile']} has no contour with {MIN_POINTS} points or more on used views"
        )
    numbers, bead = np.unique(contours[keep], return_inverse=True)
    xy = rows[keep, :2] - (np.array(size) - 1) / 2
    farthest = np.abs(xy).max(axis=0)
    if (farthest > size).any():
        raise OptionError(
            f"{values['ModelFile']} has points up to {farthest[0]:.0f},{farthest[1]:.0f} pixels "
            f"from the centre of images of {size[0]} x {size[1]}: it is of another series or "
            "binning"
        )
    return Problem(Tracks(xy, view[keep], bead), numbers, used)


def _used_views(values: Values, views: int) -> npt.NDArray[np.bool_]:
    given = [name for name in _VIEW_LISTS if values[name] is not None]
    if len(given) > 1:
        raise OptionError(f"only one of {word_list(_VIEW_LISTS)} may be given")
    numbers = np.arange(1, views + 1)
    if not given:
        return np.ones(views, bool)
    if given[0] == "IncludeStartEndInc":
        first, last, step = values["IncludeStartEndInc"]
        return np.isin(numbers, np.arange(first, last + 1, step))
    return np.isin(numbers, values[given[0]]) ^ (given[0] == "ExcludeList")


def read_tilt_angles(values: Values, views: int) -> Array:
    """Give the tilt angles; where they come from a file, it says how many views there are."""
    from etomotut.formats import tlt

    if values["TiltFile"] is not None:
        views = len(tlt.read(values["TiltFile"]))
    return angles.read_angles(values, views)


def image_size(values: Values, fiducials: Model) -> Tuple[int, int]:
    """Give the columns and rows of the images that the model was made on."""
    from etomotut.formats.mrc import Stack

    if values["ImageFile"] is not None:
        _, height, width = Stack(values["ImageFile"]).shape
        return width, height
    size: Tuple[int, int] = values["ImageSizeXandY"] or fiducials.size[:2]
    return size


def _move_axis(values: Values, origin: Array, xyz: Array) -> Array:
    """Give the place of the centroid after the shifts of the axis that the options ask for.

    Shifting the axis by an amount moves the specimen the other way.
    """
    binning = values["ImagesAreBinned"]
    moved = origin.copy()
    if not values["ShiftZFromOriginal"]:
        moved[2] = 0.0
    if values["AxisZShift"] == MID_RANGE:
        moved[2] = -(xyz[:, 2].max() + xyz[:, 2].min()) / 2
    else:
        moved[2] -= values["AxisZShift"] / binning
    moved[0] -= values["AxisXShift"] / binning
    return moved


def refuse_local(values: Values) -> None:
    """Raise OptionError if local alignments are asked for."""
    if values["LocalAlignments"]:
        raise OptionError(
            "option LocalAlignments is 1; the embedded tiltalign aligns globally only"
        )
