"""Reconstruct a tomogram from an aligned tilt series by weighted back-projection or SIRT.

The tomogram is written slice by slice perpendicular to the tilt axis: its axes are (y, depth, x)
with depth = -z; trimvol -rx turns it upright. Odd widths and thicknesses are centred exactly,
which is half a voxel from where IMOD puts them.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Tuple

import numpy as np

from etomotut.errors import OptionError
from etomotut.programs.console import keep_freed_memory, progress, require_file, threads
from etomotut.programs.options import THREADS, Kind, Option, Ranges, Several, Values

if TYPE_CHECKING:
    from etomotut.formats.mrc import Stack, Writer
    from etomotut.programs.tilt_plan import Plan, Slab

_IGNORED: Dict[str, Tuple[Kind, str]] = {
    "UseGPU": (int, "the embedded program computes without a GPU"),
    "ActionIfGPUFails": (Several(int, 2), "the embedded program computes without a GPU"),
    "COSINTERP": (Several(int), "lines are always stretched linearly"),
    "XTILTINTERP": (int, "slices are always turned linearly"),
    "LOCALSCALE": (float, "it serves local alignments only"),
    "FBPINTERP": (int, "IMOD discontinued it"),
    "REPLICATE": (Several(float, 2), "IMOD discontinued it"),
}
_REFUSED: Dict[str, Tuple[Kind, str]] = {
    "LOCALFILE": (Path, "local alignments need IMOD's tilt"),
    "ZFACTORFILE": (Path, "z factors need IMOD's tilt"),
    "COMPRESS": (Several(float), "compression of the specimen needs IMOD's tilt"),
    "PARALLEL": (bool, "write slices perpendicular to the axis and turn them with trimvol"),
    "RotateBy90": (bool, "write slices perpendicular to the axis and turn them with trimvol -rx"),
    "MASK": (int, "masking the edges needs IMOD's tilt"),
    "REPROJECT": (Several(float), "projecting a tomogram needs IMOD's tilt"),
    "RecFileToReproject": (Path, "projecting a tomogram needs IMOD's tilt"),
    "BaseRecFile": (Path, "adding views to a tomogram needs IMOD's tilt"),
    "SubtractFromBase": (Ranges, "adding views to a tomogram needs IMOD's tilt"),
    "SIRTSubtraction": (bool, "SIRTIterations does all iterations in one run"),
    "StartingIteration": (int, "SIRTIterations does all iterations in one run"),
    "VertForSIRTInput": (bool, "SIRTIterations does all iterations in one run"),
    "VertSliceOutputFile": (Path, "SIRTIterations does all iterations in one run"),
    "InternalSIRTSlices": (Several(int, 2), "KeepIterations keeps tomograms of iterations"),
    "ConstrainSign": (int, "densities of one sign need IMOD's tilt"),
    "TOTALSLICES": (Several(int, 2), "all slices of a file are written in one run"),
}
OPTIONS = (
    Option("InputProjections", Path, "aligned tilt series, MRC", short="input", required=True),
    Option("OutputFile", Path, "file for the tomogram", short="output", required=True),
    Option("TILTFILE", Path, "file of tilt angles, one a view"),
    Option("ANGLES", Several(float), "tilt angles of all views, degrees", repeated=True),
    Option("THICKNESS", int, "thickness of the tomogram, voxels", 10, low=1, high=65536),
    Option("WIDTH", int, "width of the tomogram, voxels (default that of the views)", low=1,
           high=65536),
    Option("SLICE", Several(int), "first and last row of the views, from 0, and interval"),
    Option("RADIAL", Several(float, 2), "low-pass cutoff and fall-off, cycles a pixel or, if the "
           "cutoff is above 1, Fourier pixels", low=0),
    Option("FalloffIsTrueSigma", bool, "the fall-off is a sigma, not 1.4 times that", newer=True),
    Option("HammingLikeFilter", float, "instead of RADIAL, the frequency from which a Hamming "
           "window ends the filter, cycles a pixel", low=0, high=0.5),
    Option("FakeSIRTiterations", int, "filter such that the result is like SIRT's", low=0),
    Option("FlatFilterFraction", float, "share of a constant filter that is mixed with the linear "
           "one (default 0, with SIRTIterations 1 for the tomogram that it begins with)",
           low=0, high=1),
    Option("SIRTIterations", int, "reconstruct by so many iterations of SIRT", low=1),
    Option("StartEmpty", bool, "begin SIRT with nothing, not with a back-projection as IMOD does",
           extra=True),
    Option("StopAtChange", float, "end SIRT when an iteration lowers the residual by less than "
           "this share of it", low=0, high=1, extra=True),
    Option("KeepIterations", Ranges, "iterations of SIRT whose tomograms are kept as well, in "
           "files named as the output with _it and the number", extra=True),
    Option("DENSWEIGHT", Several(float), "tilt steps on each side that set the weight of a view "
           "(2 if not given; 0 for equal weights), and the share of each", low=0),
    Option("LOG", float, "take the logarithm (base 10) after adding this to the densities"),
    Option("SCALE", Several(float, 2), "add this to the densities, then multiply", (0.0, 1.0),
           low=-1e20, high=1e20),
    Option("MODE", int, "bytes (0), 16-bit integers (1) or 32-bit numbers (2)", 2,
           choices=(0, 1, 2)),
    Option("SHIFT", Several(float), "move the content by x and depth, voxels"),
    Option("OFFSET", Several(float), "degrees added to the tilt angles, and pixels of the tilt "
           "axis from the centre of the views"),
    Option("XAXISTILT", float, "turn about the x axis, degrees", 0.0),
    Option("XTILTFILE", Path, "file of x-axis tilts of the views, to be undone"),
    Option("FULLIMAGE", Several(int, 2), "size of the views before a part was cut out"),
    Option("SUBSETSTART", Several(int, 2), "first column and row of that part, from 0", (0, 0)),
    Option("IMAGEBINNED", int, "binning of the views: lengths given are divided by it", 1, low=1),
    Option("INCLUDE", Ranges, "views to use, from 1", repeated=True),
    Option("EXCLUDELIST2", Ranges, "views not to use, from 1", repeated=True),
    Option("AdjustOrigin", bool, "place the origin by shifts and size, from that of the views"),
    Option("TITLE", str, "title in the header", "Tomographic reconstruction"),
    Option("PERPENDICULAR", bool, "slices perpendicular to the tilt axis (they always are)"),
    THREADS,
    *(Option(name, kind, f"ignored: {why}") for name, (kind, why) in _IGNORED.items()),
    *(Option(name, kind, f"refused: {why}") for name, (kind, why) in _REFUSED.items()),
)  # fmt: skip
POSITIONAL = ("InputProjections", "OutputFile")


def run(values: Values) -> None:
    """Write the tomogram of an aligned tilt series."""
    from etomotut.formats import mrc
    from etomotut.programs import tilt_plan, tilt_sirt

    _refuse(values)
    keep_freed_memory()
    stack = mrc.Stack(require_file(values["InputProjections"], "aligned tilt series"))
    plan = tilt_plan.make_plan(values, stack)
    _announce(plan, stack)
    course = tilt_sirt.chart(values, stack, plan) if values["SIRTIterations"] else None
    title = f"TILT: {values['TITLE'][:50]}"
    with ExitStack() as files:

        def create(path: Path) -> Writer:
            return files.enter_context(
                mrc.create(
                    path,
                    plan.shape,
                    plan.dtype,
                    pixel_size=stack.pixel_size or 1.0,
                    volume=True,
                    origin=tilt_plan.origin(values, stack, plan),
                    labels=[*stack.labels, f"{title:<56}{time.strftime('%d-%b-%y  %H:%M:%S')}"],
                )
            )

        out = create(values["OutputFile"])
        if course is not None:
            kept = {n: create(path) for n, path in course.files(values["OutputFile"]).items()}
            tilt_sirt.write_slices(stack, plan, course, {**kept, course.iterations: out})
        else:
            _write_slices(stack, plan, out)
    _report(out, values)


def _refuse(values: Values) -> None:
    for name, (_, why) in _REFUSED.items():
        if values[name] not in (None, False):
            raise OptionError(f"option {name} is not embedded: {why}")
    for name in ("StartEmpty", "StopAtChange", "KeepIterations"):
        if values[name] not in (None, False) and values["SIRTIterations"] is None:
            raise OptionError(f"option {name} needs SIRTIterations")
    for name, (_, why) in _IGNORED.items():
        if values[name] is not None:
            print(f"Option {name} is ignored: {why}")


def _announce(plan: Plan, stack: Stack) -> None:
    tilts = plan.geometry.tilts
    slices, thickness, width = plan.shape
    print(f"{len(plan.views)} of {len(stack)} views", end=", ")
    print(f"tilt angles {np.min(tilts):.2f} to {np.max(tilts):.2f}")
    print(f"Tomogram of {width} x {thickness} x {slices} voxels (x, depth, y)", flush=True)


def _write_slices(stack: Stack, plan: Plan, out: Writer) -> None:
    """Make slabs of slices in parallel by weighted back-projection."""
    from etomotut.programs.streaming import share_out

    slabs = plan.slabs()
    workers = [_back_projection(stack, plan, out) for _ in range(min(threads(), len(slabs)))]
    for _ in progress(share_out(slabs, workers), "Slabs", len(slabs)):
        pass


def _back_projection(stack: Stack, plan: Plan, out: Writer) -> Callable[[Slab], None]:
    """Give a function that writes the slices of a slab, with scratch arrays of its own."""
    from etomotut.engine import filters
    from etomotut.engine.reconstruction import BackProjector
    from etomotut.programs.streaming import require_numbers

    projector = BackProjector(plan.geometry)
    slices = np.empty((max(len(rows) for _, rows in plan.slabs()), *plan.shape[1:]), plan.dtype)

    def make(slab: Slab) -> None:
        start, rows = slab
        needed = projector.lines_for(rows)
        lines = plan.read(stack, needed)
        if not np.isfinite(lines.sum(dtype=np.float32)):  # much faster than to look at each density
            for view in plan.views:
                require_numbers(stack[int(view)], f"view {view + 1} of {stack.path}")
        filtered, outside = filters.filter_lines(lines, plan.factor * plan.response)
        made = slices[: len(rows)]
        statistics = projector.reconstruct(
            filtered, outside, needed.start, rows, made, addend=plan.addend
        )
        out.put(start, made, statistics)

    return make


def _report(out: Writer, values: Values) -> None:
    """Print the densities, and the SCALE that would spread them over 16-bit integers."""
    low, high, mean = out.statistics
    print(f"{out.shape[0]} slices with densities {low:.6g} to {high:.6g}, mean {mean:.6g}")
    add, factor = values["SCALE"]
    if high > low and factor and values["MODE"]:
        spread = 30000.0 / (high - low) * factor
        add = add - 15000.0 / spread - low / factor
        print(f"To scale them to -15000 to 15000, use SCALE {add:.6g},{spread:.6g}")
