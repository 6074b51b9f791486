"""Choose gold beads to track: a seed model with the best of all beads that can be followed.

All beads are found in all views, their size measured, and linked into tracks by the geometry of
the tilt series alone. The seeds are those that are followed longest and fit best, spread over the
field and, where asked, over both surfaces. What else is needed (image, angles, axis, bead size)
stands in the command file for beadtrack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs import bead_images
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
    Option("NumberOfSeedViews", int, "as in IMOD; not needed here", None, "views", 1),
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
    from etomotut.engine import locating, seeding, tracking
    from etomotut.formats import model

    command = bead_images.parse_command_file(values["TrackCommandFile"])
    if values["BeadSize"] is not None:
        command["BeadDiameter"] = values["BeadSize"] * command["ImagesAreBinned"]
    views, pixel_size = bead_images.read(command)
    wanted = _wanted(values, views.shape)
    setting = bead_images.setting(command, views, pixel_size, wanted=min(wanted, 15))
    with bead_images.named_in_errors(command, setting):
        tracked = tracking.survey(views, setting)
    inside = _clear_of_borders(values, tracked.solution.xyz, views.shape)
    tracked = locating.keep(tracked, inside)
    field = float(views.shape[1] * views.shape[2])
    chosen = seeding.choose(tracked, wanted, two_surfaces=values["TwoSurfaces"], field=field)
    print(f"{len(tracked.marks)} beads can be followed; {len(chosen)} of {wanted} wanted are seeds")
    points = locating.as_points(tracked.marks[chosen])
    centre = (np.array(views.shape[:0:-1]) - 1) / 2
    seeds = model.from_tracks(
        np.column_stack([points.xy + centre, points.view]),
        points.bead,
        size=views.shape[::-1],
        pixel_size=pixel_size,
        symbol_size=max(round(1.5 * setting.radius), 3),
    )
    model.write(values["OutputSeedModel"] or command["InputSeedModel"], seeds)
    if values["InfoFile"] is not None:
        values["InfoFile"].write_text(f"Bead size: {2 * setting.radius:.2f} pixels\n")


def _wanted(values: Values, shape: Tuple[int, ...]) -> int:
    if values["TargetNumberOfBeads"] is not None:
        return int(values["TargetNumberOfBeads"])
    if values["TargetDensityOfBeads"] is not None:
        return max(int(values["TargetDensityOfBeads"] * shape[1] * shape[2] / 1e6), 1)
    raise OptionError("option TargetNumberOfBeads or TargetDensityOfBeads is needed")


def _clear_of_borders(
    values: Values, xyz: npt.NDArray[np.float64], shape: Tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    border = np.array(values["BordersInXandY"] or (0, 0))
    half = np.array(shape[:0:-1]) / 2 - border
    clear: npt.NDArray[np.bool_] = (np.abs(xyz[:, :2]) < np.maximum(half, 1)).all(axis=1)
    return clear if border.any() else np.ones(len(xyz), bool)
