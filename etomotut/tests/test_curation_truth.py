"""Curation brings alignments closer to the truth, or leaves them: it never harms.

Models are those of the embedded programs and of IMOD, as they are and spoilt on purpose. The
measure is that of `test_alignment_truth`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from etomotut.demo import HARD, series_of, truth
from etomotut.demo.series import simulate, write
from etomotut.formats import model
from etomotut.tests.test_alignment_truth import align, error, run, solve

NOISE = 0.02  # pixels by which errors differ for no reason
TRACKING = {
    "ImageFile": "preali.mrc",
    "InputSeedModel": "i.seed",
    "OutputModel": "i.fid",
    "TiltFile": "a.rawtlt",
    "ImagesAreBinned": 1,
    "FillGaps": 1,
    "MaxGapSize": 5,
    "TiltDefaultGrouping": 7,
    "MagDefaultGrouping": 5,
    "RotDefaultGrouping": 1,
    "MinViewsForTiltalign": 4,
    "MinTiltRangeToFindAxis": 10,
    "MinTiltRangeToFindAngles": 20,
    "RoundsOfTracking": 2,
    "BoxSizeXandY": "32,32",
    "MaxBeadsToAverage": 4,
    "PointsToFitMaxAndMin": "7,3",
    "DensityRescueFractionAndSD": "0.6,1.0",
    "DistanceRescueCriterion": 10,
    "RescueRelaxationDensityAndDistance": "0.7,0.9",
    "PostFitRescueResidual": 2.5,
    "DensityRelaxationPostFit": 0.9,
    "MaxRescueDistance": 2.5,
    "ResidualsToAnalyzeMaxAndMin": "9,5",
    "DeletionCriterionMinAndSD": "0.04,2.0",
}
SPOILT = ("as tracked", "moved", "confused", "missing", "all of it", "shifted views")


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def tracked(preset, seed=0):
    """Simulate a series and follow its beads into a.fid; give its truth."""
    parameters = series_of(preset, seed=seed)[0]
    write(simulate(parameters), Path("data"))
    known = truth.read(f"data/{parameters.name}_truth.json")
    run("ccderaser", "-find", f"data/{parameters.name}.mrc", "clean.mrc")
    shutil.copy(f"data/{parameters.name}.rawtlt", "a.rawtlt")
    align(Path("clean.mrc"), Path("a.rawtlt"), axis=axis_of(known), diameter=diameter_of(known))
    return known


def axis_of(known):
    return round(known.axis_angle)


def diameter_of(known):
    return known.bead_diameter / known.pixel_size


def spoil(how, source, seed=0):
    """Write b.fid: marks moved by 3 to 10 pixels, two pairs of beads confused, a fifth missing."""
    random = np.random.default_rng(seed)
    found = model.read(source)
    rows, bead = model.tracks(found)
    views, beads = found.size[2], bead.max() + 1
    marks = np.full((beads, views, 2), np.nan)
    marks[bead, rows[:, 2].astype(int)] = rows[:, :2]
    if how in ("moved", "all of it"):
        angle, far = (
            random.uniform(0, 2 * np.pi, (beads, views)),
            random.uniform(3, 10, (beads, views)),
        )
        move = np.stack([far * np.cos(angle), far * np.sin(angle)], axis=-1)
        marks += np.where(random.random((beads, views, 1)) < 0.1, move, 0.0)
    if how in ("confused", "all of it"):
        for _ in range(2):
            one, other = random.choice(beads, 2, replace=False)
            own = random.choice(views, views // 4, replace=False)
            marks[one, own], marks[other, own] = marks[other, own].copy(), marks[one, own].copy()
    if how in ("missing", "all of it"):
        marks[random.random((beads, views)) < 0.2] = np.nan
    if how == "shifted views":
        for view in random.choice(views, 3, replace=False):
            marks[:, view] += random.uniform(-10, 10, 2)
    bead, view = np.nonzero(np.isfinite(marks[..., 0]))
    table = np.column_stack([marks[bead, view], view])
    model.write("b.fid", model.from_tracks(table, bead, size=found.size, pixel_size=11.04))


def curate(known):
    """Curate b.fid and give the error of the alignment before and after, and what was done."""
    axis, told = axis_of(known), diameter_of(known)
    words = ["-InputModel", "b.fid", "-OutputModel", "c.fid", "-CurationFile", "c.json"]
    words += ["-ImageFile", "preali.mrc", "-TiltFile", "a.rawtlt", "-RotationAngle", axis]
    run("curatebeads", *words, "-BeadDiameter", told)
    errors = []
    for name in ("b.fid", "c.fid"):
        solve(name, Path("a.rawtlt"), axis)
        errors.append(error(known))
    return (*errors, json.loads(Path("c.json").read_text()))


def test_a_tiny_series_that_was_spoilt_is_put_right():
    known = tracked("tiny")
    spoil("all of it", "a.fid")
    before, after, done = curate(known)
    assert before > 5
    assert after < 0.4
    assert done["marks_moved"] > 10
    spoil("as tracked", "a.fid")
    before, after, _ = curate(known)
    assert after <= before + NOISE


@pytest.mark.long
@pytest.mark.parametrize("preset", HARD)
def test_no_hard_series_is_harmed(preset):
    known = tracked(preset)
    for how in SPOILT:
        spoil(how, "a.fid")
        before, after, _ = curate(known)
        assert after <= before + NOISE, how
        assert after < 0.25, how


@pytest.mark.long
@pytest.mark.parametrize("preset", ["small", "low-dose", "axis174", "axis-95"])
def test_models_of_imods_programs_are_bettered(preset, imod):
    known = tracked(preset)
    words = {"RotationAngle": axis_of(known), "BeadDiameter": diameter_of(known), **TRACKING}
    text = "".join(f"{name}\t{value}\n" for name, value in words.items())
    Path("i.com").write_text(f"$beadtrack -StandardInput\n{text}")
    Path("scratch").mkdir()
    seed = ["-track", "i.com", "-output", "i.seed", "-tempdir", "scratch", "-number", "40"]
    subprocess.run([imod("autofidseed"), *seed, "-two", "1"], check=True, capture_output=True)
    tracking = [imod("beadtrack"), "-StandardInput"]
    subprocess.run(tracking, input=text.encode(), check=True, capture_output=True)
    for how in ("as tracked", "all of it"):
        spoil(how, "i.fid")
        before, after, _ = curate(known)
        assert after <= before + NOISE, how
        assert after < 0.15, how
