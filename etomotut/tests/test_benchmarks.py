"""The measurements run; how fast programs are is not judged here."""

import os
import subprocess
import sys

import pytest

from etomotut.tests import scipion_home
from etomotut.tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="no benchmarks beside this"),
]


@pytest.mark.long
def test_a_subject_is_measured_and_its_table_written(tmp_path):
    words = [
        "--quick",
        "start",
        "tilt",
        "--out",
        str(tmp_path / "table"),
        "--folder",
        str(tmp_path),
    ]
    subprocess.run([sys.executable, "-m", "benchmarks", *words], cwd=ROOT, check=True)
    table = (tmp_path / "table").read_text()
    assert "tilt, 32 x 8 x 4 voxels" in table
    assert "the program takes" in table
    assert "failed" not in table


@pytest.mark.long
def test_tomograms_are_judged_against_their_specimen(tmp_path):
    command = [sys.executable, "-m", "benchmarks.quality", "--quick", "--out", "table.md"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    text = (tmp_path / "table.md").read_text()
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    contrast = {row[0].strip("| "): float(row[-2]) for row in rows}
    assert len(contrast) == 10
    assert contrast["SIRT, 30 iterations"] > 1.2 * contrast["WBP"]
    assert contrast["SIRT, edge enhancing diffusion"] > contrast["SIRT, 30 iterations"]


@pytest.mark.scipion
@pytest.mark.skipif(not scipion_home.HAS_SCIPION, reason="no Scipion here")
def test_many_series_are_counted_apart_for_programs_and_the_rest(tmp_path):
    command = [sys.executable, "-m", "benchmarks.many_series", "--counts", "2"]
    command += ["--folder", str(tmp_path), "--out", str(tmp_path / "table")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SCIPION")}
    subprocess.run(command, cwd=ROOT, env=environment, check=False)
    rows = [line.split() for line in (tmp_path / "table").read_text().splitlines()[3:-2]]
    assert [row[0] for row in rows] == ["2"] * 5
    assert [int(row[-6]) for row in rows] == [1, 2, 4, 2, 3]  # runs of programs a series
    assert all(float(row[-5]) > 0 and float(row[-1]) > 50 for row in rows)


@pytest.mark.long
def test_verdicts_are_true(tmp_path):
    command = [sys.executable, "-m", "benchmarks.verdicts", "--quick", "--out", "table.md"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    lines = (tmp_path / "table.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| small")]
    verdicts = {row[1]: (float(row[2]), row[8]) for row in rows}
    assert len(verdicts) == 27
    assert all(error < 0.5 for error, verdict in verdicts.values() if verdict == "good")
    assert all(verdict == "bad" for error, verdict in verdicts.values() if error > 1.5)
    assert verdicts["nothing"][1] == verdicts["axis 10° off, solved"][1] == "good"
