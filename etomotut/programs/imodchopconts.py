"""Cut the contours of a model into shorter ones of equal length that overlap.

Long tracks of patches drift; in pieces, each with a 3D point of its own, they bend an alignment
less.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.options import Option, Ranges, Values

if TYPE_CHECKING:
    from etomotut.formats.model import Model

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHORTEST = 16  # points of a piece, where its length follows from the number of views
USUAL_OVERLAP = 4

OPTIONS = (
    Option("InputModel", Path, "model to cut", short="input", required=True),
    Option("OutputModel", Path, "model of pieces", short="output", required=True),
    Option("LengthOfPieces", int, "points a piece; -1: views / 5, at least 16", None, "length", -1),
    Option("MinimumOverlap", int, "points shared by neighbours; -1: none", None, "overlap", -1),
    Option("NumberOfPieces", int, "pieces of the longest contour", None, "number", 1),
    Option("AssignSurfaces", bool, "surface number = number of the old contour", short="surfaces"),
    Option("ObjectsToDo", Ranges, "objects to cut, from 1", short="objects", low=1),
)
POSITIONAL = ("InputModel", "OutputModel")


def run(values: Values) -> None:
    """Write the model of pieces."""
    from etomotut.formats import model

    source = model.read(values["InputModel"])
    chosen = values["ObjectsToDo"] or range(1, len(source.objects) + 1)
    length, overlap = _length(values, source), _overlap(values)
    if overlap > 0 and length <= overlap + 1:
        raise OptionError(f"pieces of {length} points cannot share {overlap}: two fewer at most")
    for number in chosen:
        if number > len(source.objects):
            raise OptionError(f"option ObjectsToDo names object {number} of {len(source.objects)}")
        each = source.objects[number - 1]
        pieces = []
        for index, contour in enumerate(each.contours, 1):
            for piece in cuts(len(contour.points), length, overlap):
                surface = index if values["AssignSurfaces"] else contour.surface
                pieces.append(model.Contour(contour.points[piece], surface, contour.time))
        print(f"Object {number}: {len(each.contours)} contours cut into {len(pieces)}")
        each.contours = pieces
    model.write(values["OutputModel"], source)


def cuts(count: int, length: int, overlap: int) -> List[slice]:
    """Give the pieces of `length` points into which `count` points are cut, as IMOD cuts them.

    There are as many as would reach the end if the last had no neighbour to share with; these
    share at least `overlap` points, the first ones most. With a negative overlap they share none,
    and the first are longest.
    """
    if count <= length:
        return [slice(0, count)]
    if overlap < 0:
        parts = np.array_split(np.arange(count), -(-count // length))
        return [slice(int(part[0]), int(part[-1]) + 1) for part in parts]
    number = min(-(-count // max(length - overlap, 1)), count - length + 1)
    step, longer = divmod(count - length, number - 1)
    steps = np.repeat([step, step + 1], [number - 1 - longer, longer])
    return [slice(start, start + length) for start in (0, *np.cumsum(steps).tolist())]


def cut_tracks(table: Array, tracks: Ints, length: int, overlap: int) -> Tuple[Array, Ints, Ints]:
    """Cut tracks given as points (point, 3) and numbers (point,) into pieces.

    Gives the points, the numbers of the pieces, and those of the tracks they come from.
    """
    rows: List[Ints] = []
    pieces: List[Ints] = []
    parents: List[Ints] = []
    for track in np.unique(tracks):
        own = np.flatnonzero(tracks == track)
        own = own[np.argsort(table[own, 2], kind="stable")]
        for piece in cuts(len(own), length, overlap):
            rows.append(own[piece])
            pieces.append(np.full(len(own[piece]), len(pieces)))
            parents.append(np.full(len(own[piece]), track))
    return table[np.concatenate(rows)], np.concatenate(pieces), np.concatenate(parents)


def _length(values: Values, source: Model) -> int:
    longest = max([len(contour.points) for _, _, contour in source.contours()], default=0)
    if values["NumberOfPieces"] is not None:
        number, shared = values["NumberOfPieces"], max(_overlap(values), 0)
        return max((longest + (number - 1) * shared) // number, shared + 2)
    if values["LengthOfPieces"] is None:
        return longest
    if values["LengthOfPieces"] > 0:
        return int(values["LengthOfPieces"])
    return max(source.size[2] // 5, SHORTEST)


def _overlap(values: Values) -> int:
    if values["MinimumOverlap"] is not None:
        return int(values["MinimumOverlap"])
    return 0 if values["LengthOfPieces"] == 1 else USUAL_OVERLAP
