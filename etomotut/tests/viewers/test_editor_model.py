"""The fiducial editor finds what is wrong, changes what it is told to, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etomotut.errors import SolutionError
from etomotut.formats import model
from etomotut.tests.viewers import editing
from etomotut.viewers.editor_model import EditorModel
from etomotut.viewers.editor_points import History, Points
from etomotut.viewers.editor_solution import solve
from etomotut.viewers.viewport import Viewport

TRUTH = editing.truth()
BEAD, VIEW = editing.SPOILED
CLOSE = 0.15  # pixels to which beads are centred here


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("editing")


@pytest.fixture
def unsolved(folder):
    return editing.editor(folder)


@pytest.fixture
def editor(unsolved):
    unsolved.take(editing.solution(), unsolved.points)
    return unsolved


def mark_of(editor, bead, view):
    return editor.points.rows[editor.points.index(bead, view), :2]


def off(place, bead, view):
    return float(np.hypot(*(place - TRUTH[bead, view])))


def test_the_worst_residual_is_found_and_its_view_shown(editor):
    jump = editor.go_to_residual()
    assert (jump.bead, jump.number, jump.count) == (BEAD, 1, 1)
    assert (editor.selected, editor.rank) == editing.SPOILED
    assert editor.view.section == editing.USED[VIEW] + 1
    residual = editor.residuals()[editor.mark]
    assert np.allclose(residual, editing.OFF, atol=0.3)
    assert off(editor.expected, BEAD, VIEW) < 0.3


def test_a_mark_is_centred_on_the_bead_that_was_pointed_at(editor):
    editor.go_to_residual()
    told = editor.put(TRUTH[BEAD, VIEW] + (3.0, -2.0))
    assert told == f"moved bead {BEAD + 1} in view {editor.index + 1}"
    assert off(mark_of(editor, BEAD, VIEW), BEAD, VIEW) < CLOSE


def test_the_residual_falls_when_the_worst_mark_is_put_right(editor):
    before = editor.solved
    editor.go_to_residual()
    editor.put(editor.expected)
    assert editor.is_to_be_solved
    editing.solve_now(editor)
    assert not editor.is_to_be_solved
    assert editor.solved.residual < before.residual / 2
    assert 0.1 < editor.solved.left_out < 0.25
    assert editor.first is before
    assert editor.go_to_residual() is None


def test_a_mark_stays_where_it_is_put_without_centring(editor):
    editor.go_to_residual()
    place = TRUTH[BEAD, VIEW] + (1.0, 0.5)
    editor.put(place, centre=False)
    assert np.allclose(mark_of(editor, BEAD, VIEW), place)


def test_where_there_is_no_bead_a_mark_is_put_as_told(editor):
    editor.select(0)
    empty = np.array([75.0, 4.0])
    assert "no bead was found" in editor.put(empty)
    assert np.allclose(mark_of(editor, 0, editor.rank), empty)


def test_gaps_are_found_bead_by_bead_and_from_the_end_again(editor):
    assert editor.gaps() == [editing.GAP]
    assert editor.go_to_gap().bead == editing.GAP[0]
    assert (editor.selected, editor.rank) == editing.GAP
    assert editor.mark is None
    assert list(editor.absent()) == [editing.GAP[0]]
    assert off(editor.expected, *editing.GAP) < 0.3
    assert editor.go_to_gap().number == 1
    assert editor.go_to_gap(-1).count == 1


def test_a_gap_is_filled_by_pointing_at_the_bead(editor):
    editor.go_to_gap()
    assert editor.put(editor.expected + 2).startswith("added bead 5")
    assert off(mark_of(editor, *editing.GAP), *editing.GAP) < CLOSE
    assert editor.gaps() == []
    assert editor.go_to_gap() is None


def test_a_view_where_a_bead_is_outside_is_no_gap(editor):
    assert editor.gaps() == [editing.GAP]
    editor.predicted[0][2] = -3.0, 50.0
    editor._visible[0] = editor._is_visible(editor.predicted[0])
    editor.history.points = editor.points.without(0, 2)
    assert editor.gaps() == [editing.GAP]


def test_a_new_bead_is_followed_from_one_mark(editor):
    editor.select(3)
    editor.delete_bead()
    editing.solve_now(editor)
    editor.go_to(5)
    told = editor.start_bead(TRUTH[3, editor.rank] + 1.5)
    assert told.startswith("new bead 8")
    assert editor.fill() == "filled 9 gaps of bead 8"
    distances = [off(mark_of(editor, 7, view), 3, view) for view in range(10)]
    assert max(distances) < CLOSE


def test_no_bead_is_begun_where_there_is_none(editor):
    before = editor.points
    empty = np.array([75.0, 4.0])
    assert editor.start_bead(empty).startswith("there is no bead")
    assert editor.points is before
    assert editor.selected is None
    assert editor.start_bead(empty, centre=False).startswith("new bead 8")


def test_a_bead_that_is_gone_is_not_selected(editor):
    editor.start_bead(np.array([75.0, 4.0]), centre=False)
    editor.undo()
    assert editor.selected is None


def test_a_deleted_bead_and_mark_come_back(editor):
    start = editor.points
    editor.go_to_residual()
    editor.delete_mark()
    assert editor.points.index(BEAD, VIEW) is None
    editor.delete_bead()
    assert editor.selected is None
    assert BEAD not in editor.points.beads
    assert BEAD not in editor.predicted
    assert editor.undo() == f"undone: deleted bead {BEAD + 1}"
    editor.undo()
    assert editor.points is start
    assert editor.undo() == "there is nothing to undo"
    editor.redo()
    assert editor.points.index(BEAD, VIEW) is None


def test_what_is_selected_is_what_was_clicked_on(editor):
    editor.go_to_gap()
    assert editor.bead_at(TRUTH[0, editor.rank] + 3) == 0
    assert editor.bead_at(TRUTH[editing.GAP]) == editing.GAP[0]
    assert editor.bead_at(np.array([75.0, 4.0])) is None
    assert editor.is_near(TRUTH[editing.GAP] + 10)
    assert not editor.is_near(TRUTH[editing.GAP] + 40)


def test_nothing_can_be_marked_in_an_excluded_view(editor):
    editor.select(0)
    editor.go_to(editing.EXCLUDED - 1)
    assert editor.is_excluded
    before = editor.points
    assert editor.put(TRUTH[0, 0]) == editor.delete_mark() == editor.start_bead(TRUTH[0, 0]) == ""
    assert editor.bead_at(TRUTH[0, 0]) is None
    assert editor.expected is None
    assert editor.points is before


def test_the_edited_model_keeps_surfaces_and_what_was_not_touched(editor):
    editor.select(0)
    editor.delete_bead()
    editor.go_to_residual()
    editor.put(editor.expected)
    made, source = editor.edited(), editing.imod_model()
    surfaces = [contour.surface for _, _, contour in made.contours()]
    assert surfaces == [contour.surface for _, _, contour in source.contours()][1:]
    assert (made.size, made.pixel_size) == (source.size, source.pixel_size)
    (old, _), (new, _) = model.tracks(source), model.tracks(made)
    same = {tuple(row) for row in np.round(old, 3)} & {tuple(row) for row in np.round(new, 3)}
    assert len(same) == len(new) - 1
    assert editor.history.counts() == {"moved": 1, "added": 0, "deleted": 10}


def test_predicted_points_are_gaps(editor):
    residuals = np.zeros((len(editor.points.rows), 2))
    residuals[3] = np.nan
    marks = replace(
        editor.marks,
        rows=editor.points.rows,
        beads=editor.points.beads,
        residuals=residuals,
        is_solved=True,
    )
    made = EditorModel(editor.series, marks, editing.imod_model())
    assert len(made.points.rows) == len(residuals) - 1
    assert not made.history.is_unsaved


def test_too_few_marks_are_told_and_the_last_predictions_stay(editor):
    places = editor.predicted[0].copy()
    few = Points(editor.points.rows[:2], editor.points.beads[:2])
    with pytest.raises(SolutionError, match="no bead has 3 marks"):
        solve(few, editor.geometry)
    editor.take(SolutionError("too few"), editor.points)
    assert editor.problem == "too few"
    assert np.allclose(editor.predicted[0], places)


def test_nothing_is_told_of_residuals_before_anything_is_solved(unsolved):
    editor = unsolved
    assert np.isnan(editor.residuals()).all()
    assert editor.big_residuals() == []
    assert editor.expected is None
    assert (4, 3) in editor.gaps()
    editor.select(0)
    assert editor.fill() == "filled 0 gaps of bead 1"


def test_patches_are_put_where_they_are_told(editor):
    marks = replace(editor.marks, diameter=0.0)
    made = EditorModel(editor.series, marks, editing.imod_model())
    made.select(0)
    made.put(np.array([20.0, 30.0]))
    assert np.allclose(mark_of(made, 0, made.rank), (20.0, 30.0))


def test_going_back_leads_to_the_residual_before(editor):
    for bead, view, error in ((0, 1, 5.0), (5, 8, 3.0)):
        place = mark_of(editor, bead, view) + error
        editor.history.change(editor.points.put(bead, view, place), "spoiled")
    editing.solve_now(editor)
    found = [editor.go_to_residual().bead for _ in range(4)]
    assert found == [BEAD, 0, 5, BEAD]
    editor.go_to_residual()
    assert editor.go_to_residual(-1).bead == BEAD


def test_history_knows_what_was_saved():
    history = History(Points(np.zeros((1, 3)), np.zeros(1, np.int64)))
    history.change(history.points.put(0, 1, np.array([2.0, 3.0])), "added")
    assert history.is_unsaved
    history.note_saved()
    assert not history.is_unsaved
    history.undo()
    assert history.is_unsaved
    assert history.can_redo
    assert not history.can_undo


def test_a_gap_is_not_filled_with_what_lies_elsewhere(editor, monkeypatch):
    monkeypatch.setattr(editor, "centred_on", lambda place, view: place + 3.0)
    editor.go_to_gap()
    assert editor.fill() == "filled 0 gaps of bead 5"
    assert not editor.history.can_undo


def test_what_was_undone_cannot_come_back_after_another_change(editor):
    editor.select(0)
    editor.delete_mark()
    editor.undo()
    editor.select(1)
    editor.delete_mark()
    assert editor.redo() == "there is nothing to do again"


def test_what_is_looked_at_closely_has_its_own_contrast(editor, monkeypatch):
    image = editor.image().copy()
    image[:, 75:] += 1000
    monkeypatch.setattr(editor, "image", lambda: image)
    viewport = Viewport(editing.SIZE, (200, 160))
    viewport.fit()
    whole = editor.render(viewport)
    assert np.ptp(whole[40:120, 20:80].astype(int)) < 40
    viewport.zoom, viewport.centre = 4.0, (40.0, 60.0)
    close = editor.render(viewport)
    assert np.ptp(close.astype(int)) > 200
