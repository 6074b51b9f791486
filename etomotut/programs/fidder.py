"""Find gold beads in the views of a tilt series, and erase them; as the program fidder does it.

predict writes a mask, 1 where there is gold and its fringe; erase fills what a mask marks with
what might be there. Both take one image or a whole stack. The embedded program is no network: it
looks for dark discs and needs no checkpoint. Beads must be darker than what surrounds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError, OptionError
from etomotut.programs.console import progress, require_file, threads
from etomotut.programs.options import THREADS, Option, Values

if TYPE_CHECKING:
    from etomotut.formats.mrc import Stack

PACKAGE = "fidder"
PREDICT, ERASE = "predict", "erase"
OPTIONS = (
    Option("command", str, "what to do", choices=(PREDICT, ERASE), required=True, dash=""),
    Option("input-image", Path, "image or stack, MRC", required=True, dash="--"),
    Option("output-mask", Path, "predict: mask to write", dash="--"),
    Option("pixel-spacing", float, "predict: pixel size, Å (default the header's)", low=0.01,
           dash="--"),
    Option("probability-threshold", float, "predict: probability from which a pixel is gold", 0.5,
           low=0, high=1, dash="--"),
    Option("output-probabilities", Path, "predict: probabilities to write", dash="--"),
    Option("model-checkpoint-file", Path, "predict: ignored, there is no network", dash="--"),
    Option("bead-diameter", float, "predict: diameter of the beads, nm; it may be off by a factor "
           "of 2", 10.0, low=1, extra=True, dash="--"),
    Option("input-mask", Path, "erase: mask of what to fill, of the same size", dash="--"),
    Option("output-image", Path, "erase: image or stack to write", dash="--"),
    THREADS,
)  # fmt: skip
POSITIONAL = ("command",)
_NEEDED = {PREDICT: ("output-mask",), ERASE: ("input-mask", "output-image")}
_OF_OTHER = {
    PREDICT: ("input-mask", "output-image"),
    ERASE: ("output-mask", "output-probabilities", "model-checkpoint-file", "pixel-spacing"),
}


def run(values: Values) -> None:
    """Write a mask, or a stack in which what a mask marks is filled."""
    from etomotut.formats.mrc import Stack

    command = values["command"]
    for name in _NEEDED[command]:
        if values[name] is None:
            raise OptionError(f"option {name} is needed to {command}")
    for name in _OF_OTHER[command]:
        if values[name] is not None:
            raise OptionError(f"option {name} is not one of {command}")
    stack = Stack(require_file(values["input-image"], "image"))
    if command == PREDICT:
        _predict(values, stack)
    else:
        _erase(values, stack)


def _predict(values: Values, stack: Stack) -> None:
    """Find beads in each view and write their masks, and probabilities where they are wanted."""
    from etomotut.programs import gold

    pixel_size = values["pixel-spacing"] or stack.pixel_size
    if not pixel_size:
        raise OptionError(
            f"{values['input-image']} does not tell its pixel size: option pixel-spacing is needed"
        )
    if values["model-checkpoint-file"] is not None:
        print("Option model-checkpoint-file is ignored: the embedded fidder has no network")
    radius = 5 * values["bead-diameter"] / pixel_size
    views = gold.Views(stack)
    found = gold.find(views, radius, values["probability-threshold"])
    if values["output-probabilities"] is not None:
        gold.write_probabilities(values["output-probabilities"], views, found, pixel_size)
    gold.write_masks(values["output-mask"], views, found.places, found.outline, pixel_size)


def _erase(values: Values, stack: Stack) -> None:
    """Fill what a mask marks in each view."""
    from etomotut.engine.inpainting import fill_masked
    from etomotut.formats import mrc
    from etomotut.programs.streaming import in_order, require_numbers

    masks = mrc.Stack(require_file(values["input-mask"], "mask"))
    if masks.shape != stack.shape:
        raise EtomotutError(
            f"{masks.path} has {_size(masks.shape)} pixels and views, {stack.path} has "
            f"{_size(stack.shape)}"
        )

    def fill(index: int) -> Tuple[int, npt.NDArray[np.float32]]:
        view, mask = stack[index], masks[index] != 0
        require_numbers(view, f"view {index + 1} of {stack.path}")
        if mask.all():
            print(f"View {index + 1} is masked whole: it stays as it is", flush=True)
        return index, fill_masked(view, mask)

    with mrc.create(
        values["output-image"],
        stack.shape,
        np.float32,
        pixel_size=stack.pixel_size or 1.0,
        labels=[*stack.labels, "etomotut fidder erase"],
    ) as out:
        numbers = range(len(stack))
        for index, filled in progress(in_order(fill, numbers, threads()), "Views", len(stack)):
            out[index] = filled


def _size(shape: Tuple[int, int, int]) -> str:
    return " x ".join(map(str, shape[::-1]))
