"""What is saved, by our editor or by 3dmod, is what Scipion's set and records say."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pwem.objects import Set

from etomotut.convert import fiducials
from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.protocols.records import Records
from etomotut.tests.viewers import editing
from etomotut.viewers import editor_files, gather
from etomotut.viewers.editor_files import ModelFiles, Saver, editor_items

NONE = {"moved": 0, "added": 0, "deleted": 0}


@pytest.fixture
def models(tmp_path):
    return editing.model_set(tmp_path)


@pytest.fixture
def protocol(tmp_path):
    """Give a run that has ended, with what it noted of its models."""
    extra = tmp_path / "extra"
    extra.mkdir()
    path = str(extra / "series.json")
    Records(path).note_done("TS_1", {"beads": 7, "points": 69, "gaps": 1, "views": 10}, 1.0)
    return SimpleNamespace(
        isActive=lambda: False, _getExtraPath=lambda *names: str(extra.joinpath(*names))
    )


def saved_elsewhere(models, keep):
    """Save the model without some beads, as 3dmod does: its file is newer then."""
    path = Path(gather.item_of(models, "TS_1").getModelName())
    rows, beads = editing.tracks()
    chosen = np.isin(beads, keep)
    size = (*editing.SIZE, len(editing.USED))
    model.write(path, model.from_tracks(rows[chosen], beads[chosen], size=size, pixel_size=5.0))
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def test_what_3dmod_saved_is_what_scipion_says(models, protocol):
    files = ModelFiles(models, protocol)
    assert files.refresh("TS_1") == ""
    saved_elsewhere(models, keep=[1, 3, 5])
    assert files.refresh("TS_1").startswith("TS_1 was saved: 3 beads, 30 points")
    item = gather.item_of(models, "TS_1")
    assert item.getCount() == 3
    rows, _, _ = fiducials.read_landmarks(item.getFileName())
    assert len(rows) == 30
    assert files.numbers("TS_1") == {"beads": 3, "points": 30, "gaps": 0, "views": 10}
    assert files.refresh("TS_1") == ""


def test_the_set_keeps_everything_else(models, protocol):
    before = gather.item_of(models, "TS_1").getObjDict()
    saved_elsewhere(models, keep=[1, 3, 5])
    ModelFiles(models, protocol).refresh("TS_1")
    after = gather.item_of(models, "TS_1").getObjDict()
    assert {name for name in after if after[name] != before[name]} == {"_count"}
    assert models.getSize() == 1
    assert [each.getTsId() for each in models.iterItems()] == ["TS_1"]


def test_a_set_that_a_run_is_writing_is_left_alone(models, protocol):
    protocol.isActive = lambda: True
    models.enableAppend()
    models.setStreamState(Set.STREAM_OPEN)
    models.write()
    models.close()
    saved_elsewhere(models, keep=[1])
    files = ModelFiles(models, protocol)
    assert files.refresh("TS_1") == ""
    with pytest.raises(EtomotutError, match="has not ended"):
        files.replace("TS_1", editing.imod_model(), NONE)
    assert gather.item_of(models, "TS_1").getCount() == 7


def test_a_broken_file_is_told_and_nothing_changes(models, protocol):
    files = ModelFiles(models, protocol)
    saved_elsewhere(models, keep=[1])
    path = Path(gather.item_of(models, "TS_1").getModelName())
    stat = path.stat()
    path.write_bytes(path.read_bytes()[:300])
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    with pytest.raises(EtomotutError, match="not a whole IMOD model"):
        files.refresh("TS_1")
    assert gather.item_of(models, "TS_1").getCount() == 7


def test_an_item_is_loaded_once_with_all_that_is_known(models):
    (item,) = editor_items(models)
    loaded = item.load()
    assert item.load() is loaded
    assert (item.name, item.about) == ("TS_1", "7 beads")
    assert np.allclose(loaded.geometry.tilt_angles, editing.ANGLES[editing.USED])
    assert loaded.diameter == 2 * editing.RADIUS


def test_edited_models_are_saved_in_the_run_that_holds_copies(models, protocol, monkeypatch):
    monkeypatch.setattr(editor_files, "ProtEtomotutEditFiducials", SimpleNamespace)
    protocol.getRunName = lambda: "mine"
    saver = Saver(None, models, protocol)
    (item,) = editor_items(models)
    edited = item.load()
    edited.select(0)
    edited.delete_bead()
    assert saver.label == "Save"
    assert saver.is_ready()
    for _ in range(2):  # what is saved twice is not counted twice
        saver.write("TS_1", edited.edited(), edited.history.counts())
    numbers = saver._files.numbers("TS_1")
    assert (numbers["beads"], numbers["deleted"], numbers["moved"]) == (6, 10, 0)
    assert gather.item_of(models, "TS_1").getCount() == 6
    assert "'mine'" in saver.told


def project_of(models, state):
    """Give a project whose runs are in a state that can be changed, and what was done in it."""
    made = SimpleNamespace(state=state, done=[], _updateProtocol=lambda run: None)
    made.seen_again = lambda: None

    def new_protocol(kind):
        return SimpleNamespace(
            inputSetOfLandmarkModels=SimpleNamespace(
                set=made.done.append, setExtended=made.done.append
            ),
            FiducialModelGaps=models,
            getRunName=lambda: "new",
            lastUpdateTimeStamp=SimpleNamespace(set=lambda time: made.seen_again()),
            isFinished=lambda: made.state == "finished",
            isActive=lambda: made.state == "running",
        )

    made.newProtocol, made.launchProtocol = new_protocol, made.done.append
    return made


def test_models_of_others_are_copied_into_a_run_first(models, protocol):
    protocol.iterOutputAttributes = lambda: [("FiducialModelNoGaps", models)]
    project = project_of(models, "running")
    saver = Saver(project, models, protocol)
    assert saver.label == "Save as new models"
    assert [saver.is_ready() for _ in range(3)] == [False] * 3
    assert project.done[:2] == [protocol, "FiducialModelNoGaps"]
    assert len(project.done) == 3
    project.state = "finished"
    assert saver.is_ready()
    assert saver.label == "Save"


def test_a_run_that_ended_while_it_was_looked_at_has_not_failed(models, protocol):
    protocol.iterOutputAttributes = list
    project = project_of(models, "failed")
    project.seen_again = lambda: setattr(project, "state", "finished")
    saver = Saver(project, models, protocol)
    assert not saver.is_ready()
    assert saver.is_ready()


def test_a_run_that_fails_is_told_and_may_be_tried_again(models, protocol):
    protocol.iterOutputAttributes = list
    project = project_of(models, "failed")
    saver = Saver(project, models, protocol)
    assert not saver.is_ready()
    with pytest.raises(EtomotutError, match="the run 'new' failed"):
        saver.is_ready()
    project.state = "running"
    assert not saver.is_ready()
    assert len(project.done) == 6
