"""Programs say in one sentence what is bad, and write nothing."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc
from etomotut.tests.bad_input import files
from etomotut.tests.bad_input.program_cases import ACCEPTED, CASES


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give the folder that a program runs in, with a folder above it that is nobody's business."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.chdir(own)
    files.make_all()
    return own


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_program_says_in_one_sentence_what_is_bad(case, folder, capsys):
    case.spoil()
    before = files.listing(folder.parent)
    words = shlex.split(case.command)
    assert main(words) == 1
    told = capsys.readouterr()
    errors = [line for line in told.out.splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == 1
    assert errors[0].startswith(f"ERROR: {words[0].upper()} - ")
    assert case.sentence in errors[0]
    assert "Traceback" not in told.out + told.err
    assert files.listing(folder.parent) == before


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.what)
def test_what_is_only_unusual_is_read_as_it_is_meant(case, folder):
    case.spoil()
    assert main(shlex.split(case.command)) == 0
    assert np.isfinite(mrc.read("o.mrc")).all()
    assert mrc.Stack("a.mrc").pixel_size in (0.0, pytest.approx(10.0))


def test_the_other_byte_order_has_the_same_densities(folder):
    before = mrc.read("a.mrc")
    files.swapped()
    assert np.array_equal(mrc.read("a.mrc"), before)


def test_a_full_disk_ends_in_a_sentence_and_leaves_no_half_file(folder, capsys, monkeypatch):
    before = files.listing(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mrc.os, "pwrite", full)
    assert main(["newstack", "a.mrc", "o.mrc"]) == 1
    error = "ERROR: NEWSTACK - o.mrc cannot be written: No space left on device"
    assert error in capsys.readouterr().out
    assert files.listing(folder) == before


def test_a_folder_that_takes_no_file_is_named(folder, capsys, monkeypatch):
    def refused(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(mrc, "_write_header", refused)
    assert main(["newstack", "a.mrc", "o.mrc"]) == 1
    assert "NEWSTACK - o.mrc cannot be written: Permission denied" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a b", "a'b", 'a"b', "a;touch x", "$(touch x)", "`touch x`", "ä"])
def test_no_name_of_a_file_is_executed_or_misread(name, folder, capsys):
    Path("a.mrc").rename(f"{name}.mrc")
    assert main(["newstack", f"{name}.mrc", f"{name}.out"]) == 0
    assert mrc.Stack(f"{name}.out").shape == (files.VIEWS, files.SIDE, files.SIDE)
    assert not Path("x").exists()


def test_a_name_with_a_line_break_is_told_in_one_line(folder, capsys):
    assert main(["newstack", "a\nERROR: b.mrc", "o.mrc"]) == 1
    assert capsys.readouterr().out == r"ERROR: NEWSTACK - a\nERROR: b.mrc does not exist" + "\n"
