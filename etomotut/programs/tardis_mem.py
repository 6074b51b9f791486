"""Segment membranes in a tomogram, with the options and files of TARDIS's tardis_mem.

For a file NAME.mrc it writes Predictions/NAME_semantic.mrc (0, and 1 where there is membrane) and
Predictions/NAME_instances.csv (a number and a place in Å a line), both in the tomogram's folder.
The embedded program is no network: it looks for bilayers and for the closed surfaces they make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np

from etomotut.programs.membrane_finding import BRIGHT, Segmentation, mask_of
from etomotut.programs.options import THREADS, Option, Values

PACKAGE = "TARDIS"
FORMATS = ("mrc_csv", "mrc_None", "None_csv")
OPTIONS = (
    Option("path", Path, "tomogram, MRC", required=True, dash="--"),
    Option("output_format", str, "mask and points, mask alone, or points alone", "mrc_csv",
           choices=FORMATS, dash="--"),
    Option("correct_px", float, "pixel size, Å (default the header's)", low=0.01, dash="--"),
    Option("cnn_threshold", float, "confidence from which a voxel is membrane: 0.5 is where noise "
           "ends", 0.5, low=0, high=1, dash="--"),
    Option("dist_threshold", float, "ignored: surfaces that close tell membranes apart", 0.9,
           low=0, high=1, dash="--"),
    Option("rotate", str, "ignored: all directions are looked at anyway", dash="--"),
    Option("patch_size", int, "ignored: tiles are exact", low=1, dash="--"),
    Option("cnn_checkpoint", Path, "ignored: there is no network", dash="--"),
    Option("dist_checkpoint", Path, "ignored: there is no network", dash="--"),
    Option("device", str, "ignored: the embedded program computes without a GPU", dash="--"),
    BRIGHT,
    THREADS,
)  # fmt: skip
POSITIONAL: Tuple[str, ...] = ()
_EVERY = 2  # a point of a membrane in the file, so that it stays small


def run(values: Values) -> None:
    """Write the mask, the points, or both."""
    found = Segmentation(values["path"], values["correct_px"], values["bright"])
    folder = values["path"].parent / "Predictions"
    folder.mkdir(exist_ok=True)
    name, threshold = values["path"].stem, values["cnn_threshold"]
    mask, points = (word != "None" for word in values["output_format"].split("_"))
    if mask:
        path = folder / f"{name}_semantic.mrc"
        counts = found.write(path, np.int8, lambda sure, _: mask_of(sure, threshold))
        found.tell(counts)
        print(f"Written to {path}")
    if points:
        _write_points(folder / f"{name}_instances.csv", found, threshold)


def _write_points(path: Path, found: Segmentation, threshold: float) -> None:
    """Write the points of all membranes; TARDIS writes no file where there is none."""
    from etomotut.formats import points

    membranes = found.membranes
    sure = membranes.confidence >= threshold
    if not sure.any():
        print("WARNING: no membrane was found, so there is no file of points")
        return
    places = (membranes.points[sure] + 0.5) * membranes.spacing
    numbers = membranes.numbers[sure]
    points.write(path, numbers[::_EVERY], places[::_EVERY])
    count = len(np.unique(numbers))
    print(f"{len(numbers[::_EVERY])} points of {count} membranes written to {path}")
