"""The alignment without gold, measured against the truth of series that have no beads.

The measure is that of test_alignment_truth, at points spread through the specimen instead of
beads.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.demo import series_of, truth
from etomotut.demo.series import simulate, write
from etomotut.engine import transforms as linear
from etomotut.formats import tlt, xf

# pixels of 11 Å; IMOD 4.8.2's patch tracking has 2.6 to 5.9 where the specimen is not thick
ALLOWED = 1.0
PRESETS = ("axis-84", "tilt-offset", "big-shifts", "low-dose", "thick")


def run(*words) -> None:
    assert main([str(word) for word in words]) == 0, words


def with_points(known: truth.Truth) -> truth.Truth:
    """Give the truth with 200 points of the specimen as its beads."""
    angles, half = np.radians(known.true_angles), np.array(known.size) / 2
    spread = np.random.default_rng(0).uniform(-1, 1, (200, 3))
    untilted = known.transforms[np.argmin(np.abs(known.angles))]
    flat = linear.apply(untilted, spread[:, :2] * half)
    slab = known.details["slab"]
    height = spread[:, 2] * 0.45 * known.details["thick_px"]
    points = np.column_stack([flat, height]) @ np.array(slab["pose"]).T + np.array(slab["origin"])
    x = np.outer(np.cos(angles), points[:, 0]) + np.outer(np.sin(angles), points[:, 2])
    aligned = np.stack([x, np.broadcast_to(points[:, 1], x.shape)], axis=2)
    track = linear.apply(linear.invert(known.transforms), aligned)
    return replace(known, beads=points, track=track)


@pytest.mark.slow
@pytest.mark.parametrize(
    "preset",
    [PRESETS[0], *(pytest.param(each, marks=pytest.mark.long) for each in PRESETS[1:])],
)
def test_a_series_without_beads_is_aligned_to_a_pixel(preset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bare = replace(series_of(preset)[0], beads=0, beads_beyond=0, pairs=0)
    write(simulate(bare), Path("data"))
    known = truth.read("data/TS_01_truth.json")
    angles, axis = Path("data/TS_01.rawtlt"), round(known.axis_angle)
    run("ccderaser", "-find", "data/TS_01.mrc", "clean.mrc")
    run("tiltxcorr", "clean.mrc", "a.prexf", "-tiltfile", angles, "-rotation", axis, "-cumulative")
    run("xftoxg", "-nfit", 0, "a.prexf", "a.prexg")
    words = ["-input", "clean.mrc", "-xform", "a.prexg", "-tiltfile", angles, "-output", "a.xf"]
    run("refinealign", *words, "-rotation", axis)
    found = xf.read("a.xf"), tlt.read(angles)
    assert truth.alignment_error(*found, with_points(known)) < ALLOWED
