"""The same request goes on with its stages, another one has stages of its own."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace

import pytest

from etomotut import headless
from etomotut.workflow import resuming

TEXT = '[{"object.id": "1"}]'


class Stage:
    """What is asked of a stage; it is of Scipion's importer."""

    def __init__(self, number, is_finished=False):
        self.number, self.is_finished = number, is_finished
        self.runMode = SimpleNamespace(set=lambda mode: setattr(self, "mode", mode))
        self.mode = 0

    def getObjId(self):  # noqa: N802 - Scipion's name
        return self.number

    def isActive(self):  # noqa: N802
        return False

    def isFinished(self):  # noqa: N802
        return self.is_finished


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Give a project into which every workflow loads one more stage."""
    runs = []

    def load(project, text):
        runs.append(Stage(len(runs) + 1))
        return OrderedDict({"1": runs[-1]})

    monkeypatch.setattr(headless, "load_workflow", load)
    return SimpleNamespace(
        path=str(tmp_path), getRuns=lambda: list(runs), saveProtocol=lambda stage: None, runs=runs
    )


def begin(project, text=TEXT, **settings):
    return resuming.stages(project, text, settings, lambda stage: None)["1"]


def test_the_same_request_finds_its_stages(project):
    assert begin(project, beads=40) is begin(project, beads=40)


@pytest.mark.parametrize("request_", [{"beads": 20}, {"text": '[{"object.id": "1", "x": 2}]'}])
def test_another_request_has_stages_of_its_own(project, request_):
    assert begin(project) is not begin(project, **request_)


def test_stages_that_were_deleted_are_made_anew(project):
    first = begin(project)
    project.runs.remove(first)
    assert begin(project) is not first


def test_a_record_that_is_cut_off_is_no_record(project, tmp_path):
    first = begin(project)
    record = tmp_path / resuming.RECORD
    record.write_text(record.read_text()[:20])
    assert begin(project) is not first


def test_an_import_that_was_cut_off_begins_anew_and_a_finished_one_stays(project):
    stage = begin(project)
    stage.is_finished = True
    assert begin(project).mode == 0
    stage.is_finished = False
    assert begin(project).mode == 1
