"""Every embedded program that has an original of IMOD gives what that gives.

Where IMOD is on PATH, it runs on the same arguments; else its stored output is taken.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from etomotut.__main__ import main
from etomotut.backends import package_of
from etomotut.packages import IMOD_PACKAGE
from etomotut.programs import PROGRAMS
from etomotut.tests.conformance.cases import CASES, Case
from etomotut.tests.conformance.inputs import Inputs
from etomotut.tests.conftest import SHARED

IMOD_IS_HERE = "IMOD_DIR" in os.environ and shutil.which("newstack") is not None


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Inputs:
    folder = SHARED / "reference"
    return Inputs(tmp_path_factory.mktemp("inputs"), folder if folder.is_dir() else None)


@pytest.mark.imod
@pytest.mark.reference
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_embedded_program_gives_what_imods_gives(
    case: Case, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    if not IMOD_IS_HERE and not case.stored:
        pytest.skip("IMOD is not on PATH, and its output for these arguments is not stored")
    for folder in (ours, theirs):
        folder.mkdir()
    words = [str(inputs.get(w[1:])) if w.startswith("@") else w for w in case.words.split()]
    if IMOD_IS_HERE:
        command = [str(shutil.which(case.program)), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=theirs)
    else:
        for name, stored in case.stored.items():
            (theirs / name).symlink_to(inputs.stored(stored))
    monkeypatch.chdir(ours)
    assert main([case.program, *words]) == 0
    case.compare(ours, theirs, inputs)


def test_no_program_of_imod_is_left_out() -> None:
    twins = {name for name in PROGRAMS if package_of(name) is IMOD_PACKAGE}
    assert {case.program for case in CASES} == twins
