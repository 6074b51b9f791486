"""Smooth a volume: by a Gaussian, or by the median of a cube around each voxel.

Beyond its ends a volume is continued by its mirror image. Volumes of any size are done tile by
tile with as much around each as counts, so that the result is that of the whole. IMOD has no
such program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import require_file
from etomotut.programs.options import THREADS, Option, Values

OPTIONS = (
    Option("InputFile", Path, "volume to read", short="input", required=True),
    Option("OutputFile", Path, "volume to write", short="output", required=True),
    Option("Gaussian", float, "sigma of a Gaussian, voxels", short="gaussian", low=0.1, high=100),
    Option(
        "Median", int, "side of the cube, voxels, an odd number", short="median", low=3, high=31
    ),
    Option(
        "ModeToOutput",
        int,
        "data type: 0 bytes, 1 and 6 signed and unsigned 16-bit, 2 and 12 32- and 16-bit float "
        "(default: as the input)",
        short="mode",
        choices=(0, 1, 2, 6, 12),
    ),
    THREADS,
)
POSITIONAL = ("InputFile", "OutputFile")
PACKAGE = ""

Array = npt.NDArray[Any]
_SIGMAS = 4.0  # at which a Gaussian ends
_VOXELS_AT_ONCE = 1 << 24


def run(values: Values) -> None:
    """Write the smoothed volume."""
    from etomotut.formats import mrc
    from etomotut.programs.tiling import filter_volume

    smooth, reach = _filter(values)
    volume = mrc.Stack(require_file(values["InputFile"], "volume"))
    dtype = volume.dtype
    if values["ModeToOutput"] is not None:
        dtype = np.dtype(mrc.MODES[values["ModeToOutput"]])
    elif dtype == np.uint8:  # bytes of old files do not fit in a byte of today's
        dtype = np.dtype(np.uint16)
    with mrc.create(
        values["OutputFile"],
        volume.shape,
        dtype,
        pixel_size=volume.pixel_size or 1.0,
        volume=True,
        origin=volume.origin,
        labels=[*volume.labels, "etomotut volumefilter"],
    ) as out:
        cut = filter_volume(
            volume,
            out,
            lambda box, _: smooth(box),
            reach=reach,
            largest=_VOXELS_AT_ONCE,
            name=str(volume.path),
        )
    if cut:
        print(f"WARNING: {cut} densities were beyond what the data type holds, and were cut")
    size = " x ".join(map(str, volume.shape[::-1]))
    print(f"{size} voxels written to {values['OutputFile']}")


def _filter(values: Values) -> Tuple[Callable[[Array], Array], int]:
    """Give what smooths a box, and how many voxels away something counts; raises OptionError."""
    from scipy import ndimage

    from etomotut.engine.median import median_filter

    sigma, side = values["Gaussian"], values["Median"]
    if (sigma is None) == (side is None):
        raise OptionError("one of the options Gaussian and Median is needed, and not both")
    if sigma is not None:
        reach = int(_SIGMAS * sigma + 0.5)
        return (
            lambda box: ndimage.gaussian_filter(
                box.astype(np.float32, copy=False), sigma, truncate=_SIGMAS
            ),
            reach,
        )
    if side % 2 == 0:
        raise OptionError(f"option Median is {side}; it must be odd")
    return lambda box: median_filter(box, side), side // 2
