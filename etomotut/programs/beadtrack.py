"""Track gold beads through a tilt series, from the seeds of a model.

Every bead that can be seen is linked through the views by the geometry of the tilt series; then all
are located by fitting their radial profile where the solved geometry predicts them, and the
geometry is solved again. The output holds the tracks of the seeds.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from etomotut.programs import angles, bead_images
from etomotut.programs.console import word_list
from etomotut.programs.options import THREADS, Option, Ranges, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.bundle_adjustment import Tracks

Array = npt.NDArray[np.float64]

PAIR, PAIR_OF_NUMBERS = Several(int, 2), Several(float, 2)

OPTIONS = (
    Option("InputSeedModel", Path, "model with the seeds", required=True),
    Option("OutputModel", Path, "model for the tracks", required=True),
    Option("ImageFile", Path, "prealigned tilt series, MRC", required=True),
    Option("PrealignTransformFile", Path, "transforms that prealigned it", short="prexf"),
    Option("ImagesAreBinned", int, "binning of the images against raw", 1, low=1),
    Option("SkipViews", Ranges, "views, from 1, to leave out", low=1),
    Option("RotationAngle", float, "tilt axis from vertical, degrees", 0.0, low=-360, high=360),
    *angles.OPTIONS,
    Option("BeadDiameter", float, "diameter in unbinned pixels", required=True, low=0.1),
    Option("LightBeads", bool, "beads are lighter than their background"),
    Option("FillGaps", bool, "as in IMOD; gaps are always filled where a bead is seen"),
    Option("MaxGapSize", int, "as in IMOD; not needed here"),
    # How IMOD's program searches, solves and rescues. The embedded one predicts from all views at
    # once and needs none of it; the options are known so that one command serves both.
    Option("TiltDefaultGrouping", int, "as in IMOD; not needed here"),
    Option("MagDefaultGrouping", int, "as in IMOD; not needed here"),
    Option("RotDefaultGrouping", int, "as in IMOD; not needed here"),
    Option("MinViewsForTiltalign", int, "as in IMOD; not needed here"),
    Option("CentroidRadius", float, "as in IMOD; not needed here"),
    Option("MinTiltRangeToFindAxis", float, "as in IMOD; not needed here"),
    Option("MinTiltRangeToFindAngles", float, "as in IMOD; not needed here"),
    Option("BoxSizeXandY", PAIR, "as in IMOD; not needed here"),
    Option("RoundsOfTracking", int, "as in IMOD; not needed here"),
    Option("LocalAreaTracking", bool, "as in IMOD; not needed here"),
    Option("LocalAreaTargetSize", int, "as in IMOD; not needed here"),
    Option("MinBeadsInArea", int, "as in IMOD; not needed here"),
    Option("MinOverlapBeads", int, "as in IMOD; not needed here"),
    Option("MaxBeadsToAverage", int, "as in IMOD; not needed here"),
    Option("SobelFilterCentering", bool, "as in IMOD; centres are fitted here"),
    Option("KernelSigmaForSobel", float, "as in IMOD; not needed here"),
    Option("AverageBeadsForSobel", int, "as in IMOD; not needed here"),
    Option("InterpolationType", int, "as in IMOD; not needed here"),
    Option("PointsToFitMaxAndMin", PAIR, "as in IMOD; not needed here"),
    Option("DensityRescueFractionAndSD", PAIR_OF_NUMBERS, "as in IMOD; not needed here"),
    Option("DistanceRescueCriterion", float, "as in IMOD; not needed here"),
    Option("RescueRelaxationDensityAndDistance", PAIR_OF_NUMBERS, "as in IMOD; not needed here"),
    Option("PostFitRescueResidual", float, "as in IMOD; not needed here"),
    Option("DensityRelaxationPostFit", float, "as in IMOD; not needed here"),
    Option("MaxRescueDistance", float, "as in IMOD; not needed here"),
    Option("ResidualsToAnalyzeMaxAndMin", PAIR, "as in IMOD; not needed here"),
    Option("DeletionCriterionMinAndSD", PAIR_OF_NUMBERS, "as in IMOD; not needed here"),
    Option("LowPassCutoffInverseNm", float, "as in IMOD; not needed here", newer=True),
    THREADS,
)
POSITIONAL = ()


def run(values: Values) -> None:
    """Write the tracks of the seeds."""
    from etomotut.engine import locating, tracking
    from etomotut.formats import model

    views, pixel_size = bead_images.read(values)
    seeds, marks = bead_images.read_marks(values, "InputSeedModel", views.shape)
    setting = bead_images.setting(values, views, pixel_size, wanted=min(max(len(marks), 4), 15))
    setting = replace(setting, limit=max(setting.limit, 4 * len(marks)))
    with bead_images.named_in_errors(values, setting):
        tracked, numbers = tracking.track_seeds(views, marks, setting)
    tracked.marks[:, [view - 1 for view in values["SkipViews"] or []]] = np.nan
    points = locating.as_points(tracked.marks)
    _report(points, numbers, marks)
    tracks = model.from_tracks(
        np.column_stack([points.xy + bead_images.centre(views.shape), points.view]),
        numbers[points.bead],
        size=views.shape[::-1],
        pixel_size=pixel_size,
        symbol_size=seeds.objects[0].symbol_size,
    )
    model.write(values["OutputModel"], tracks)


def _report(points: Tracks, numbers: npt.NDArray[np.int64], seeds: Array) -> None:
    """Print, as IMOD does, the views on which points are missing."""
    views = seeds.shape[1]
    lost = np.setdiff1d(np.flatnonzero(np.isfinite(seeds[..., 0]).any(axis=1)), numbers)
    if len(lost):
        print(f"Seeds that could not be followed: {word_list(lost + 1)}")
    print("\nObj cont:  Views on which points are missing")
    total = 0
    for bead, number in enumerate(numbers):
        missing = np.setdiff1d(np.arange(views), points.view[points.bead == bead])
        total += len(missing)
        if len(missing):
            print(f" 1{number + 1:4d}: {_ranges(missing + 1)}")
    print(f" Total points missing ={total:12d}")


def _ranges(numbers: npt.NDArray[np.int64]) -> str:
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
