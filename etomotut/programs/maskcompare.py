"""Compare two masks of a tomogram: how far they agree, and where they do not.

Dice's coefficient counts voxels above 0 in both masks; with the tolerance, a voxel agrees where the
other mask is near. The output has 1 where there is only the first mask, 2 where there is only the
second, 3 where there are both. No other package has such a program.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from etomotut.errors import OptionError
from etomotut.programs.console import require_file
from etomotut.programs.options import Option, Values

PACKAGE = ""
OPTIONS = (
    Option("FirstFile", Path, "mask, MRC", required=True),
    Option("SecondFile", Path, "mask of the same size", required=True),
    Option("OutputFile", Path, "volume of the differences", short="output"),
    Option("ResultFile", Path, "file for the figures, JSON"),
    Option("Tolerance", float, "how near counts as agreement, voxels", 2.0, low=0, high=20),
)
POSITIONAL = ("FirstFile", "SecondFile", "OutputFile")


def run(values: Values) -> None:
    """Print how far two masks agree, and write where they do."""
    from etomotut.engine.overlap import compare
    from etomotut.formats import mrc

    first, second = (
        mrc.Stack(require_file(values[name], "mask")) for name in ("FirstFile", "SecondFile")
    )
    if first.shape != second.shape:
        sizes = [" x ".join(map(str, each.shape[::-1])) for each in (first, second)]
        raise OptionError(f"{first.path} has {sizes[0]} voxels, {second.path} has {sizes[1]}")
    if values["OutputFile"] is None:
        found = compare(first, second, values["Tolerance"])
    else:
        with mrc.create(
            values["OutputFile"],
            first.shape,
            np.int8,
            pixel_size=first.pixel_size or 1.0,
            volume=True,
            origin=first.origin,
            labels=[*first.labels, "etomotut maskcompare"],
        ) as out:
            found = compare(first, second, values["Tolerance"], out.put)
    figures = {
        "first": found.first,
        "second": found.second,
        "both": found.both,
        "dice": found.dice,
        "dice_near": found.dice_near,
        "tolerance": values["Tolerance"],
    }
    if values["ResultFile"] is not None:
        values["ResultFile"].write_text(json.dumps(figures) + "\n")
    print(f"{found.first} and {found.second} voxels, {found.both} in both")
    near = f"{found.dice_near:.3f} within {values['Tolerance']:g} voxels"
    print(f"Dice {found.dice:.3f}, {near}")
