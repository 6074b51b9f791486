"""Segment membranes, tell the parts of a mask apart, or thin it: the commands of MemBrain-seg.

segment writes NAME_segmented.mrc, 0 and 1 (numbers of membranes with store-connected-components);
components writes NAME_components.mrc, where each connected part has a number; skeletonize writes
NAME_skel.mrc. The embedded program is no network: it looks for bilayers and for the closed
surfaces they make.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, List

import numpy as np

from etomotut.errors import OptionError
from etomotut.programs import membrain_skeletonize as thinning
from etomotut.programs.console import require_file
from etomotut.programs.membrane_finding import BRIGHT, Segmentation, mask_of
from etomotut.programs.options import THREADS, Option, Values

PACKAGE = "MemBrain"
SEGMENT, COMPONENTS, SKELETONIZE = "segment", "components", "skeletonize"
_SEGMENT = (
    Option("tomogram-path", Path, "tomogram, MRC", dash="--"),
    Option("ckpt-path", Path, "ignored: there is no network", dash="--"),
    Option("in-pixel-size", float, "pixel size, Å (default the header's)", low=0.01, dash="--"),
    Option("out-pixel-size", float, "ignored: any pixel size will do", low=0.01, dash="--"),
    Option("rescale-patches", bool, "ignored: any pixel size will do", dash="--"),
    Option("no-rescale-patches", bool, "ignored, as its opposite", dash="--"),
    Option("segmentation-threshold", float, "logit from which a voxel is membrane: 0 is where "
           "noise ends", dash="--"),
    Option("sliding-window-size", int, "ignored: tiles are exact", low=1, dash="--"),
    Option("test-time-augmentation", bool, "ignored: all directions are looked at", dash="--"),
    Option("no-test-time-augmentation", bool, "ignored, as its opposite", dash="--"),
    Option("store-probabilities", bool, "write NAME_scores.mrc, too", dash="--"),
    Option("no-store-probabilities", bool, "the default", dash="--"),
    Option("store-connected-components", bool, "number the membranes", dash="--"),
    Option("no-store-connected-components", bool, "the default", dash="--"),
    Option("store-uncertainty-map", bool, "refused: there is no network", dash="--"),
    Option("no-store-uncertainty-map", bool, "the default", dash="--"),
    BRIGHT,
)  # fmt: skip
_COMPONENTS = (Option("segmentation-path", Path, "mask, MRC", dash="--"),)
_SHARED = (
    Option("out-folder", Path, "folder for the result, made if need be", Path("predictions"),
           dash="--"),
    Option("connected-component-thres", int, "voxels that a part must have", low=0, dash="--"),
    THREADS,
)  # fmt: skip
_THINNING = tuple(
    replace(option, required=False)
    for option in thinning.OPTIONS
    if option.name not in {each.name for each in _SHARED}
)
OPTIONS = (
    Option("command", str, "what to do", choices=(SEGMENT, COMPONENTS, SKELETONIZE), required=True,
           dash=""),
    *_SEGMENT, *_COMPONENTS, *_THINNING, *_SHARED,
)  # fmt: skip
POSITIONAL = ("command",)
_NEEDED = {
    SEGMENT: "tomogram-path", COMPONENTS: "segmentation-path", SKELETONIZE: "label-path"
}  # fmt: skip
_OWN = {SEGMENT: _SEGMENT, COMPONENTS: _COMPONENTS, SKELETONIZE: _THINNING}
_SHARED_BY_MANY = ("device",)


def run(values: Values) -> None:
    """Do what the first word says."""
    command = values["command"]
    if values[_NEEDED[command]] is None:
        raise OptionError(f"option {_NEEDED[command]} is needed to {command}")
    for other, options in _OWN.items():
        for option in options if other != command else ():
            given = values[option.name]
            if given not in (None, False, option.default) and option.name not in _SHARED_BY_MANY:
                raise OptionError(f"option {option.name} is not one of {command}")
    if values["store-uncertainty-map"]:
        raise OptionError("option store-uncertainty-map is not embedded: there is no network")
    runs: Dict[str, Callable[[Values], None]] = {
        SEGMENT: _segment, COMPONENTS: _number, SKELETONIZE: thinning.run
    }  # fmt: skip
    runs[command](values)


def _segment(values: Values) -> None:
    """Write the mask of a tomogram, and what else is wanted."""
    found = Segmentation(values["tomogram-path"], values["in-pixel-size"], values["bright"])
    folder, name = _folder(values), values["tomogram-path"].stem
    threshold = 1 / (1 + np.exp(-(values["segmentation-threshold"] or 0.0)))
    path = folder / f"{name}_segmented.mrc"

    def write_numbers() -> Dict[int, int]:
        return found.write(path, np.int16, lambda sure, number: number * mask_of(sure, threshold))

    if values["store-connected-components"]:
        counts = write_numbers()
        least = values["connected-component-thres"] or 0
        small = [number for number, count in counts.items() if count < least]
        if small:
            found.membranes = found.membranes.take(~np.isin(found.membranes.numbers, small))
            counts = write_numbers()
    else:
        counts = found.write(path, np.int8, lambda sure, _: mask_of(sure, threshold))
    found.tell(counts)
    print(f"Written to {path}")
    if values["store-probabilities"]:
        scores = folder / f"{name}_scores.mrc"
        found.write(scores, np.float32, lambda sure, _: sure)
        print(f"Confidence written to {scores}")


def _number(values: Values) -> None:
    """Write a mask in which each connected part has a number, the largest first."""
    from scipy.ndimage import label

    from etomotut.formats import mrc

    mask = mrc.Stack(require_file(values["segmentation-path"], "mask"))
    labels, count = label(mask[:] > 0, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    kept: List[int] = [
        int(k) for k in np.argsort(-sizes) if sizes[k] >= (values["connected-component-thres"] or 0)
    ]
    if len(kept) > np.iinfo(np.int16).max:
        raise OptionError(f"{mask.path} has {len(kept)} parts: raise connected-component-thres")
    numbers = np.zeros(count + 1, np.int16)
    numbers[np.array(kept, int) + 1] = np.arange(1, len(kept) + 1)
    path = _folder(values) / f"{mask.path.stem}_components.mrc"
    about = {"pixel_size": mask.pixel_size or 1.0, "volume": True, "origin": mask.origin}
    mrc.write(path, numbers[labels], **about, labels=[*mask.labels, "etomotut membrain components"])
    if not kept:
        print("WARNING: there is no part in the mask, so the result is empty")
    print(f"{len(kept)} of {count} parts written to {path}")


def _folder(values: Values) -> Path:
    folder: Path = values["out-folder"]
    folder.mkdir(parents=True, exist_ok=True)
    return folder
