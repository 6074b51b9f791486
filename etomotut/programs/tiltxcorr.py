"""Align the views of a tilt series to each other by cross-correlation, or track patches through it.

Views are taken from the least tilted outwards. The higher tilted of a pair is stretched across the
tilt axis by the ratio of cosines before it is correlated with the one before. The output holds each
view's shift to the view before it (.prexf); with a patch size it is a model of tracked patches.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs import angles
from etomotut.programs.imodchopconts import cut_tracks
from etomotut.programs.options import THREADS, Option, Ranges, Several, Values
from etomotut.programs.streaming import require_content

if TYPE_CHECKING:
    from etomotut.engine.correlation import Bandpass
    from etomotut.formats.mrc import Stack

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WORKING_SIZE = 512  # pixels of the longer side that are enough to correlate whole views

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
    from etomotut.formats.mrc import Stack

    stack = Stack(values["InputFile"])
    tilt_angles = angles.read_angles(values, len(stack))
    chosen = _chosen_views(values, len(stack))
    region = _region(values, stack.shape)
    for view in chosen:
        require_content(stack[view], f"view {view + 1} of {stack.path}")
    if values["SizeOfPatchesXandY"] is not None:
        _write_patches(values, stack, tilt_angles, chosen)
    else:
        _write_shifts(values, stack, tilt_angles, chosen, region)


def _write_shifts(
    values: Values, stack: Stack, tilt_angles: Array, chosen: Ints, region: Tuple[slice, slice]
) -> None:
    from etomotut.engine import correlation
    from etomotut.engine.views import reduce_views
    from etomotut.formats import xf

    views = stack[:][chosen][(slice(None), *region)]
    factor = values["BinningToApply"] or -(-max(views.shape[1:]) // WORKING_SIZE)
    matching = correlation.Matching(
        _bandpass(values),
        cumulative=values["CumulativeCorrelation"],
        stretch=not values["NoCosineStretch"],
        limit=values["ShiftLimitsXandY"],
        iterations=max(values["IterateCorrelations"] or 1, 1),
    )

    def tell(view: int, shift: Array, peak: float) -> None:
        x, y = shift * factor
        print(
            f"View{chosen[view] + 1:4d}, shifts{x:10.2f}{y:10.2f}      peak{peak:8.3f}", flush=True
        )

    shifts = factor * correlation.align_views(
        reduce_views(views, factor),
        tilt_angles[chosen],
        values["RotationAngle"],
        matching,
        pixel=factor,
        watch=tell,
    )
    shifts = shifts + _off_axis(region, stack.shape, tilt_angles[chosen], values["RotationAngle"])
    everyone = np.stack(
        [np.interp(np.arange(len(stack)), chosen, shifts[:, axis]) for axis in (0, 1)], axis=1
    )
    steps = np.repeat(np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), len(stack), axis=0)
    steps[1:, :, 2] = np.diff(everyone, axis=0)
    xf.write(values["OutputFile"], steps)


def _write_patches(values: Values, stack: Stack, tilt_angles: Array, chosen: Ints) -> None:
    from etomotut.engine import patches
    from etomotut.formats import model

    centres = _patch_centres(values, stack.shape)
    tracking = patches.PatchTracking(
        values["SizeOfPatchesXandY"],
        _bandpass(values),
        values["ShiftLimitsXandY"] or tuple(n / 5 for n in values["SizeOfPatchesXandY"]),
        max(values["IterateCorrelations"] or 0, 0),
    )
    print(f"Tracking {len(centres)} patches", flush=True)
    views = stack[:][chosen].astype(np.float32)
    marks = patches.track_patches(
        views, tilt_angles[chosen], values["RotationAngle"], centres, tracking
    )
    patch, view = np.nonzero(np.isfinite(marks[..., 0]))
    centre = (np.array(stack.shape[:0:-1]) - 1) / 2
    table = np.column_stack([marks[patch, view] + centre, chosen[view]])
    if values["LengthAndOverlap"] is not None:
        length, overlap = values["LengthAndOverlap"]
        table, patch, _ = cut_tracks(table, patch, length, overlap)
    size = stack.shape[::-1]
    pixel_size = stack.pixel_size
    model.write(
        values["OutputFile"], model.from_tracks(table, patch, size=size, pixel_size=pixel_size)
    )
    print(f"{len(np.unique(patch))} contours with {len(table)} points")


def _patch_centres(values: Values, shape: Tuple[int, int, int]) -> Array:
    """Give where patches begin (patch, 2): at the points of a seed model, or on a grid."""
    from etomotut.engine import patches
    from etomotut.formats import model

    size = values["SizeOfPatchesXandY"]
    border = values["BordersInXandY"] or (0, 0)
    room = [n - 2 * edge for n, edge in zip(shape[:0:-1], border)]
    if any(patch > each for patch, each in zip(size, room)):
        raise OptionError(
            f"option SizeOfPatchesXandY is {size[0]},{size[1]}; the images have room for "
            f"{room[0]},{room[1]}"
        )
    if values["SeedModel"] is not None:
        rows, _ = model.tracks(model.read(values["SeedModel"]))
        return rows[:, :2] - (np.array(shape[:0:-1]) - 1) / 2
    counts = values["NumberOfPatchesXandY"]
    if counts is None:
        overlap = values["OverlapOfPatchesXandY"] or (0.33, 0.33)
        steps = [patch * (1 - share) for patch, share in zip(size, overlap)]
        counts = tuple(
            1 + round((each - patch) / step) for each, patch, step in zip(room, size, steps)
        )
    return patches.grid(shape[:0:-1], border, size, counts)


def _bandpass(values: Values) -> Bandpass:
    from etomotut.engine.correlation import Bandpass

    names = ("FilterRadius1", "FilterRadius2", "FilterSigma1", "FilterSigma2")
    return Bandpass(*(values[name] for name in names))


def _chosen_views(values: Values, count: int) -> Ints:
    """Give the views, from 0, to align; raises OptionError where fewer than two are left."""
    first, last = values["StartingEndingViews"] or (1, count)
    if values["StartingEndingViews"] is not None and not 1 <= first < last <= count:
        raise OptionError(f"option StartingEndingViews is {first},{last} of {count} views")
    chosen = np.setdiff1d(np.arange(first, last + 1), values["SkipViews"] or []) - 1
    if len(chosen) < 2:
        raise OptionError(f"{len(chosen)} views are left to align; at least 2 are needed")
    return chosen


def _region(values: Values, shape: Tuple[int, int, int]) -> Tuple[slice, slice]:
    """Give the rows and columns to correlate."""
    slices = []
    border = values["BordersInXandY"] or (0, 0)
    for axis, name in ((1, "YMinAndMax"), (0, "XMinAndMax")):
        size = shape[2 - axis]
        first, last = values[name] or (border[axis], size - 1 - border[axis])
        if not 0 <= first < last - 16 <= size - 17:
            raise OptionError(
                f"{'xy'[axis]} from {first} to {last} are to be correlated; the images have "
                f"0 to {size - 1}, of which at least 16 are needed"
            )
        slices.append(slice(first, last + 1))
    return slices[0], slices[1]


def _off_axis(
    region: Tuple[slice, slice], shape: Tuple[int, int, int], tilt_angles: Array, axis_angle: float
) -> Array:
    """Give the shifts (view, 2) that put the axis of a region's alignment at the image's centre.

    Correlated on its own, a region beside the tilt axis stays where it was at zero tilt; about the
    axis of the whole image it would draw nearer by the cosine of the tilt.
    """
    middle = [(part.start + part.stop - 1) / 2 for part in region][::-1]
    offset = np.array(middle) - (np.array(shape[:0:-1]) - 1) / 2
    across = np.array([np.cos(np.radians(axis_angle)), np.sin(np.radians(axis_angle))])
    nearer = np.cos(np.radians(tilt_angles)) - np.cos(np.radians(tilt_angles)).max()
    return np.outer(nearer, (offset @ across) * across)
