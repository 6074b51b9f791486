"""Cut the contours of a model into shorter ones of equal length that overlap.

Long tracks of patches drift; in pieces, each with a 3D point of its own, they bend an alignment
less.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.programs.options import Option, Ranges, Values

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
