"""3dmod gets the stack that a model was made on, and nothing of a name reaches a shell."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from etomotut.backends import Backend
from etomotut.convert.series import Series, View
from etomotut.errors import EtomotutError
from etomotut.formats import mrc, tlt
from etomotut.viewers import imod

NAMES = ["../../up", "$(touch owned)", "a;touch owned", "-x", "'\"`"]  # of series
SHIFT = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])


@pytest.fixture
def backend(tmp_path) -> Backend:
    """Make an IMOD whose newstack is ours and whose 3dmod notes its words."""
    folder = tmp_path / "imod" / "bin"
    folder.mkdir(parents=True)
    script(folder / "newstack", f'exec "{sys.executable}" -m etomotut newstack "$@"')
    script(folder / "3dmod", f'printf "%s\\n" "$@" > "{tmp_path}/said"; exit $FAIL')
    return Backend(tmp_path / "imod")


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


@pytest.fixture
def series(tmp_path) -> Series:
    """Four views of which the second is excluded, with shifts."""
    stack = np.zeros((4, 20, 30), np.float32)
    stack[:, 5, 10] = [1, 2, 3, 4]
    mrc.write(tmp_path / "a b.mrc", stack, pixel_size=10.0)
    views = [View(n + 1, n + 1, 10.0 * n, n != 1, SHIFT) for n in range(4)]
    return Series("TS_1", {"": str(tmp_path / "a b.mrc")}, views, 10.0, 0.0)


def test_a_model_is_shown_over_the_used_views_with_their_transforms(backend, series, tmp_path):
    words = imod.model_words(backend, series, "a.fid", tmp_path / "cache")
    assert words[:3] == [str(tmp_path / "imod/bin/3dmod"), "-m", "-a"]
    stack = mrc.read(words[4])
    assert stack.shape == (3, 20, 30)
    assert [np.unravel_index(view.argmax(), view.shape) for view in stack] == [(5, 12)] * 3
    assert np.allclose(tlt.read(words[3]), [0, 20, 30])
    assert words[5] == str(Path("a.fid").absolute())


def as_recorded(series: Series) -> Series:
    views = [replace(view, is_enabled=True) for view in imod.without_transforms(series).views]
    return replace(series, views=views)


def test_a_series_that_needs_nothing_is_shown_from_its_own_file(backend, series, tmp_path):
    whole = as_recorded(series)
    words = imod.series_words(backend, whole, tmp_path / "cache")
    assert words[-1] == str(tmp_path / "a b.mrc")
    assert imod.model_words(backend, whole, "a.fid", tmp_path / "cache")[-2] == words[-1]


def test_a_stack_is_written_once(backend, series, tmp_path):
    first = imod.prepared_stack(backend, series, tmp_path / "cache")
    written = first.stat().st_mtime_ns
    assert imod.prepared_stack(backend, series, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == written
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [first.name]


def test_a_stack_older_than_its_source_is_written_again(backend, series, tmp_path):
    first = imod.prepared_stack(backend, series, tmp_path / "cache")
    os.utime(first, (1, 1))
    assert imod.prepared_stack(backend, series, tmp_path / "cache").stat().st_mtime > 1


def test_other_transforms_or_views_make_another_stack(series, tmp_path):
    first = imod.place_of_stack(series, tmp_path)
    moved = [replace(view, transform=view.transform + 1e-3) for view in series.views]
    assert imod.place_of_stack(replace(series, views=moved), tmp_path) != first
    enabled = [replace(view, is_enabled=True) for view in series.views]
    assert imod.place_of_stack(replace(series, views=enabled), tmp_path) != first


@pytest.mark.parametrize("ts_id", NAMES)
def test_names_of_series_are_no_paths_and_no_commands(
    backend, series, ts_id, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIL", "0")
    named = replace(as_recorded(series), ts_id=ts_id)
    words = imod.series_words(backend, named, tmp_path / "cache")
    assert Path(words[2]).parent == tmp_path / "cache"
    assert imod.place_of_stack(named, tmp_path).parent == tmp_path
    imod.launch(imod.Call(words))
    assert (tmp_path / "said").read_text().splitlines() == words[1:]
    assert not (tmp_path / "owned").exists()


def test_a_file_name_reaches_3dmod_as_it_is(backend, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIL", "0")
    path = tmp_path / "a $(touch owned) 'b' \".rec"
    imod.launch(imod.Call(imod.tomogram_words(backend, str(path))))
    assert (tmp_path / "said").read_text() == f"{path}\n"


def test_a_3dmod_that_cannot_run_says_why(backend, tmp_path):
    script(tmp_path / "imod/bin/3dmod", "echo 'cannot connect to display'; exit 3")
    with pytest.raises(EtomotutError, match="3dmod: cannot connect to display"):
        imod.launch(imod.Call(imod.tomogram_words(backend, "a.rec")))


def test_an_imod_without_3dmod_is_not_offered(backend, tmp_path, monkeypatch):
    assert imod.imod_with_3dmod(str(tmp_path / "imod")) == backend
    (tmp_path / "imod/bin/3dmod").unlink()
    assert imod.imod_with_3dmod(str(tmp_path / "imod")) is None
