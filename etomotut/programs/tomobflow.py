"""Denoise a tomogram by Beltrami flow.

The tomogram is taken as a surface over space that shrinks: flat places are evened out, steep ones
move slowly. Nothing needs tuning: the unit of density is the mean gradient of the tomogram at each
iteration. The result has 32-bit densities. Its last line tells how much was removed, and whether
structure went with it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from etomotut.programs.console import limit_threads
from etomotut.programs.denoising import (
    MEMORY,
    diffuse,
    open_volume,
    tell_removed,
    write_volume,
)
from etomotut.programs.options import Option, Values

PACKAGE = "tomo3d"
OPTIONS = (
    Option("InputFile", Path, "tomogram to read, MRC", required=True),
    Option("OutputFile", Path, "tomogram to write", required=True),
    Option("g", float, "sigma of a Gaussian filter before the flow, voxels; 0 for none", 0.5,
           low=0),
    Option("i", int, "iterations", 70, low=1),
    Option("s", float, "time step; beyond 0.15 the flow is unstable", 0.15, low=0.001, high=0.15),
    Option("t", int, "cores to use (default OMP_NUM_THREADS, else all)", low=1),
    MEMORY,
)  # fmt: skip
POSITIONAL = ("InputFile", "OutputFile")


def run(values: Values) -> None:
    """Write the denoised tomogram."""
    from etomotut.engine.diffusion import Beltrami
    from etomotut.engine.tiled_diffusion import Contrast

    limit_threads(values["t"])
    volume = open_volume(values["InputFile"])
    result = diffuse(
        volume,
        values["OutputFile"].absolute().parent,
        Beltrami(values["s"]),
        steps=values["i"],
        contrast=Contrast.VARYING,
        sigma=values["g"],
        memory=values["Memory"],
    )
    write_volume(values["OutputFile"], result, volume, np.float32, "tomobflow")
    tell_removed(volume, result)
