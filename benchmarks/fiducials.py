"""Seeding and tracking of gold beads: autofidseed, then beadtrack."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step

_TRACKING = """
ImagesAreBinned 1
TiltDefaultGrouping 7
MagDefaultGrouping 5
RotDefaultGrouping 1
FillGaps
MaxGapSize 5
RoundsOfTracking 2
LocalAreaTracking 0
MinViewsForTiltalign 4
MinTiltRangeToFindAxis 10.0
MinTiltRangeToFindAngles 20.0
BoxSizeXandY 32,32
MaxBeadsToAverage 4
PointsToFitMaxAndMin 7,3
DensityRescueFractionAndSD 0.6,1
DistanceRescueCriterion 10
RescueRelaxationDensityAndDistance 0.7,0.9
PostFitRescueResidual 2.5
DensityRelaxationPostFit 0.9
MaxRescueDistance 2.5
ResidualsToAnalyzeMaxAndMin 9,5
DeletionCriterionMinAndSD 0.04,2
"""


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the model of the tutorial's stage 3 on 41 x 720 x 512."""
    made = inputs.tracked(folder, (180, 128) if is_quick else (720, 512))
    lines = f"""ImageFile {made.prealigned}
InputSeedModel seed.fid
OutputModel tracks.fid
PrealignTransformFile {made.prexg}
RotationAngle {made.axis_angle:.3f}
TiltFile {made.angles}
BeadDiameter {made.bead_pixels:.2f}
{_TRACKING.strip()}
"""
    commands = folder / "track.com"
    commands.write_text(f"$beadtrack -StandardInput\n{lines}")
    words = ["-TrackCommandFile", str(commands), "-MinSpacing", "0.85"]
    words += ["-PeakStorageFraction", "1.0", "-TargetNumberOfBeads", "16"]
    seed = Step("autofidseed", words)
    return [Case("seed and track", [seed, Step("beadtrack", ["-StandardInput"], lines)])]
