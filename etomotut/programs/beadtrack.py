"""Track gold beads through a tilt series, from the seeds of a model.

Every bead that can be seen is linked through the views by the geometry of the tilt series; then all
are located by fitting their radial profile where the solved geometry predicts them, and the
geometry is solved again. The output holds the tracks of the seeds.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.programs import angles
from etomotut.programs.options import THREADS, Option, Ranges, Several, Values

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
    Option("FillGaps", bool, "mark beads also in views where the seed has none"),
    Option("MaxGapSize", int, "accepted; gaps are filled wherever a bead is seen", 5, low=0),
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
    Option("LowPassCutoffInverseNm", float, "as in IMOD; not needed here"),
    THREADS,
)
POSITIONAL = ()


def run(values: Values) -> None:
    """Write the tracks of the seeds."""
