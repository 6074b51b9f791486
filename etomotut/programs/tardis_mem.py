"""Segment membranes in a tomogram, with the options and files of TARDIS's tardis_mem.

It is best given a folder: TARDIS fails on a file in another folder, or writes beside it. For each
NAME.mrc it writes Predictions/NAME_semantic.mrc (0, and 1 where there is membrane) and
Predictions/NAME_instances.csv (a number and a place in Å a line, counted from the first voxel), in
the tomogram's folder. The embedded program is no network: it looks for bilayers and for the closed
surfaces they make.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import numpy as np

from etomotut.errors import OptionError
from etomotut.programs.membrane_finding import BRIGHT, Segmentation, mask_of
from etomotut.programs.options import THREADS, Option, Values

PACKAGE = "TARDIS"
ENDINGS = (".mrc", ".rec", ".map")
FORMATS = ("mrc_csv", "mrc_None", "None_csv")
OPTIONS = (
    Option("path", Path, "folder with tomograms, or one tomogram, MRC (default this folder)",
           Path(), short="dir", dash="--"),
    Option("output_format", str, "mask and points, mask alone, or points alone", "mrc_csv",
           short="out", choices=FORMATS, dash="--"),
    Option("correct_px", float, "pixel size, Å (default the header's)", short="px", low=0.01,
           dash="--"),
    Option("cnn_threshold", float, "confidence from which a voxel is membrane: 0.5 is where noise "
           "ends", 0.5, short="ct", low=0, high=1, dash="--"),
    Option("dist_threshold", float, "ignored: surfaces that close tell membranes apart", 0.9,
           short="dt", low=0, high=1, dash="--"),
    Option("mask", str, "refused if True: masks are numbered by masknumbers", "False", short="ms",
           choices=("True", "False"), dash="--"),
    Option("normalize_px", float, "ignored: any pixel size will do", short="norm_px", dash="--"),
    Option("rotate", str, "ignored: all directions are looked at anyway", short="rt", dash="--"),
    Option("patch_size", int, "ignored: tiles are exact", short="ps", low=1, dash="--"),
    Option("points_in_patch", int, "ignored: all points are taken at once", short="pv", low=1,
           dash="--"),
    Option("cnn_checkpoint", Path, "ignored: there is no network", short="cch", dash="--"),
    Option("dist_checkpoint", Path, "ignored: there is no network", short="dch", dash="--"),
    Option("local_only", str, "ignored: nothing is downloaded", short="local", dash="--"),
    Option("model_version", int, "ignored: there is no network", short="mv", dash="--"),
    Option("convolution_nn", str, "ignored: there is no network", short="cnn", dash="--"),
    Option("device", str, "ignored: the embedded program computes without a GPU", short="dv",
           dash="--"),
    Option("debug", str, "ignored: there are no steps to keep", short="db", dash="--"),
    Option("continue_b", str, "refused if True: every tomogram is segmented", "False",
           short="continue", choices=("True", "False"), dash="--"),
    BRIGHT,
    THREADS,
)  # fmt: skip
POSITIONAL: Tuple[str, ...] = ()
_EVERY = 2  # a point of a membrane in the file, so that it stays small


def run(values: Values) -> None:
    """Write the mask, the points, or both, of a tomogram or of all in a folder."""
    for name in ("mask", "continue_b"):
        if values[name] == "True":
            raise OptionError(f"option {name} is not embedded: it must be False")
    for path in _tomograms(values["path"]):
        _segment(path, values)


def _tomograms(path: Path) -> List[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix in ENDINGS and each.is_file())
    if not found:
        raise OptionError(f"{path} has no tomogram: files ending with {', '.join(ENDINGS)} are")
    return found


def _segment(path: Path, values: Values) -> None:
    found = Segmentation(path, values["correct_px"], values["bright"])
    folder = path.parent / "Predictions"
    folder.mkdir(exist_ok=True)
    name, threshold = path.stem, values["cnn_threshold"]
    mask, points = (word != "None" for word in values["output_format"].split("_"))
    if mask:
        result = folder / f"{name}_semantic.mrc"
        counts = found.write(result, np.int8, lambda sure, _: mask_of(sure, threshold))
        found.tell(counts)
        print(f"Written to {result}")
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
    places = (membranes.points[sure] + 0.5) * membranes.spacing - 0.5 * found.pixel_size
    numbers = membranes.numbers[sure]
    points.write(path, numbers[::_EVERY], places[::_EVERY])
    count = len(np.unique(numbers))
    print(f"{len(numbers[::_EVERY])} points of {count} membranes written to {path}")
