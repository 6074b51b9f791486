"""Denoise a tomogram by nonlinear anisotropic diffusion, edge enhancing.

Where gradients are larger than K, densities flow only in the direction in which they vary least;
elsewhere they are evened out in all directions. K depends on the densities: from 0.02 to 5 times
their standard deviation may be right. Away from the sides of a volume the result is that of
IMOD's program if structure tensors are smoothed; at the sides nothing flows from the opposite
one, as it does there. Without smoothing the least variation of an edge is not defined, and the
two directions within it share what one gets in IMOD.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import numpy as np

from etomotut.errors import OptionError
from etomotut.programs.denoising import (
    MEMORY,
    diffuse,
    each_step,
    open_volume,
    same_type,
    tell_removed,
    write_volume,
)
from etomotut.programs.options import THREADS, Option, Ranges, Values

OPTIONS = (
    Option("InputFile", Path, "tomogram to read", required=True),
    Option("OutputFile", Path, "tomogram to write", required=True),
    Option("k", float, "K (lambda): gradients that count as edges, densities a voxel", 1.0,
           low=1e-20),
    Option("RelativeK", float, "K as a multiple of the mean gradient of the tomogram, found anew "
           "at each iteration, instead of k", low=1e-3, extra=True),
    Option("n", int, "iterations", 20, low=1),
    Option("i", Ranges, "iterations to keep, instead of n, each in a file with -nnn added to its "
           "name"),
    Option("o", int, "keep this section only, from 1; those of several iterations in one file",
           low=1),
    Option("m", int, "bytes (0), 16-bit integers (1), 32-bit numbers (2) or unsigned 16-bit "
           "integers (6) (default as the input)", choices=(0, 1, 2, 6)),
    Option("s", float, "sigma by which structure tensors are smoothed, voxels", 0.0, low=0),
    Option("t", float, "time step", 0.1, low=0.001, high=0.16),
    Option("P", bool, "ignored: the number of the process is not printed"),
    MEMORY,
    THREADS,
)  # fmt: skip
POSITIONAL = ("InputFile", "OutputFile")


def run(values: Values) -> None:
    """Write the denoised tomogram, or several, or sections of them."""
    from etomotut.engine.diffusion import Nonlinear
    from etomotut.engine.tiled_diffusion import Contrast
    from etomotut.formats import mrc

    volume = open_volume(values["InputFile"])
    wanted = _iterations(values)
    if values["o"] is not None and values["o"] > len(volume):
        raise OptionError(f"option o is {values['o']}; the volume has {len(volume)} sections")
    mode = values["m"]
    dtype = same_type(volume) if mode is None else np.dtype(mrc.MODES[mode])
    path: Path = values["OutputFile"]
    result: Any = volume
    sections: List[Any] = []
    for number, steps in each_step(wanted):
        result = diffuse(
            result,
            path.absolute().parent,
            Nonlinear(values["t"], values["s"]),
            steps=steps,
            contrast=Contrast.VARYING if values["RelativeK"] else values["k"],
            relative=values["RelativeK"] or 1.0,
            memory=values["Memory"],
        )
        if values["o"] is not None:
            sections.append(np.array(result[values["o"] - 1]))
        elif values["i"]:
            write_volume(Path(f"{path}-{number:03d}"), result, volume, dtype, "nad_eed_3d")
    if sections:
        write_volume(path, np.stack(sections), volume, dtype, "nad_eed_3d")
    elif not values["i"]:
        write_volume(path, result, volume, dtype, "nad_eed_3d")
    tell_removed(volume, result)


def _iterations(values: Values) -> List[int]:
    """Give the iterations to keep; raises OptionError for one before the first."""
    wanted: List[int] = values["i"] or [values["n"]]
    if min(wanted) < 1:
        raise OptionError(f"option i has {min(wanted)}; iterations count from 1")
    return wanted
