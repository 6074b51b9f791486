"""Scipion's environment is made where there is none, and a user's own is left alone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List

import pytest

from etomotut import headless
from etomotut.errors import EtomotutError

VARIABLES = ("SCIPION_HOME", "SCIPION_HOSTS", "SCIPION_USER_DATA", "SCIPION_DOMAIN")


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Scipion in the environment, and pyworkflow not imported; both come back."""
    for name in list(os.environ):
        if name.startswith("SCIPION_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(headless.os, "environ", dict(os.environ))
    monkeypatch.setattr(headless.sys, "modules", {})


@pytest.mark.usefixtures("clean")
def test_a_home_with_hosts_is_made(tmp_path: Path) -> None:
    projects = headless.prepare(tmp_path)
    home = Path(headless.os.environ["SCIPION_HOME"])
    assert projects == tmp_path / "projects"
    assert (home / "config" / "hosts.conf").read_text().startswith("[localhost]")
    assert headless.os.environ["SCIPION_PYTHON"] == sys.executable


@pytest.mark.usefixtures("clean")
def test_nothing_is_written_into_a_users_scipion(tmp_path: Path) -> None:
    home = tmp_path / "theirs"
    home.mkdir()
    headless.os.environ["SCIPION_HOME"] = str(home)
    headless.prepare(tmp_path / "ours")
    assert headless.os.environ["SCIPION_HOME"] == str(home)
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("clean")
def test_it_is_too_late_once_pyworkflow_is_imported(tmp_path: Path) -> None:
    headless.sys.modules["pyworkflow"] = SimpleNamespace()  # type: ignore[assignment]
    with pytest.raises(EtomotutError, match="before pyworkflow"):
        headless.prepare(tmp_path)


DONE = 5  # a stage that has finished before


def _protocol(number: int, *parents: Any) -> Any:
    pointers = [("input", SimpleNamespace(getObjValue=lambda p=parent: p)) for parent in parents]
    return SimpleNamespace(
        getObjId=lambda: number,
        getRunName=lambda: f"stage {number}",
        iterInputAttributes=lambda: pointers,
        validate=lambda: ["it must fail"] if number == 2 else [],
        _summary=list,
        isActive=lambda: False,
        isFinished=lambda: number == DONE,
        getStatus=lambda: headless.FINISHED,
    )


def test_protocols_run_after_those_whose_output_they_take() -> None:
    first, second, third = _protocol(1), None, None
    third = _protocol(3, first)
    second = _protocol(4, third, first)
    launched: List[int] = []
    project = SimpleNamespace(launchProtocol=lambda p, wait: launched.append(p.getObjId()))
    assert headless.run(project, [second, third, first], report=lambda line: None) == []
    assert launched == [1, 3, 4]


def test_a_stage_that_has_finished_is_not_started_again() -> None:
    launched: List[int] = []
    project = SimpleNamespace(launchProtocol=lambda p, wait: launched.append(p.getObjId()))
    told: List[str] = []
    assert headless.run(project, [_protocol(DONE), _protocol(1)], report=told.append) == []
    assert launched == [1]
    assert "    done before" in told


def test_what_needs_a_failed_stage_is_not_started() -> None:
    failing = _protocol(2)
    after, other = _protocol(3, failing), _protocol(1)
    launched: List[int] = []
    project = SimpleNamespace(launchProtocol=lambda p, wait: launched.append(p.getObjId()))
    failures = headless.run(project, [failing, after, other], report=lambda line: None)
    assert failures == ["stage 2: it must fail", "stage 3: its input stage 2 failed"]
    assert launched == [1]


def test_a_stage_that_finished_while_it_was_looked_for_has_not_failed() -> None:
    stamp = SimpleNamespace(set=lambda value: told.insert(0, headless.FINISHED))
    told = ["failed"]
    protocol = SimpleNamespace(getStatus=lambda: told[0], isActive=bool, lastUpdateTimeStamp=stamp)
    looked: List[str] = []
    project = SimpleNamespace(_updateProtocol=lambda p: looked.append(p.getStatus()))
    headless.wait_for_end(project, protocol)
    assert looked == [headless.FINISHED]


def test_a_stage_that_is_left_out_passes_its_input_on() -> None:
    stages = [
        {"object.className": "Align", "object.id": "6"},
        {"object.className": "Ctf", "object.id": "9", "series": "3.TiltSeries", "path": "3.d"},
        {"object.className": "Flip", "object.id": "10", "series": "6.TiltSeries", "ctf": "9.Ctf"},
        {"object.className": "Last", "object.id": "11", "series": "10.TiltSeries", "size": 10.5},
    ]
    left = json.loads(headless.leave_out(json.dumps(stages), ["Flip", "Ctf"]))
    assert [stage["object.className"] for stage in left] == ["Align", "Last"]
    assert left[1]["series"] == "6.TiltSeries"
    assert left[1]["size"] == 10.5
