"""Reconstruct a tomogram from an aligned tilt series by weighted back-projection.

The tomogram is written slice by slice perpendicular to the tilt axis: its axes are (y, depth, x)
with depth = -z; trimvol -rx turns it upright. Odd widths and thicknesses are centred exactly,
which is half a voxel from where IMOD puts them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import keep_freed_memory, progress, require_file, threads
from etomotut.programs.options import THREADS, Kind, Option, Ranges, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.reconstruction import BackProjector
    from etomotut.formats.mrc import Stack, Writer
    from etomotut.programs.tilt_plan import Plan

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
    "SIRTIterations": (int, "the filter of FakeSIRTiterations gives a like result"),
    "MASK": (int, "masking the edges needs IMOD's tilt"),
    "REPROJECT": (Several(float), "projecting a tomogram needs IMOD's tilt"),
    "RecFileToReproject": (Path, "projecting a tomogram needs IMOD's tilt"),
    "BaseRecFile": (Path, "adding views to a tomogram needs IMOD's tilt"),
    "TOTALSLICES": (Several(int, 2), "all slices of a file are written in one run"),
}
OPTIONS = (
    Option("InputProjections", Path, "aligned tilt series, MRC", short="input", required=True),
    Option("OutputFile", Path, "file for the tomogram", short="output", required=True),
    Option("TILTFILE", Path, "file of tilt angles, one a view"),
    Option("ANGLES", Several(float), "tilt angles of all views, degrees", repeated=True),
    Option("THICKNESS", int, "thickness of the tomogram, voxels", 10, low=1),
    Option("WIDTH", int, "width of the tomogram, voxels (default that of the views)", low=1),
    Option("SLICE", Several(int), "first and last row of the views, from 0, and interval"),
    Option("RADIAL", Several(float, 2), "low-pass cutoff and fall-off, cycles a pixel or, if the "
           "cutoff is above 1, Fourier pixels"),
    Option("FalloffIsTrueSigma", bool, "the fall-off is a sigma, not 1.4 times that"),
    Option("HammingLikeFilter", float, "instead of RADIAL, the frequency from which a Hamming "
           "window ends the filter, cycles a pixel", low=0, high=0.5),
    Option("FakeSIRTiterations", int, "filter such that the result is like SIRT's", low=0),
    Option("DENSWEIGHT", Several(float), "tilt steps on each side that set the weight of a view "
           "(2 if not given; 0 for equal weights), and the share of each"),
    Option("LOG", float, "take the logarithm (base 10) after adding this to the densities"),
    Option("SCALE", Several(float, 2), "add this to the densities, then multiply", (0.0, 1.0)),
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

_SLAB_BYTES = 1 << 26  # of densities that a thread holds at a time, if it can be so little


def run(values: Values) -> None:
    """Write the tomogram of an aligned tilt series."""
    from etomotut.formats import mrc
    from etomotut.programs import tilt_plan

    _refuse(values)
    keep_freed_memory()
    stack = mrc.Stack(require_file(values["InputProjections"], "aligned tilt series"))
    plan = tilt_plan.make_plan(values, stack)
    _announce(plan, stack)
    title = f"TILT: {values['TITLE'][:50]}"
    with mrc.create(
        values["OutputFile"],
        plan.shape,
        plan.dtype,
        pixel_size=stack.pixel_size or 1.0,
        volume=True,
        origin=tilt_plan.origin(values, stack, plan),
        labels=[*stack.labels, f"{title:<56}{time.strftime('%d-%b-%y  %H:%M:%S')}"],
    ) as out:
        _write_slices(stack, plan, out)
    _report(out, values)


def _refuse(values: Values) -> None:
    for name, (_, why) in _REFUSED.items():
        if values[name] not in (None, False):
            raise OptionError(f"option {name} is not embedded: {why}")
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
    """Make slabs of slices in parallel, each thread with its own scratch arrays."""
    from concurrent.futures import ThreadPoolExecutor
    from queue import SimpleQueue

    from etomotut.engine.reconstruction import BackProjector

    slabs = _slabs(plan)
    shape = (max(len(rows) for _, rows in slabs), *plan.shape[1:])
    cores = min(threads(), len(slabs))
    idle: SimpleQueue[Tuple[BackProjector, npt.NDArray[Any]]] = SimpleQueue()
    for _ in range(cores):
        idle.put((BackProjector(plan.geometry), np.empty(shape, plan.dtype)))

    def make(slab: Tuple[int, range]) -> None:
        scratch = idle.get()
        try:
            _make_slab(stack, plan, out, slab, *scratch)
        finally:
            idle.put(scratch)

    with ThreadPoolExecutor(cores) as pool:
        waiting = [pool.submit(make, slab) for slab in slabs]
        try:
            for done in progress(waiting, "Slabs"):
                done.result()
        finally:
            for each in waiting:
                each.cancel()


def _slabs(plan: Plan) -> List[Tuple[int, range]]:
    """Split the rows into pieces of consecutive ones: (index of the first slice, rows)."""
    rows = plan.rows
    voxels = plan.geometry.thickness * plan.geometry.width
    size = min(max(_SLAB_BYTES // (4 * voxels), 1), 32 if np.any(plan.geometry.x_tilts) else 8)
    if len(rows) > 1 and rows[1] - rows[0] > 1:
        size = 1
    starts = range(0, len(rows), size)
    return [(k, range(rows[k], rows[min(k + size, len(rows)) - 1] + 1)) for k in starts]


def _make_slab(
    stack: Stack,
    plan: Plan,
    out: Writer,
    slab: Tuple[int, range],
    projector: BackProjector,
    slices: npt.NDArray[Any],
) -> None:
    from etomotut.engine import filters

    start, rows = slab
    needed = projector.lines_for(rows)
    lines = stack[:, needed.start : needed.stop][plan.views]
    if plan.logarithm is not None:
        base, least = plan.logarithm
        lines = np.log10(np.maximum(lines + np.float32(base), np.float32(least)))
    filtered, outside = filters.filter_lines(lines, plan.response)
    made = slices[: len(rows)]
    statistics = projector.reconstruct(
        filtered, outside, needed.start, rows, made, addend=plan.addend
    )
    out.put(start, made, statistics)


def _report(out: Writer, values: Values) -> None:
    """Print the densities, and the SCALE that would spread them over 16-bit integers."""
    low, high, mean = out.statistics
    print(f"{out.shape[0]} slices with densities {low:.6g} to {high:.6g}, mean {mean:.6g}")
    add, factor = values["SCALE"]
    if high > low and factor and values["MODE"]:
        spread = 30000.0 / (high - low) * factor
        add = add - 15000.0 / spread - low / factor
        print(f"To scale them to -15000 to 15000, use SCALE {add:.6g},{spread:.6g}")
