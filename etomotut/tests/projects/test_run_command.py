"""`etomotut run`: from files of a user to files of a user, on a series with known truth."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from etomotut.demo import __main__ as demo
from etomotut.demo import truth
from etomotut.formats import model, mrc, tlt, xf

WORDS = "run --tilt-series data/*.mrc --binning 2 --thickness 150 --kept-thickness 100"
FOLDERS = "--project p --export results --pictures pictures --report out/r.html --programs embedded"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Give the folder and what the command said of a simulated series and half a file."""
    folder = tmp_path_factory.mktemp("user")
    demo.make(folder / "data", preset="small", count=1)
    whole = (folder / "data" / "TS_01.mrc").read_bytes()
    (folder / "data" / "half.mrc").write_bytes(whole[: len(whole) // 2])
    return folder, run(folder)


def run(folder, *words):
    """Give what the command says and how it ends."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SCIPION")}
    return subprocess.run(
        [sys.executable, "-m", "etomotut", *WORDS.split(), *FOLDERS.split(), *words],
        cwd=folder,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_all_stages_are_done_and_the_series_that_was_left_out_is_named(done):
    _, said = done
    assert "[13/13] 8. denoise" in said.stdout
    assert "FAILED" not in said.stdout
    assert "half.mrc is no whole MRC file" in said.stdout.splitlines()[-1]
    assert said.returncode == 1


def test_the_exported_alignment_is_that_of_the_raw_stack(done):
    folder = done[0] / "results"
    known = truth.read(done[0] / "data" / "TS_01_truth.json")
    error = truth.alignment_error(
        xf.read(folder / "TS_01.xf"), tlt.read(folder / "TS_01.tlt"), known
    )
    assert error < 0.3  # pixels of the raw stack, of which two were averaged


def test_exported_beads_stand_where_they_are_in_the_raw_views(done):
    known = truth.read(done[0] / "data" / "TS_01_truth.json")
    rows, _ = model.tracks(model.read(done[0] / "results" / "TS_01.fid"))
    places = rows[:, :2] - (np.array(known.size) - 1) / 2
    apart = [
        np.hypot(*(known.track[int(view)] - place).T).min()
        for view, place in zip(rows[:, 2], places)
    ]
    assert np.median(apart) < 0.3


@pytest.mark.parametrize("name", ["TS_01.mrc", "TS_01_sirt.mrc", "TS_01_wbp.mrc"])
def test_all_tomograms_are_exported(done, name):
    tomogram = mrc.Stack(done[0] / "results" / name)
    assert tomogram.shape == (100, 180, 128)
    assert tomogram.pixel_size == pytest.approx(2 * 11.04, abs=0.01)


def test_the_quality_of_the_alignment_is_exported(done):
    folder = done[0] / "results"
    told = json.loads((folder / "TS_01_quality.json").read_text())
    with open(folder / "alignment_quality.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["series"], row["verdict"], told["verdict"]) == ("TS_01", "good", "good")
    assert float(row["leave_one_out_px"]) == told["values"]["leave_one_out_px"] < 0.5
    assert 3.0 < float(row["defocus_um"]) < 4.0
    assert len(told["views"]["section"]) == 41
    assert told["values"]["marks_added"] is not None  # it was curated


def test_pictures_are_drawn(done):
    pictures = sorted(path.name for path in (done[0] / "pictures").glob("TS_01_*.png"))
    assert len(pictures) == 5
    assert all((done[0] / "pictures" / name).stat().st_size > 10_000 for name in pictures)


def test_the_report_tells_of_all_stages(done):
    page = done[0] / "out" / "r.html"
    assert f"report, for any browser: {page}" in done[1].stdout
    text = page.read_text(encoding="utf-8")
    for told in (
        "4. align",
        "8. denoise",
        "Residual of each view",
        "tiltalign -ModelFile",
        "µm at",
    ):
        assert told in text
    assert text.count("data:image/webp") > 10


def test_the_project_opens_in_the_window_with_what_tomography_needs(done):
    import sqlite3

    settings = sqlite3.connect(str(Path(done[0]) / "p" / "settings.sqlite"))
    values = [value for (value,) in settings.execute("SELECT value FROM Objects")]
    settings.close()
    assert "Tomography" in values


def test_the_same_command_again_does_nothing_twice(done):
    folder, _ = done
    runs = sorted((folder / "p" / "Runs").iterdir())
    said = run(folder).stdout
    assert "Going on with the run that this project holds." in said
    assert said.count("done before") == 13
    assert sorted((folder / "p" / "Runs").iterdir()) == runs
