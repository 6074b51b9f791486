"""Reconstruct a tomogram from an aligned tilt series by weighted back-projection or SIRT.

The names of the options are those of tomo3d; the tomogram is made as tilt makes it, and lies as
tilt's does: its axes are (y, depth, x) with depth = -z; trimvol -rx turns it upright. SIRT begins
with nothing. Densities of back-projection grow with the width of the views.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

from etomotut.errors import OptionError
from etomotut.programs import tilt
from etomotut.programs.console import limit_threads, require_file
from etomotut.programs.options import Option, Ranges, Several, Values, arguments, parse

PACKAGE = "tomo3d"
POSITIONAL: Tuple[str, ...] = ()
OPTIONS = (
    Option("a", Path, "file of tilt angles, degrees, one a view", required=True),
    Option("i", Path, "aligned tilt series, MRC", required=True),
    Option("o", Path, "file for the tomogram", required=True),
    Option("x", int, "width of the tomogram, voxels (default that of the views)", low=1,
           high=65536),
    Option("y", Several(int, 2), "first and last row of the views that get a slice, from 0"),
    Option("z", int, "thickness of the tomogram, voxels (default the width of the views)", low=1,
           high=65536),
    Option("A", float, "degrees added to the tilt angles", 0.0),
    Option("w", str, "weighting of back-projection", "on", choices=("on", "off")),
    Option("m", float, "frequency from which a Hamming window ends the weighting, cycles a pixel "
           "(default no window)", low=0, high=0.5),
    Option("S", bool, "SIRT instead of back-projection"),
    Option("l", int, "iterations of SIRT", 30, low=1),
    Option("t", int, "cores to use (default OMP_NUM_THREADS, else all)", low=1),
    Option("f", bool, "replace the tomogram if there is one"),
    Option("H", bool, "ignored: cores are what the machine says they are"),
    Option("v", int, "ignored: what is done is always told", low=0, high=2),
    Option("StopAtChange", float, "end SIRT when an iteration lowers the residual by less than "
           "this share of it", low=0, high=1, extra=True),
    Option("KeepIterations", Ranges, "iterations of SIRT whose tomograms are kept as well, in "
           "files named as the output with _it and the number", extra=True),
)  # fmt: skip


def run(values: Values) -> None:
    """Write the tomogram of an aligned tilt series."""
    if values["t"]:
        limit_threads(values["t"])
    if values["o"].exists() and not values["f"]:
        raise OptionError(f"{values['o']} exists; option f lets it be replaced")
    if values["S"] and values["m"] is not None:
        raise OptionError("option m is for back-projection: SIRT is not weighted")
    lacking = [name for name in ("StopAtChange", "KeepIterations") if values[name] is not None]
    if lacking and not values["S"]:
        raise OptionError(f"option {lacking[0]} is for SIRT: it needs option S")
    tilt.run(parse(tilt.OPTIONS, arguments(tilt.OPTIONS, _for_tilt(values))))


def _for_tilt(values: Values) -> Dict[str, Any]:
    """Give the options of tilt that make the same tomogram; raises EtomotutError."""
    from etomotut.formats import mrc

    rows, columns = mrc.Stack(require_file(values["i"], "aligned tilt series")).shape[1:]
    first, last = values["y"] or (0, rows - 1)
    if not 0 <= first <= last < rows:
        raise OptionError(f"option y is {first},{last}; the rows of the views are 0 to {rows - 1}")
    return {
        "InputProjections": values["i"],
        "OutputFile": values["o"],
        "TILTFILE": require_file(values["a"], "file of tilt angles"),
        "WIDTH": values["x"],
        "SLICE": (first, last),
        "THICKNESS": values["z"] or columns,
        "OFFSET": (values["A"], 0.0),
        "FlatFilterFraction": 1.0 if values["w"] == "off" and not values["S"] else None,
        "HammingLikeFilter": values["m"],
        "SIRTIterations": values["l"] if values["S"] else None,
        "StartEmpty": values["S"],
        "StopAtChange": values["StopAtChange"],
        "KeepIterations": values["KeepIterations"],
        "AdjustOrigin": True,
        "TITLE": "tomo3d reconstruction",
    }
