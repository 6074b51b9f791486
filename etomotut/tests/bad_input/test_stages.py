"""A stage tells in one sentence why a series fails, and touches nothing outside its folders."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import etomotut.protocols as stages
from etomotut.convert.series import read_series
from etomotut.errors import EtomotutError
from etomotut.formats import mrc
from etomotut.programs.console import run_program
from etomotut.protocols.job import Job, parts_of, require_fitting, safe_name
from etomotut.protocols.outputs import Item
from etomotut.protocols.protocol_base import reason_of
from etomotut.tests.bad_input import files
from etomotut.tests.bad_input.stage_cases import CASES, SIDE
from etomotut.tests.protocols.test_names import form_of
from etomotut.tests.scipion_objects import tilt_series

NAMES = ("a b", "a'b", 'a"b', "a;touch x", "$(touch x)", "..", "../../x", "/etc/x", "-rf", "ü",
         "x" * 200, "a\nb", "")  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give the folder of a run, in which the input lies in the folder data."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    own = tmp_path / "run"
    (own / "data").mkdir(parents=True)
    monkeypatch.chdir(own)
    return own


def execute(words, environment, say):
    """Run an embedded program in this process."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        status = run_program(words[3], words[4:])
    for line in told.getvalue().splitlines():
        say(line)
    return status


def make(name="TS_1"):
    """Give a series of noise and its images."""
    series, images = tilt_series(
        Path("data"), files.ANGLES, size=(SIDE, SIDE), pixel_size=10.0, halves=True
    )
    stack = np.random.default_rng(1).normal(100, 10, (11, SIDE, SIDE)).astype(np.float32)
    for path in Path("data").iterdir():
        mrc.write(path, stack, pixel_size=10.0)
    series.setTsId(name)
    return series, images


def process(stage, series, images, form=None, partners=None):
    """Do what a protocol does with a series."""
    name = "ProtEtomotut" + stage
    values = SimpleNamespace(**{**form_of(name), **(form or {})})
    plain = read_series(series, images)
    source = parts_of(plain.files, getattr(values, "processOddEven", False))
    require_fitting(source, plain)
    own = safe_name(plain.ts_id)
    job = Job(plain.ts_id, values, Path("extra", own), Path("tmp", own), source, series=plain)
    job.item = Item(plain.ts_id, series, images, dict(partners or {}))
    job.say, job.execute = str, execute
    job.start()
    return getattr(stages, name)().process(job)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_series_fails_with_a_sentence(case, folder):
    series, images = make()
    case.spoil(series, images)
    before = files.listing(folder.parent)
    with pytest.raises(EtomotutError) as told:
        process(case.stage, series, images, case.form, case.partners)
    reason = reason_of(told.value, "TS_1")
    assert case.reason in reason
    assert "\n" not in reason and "Traceback" not in reason
    after = files.listing(folder.parent)
    outside = {n: data for n, data in after.items() if n.split("/")[1] not in ("extra", "tmp")}
    assert outside == before


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_series_is_called_its_files_stay_in_the_runs_folder(name, folder):
    before = files.listing(folder.parent)
    process("Preprocess", *make(name), {"binning": 1})
    made = {path for path in files.listing(folder.parent) if path not in before}
    own = f"run/extra/{safe_name(name)}/{safe_name(name)}.mrcs"
    assert {path for path in made if not path.startswith("run/data/")} == {own}
    assert all(len(part.encode()) <= 255 for part in own.split("/"))
    assert not list(folder.parent.rglob("x"))


def test_a_disk_that_fills_up_fails_the_series_with_a_sentence(monkeypatch):
    series, images = make()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mrc.os, "pwrite", full)
    with pytest.raises(EtomotutError) as told:
        process("Preprocess", series, images, {"binning": 1})
    assert "TS_1.mrcs cannot be written: No space left on device" in str(told.value)
    assert not list(Path("extra").rglob("*.mrcs*"))


def test_no_room_for_results_is_told_before_anything_is_computed(monkeypatch):
    series, images = make()
    state = SimpleNamespace(f_bavail=10, f_frsize=4096)
    monkeypatch.setattr(mrc.os, "statvfs", lambda _: state)
    with pytest.raises(EtomotutError, match=r"it needs 0\.00131 GB, and the disk has 4\.1e-05 GB"):
        process("Reconstruct", series, images, {"tomoThickness": 20})
