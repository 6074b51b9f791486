"""Make a mask of the gold of a tilt series whose beads are known in 3D or as tracks.

Known beads are projected into every view, moved onto what is seen there, and masked as far as
their fringes reach; so is gold that nobody tracked, unless OnlyKnown says not to. The mask is 1
where there is gold. fidder erase fills what it marks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import require_file
from etomotut.programs.options import THREADS, Option, Ranges, Values

if TYPE_CHECKING:
    from etomotut.formats.mrc import Stack

PACKAGE = ""
OPTIONS = (
    Option("InputFile", Path, "tilt series with dark beads, MRC", short="input", required=True),
    Option("OutputFile", Path, "mask to write", short="output", required=True),
    Option("BeadDiameter", float, "diameter of the beads, pixels; it may be off by a factor of 2",
           short="diameter", low=2, required=True),
    Option("PositionFile", Path, "3D positions of beads, pixels (.xyz of tiltalign)",
           short="xyz"),
    Option("TransformFile", Path, "transforms that align the views of the series (.xf)",
           short="xf"),
    Option("TiltFile", Path, "file of tilt angles, one a view", short="tlt"),
    Option("SolvedViews", Ranges, "views, from 1, for which transforms and angles hold (default "
           "all); in others beads are found as if none was known", short="solved"),
    Option("ModelFile", Path, "or model of the beads in the views of this series",
           short="model"),
    Option("OnlyKnown", bool, "leave gold that is not known", short="only"),
    Option("ProbabilityThreshold", float, "probability from which other gold is masked", 0.9,
           short="threshold", low=0, high=1),
    THREADS,
)  # fmt: skip
POSITIONAL = ("InputFile", "OutputFile")

_GEOMETRY = ("PositionFile", "TransformFile", "TiltFile")


def run(values: Values) -> None:
    """Write the mask."""
    from etomotut.engine import bead_detection
    from etomotut.formats import mrc
    from etomotut.programs import gold

    stack = mrc.Stack(require_file(values["InputFile"], "tilt series"))
    known = _read_known(values, stack)
    views = gold.Views(stack)
    radius, threshold = values["BeadDiameter"] / 2, values["ProbabilityThreshold"]
    found = gold.find(views, radius, threshold)
    places: List[npt.NDArray[np.float64]] = []
    moved = 0
    for number, (projected, detected) in enumerate(zip(known, found.places)):
        view = bead_detection.without_spikes(views[number])
        seen, likeness = bead_detection.refine(view, projected, found.radius, found.profile)
        moved += int((likeness > bead_detection.USUAL_SCORE).sum())
        others = detected[_far_from(seen, detected, found.radius)]
        places.append(seen if values["OnlyKnown"] else np.concatenate([seen, others]))
    marks = sum(map(len, known))
    print(f"{marks} marks of known beads, {moved} of them with a bead to see")
    print(f"{sum(map(len, places)) - marks} marks of other gold")
    pixel_size = stack.pixel_size or 1.0
    gold.write_masks(values["OutputFile"], views, places, found.outline, pixel_size)


def _read_known(values: Values, stack: Stack) -> List[npt.NDArray[np.float64]]:
    """Give the places (n, 2) of known beads in each view; raises OptionError."""
    given = [name for name in _GEOMETRY if values[name] is not None]
    if (values["ModelFile"] is None) == (not given):
        raise OptionError("beads are known by PositionFile or by ModelFile: give one of them")
    if given and len(given) < len(_GEOMETRY):
        missing = next(name for name in _GEOMETRY if name not in given)
        raise OptionError(f"option {missing} is needed with {given[0]}")
    return _project(values, stack) if given else _tracks(values, stack)


def _project(values: Values, stack: Stack) -> List[npt.NDArray[np.float64]]:
    """Give where beads that are known in 3D are seen in each view, those outside left out."""
    from etomotut.engine.bead_masks import project
    from etomotut.formats import tlt, xf
    from etomotut.formats.fiducials import read_positions

    views, height, width = stack.shape
    positions = read_positions(require_file(values["PositionFile"], "positions"))
    transforms = xf.read(require_file(values["TransformFile"], "transforms"))
    if len(transforms) != views:
        raise OptionError(
            f"{values['TransformFile']} has {len(transforms)} transforms for {views} views"
        )
    angles = tlt.read(require_file(values["TiltFile"], "tilt angles"), views=views)
    size = np.array(positions.size if all(positions.size) else (width, height), float)
    xyz = positions.xyz - np.append(size / 2, 0)
    seen = project(xyz, transforms, angles) + (np.array([width, height]) - 1) / 2
    solved = values["SolvedViews"] or range(1, views + 1)
    nothing = np.zeros((0, 2))
    reach = values["BeadDiameter"]
    found = [
        _within(each, (width, height), reach) if number in solved else nothing
        for number, each in enumerate(seen, 1)
    ]
    if len(xyz) and not any(map(len, found)):
        raise OptionError(
            f"none of the {len(xyz)} positions in {values['PositionFile']} is seen in a view of "
            f"{stack.path}: they are of another series"
        )
    return found


def _tracks(values: Values, stack: Stack) -> List[npt.NDArray[np.float64]]:
    from etomotut.formats import model

    found = model.read(require_file(values["ModelFile"], "model"))
    if found.size[2] not in (0, len(stack)):
        raise OptionError(
            f"{values['ModelFile']} was made on {found.size[2]} views; {stack.path} has "
            f"{len(stack)}"
        )
    rows, _ = model.tracks(found)
    return [rows[np.rint(rows[:, 2]) == view, :2] for view in range(len(stack))]


def _within(
    places: npt.NDArray[np.float64], size: tuple[int, int], reach: float
) -> npt.NDArray[np.float64]:
    inside = ((places > -reach) & (places < np.array(size) - 1 + reach)).all(axis=1)
    return places[inside]


def _far_from(
    known: npt.NDArray[np.float64], others: npt.NDArray[np.float64], radius: float
) -> npt.NDArray[np.bool_]:
    """Tell which of others (n, 2) are no known bead."""
    if not len(known) or not len(others):
        return np.ones(len(others), bool)
    apart = np.linalg.norm(others[:, None] - known[None], axis=2)
    return np.asarray(apart.min(axis=1) > radius / 2)
