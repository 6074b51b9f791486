"""The measurements run; what they find is not judged here."""

import subprocess
import sys

import pytest

from etomotut.tests.conftest import ROOT


@pytest.mark.slow()
def test_a_subject_is_measured_and_its_table_written(tmp_path):
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("no benchmarks beside the package")
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
