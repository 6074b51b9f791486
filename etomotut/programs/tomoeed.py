"""Denoise a tomogram by edge enhancing diffusion.

Densities are evened out along edges and wherever gradients are no larger than the contrast; what
is steeper is kept. The contrast, if it is not given, is the mean gradient of the tomogram at each
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
    Option("g", float, "sigma of a Gaussian filter before the diffusion, voxels; 0 for none", 0.5,
           low=0),
    Option("i", int, "iterations", 10, low=1),
    Option("k", float, "contrast: gradients that count as edges, densities a voxel (default the "
           "mean gradient, anew at each iteration)", low=1e-20),
    Option("s", float, "time step; beyond 0.15 the diffusion is unstable", 0.1, low=0.001,
           high=0.15),
    Option("t", int, "cores to use (default OMP_NUM_THREADS, else all)", low=1),
    Option("H", bool, "ignored: cores are what the machine says they are"),
    MEMORY,
)  # fmt: skip
POSITIONAL = ("InputFile", "OutputFile")


def run(values: Values) -> None:
    """Write the denoised tomogram."""
    from etomotut.engine.diffusion import EdgeEnhancing
    from etomotut.engine.tiled_diffusion import Contrast

    limit_threads(values["t"])
    volume = open_volume(values["InputFile"])
    result = diffuse(
        volume,
        values["OutputFile"].absolute().parent,
        EdgeEnhancing(values["s"]),
        steps=values["i"],
        contrast=values["k"] or Contrast.VARYING,
        sigma=values["g"],
        memory=values["Memory"],
    )
    write_volume(values["OutputFile"], result, volume, np.float32, "tomoeed")
    tell_removed(volume, result)
