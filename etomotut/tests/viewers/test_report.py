"""The report from a window: the command that writes it, and the window that tells how far it is."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
from pyworkflow.viewer import MessageView

from etomotut.tests.viewers import sets
from etomotut.viewers import report
from etomotut.viewers.entries import WindowView
from etomotut.workflow.report import _parser

SLOW_HELLO = "import time; print('TS_1', flush=True); time.sleep(0.4); print('Report: a.html')"


@pytest.fixture
def project(tmp_path):
    return SimpleNamespace(
        getTmpPath=lambda *names: str(tmp_path.joinpath("p", "Tmp", *names)),
        getPath=lambda: str(tmp_path / "p"),
    )


def test_the_command_takes_the_words(project, tmp_path):
    words = report.report_words(project, 7)
    assert words[:4] == [sys.executable, "-m", "etomotut", "report"]
    arguments = _parser().parse_args(words[4:])
    assert (arguments.project, arguments.run, arguments.open) == (str(tmp_path / "p"), 7, True)
    assert arguments.out == str(tmp_path / "p" / "Tmp" / "etomotut" / "report_7.html")


def test_a_set_leads_to_the_report_of_the_run_that_made_it(tmp_path, project):
    made = sets.tomogram_set(tmp_path)
    viewer = report.EtomotutReportViewer(project=project)
    assert isinstance(viewer._visualize(made)[0], MessageView)
    made._objParentId = 7
    assert isinstance(viewer._visualize(made)[0], WindowView)


def wait_for(window: Any) -> None:
    end = time.monotonic() + 20
    while window.status is None or window.bar.winfo_ismapped():
        assert time.monotonic() < end, "it did not end"
        window.top.update()
        time.sleep(0.01)


def test_the_window_tells_how_far_it_is_and_where_the_report_is(root):
    window = report.open_report([sys.executable, "-c", SLOW_HELLO], root)
    wait_for(window)
    assert (window.status, window.text.get()) == (0, "Report: a.html")


def test_the_window_tells_what_went_wrong(root):
    text = "print('ERROR: REPORT - no browser was found'); raise SystemExit(1)"
    window = report.open_report([sys.executable, "-c", text], root)
    wait_for(window)
    assert window.text.get() == "ERROR: REPORT - no browser was found"
    assert str(window.label["foreground"])
