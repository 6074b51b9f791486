"""3dmod opens with its Bead Fixer ready, and what it saves is seen in Scipion."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etomotut.backends import Backend
from etomotut.formats import model, mrc
from etomotut.tests.viewers import editing
from etomotut.tests.viewers.test_imod import script
from etomotut.tests.viewers.test_windows import settle
from etomotut.viewers import bead_fixer, gather, imod
from etomotut.viewers.listing import Listing


@pytest.fixture
def models(tmp_path):
    (tmp_path / "models").mkdir()
    return editing.model_set(tmp_path / "models")


def marked(models):
    return gather.series_of(models.getSetOfTiltSeries(), "TS_1"), gather.item_of(models, "TS_1")


def save(models, kept):
    """Save the model with some of its marks, as 3dmod does: its file is newer then."""
    rows, beads = editing.tracks()
    path = Path(gather.item_of(models, "TS_1").getModelName())
    size = (*editing.SIZE, len(editing.USED))
    model.write(path, model.from_tracks(rows[kept], beads[kept], size=size, pixel_size=5.0))
    later = time.time_ns() + 10**9
    os.utime(path, ns=(later, later))


@pytest.fixture(scope="module")
def called(tmp_path_factory):
    """Give a model and the call of a 3dmod that notes where it runs and what it is told."""
    folder = tmp_path_factory.mktemp("with space")
    place = folder / "imod" / "bin"
    place.mkdir(parents=True)
    for name in ("newstack", "tiltalign"):
        script(place / name, f'exec "{sys.executable}" -m etomotut {name} "$@"')
    heard = 'pwd > "$0.told"; for word; do echo "$word" >> "$0.told"; done; read line'
    script(place / "3dmod", f'{heard}; echo "$line" >> "$0.told"; mv "$0.told" "$0.said"')
    series, landmarks = marked(editing.model_set(folder))
    call = bead_fixer.call(Backend(folder / "imod"), series, landmarks, folder / "cache")
    return landmarks, call


def test_bead_fixer_is_open_on_the_residuals_of_the_model(called):
    landmarks, call = called
    assert call.words[1:4] == ["-E", "F1", "-L"]
    assert call.words[-1] == str(Path(landmarks.getModelName()).absolute())
    assert mrc.Stack(call.words[-2]).shape == (len(editing.USED), *editing.SIZE[::-1])
    log = call.folder / f"{call.folder.name}.log"
    assert call.message.split(" 14 ")[0] == f"14 Bead Fixer 1 {log.name}"
    bead, view = editing.SPOILED
    large = [line.split() for line in log.read_text().splitlines()]
    header = next(n for n, line in enumerate(large) if line[:4] == ["#", "#", "#", "X"])
    assert large[header + 1][:3] == ["1", str(bead + 1), str(view + 1)]


def test_bead_fixer_knows_the_size_of_beads_and_looks_for_gaps_first(called):
    diameter = round(2 * editing.RADIUS)
    assert called[1].message.endswith(f"14 Bead Fixer 5 {diameter} 14 Bead Fixer 6 1")


def test_3dmod_runs_beside_the_log_and_is_told_of_it(called):
    _, call = called
    imod.launch(call)
    said = Path(f"{call.words[0]}.said").read_text().splitlines()
    assert said == [str(call.folder), *call.words[1:], call.message]


@pytest.mark.parametrize("is_solved, mode", [(True, 2), (False, 1)])
def test_without_gaps_it_looks_at_residuals_if_there_are_some(
    models, tmp_path, monkeypatch, is_solved, mode
):
    save(models, editing.tracks()[1] != editing.GAP[0])
    monkeypatch.setattr(bead_fixer, "_solve", lambda *given, **named: is_solved)
    monkeypatch.setattr(imod, "model_words", lambda *given: ["3dmod", "a.fid"])
    call = bead_fixer.call(Backend(), *marked(models), tmp_path)
    assert call.message.endswith(f"14 Bead Fixer 6 {mode}")
    assert ("Bead Fixer 1" in call.message) == is_solved


@pytest.mark.imod
def test_bead_fixer_can_run_tiltalign_again(models, tmp_path, imod):
    """Its button runs the command file of the log's name with vmstopy."""
    folder = Path(imod("vmstopy")).parents[1]
    backend = Backend(folder)
    call = bead_fixer.call(backend, *marked(models), tmp_path / "cache")
    name = call.folder.name
    log = call.folder / f"{name}.log"
    first = log.read_text().splitlines()
    log.unlink()
    words = [str(folder / "bin" / "vmstopy"), "-x", "-q", f"{name}.com", log.name]
    subprocess.run(words, cwd=call.folder, env=backend.environment(1), check=True)
    (told,) = [line for line in first if "Residual error mean and sd" in line]
    assert told in log.read_text().splitlines()


def test_what_3dmod_saves_is_shown_while_the_window_is_open(root, models, tmp_path):
    from etomotut.viewers.windows.series_window import SeriesWindow

    window = SeriesWindow("test", Listing(tmp_path / "cache", None).of(models), root)
    settle(window, lambda: window.canvas._photo is not None)
    window.go_to(3)
    save(models, slice(20))
    settle(window, lambda: len(window.model.marks.rows) == 20)
    assert window.model.index == 3
    assert gather.item_of(models, "TS_1").getCount() == 2


def test_what_was_saved_before_is_known_when_a_window_opens(models, tmp_path):
    save(models, slice(30))
    (item,) = Listing(tmp_path / "cache", None).of(models)
    assert item.about == "3 beads"
