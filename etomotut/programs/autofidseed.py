"""Choose gold beads to track: a seed model with the best of all beads that can be followed.

All beads are found in all views, their size measured, and linked into tracks by the geometry of
the tilt series alone. The seeds are those that are followed longest and fit best, spread over the
field and, where asked, over both surfaces. What else is needed (image, angles, axis, bead size)
stands in the command file for beadtrack.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.programs.options import THREADS, Option, Several, Values

OPTIONS = (
    Option("TrackCommandFile", Path, "command file for beadtrack", None, "track", required=True),
    Option("MinGuessNumBeads", int, "beads that are there at least", None, "guess", 1),
    Option("MinSpacing", float, "least distance of beads, in diameters", 0.85, "spacing", 0),
    Option(
        "BeadSize", float, "diameter, pixels (default from the command file)", None, "size", 0.1
    ),
    Option("AdjustSizes", bool, "use the size that is measured", short="adjust"),
    Option("PeakStorageFraction", float, "share of the candidates to keep", 1.0, "peak", 0),
    Option("NumberOfSeedViews", int, "views at which seeds are marked", 3, "views", 1),
    Option("BordersInXandY", Several(int, 2), "pixels to leave out at edges", None, "border", 0),
    Option("TwoSurfaces", bool, "as many beads from each of two surfaces", short="two"),
    Option("TargetNumberOfBeads", int, "beads wanted", None, "number", 1),
    Option("TargetDensityOfBeads", float, "beads wanted a million pixels", None, "density", 0),
    Option("OutputSeedModel", Path, "seed model (default from the command file)", None, "output"),
    Option("InfoFile", Path, "file for the bead size found", None, "info"),
    Option("TemporaryDirectory", Path, "not needed here; accepted", None, "tempdir"),
    THREADS,
)
POSITIONAL = ()


def run(values: Values) -> None:
    """Write the seed model."""
