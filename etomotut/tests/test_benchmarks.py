"""The measurements run; how fast programs are is not judged here."""

import os
import subprocess
import sys

import pytest

from etomotut.tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="no benchmarks beside this"),
]


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
