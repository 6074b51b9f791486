"""Refine the alignment of a tilt series without gold, by matching views to reprojections.

Patches of each view are compared with the reprojection of the tomogram that all other views make;
shifts, rotations and magnifications of all views are found together, from coarse to fine. The
input may be aligned by patches or only prealigned: a view that lies more than about ten pixels off
is searched for in the whole field first, and moved where one place is clearly the best. Where the
refined transforms agree no better with the images, those of the input are written. Tilt angles stay
as they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs.console import require_file
from etomotut.programs.options import THREADS, Option, Ranges, Values

if TYPE_CHECKING:
    from etomotut.engine.gold_free import Matched
    from etomotut.engine.projection_matching import Round
    from etomotut.engine.view_search import Lost

PACKAGE = ""
OPTIONS = (
    Option("InputFile", Path, "raw tilt series, MRC", short="input", required=True),
    Option("TransformFile", Path, "transforms to refine, raw to aligned (.xf)", short="xform",
           required=True),
    Option("TiltFile", Path, "tilt angles, one a transform", short="tiltfile", required=True),
    Option("OutputFile", Path, "file for the refined transforms", short="output", required=True),
    Option("RotationAngle", float, "tilt axis in the images that the transforms make, degrees "
           "from vertical", 0.0, "rotation", -360, 360),
    Option("IncludeList", Ranges, "sections, from 1, that transforms and angles are of, in their "
           "order (default all)", None, "include", 1),
    Option("SizeOfPatches", int, "width of the finest patches, reduced pixels", 64, "size", 24),
    Option("BinningToApply", int, "reduction of the images (default by size)", None, "binning", 1),
    Option("ResultFile", Path, "write what was found as JSON", None, "result"),
    THREADS,
)  # fmt: skip
POSITIONAL: Tuple[str, ...] = ()

WORKING_SIZE = 768  # pixels of the longer side that are enough
FEWEST = 5  # views

Array = npt.NDArray[np.float64]


def run(values: Values) -> None:
    """Write the better of the refined transforms and those given."""
    from etomotut.engine import transforms as linear
    from etomotut.engine.gold_free import match_views
    from etomotut.engine.views import reduce_views
    from etomotut.formats import xf

    views, given, angles, sections = _read(values)
    factor = values["BinningToApply"] or -(-max(views.shape[1:]) // WORKING_SIZE)
    views = reduce_views(views, factor)
    patch = values["SizeOfPatches"]
    if 2 * patch > min(views.shape[1:]):
        raise OptionError(
            f"option SizeOfPatches is {patch}; views of {views.shape[2]} x {views.shape[1]} "
            f"reduced pixels allow {min(views.shape[1:]) // 2}"
        )
    upright = linear.then(given, linear.rotation(-values["RotationAngle"]))
    rounds: List[Dict[str, Any]] = []

    def tell(done: Round) -> None:
        rms = factor * float(np.sqrt(np.mean(done.moved**2)))
        rounds.append({"stage": done.stage, "round": done.number, "moved": rms})
        print(
            f"Stage {done.stage}, round {done.number}: views moved {rms:7.3f} pixels (rms), at "
            f"most {factor * done.moved.max():7.3f}; correlation {done.correlation.mean():.3f}",
            flush=True,
        )

    start = linear.scale_shifts(upright, 1 / factor)
    found = match_views(views, start, angles, patch=patch, watch=tell)
    require_agreement(found, values["InputFile"])
    best = linear.scale_shifts(found.transforms, factor)
    xf.write(values["OutputFile"], best)
    for lost in found.lost:
        print(told_of_search(lost, sections[lost.view], factor))
    if len(found.plan.layers) > 1:
        print(f"The specimen is thick: {len(found.plan.layers)} layers are followed")
    print(f"Correlation of views with their prediction: {found.before.mean():.4f} before, "
          f"{found.after.mean():.4f} after")  # fmt: skip
    print("The refined transforms are written" if found.is_better else
          "The refined transforms are no better: those of the input are written")  # fmt: skip
    moved = _moved(upright, best)
    result = {
        "is_refined": found.is_better,
        "before": float(found.before.mean()),
        "after": float(found.after.mean()),
        "moved": float(np.sqrt(np.mean(moved**2))),
        "moved_most": float(moved.max()),
        "correlations": found.correlations.tolist(),
        "searched": [_searched(lost, sections[lost.view], factor) for lost in found.lost],
        "rounds": rounds,
    }
    if values["ResultFile"] is not None:
        values["ResultFile"].write_text(json.dumps(result, indent=1) + "\n")


def require_agreement(found: Matched, path: Path) -> None:
    """Raise SolutionError where views have no more in common than noise."""
    from etomotut.engine.gold_free import LEAST

    agreement = float(found.correlations.mean())
    if agreement < LEAST:
        raise SolutionError(
            f"nothing in the views of {path} can be matched: they correlate by {agreement:.3f} "
            f"with what the others predict, and by {LEAST:g} where there is something to see"
        )


def told_of_search(lost: Lost, section: int, factor: int) -> str:
    """Give what is said of a view that had to be searched for in views reduced by a factor."""
    moved = f"{factor * np.hypot(*lost.moved):.0f} pixels"
    clearness = f"{lost.clearness:.2f} times as clear as any other"
    if lost.is_found:
        return f"Section {section} was lost: moved by {moved}, to a place {clearness}"
    return (
        f"Not sure where section {section} lies: its best place, {moved} off, is only {clearness}; "
        "it stays"
    )


def _searched(lost: Lost, section: int, factor: int) -> Dict[str, Any]:
    return {
        "section": section,
        "moved": factor * float(np.hypot(*lost.moved)),
        "clearness": lost.clearness,
        "is_found": lost.is_found,
    }


def _read(values: Values) -> Tuple[npt.NDArray[np.float32], Array, Array, List[int]]:
    """Give views, their transforms, tilt angles and sections, from 1; raises OptionError."""
    from etomotut.formats import tlt, xf
    from etomotut.formats.mrc import Stack

    stack = Stack(require_file(values["InputFile"], "tilt series"))
    sections = values["IncludeList"] or list(range(1, len(stack) + 1))
    if max(sections) > len(stack):
        raise OptionError(f"option IncludeList names section {max(sections)} of {len(stack)}")
    if len(sections) < FEWEST:
        raise OptionError(f"{len(sections)} views cannot be refined; {FEWEST} are needed")
    angles = tlt.read(values["TiltFile"], views=len(sections))
    transforms = xf.read(values["TransformFile"])
    if len(transforms) != len(sections):
        raise OptionError(
            f"{values['TransformFile']} has {len(transforms)} transforms for {len(sections)} views"
        )
    views = np.stack([stack[section - 1].astype(np.float32) for section in sections])
    return views, transforms, angles, sections


def _moved(first: Array, second: Array) -> Array:
    """Give how far (view,) the centres of views moved, raw pixels, but for the whole specimen."""
    difference = second[:, :, 2] - first[:, :, 2]
    moved: Array = np.hypot(*(difference - difference.mean(axis=0)).T)
    return moved
