"""The fiducial editor is used with the mouse, tells what it does, and saves; needs a display."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from etomotut.errors import EtomotutError
from etomotut.tests.viewers import editing
from etomotut.tests.viewers.test_windows import press, settle, shown_words
from etomotut.viewers.items import Item

TRUTH = editing.truth()
BEAD, VIEW = editing.SPOILED


class Saver:
    """Takes what is saved, once it was asked a few times whether it is ready."""

    label, told = "Save as new models", "Saved."

    def __init__(self) -> None:
        self.asked, self.written, self.problem = 0, {}, ""

    def is_ready(self) -> bool:
        self.asked += 1
        if self.problem:
            raise EtomotutError(self.problem)
        return self.asked > 1

    def write(self, name: str, made: Any, edits: Any) -> None:
        self.written[name] = made, edits


@pytest.fixture
def window(root, tmp_path):
    from etomotut.viewers.windows.editor_window import EditorWindow

    made = editing.editor(tmp_path)
    made.take(editing.solution(), made.points)
    opened = EditorWindow("test", [Item("TS_1", "7 beads", lambda: made)], root, Saver())
    opened.top.geometry("1100x700")
    settle(opened, lambda: opened.canvas._photo is not None)
    solved(opened)
    return opened


def solved(window: Any) -> None:
    settle(window, lambda: not window._is_solving and window.model.solved is not None)


def button(window: Any, text: str) -> Any:
    return next(each for name, each in window.panel.buttons.items() if name.startswith(text))


def push(window: Any, text: str) -> None:
    button(window, text).invoke()
    solved(window)


def on_canvas(window: Any, place: Any) -> Any:
    return np.rint(window._viewport().to_canvas([place])[0]).astype(int)


def drag(window: Any, start: Any, end: Any) -> None:
    (x, y), (to_x, to_y) = start, end
    window.canvas.event_generate("<ButtonPress-1>", x=x, y=y)
    for share in (0.5, 1.0):
        place = {"x": round(x + share * (to_x - x)), "y": round(y + share * (to_y - y))}
        window.canvas.event_generate("<B1-Motion>", state=0x100, **place)
        settle(window)
    window.canvas.event_generate("<ButtonRelease-1>", x=to_x, y=to_y)
    solved(window)


def click(window: Any, place: Any) -> None:
    at = on_canvas(window, place)
    drag(window, at, at)


def off(window: Any, bead: int, view: int) -> float:
    points = window.model.points
    return float(np.hypot(*(points.rows[points.index(bead, view), :2] - TRUTH[bead, view])))


def test_marks_are_solved_when_the_window_opens(root, tmp_path):
    from etomotut.viewers.windows.editor_window import EditorWindow

    made = editing.editor(tmp_path)
    opened = EditorWindow("test", [Item("TS_1", "", lambda: made)], root, Saver())
    assert "solving ..." in opened.panel.alignment["text"]
    solved(opened)
    assert made.solved.residual == pytest.approx(editing.solution().residual)


def test_the_worst_mark_is_found_and_dragged_onto_its_bead(window):
    before = window.model.solved.residual
    push(window, "Next big residual")
    assert f"bead {BEAD + 1} in view {window.model.index + 1}" in window.status["text"]
    assert window.model.rank == VIEW
    mark = window.model.points.rows[window.model.mark, :2]
    middle = (np.array(window.canvas.size()) - 1) / 2
    assert np.abs(on_canvas(window, mark) - middle).max() < 3
    drag(window, on_canvas(window, mark), on_canvas(window, TRUTH[BEAD, VIEW] + 1))
    assert off(window, BEAD, VIEW) < 0.15
    assert window.model.solved.residual < before / 2
    assert f"(was {before:.3f})" in window.panel.alignment["text"]


def test_a_gap_is_found_and_filled_by_a_click(window):
    press(window, "<space>")
    assert (window.model.selected, window.model.rank) == editing.GAP
    assert "5?" in shown_words(window.canvas)
    assert "no mark in this view" in window.panel.bead["text"]
    click(window, TRUTH[editing.GAP] + 1)
    assert off(window, *editing.GAP) < 0.15
    assert "gaps: 0" in window.panel.found["text"]
    push(window, "Next gap")
    assert window.status["text"] == "There is no gap left."


def test_a_click_selects_and_one_far_away_selects_nothing(window):
    here = window.model.rank
    click(window, TRUTH[0, here])
    assert window.model.selected == 0
    before = window.model.points
    click(window, np.array([140.0, 60.0]))
    assert window.model.selected is None
    assert window.model.points is before
    assert button(window, "Delete the mark").instate(["disabled"])


def test_dragging_beside_the_mark_moves_the_picture(window):
    click(window, TRUTH[0, window.model.rank])
    before, centre = window.model.points, window._viewport().centre
    window._zoom(4)
    start = on_canvas(window, TRUTH[1, window.model.rank])
    drag(window, start, start + 40)
    assert window.model.points is before
    assert window._viewport().centre != centre


def test_a_new_bead_is_begun_by_a_click(window):
    click(window, TRUTH[3, window.model.rank])
    push(window, "Delete the whole bead")
    assert 3 not in window.model.points.beads
    push(window, "New bead")
    assert button(window, "New bead")["text"] == "Click on it ..."
    click(window, TRUTH[3, window.model.rank] + 1)
    assert window.model.selected == 7
    press(window, "g")
    solved(window)
    assert "filled 9 gaps of bead 8" in window.status["text"]


def test_changes_are_taken_back_and_made_again(window):
    assert button(window, "Undo").instate(["disabled"])
    push(window, "Next big residual")
    press(window, "<Delete>")
    solved(window)
    count = len(window.model.points.rows)
    press(window, "<Control-z>")
    solved(window)
    assert len(window.model.points.rows) == count + 1
    push(window, "Redo")
    assert len(window.model.points.rows) == count


def test_saving_waits_for_the_run_and_tells_where_it_is(window):
    assert button(window, "Save").instate(["disabled"])
    push(window, "Next big residual")
    push(window, "Move the mark to +")
    push(window, "Centre the mark")
    push(window, "Save")
    settle(window, lambda: not window._is_saving)
    made, edits = window._saver.written["TS_1"]
    assert edits == {"moved": 1, "added": 0, "deleted": 0}
    assert len(made.objects[0].contours) == 7
    assert window.status["text"] == "Saved."
    assert button(window, "Save").instate(["disabled"])


def test_what_cannot_be_saved_is_told_and_stays_unsaved(window):
    click(window, TRUTH[0, window.model.rank])
    push(window, "Delete the whole bead")
    window._saver.problem = "the run failed"
    push(window, "Save")
    settle(window, lambda: not window._is_saving)
    assert window.status["text"] == "the run failed"
    assert button(window, "Save").instate(["!disabled"])


@pytest.mark.parametrize("answer, is_open, is_saved", [(None, 1, 0), (False, 0, 0), (True, 0, 1)])
def test_unsaved_changes_are_asked_for(window, monkeypatch, answer, is_open, is_saved):
    from etomotut.viewers.windows import editor_window

    monkeypatch.setattr(editor_window.messagebox, "askyesnocancel", lambda *w, **k: answer)
    root = window.top.master
    click(window, TRUTH[0, window.model.rank])
    push(window, "Delete the whole bead")
    window.close()
    for _ in range(200):
        root.update()
        if bool(window._saver.written) == bool(is_saved) and answer is not True:
            break
        if not window.top.winfo_exists():
            break
        root.after(10)
    assert bool(window.top.winfo_exists()) == bool(is_open)
    assert bool(window._saver.written) == bool(is_saved)


def test_escape_lets_go_of_the_bead_before_it_closes(window):
    click(window, TRUTH[0, window.model.rank])
    press(window, "<Escape>")
    assert window.model.selected is None
    root = window.top.master
    window._on_escape()
    root.update()
    assert not window.top.winfo_exists()


def test_an_excluded_view_offers_nothing_to_mark(window):
    click(window, TRUTH[0, window.model.rank])
    window.go_to(editing.EXCLUDED - 1)
    settle(window)
    assert "this view is excluded" in window.panel.bead["text"]
    for text in ("Centre the mark", "Move the mark", "Delete the mark", "New bead"):
        assert button(window, text).instate(["disabled"])


def test_windows_of_models_open_the_editor_at_the_series_they_show(root, tmp_path):
    from etomotut.viewers import entries

    models = editing.model_set(tmp_path)
    project = SimpleNamespace(getTmpPath=lambda *names: str(tmp_path.joinpath(*names)))
    for viewer in (
        entries.EtomotutFiducialViewer(project=project),
        entries.EtomotutResultsViewer(project=project),
    ):
        stage = SimpleNamespace(FiducialModelGaps=models, _getExtraPath=project.getTmpPath)
        shown = models if isinstance(viewer, entries.EtomotutFiducialViewer) else stage
        window = viewer._open(viewer._items(shown), root)
        edit = next(each for each in window.bar.winfo_children() if is_edit(each))
        before = set(root.winfo_children())
        edit.invoke()
        settle(window)
        (editor,) = set(root.winfo_children()) - before
        assert editor.title() == "TS_1 - Fiducial editor"


def is_edit(widget: Any) -> bool:
    return bool(widget.winfo_class() == "TButton" and widget["text"] == "Edit marks")
