"""How tilt reconstructs by SIRT: slice by slice, each through all iterations.

Slices do not depend on each other, so memory holds no more than one of them a core, with what its
projection needs. Where the number of iterations is to follow from the residual, it is settled on
some slices beforehand, so that all get the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, Optional

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import progress, threads
from etomotut.programs.options import Values
from etomotut.programs.streaming import require_numbers, share_out

if TYPE_CHECKING:
    from etomotut.engine.reconstruction import Geometry
    from etomotut.engine.sirt import Sirt
    from etomotut.formats.mrc import Stack, Writer
    from etomotut.programs.tilt_plan import Plan, Slab

MEMORY = 2 << 30  # bytes that the slices in work may take; fewer are in work if they are large
_SCALE = 0.46  # of the columns, divided by the thickness: densities like those of IMOD's SIRT
_TRIED = 16  # slices that settle the number of iterations

Doubles = npt.NDArray[np.float64]


@dataclass
class Course:
    """How SIRT goes: the number of iterations, and those whose tomograms are kept as well.

    `geometry` is that of the tomogram with `margin` columns more on either side, which take up
    what views show beside it. `means` (view,) are taken off the views, `level` is added to
    densities; `scale` turns densities as in the views into those of the tomogram.
    """

    iterations: int
    kept: List[int]
    is_start_empty: bool
    means: npt.NDArray[np.float32]
    level: float
    scale: float
    geometry: Geometry
    margin: int

    def files(self, output: Path) -> Dict[int, Path]:
        """Give the file for each iteration that is kept beside the last."""
        return {
            n: output.with_name(f"{output.stem}_it{n:02d}{output.suffix}")
            for n in self.kept
            if n < self.iterations
        }


def chart(values: Values, stack: Stack, plan: Plan) -> Course:
    """Settle how SIRT goes; raises OptionError for what it cannot do."""
    if np.any(plan.geometry.x_tilts):
        raise OptionError("option SIRTIterations with x-axis tilts is not embedded: it needs IMOD")
    kept = sorted(set(values["KeepIterations"] or ()))
    wrong = [n for n in kept if not 1 <= n <= values["SIRTIterations"]]
    if wrong:
        raise OptionError(
            f"there is no iteration {wrong[0]} to keep; they are 1 to {values['SIRTIterations']}"
        )
    means = np.array([_mean_of(stack, plan, view) for view in range(len(plan.views))], np.float32)
    scale = _SCALE * plan.geometry.columns / plan.geometry.thickness
    cosines = np.cos(np.radians(np.asarray(plan.geometry.tilts, float)))
    margin = plan.geometry.thickness // 2 if values["StartEmpty"] else 0  # IMOD has none
    course = Course(
        values["SIRTIterations"],
        kept,
        values["StartEmpty"],
        means,
        scale * float(np.mean(cosines * means)),
        scale,
        replace(plan.geometry, width=plan.geometry.width + 2 * margin),
        margin,
    )
    if values["StopAtChange"] is not None:
        course.iterations = _try(stack, plan, course, values["StopAtChange"])
    return course


def write_slices(stack: Stack, plan: Plan, course: Course, outs: Mapping[int, Writer]) -> None:
    """Solve all slices in parallel, write them after the iterations of `outs`, tell residuals."""
    slabs = plan.slabs()
    workers = [
        _solution(stack, plan, course, outs) for _ in range(_workers(plan, course, len(slabs)))
    ]
    gathered = np.zeros(course.iterations + 1)
    for energies in progress(share_out(slabs, workers), "Slabs", len(slabs)):
        gathered += energies
    print("Root mean square of what projections lack, of that of the views less their means")
    for n, residual in enumerate(_residuals(gathered)[1:], start=1):
        print(f"  iteration {n:3d}  {100 * residual:8.3f} %")


def _mean_of(stack: Stack, plan: Plan, view: int) -> float:
    densities = plan.read_view(stack, view)
    require_numbers(densities, f"view {plan.views[view] + 1} of {stack.path}")
    return float(np.mean(densities, dtype=np.float64))


def _try(stack: Stack, plan: Plan, course: Course, least: float) -> int:
    """Give the first iteration that lowers the residual by less than a share of it."""
    places = np.unique(np.linspace(0, len(plan.rows) - 1, _TRIED).astype(int))
    slabs = [(int(k), range(plan.rows[k], plan.rows[k] + 1)) for k in places]
    workers = [
        _solution(stack, plan, course, {}) for _ in range(_workers(plan, course, len(slabs)))
    ]
    residuals = _residuals(np.sum(list(share_out(slabs, workers)), axis=0))[1:]
    falls = 1 - residuals[1:] / np.maximum(residuals[:-1], 1e-30)
    enough = np.flatnonzero(falls < least)
    count = int(enough[0]) + 2 if len(enough) else course.iterations
    print(f"{count} iterations, as {len(slabs)} of {len(plan.rows)} slices tell")
    return count


def _residuals(energies: Doubles) -> Doubles:
    return np.asarray(np.sqrt(energies / max(energies[0], 1e-30)))


def _workers(plan: Plan, course: Course, items: int) -> int:
    """Give how many slices to work on at once: one a core, and no more than memory may hold."""
    from etomotut.engine.sirt import bytes_needed

    slab = max(len(rows) for _, rows in plan.slabs())
    needed = bytes_needed(course.geometry, slab)
    return max(min(threads(), items, MEMORY // needed), 1)


def _solution(
    stack: Stack, plan: Plan, course: Course, outs: Mapping[int, Writer]
) -> Callable[[Slab], Doubles]:
    """Give a function that solves the slices of a slab and gives the squares of differences."""
    from etomotut.engine import filters
    from etomotut.engine.sirt import Sirt

    solver = Sirt(course.geometry)
    low_pass = np.broadcast_to(plan.low_pass, plan.response.shape)
    columns = plan.geometry.columns

    def solve(slab: Slab) -> Doubles:
        first, rows = slab
        lines = plan.read(stack, rows) - course.means[:, None, None]
        measured = filters.filter_lines(lines, low_pass)[0][..., :columns]
        start: Optional[npt.NDArray[np.float32]] = None
        if not course.is_start_empty:
            start = filters.filter_lines(lines, plan.response / course.scale)[0][..., :columns]
        energies = np.zeros(course.iterations + 1)
        for k in range(len(rows)):
            begin = None if start is None else start[:, k]
            energies += _solve(solver, measured[:, k], begin, plan, course, first + k, outs)
        return energies

    return solve


def _solve(
    solver: Sirt,
    lines: npt.NDArray[np.float32],
    start: Optional[npt.NDArray[np.float32]],
    plan: Plan,
    course: Course,
    place: int,
    outs: Mapping[int, Writer],
) -> Doubles:
    """Solve one slice and write it where it is kept; gives the squares of differences."""
    energies = [solver.energy(lines)]
    for n, (slice_, energy) in zip(range(1, course.iterations + 1), solver.iterate(lines, start)):
        energies.append(energy)
        if n in outs:
            outs[n].put(place, _stored(slice_, plan, course)[None])
    return np.array(energies)


def _stored(slice_: npt.NDArray[np.float32], plan: Plan, course: Course) -> npt.NDArray[np.generic]:
    """Give a slice as the tomogram stores it."""
    inside = slice_[:, course.margin : slice_.shape[1] - course.margin]
    scaled = inside * np.float32(course.scale * plan.factor)
    scaled += np.float32(course.level * plan.factor + plan.addend)
    if np.dtype(plan.dtype).kind == "f":
        return scaled
    limits = np.iinfo(plan.dtype)
    return np.clip(np.rint(scaled), limits.min, limits.max).astype(plan.dtype)
