"""Find the skeleton of a membrane mask: the voxels in the middle of membranes.

The options are those of "membrain skeletonize", the method is its 3D-NMS. A file NAME.mrc gives
NAME_skel.mrc with 0 and 1, in the place of the mask. Masks of any size are done tile by tile, with
the same result.
"""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np

from etomotut.errors import OptionError
from etomotut.programs.console import require_file
from etomotut.programs.options import THREADS, Option, Values

METHOD = "3D-NMS"
OPTIONS = (
    Option("label-path", Path, "mask, MRC: what is above 0 is membrane", required=True, dash="--"),
    Option("out-folder", Path, "folder for the skeleton, made if need be", Path("predictions"),
           dash="--"),
    Option("method", str, f"how it is found: {METHOD}", METHOD, dash="--"),
    Option("batch-size", int, "ignored: masks are done in tiles", low=1, dash="--"),
    Option("device", str, "ignored: the embedded program computes without a GPU", dash="--"),
    THREADS,
)  # fmt: skip
POSITIONAL: Tuple[str, ...] = ()
_VOXELS_AT_ONCE = 1 << 25  # some 50 bytes each


def run(values: Values) -> None:
    """Write the skeleton of a mask."""
    from etomotut.engine.skeleton import REACH, skeletonize
    from etomotut.formats import mrc
    from etomotut.programs.tiling import filter_volume

    if values["method"] != METHOD:
        raise OptionError(f"option method is {values['method']}; only {METHOD} is embedded")
    mask = mrc.Stack(require_file(values["label-path"], "mask"))
    folder: Path = values["out-folder"]
    folder.mkdir(parents=True, exist_ok=True)
    result = folder / f"{mask.path.stem}_skel.mrc"
    with mrc.create(
        result,
        mask.shape,
        np.int8,
        pixel_size=mask.pixel_size or 1.0,
        volume=True,
        origin=mask.origin,
        labels=[*mask.labels, "etomotut membrain skeletonize"],
    ) as out:
        filter_volume(
            mask,
            out,
            lambda box, _: skeletonize(box > 0).astype(np.int8),
            reach=REACH,
            largest=_VOXELS_AT_ONCE,
            name=str(mask.path),
        )
        voxels = round(out.statistics[2] * np.prod(mask.shape))
    if not voxels:
        print("WARNING: there is no membrane in the mask, so the skeleton is empty")
    print(f"{voxels} voxels of skeleton written to {result}")
