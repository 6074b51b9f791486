"""A small solved series: beads at known 3D places, seen under known transforms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Sequence, Tuple

import numpy as np

from etomotut.engine import transforms
from etomotut.formats import mrc
from etomotut.report.findings import Findings, Frame, Marks, Tomogram, still

ANGLES = np.arange(-60.0, 61.0, 15.0)
BEADS = np.array([[-20.0, 10.0, 5.0], [15.0, -12.0, -6.0], [0.0, 18.0, 0.0]])
RESIDUAL = np.array([0.3, -0.4])  # pixels, of every point: half a pixel long


def marks(
    size: Tuple[int, int] = (100, 80),
    *,
    beads: np.ndarray = BEADS,
    missing: Sequence[Tuple[int, int]] = (),
    is_solved: bool = True,
) -> Marks:
    """Give beads marked in prealigned views; `missing` (bead, view) were not measured."""
    views = len(ANGLES)
    frame = Frame(np.tile(transforms.rotation(3.0), (views, 1, 1)), size)
    bead, view = np.indices((len(beads), views)).reshape(2, -1)
    tilt = np.radians(ANGLES[view])
    x = beads[bead, 0] * np.cos(tilt) + beads[bead, 2] * np.sin(tilt)
    middle = (np.array(size) - 1) / 2
    rows = np.column_stack([np.column_stack([x, beads[bead, 1]]) + middle, view])
    residuals = np.tile(RESIDUAL, (len(rows), 1))
    is_gap = [(b, v) in set(missing) for b, v in zip(bead.tolist(), view.tolist())]
    residuals[is_gap] = np.nan
    if not is_solved:
        kept = ~np.array(is_gap)
        rows, bead, residuals = rows[kept], bead[kept], np.full((kept.sum(), 2), np.nan)
    return Marks(rows, bead, residuals, frame, 8.0, is_solved)


def findings(folder: Path, size: Tuple[int, int] = (100, 80), name: str = "TS_1") -> Findings:
    """Write a stack and a tomogram of a size (x, y) and give what is known of them."""
    views = len(ANGLES)
    noise = np.random.default_rng(5)
    stack = noise.normal(100, 10, (views, size[1], size[0])).astype(np.float32)
    volume = noise.normal(0, 1, (30, size[1], size[0])).astype(np.float32)
    mrc.write(folder / "stack.mrc", stack, pixel_size=10.0)
    mrc.write(folder / "tomogram.mrc", volume, pixel_size=10.0, volume=True)
    made = marks(size, missing=[(0, 2), (2, 8)])
    origin = -size[0] / 2, -size[1] / 2, -15.0
    return Findings(
        ts_id=name,
        name="TS_1",
        pixel_size=10.0,
        stack=str(folder / "stack.mrc"),
        sections=np.arange(views),
        tilt_angles=ANGLES + 0.2,
        nominal_angles=ANGLES,
        recorded=still(views, size),
        aligned=replace(made.frame),
        marks=made,
        positions=BEADS,
        tomogram=Tomogram(str(folder / "tomogram.mrc"), 10.0, origin),
    )
