"""The quality report of a run: written by `etomotut report`, then shown in the browser.

"Analyze results" opens one viewer of a protocol only: in the windows of the others a button leads
here, and so does the menu of what protocols made.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, List

from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer
from tomo.objects import SetOfTiltSeries, SetOfTomograms

from etomotut import protocols
from etomotut.viewers.entries import CACHE, WindowView

NAME = "Quality report"


class EtomotutReportViewer(Viewer):
    """A web page on series: what led to them, what came of them, and how good they are."""

    _name = NAME
    _environments = [DESKTOP_TKINTER]
    _targets = [
        SetOfTiltSeries,
        SetOfTomograms,
        protocols.ProtEtomotutFiducialAlignment,
        protocols.ProtEtomotutReconstruct,
        protocols.ProtEtomotutTomo3d,
        protocols.ProtEtomotutPosition,
    ]

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        is_run = hasattr(obj, "iterOutputAttributes")
        run = obj.getObjId() if is_run else obj.getObjParentId()
        if not run:
            return [self.infoMessage("It is not known which run made this.", NAME)]
        words = report_words(self.getProject(), int(run))
        return [WindowView(self.getTkRoot(), lambda root: open_report(words, root))]


def report_words(project: Any, run: int) -> List[str]:
    """Give the command that writes the report of a run into the project, and opens it."""
    page = Path(project.getTmpPath(CACHE, f"report_{run}.html")).absolute()
    folder = str(Path(project.getPath()).absolute())
    words = [sys.executable, "-m", "etomotut", "report", folder, "--run", str(run)]
    return [*words, "--out", str(page), "--open"]


def open_report(words: List[str], root: Any) -> Any:
    """Open the window in which a report is being written."""
    from etomotut.viewers.windows.report_window import ReportWindow

    return ReportWindow(NAME, words, root)


def add_button(window: Any, project: Any, run: int) -> None:
    """Add a button to a window's bar that writes and opens the report of a run."""
    from tkinter import ttk

    words = report_words(project, run)
    button = ttk.Button(window.bar, text=NAME, command=lambda: open_report(words, window.top))
    button.pack(side="right", padx=4)
