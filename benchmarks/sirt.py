"""SIRT: whole tomograms, a few slices beside IMOD, and what an unbinned slice takes.

What ten iterations more take, divided by ten, is the cost of one without start, files and filters.
Slices are solved one after another and alike: a whole tomogram takes the time of its slices, and
no more memory than a few of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step

_ARRAYS = 300_000_000  # bytes that the program takes beside its output


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the tutorial's final tomogram, 1440 x 1024 x 200, and pieces of others."""
    columns, rows, thickness = (360, 256, 60) if is_quick else (1440, 1024, 200)
    stack = inputs.noise(folder, columns, rows)
    files = ["-a", str(stack.with_suffix(".tlt")), "-i", str(stack), "-o", "volume.rec"]
    voxels = columns * rows * thickness

    def whole(iterations: int) -> Case:
        words = [*files, "-z", str(thickness), "-S", "-l", str(iterations)]
        return Case(
            f"tomo3d, {_count(iterations)}",
            [Step("tomo3d", words)],
            updates=float(iterations * voxels * inputs.VIEWS),
            cores=(1, 2),
            memory=4 * voxels + _ARRAYS,
        )

    def beside_imod(iterations: int) -> Case:
        words = ["-TILTFILE", str(stack.with_suffix(".tlt")), "-THICKNESS", str(thickness)]
        words += ["-SLICE", "0,63", "-SIRTIterations", str(iterations), "-RADIAL", "0.4,0.035"]
        step = Step("tilt", [str(stack), "volume.rec", *words])
        return Case(f"tilt, 64 slices, {_count(iterations)}", [step])

    return [whole(1), whole(11), beside_imod(1), beside_imod(4), *_unbinned(folder, is_quick)]


def _unbinned(folder: Path, is_quick: bool) -> List[Case]:
    """Give slices of a series as it comes from a camera of 5760 columns, 1200 voxels thick."""
    columns, rows, thickness = (720, 8, 150) if is_quick else (5760, 8, 1200)
    stack = inputs.noise(folder, columns, rows)
    words = ["-a", str(stack.with_suffix(".tlt")), "-i", str(stack), "-o", "volume.rec"]
    words += ["-z", str(thickness), "-S", "-l", "10"]
    updates = 10.0 * columns * rows * thickness * inputs.VIEWS
    case = f"{rows} slices, {columns} x {thickness}, 10 iterations"
    return [Case(case, [Step("tomo3d", words)], updates=updates, cores=(1, 2))]


def _count(iterations: int) -> str:
    return f"{iterations} iteration{'s' if iterations > 1 else ''}"
