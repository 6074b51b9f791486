"""What curatebeads prints and writes: every mark, bead and view that it changed, and its advice.

Contours, objects and views count from 1, as in IMOD; pixels are those of the prealigned views.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import curation
from etomotut.engine.curation import Curated
from etomotut.engine.curation_fit import FEWEST, Fit, bead_errors, view_errors
from etomotut.engine.curation_views import ViewSigns
from etomotut.engine.locating import Setting
from etomotut.programs.console import word_list

Array = npt.NDArray[np.float64]
Record = Dict[str, Any]

FORMAT = 1
MOVED, FILLED, DROPPED = "moved", "filled", "dropped"
WHY = {
    curation.RE_TRACK: "did not fit; its bead is seen where the others predict it",
    curation.RE_CENTRE: "centred on its bead",
    curation.FILL: "seen where the others predict it",
    curation.DROP_POINTS: "does not fit, and its bead is not seen where it is predicted",
    curation.DROP_BEADS: "its bead was dropped",
    curation.DROP_VIEWS: "its view was dropped",
    curation.FIND_VIEWS: "most beads of its view are elsewhere",
}
AGAIN = "track the beads again, with another tilt axis, bead diameter or prealignment"
WHY_BEAD = "too few marks are left of it, or they are not those of one place"

# what speaks against a view: ratios to its neighbours, if nothing else is said
FEW_SEEN = 0.25  # of the beads that lie in it
FEWEST_VISIBLE = 3  # beads that say something
FAINT, DARK, BLURRED = 0.4, 0.6, 0.5
MISFIT = 3.0
TOO_FEW = 0.5  # of the beads; a model of which fewer are left was not worth curating
FAR_JUMP = 0.12  # of the shorter side of the images


@dataclass(frozen=True)
class Work:
    """A curation: the input's marks (bead, view, 2), result, signs of views, and what they mean.

    `centre` (x, y) is that of a view as array index; `names` are the object and contour of beads.
    """

    marks: Array
    curated: Curated
    signs: ViewSigns
    setting: Setting
    centre: Array
    names: List[Tuple[int, int]]


def report(work: Work) -> None:
    """Print what was attempted, what was changed and what is advised."""
    found = summary(work)
    for step in found["steps"]:
        end = "" if step["taken"] else ": taken back"
        error = f"{step['error_before_px']} to {step['error_after_px']} pixels"
        print(f"Round {step['round']}, {step['step']}: {step['marks']} marks, error {error}{end}")
    changed = found["marks"]
    if changed:
        print("\n obj cont view  what         x        y      dx      dy  before   after")
    for mark in changed:
        numbers = [mark[key] for key in ("x_px", "y_px", "dx_px", "dy_px")]
        numbers += [mark["residual_before_px"], mark["residual_after_px"]]
        x, y, dx, dy, before, after = ("-" if n is None else f"{n:.2f}" for n in numbers)
        print(
            f"{mark['object']:4d}{mark['contour']:5d}{mark['view']:5d}  {mark['what']:8s}{x:>9s}"
            f"{y:>9s}{dx:>8s}{dy:>8s}{before:>8s}{after:>8s}  {mark['why']}"
        )
    print(
        f"\n{found['beads_after']} of {found['beads_before']} beads kept; marks: "
        f"{found['marks_before']} before, {found['marks_moved']} moved, {found['marks_added']} "
        f"filled, {found['marks_dropped']} dropped, {found['marks_after']} after"
    )
    print(
        "Leave-one-out error, pixels: "
        f"{found['leave_one_out_kept_before_px']} to {found['leave_one_out_kept_px']} of the marks "
        f"kept, {found['leave_one_out_all_before_px']} to {found['leave_one_out_all_px']} of all "
        "marks of the input"
    )
    for sentence in found["advice"]:
        print(sentence)


def write(path: Path, work: Work) -> None:
    """Write the summary as JSON, one line a mark."""
    found = summary(work)
    lines = []
    for key, value in found.items():
        text = json.dumps(value)
        if isinstance(value, list) and value:
            text = "[\n" + ",\n".join(json.dumps(each) for each in value) + "\n]"
        lines.append(f"{json.dumps(key)}: {text}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def summary(work: Work) -> Record:
    """Give everything that was done and found, as `write` stores it."""
    curated = work.curated
    had, has = np.isfinite(work.marks[..., 0]), np.isfinite(curated.marks[..., 0])
    marks = _marks(work, had, has)
    what = [each["what"] for each in marks]
    taken = [step for step in curated.steps if step.taken]
    views = _views(work, marks, had, has)
    return {
        "format": FORMAT,
        "program": "curatebeads",
        "beads_before": len(had),
        "beads_after": int(has.any(axis=1).sum()),
        "marks_before": int(had.sum()),
        "marks_after": int(has.sum()),
        "gaps_before": int((~had).sum()),
        "gaps_after": int((~has[has.any(axis=1)]).sum()),
        "marks_moved": what.count(MOVED),
        "marks_added": what.count(FILLED),
        "marks_dropped": what.count(DROPPED),
        "beads_dropped": int((~has.any(axis=1)).sum()),
        "views_dropped": int((had.any(axis=0) & ~has.any(axis=0)).sum()),
        "rounds": max([step.round for step in taken], default=0),
        "leave_one_out_all_px": _mean(curated.after.errors[had]),
        "leave_one_out_all_before_px": _mean(curated.before.errors[had]),
        "leave_one_out_kept_px": _kept(curated.after),
        "leave_one_out_kept_before_px": _kept(curated.before),
        "error_px": _number(curated.error_after),
        "error_before_px": _number(curated.error_before),
        "error_limit_px": _number(curated.limit),
        "steps": [
            {
                "round": step.round,
                "step": step.name,
                "marks": step.marks,
                "error_before_px": round(step.before, 5),
                "error_after_px": round(step.after, 5) if np.isfinite(step.after) else None,
                "taken": step.taken,
            }
            for step in curated.steps
        ],
        "marks": marks,
        "beads": _beads(work, marks, had, has),
        "views": views,
        "advice": _advice(work, has, views),
    }


def _advice(work: Work, has: npt.NDArray[np.bool_], views: List[Record]) -> List[str]:
    kept = int((has.sum(axis=1) >= FEWEST).sum())
    if work.curated.is_hopeless:
        return [f"Too many marks belong to no bead: left as they were; {AGAIN}"]
    found = []
    if kept < TOO_FEW * len(has):
        found.append(f"Only {kept} of {len(has)} beads belong to one specimen: {AGAIN}")
    for each in views:
        if each["exclude"]:
            view = f"View {each['view']} at {each['tilt_deg']:.1f} degrees"
            found.append(f"{view}: exclude it? {word_list(each['reasons'])}")
    return found


def _marks(work: Work, had: npt.NDArray[np.bool_], has: npt.NDArray[np.bool_]) -> List[Record]:
    """Give what became of each mark that was filled, moved or dropped."""
    curated = work.curated
    moved = had & has & (curated.marks != work.marks).any(axis=2)
    records = []
    for bead, view in np.argwhere((had ^ has) | moved):
        what = DROPPED if had[bead, view] and not has[bead, view] else FILLED
        what = MOVED if moved[bead, view] else what
        place = (work.marks if what == DROPPED else curated.marks)[bead, view] + work.centre
        move = curated.marks[bead, view] - work.marks[bead, view]
        records.append(
            {
                "object": work.names[bead][0],
                "contour": work.names[bead][1],
                "view": int(view) + 1,
                "what": what,
                "why": WHY[curated.steps[curated.by[bead, view]].name],
                "x_px": _number(place[0]),
                "y_px": _number(place[1]),
                "dx_px": _number(move[0]),
                "dy_px": _number(move[1]),
                "residual_before_px": _number(curated.before.errors[bead, view]),
                "residual_after_px": _number(curated.after.errors[bead, view]),
            }
        )
    return records


def _beads(
    work: Work, marks: List[Record], had: npt.NDArray[np.bool_], has: npt.NDArray[np.bool_]
) -> List[Record]:
    kept = has.any(axis=1)
    before = bead_errors(work.curated.before)
    after = bead_errors(work.curated.after)
    records = []
    for bead, (each, contour) in enumerate(work.names):
        own = [m["what"] for m in marks if (m["object"], m["contour"]) == (each, contour)]
        records.append(
            {
                "object": each,
                "contour": contour,
                "kept": bool(kept[bead]),
                "new_contour": int(kept[: bead + 1].sum()) if kept[bead] else None,
                **_counts(had[bead], has[bead], own),
                "residual_before_px": _number(before[bead]),
                "residual_after_px": _number(after[bead]),
                "why": "" if kept[bead] else WHY_BEAD,
            }
        )
    return records


def _views(
    work: Work, marks: List[Record], had: npt.NDArray[np.bool_], has: npt.NDArray[np.bool_]
) -> List[Record]:
    before = view_errors(work.curated.before)
    after = view_errors(work.curated.after)
    records = []
    for view, tilt in enumerate(work.setting.tilt_angles):
        own = [mark["what"] for mark in marks if mark["view"] == view + 1]
        reasons = reasons_against(work, view)
        records.append(
            {
                "view": view + 1,
                "tilt_deg": _number(tilt),
                **_counts(had[:, view], has[:, view], own),
                "residual_before_px": _number(before[view]),
                "residual_after_px": _number(after[view]),
                "exclude": bool(reasons),
                "reasons": reasons,
            }
        )
    return records


def reasons_against(work: Work, view: int) -> List[str]:
    """Give what speaks for excluding a view, from 0; nothing if it is as its neighbours are."""
    signs = work.signs
    seen, visible = int(signs.marked[view]), int(signs.visible[view])
    side = 2 * work.centre.min()
    found = []
    if visible >= FEWEST_VISIBLE and seen < FEW_SEEN * visible:
        found.append(f"{seen or 'none'} of the {visible} beads that lie in it {_are(seen)} seen")
    if signs.error_ratio[view] > MISFIT and signs.error[view] > curation.GROSS * work.curated.limit:
        found.append(
            f"its marks are {signs.error[view]:.2f} pixels off, {signs.error_ratio[view]:.1f} "
            "times those of its neighbours"
        )
    if signs.jump[view] > FAR_JUMP * side:
        found.append(f"it is shifted by {signs.jump[view]:.0f} pixels against its neighbours")
    if signs.brightness[view] < DARK:
        found.append(
            f"it is dark: {signs.brightness[view]:.2f} of what the others have at such a tilt"
        )
    elif signs.contrast[view] < FAINT:
        found.append(f"its beads stand out {signs.contrast[view]:.2f} times as much as theirs")
    if signs.sharpness[view] < BLURRED:
        found.append(f"it is blurred: edges of beads are {signs.sharpness[view]:.2f} as steep")
    return found


def _are(count: int) -> str:
    return "is" if count <= 1 else "are"


def _counts(
    had: npt.NDArray[np.bool_], has: npt.NDArray[np.bool_], what: List[str]
) -> Dict[str, int]:
    return {
        "marks_before": int(had.sum()),
        "marks_after": int(has.sum()),
        **{each: what.count(each) for each in (MOVED, FILLED, DROPPED)},
    }


def _kept(fit: Fit) -> Optional[float]:
    """Give the mean error of the marks that were solved, weighted as they were."""
    errors, weights = fit.errors[fit.kept], fit.solution.weights
    told = np.isfinite(errors)
    total = float(weights[told].sum())
    return _number((errors[told] @ weights[told]) / total) if total else None


def _mean(values: Array) -> Optional[float]:
    told = values[np.isfinite(values)]
    return _number(told.mean()) if len(told) else None


def _number(value: float) -> Optional[float]:
    """Give a number to a thousandth, None for one that is not told."""
    return round(float(value), 3) if np.isfinite(value) else None
