"""Measure whether the defocus of an aligned tilt series rises or falls across the tilt axis.

ctfphaseflip takes it that the right side of a view at a positive tilt angle has more underfocus.
This program tells whether the views show that, and how sure it is. IMOD has no such program.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Union

import numpy as np

from etomotut.programs.console import keep_freed_memory, progress, require_file, threads
from etomotut.programs.ctfphaseflip import OPTIONS as FLIPPING
from etomotut.programs.ctfphaseflip import View, microscope, read_views
from etomotut.programs.options import THREADS, Option, Values, find

if TYPE_CHECKING:
    from etomotut.engine.handedness import Handedness

OPTIONS = (
    find(FLIPPING, "InputStack"),
    Option("OutputFile", Path, "file for the result, JSON: handedness (+1 as ctfphaseflip takes "
           "it, -1 opposite, 0 if nothing can be seen), sigma, pairs, agreeing, is_sure",
           short="output", required=True),
    *(find(FLIPPING, name) for name in ("AngleFile", "InvertTiltAngles", "DefocusFile",
      "TransformFile", "PixelSize", "Voltage", "SphericalAberration", "AmplitudeContrast")),
    THREADS,
)  # fmt: skip
POSITIONAL = ("InputStack", "OutputFile")
PACKAGE = ""


def run(values: Values) -> None:
    """Measure the views, tell the result and write it."""
    from etomotut.engine import handedness
    from etomotut.formats import mrc
    from etomotut.programs.streaming import in_order, require_numbers

    keep_freed_memory()
    stack = mrc.Stack(require_file(values["InputStack"], "aligned tilt series"))
    optics, pixel_size = microscope(values), 10 * values["PixelSize"]

    def is_useful(view: View) -> bool:
        if abs(view.tilt) < handedness.LEAST_TILT:
            return False
        return handedness.is_measurable(view.defocus, optics, pixel_size)

    def measure(view: View) -> float:
        require_numbers(stack[view.number], f"view {view.number + 1} of {stack.path}")
        return handedness.evidence(
            stack[view.number],
            view.defocus,
            optics,
            pixel_size=pixel_size,
            slope=pixel_size * float(np.tan(np.radians(view.tilt))),
            middle=(stack.shape[2] - 1) / 2 + view.shift,
        )

    views = [view for view in read_views(values, len(stack)) if is_useful(view)]
    evidence = in_order(measure, views, threads())
    found = list(progress(evidence, "Views", len(views)))
    _report(handedness.decide(found, [view.tilt for view in views]), values["OutputFile"])


def _report(found: Handedness, path: Path) -> None:
    """Print a sentence and write the numbers."""
    sign = found.sign if found.pairs else 0
    if not sign:
        print("Nothing can be seen: tilted views on both sides are needed, and two zeros of the")
        print("transfer function within the Nyquist limit.")
    else:
        direction = "rises" if sign > 0 else "falls"
        print(
            f"At positive tilt the underfocus {direction} to the right: {found.agreeing} of "
            f"{found.pairs} pairs of views, {found.sigma:.1f} sigma"
            + ("" if found.is_sure else ", which is not sure")
        )
    numbers: Dict[str, Union[int, float]] = {
        "handedness": sign,
        "sigma": round(found.sigma, 2),
        "pairs": found.pairs,
    }
    numbers.update(agreeing=found.agreeing, is_sure=found.is_sure)
    path.write_text(json.dumps(numbers) + "\n")
