"""The window of a tilt series shows each view where its frame says, and marks over it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etomotut.convert.series import Series, View
from etomotut.formats import mrc
from etomotut.report.findings import Frame, Marks
from etomotut.viewers.series_model import AS_RECORDED, SeriesModel, nearest_bead
from etomotut.viewers.viewport import Viewport

ORDER = (0.0, 20.0, -20.0, 40.0, -40.0)  # of the file, dose-symmetric
SHIFT = np.array([[1.0, 0.0, 6.0], [0.0, 1.0, 0.0]])


@pytest.fixture
def series(tmp_path) -> Series:
    """Five views with one bright pixel; the one at 20 degrees is disabled."""
    stack = np.zeros((5, 30, 40), np.float32)
    stack[:, 10, 15] = 100 + np.arange(5)
    mrc.write(tmp_path / "a.mrc", stack, pixel_size=10.0)
    views = [View(n + 1, n + 1, angle, angle != 20.0) for n, angle in enumerate(ORDER)]
    return Series("TS_1", {"": str(tmp_path / "a.mrc")}, views, 10.0, 0.0)


def shifted(views: int = 4) -> Frame:
    return Frame(np.tile(SHIFT, (views, 1, 1)), (40, 30))


@pytest.fixture
def marks() -> Marks:
    rows = np.array([[21.0, 10.0, v] for v in range(4)])  # the bright pixel, in the shifted frame
    residuals = np.array([[1.0, 0.0], [np.nan, np.nan], [1.0, 0.0], [1.0, 0.0]])
    return Marks(rows, np.zeros(4, int), residuals, shifted(), 4.0)


def rendered(model: SeriesModel) -> np.ndarray:
    viewport = Viewport(model.frame.size, model.frame.size)
    viewport.fit()
    return model.render(viewport)[::-1]


def test_all_views_are_shown_by_tilt_angle_and_the_flat_one_first(series):
    model = SeriesModel(series)
    assert [view.tilt_angle for view in model.views] == sorted(ORDER)
    assert model.view.tilt_angle == 0
    assert model.value_at(15, 10) == 100


def test_steps_end_with_the_series(series):
    model = SeriesModel(series)
    model.go_to(99)
    assert model.view.tilt_angle == 40
    model.go_to(-5)
    assert model.index == 0


def test_an_alignment_is_applied_to_the_view_that_is_shown(series):
    model = SeriesModel(series, {"aligned": shifted()})
    assert np.unravel_index(rendered(model)[:, :36].argmax(), (30, 36)) == (10, 21)
    model.next_frame()
    assert model.frame_name == AS_RECORDED
    assert np.unravel_index(rendered(model).argmax(), (30, 40)) == (10, 15)


def test_the_density_told_is_that_of_the_place_in_the_frame(series):
    model = SeriesModel(series, {"aligned": shifted()})
    assert model.value_at(21, 10) == 100
    assert model.value_at(15, 10) == 0
    assert model.value_at(3, 10) is None


def test_an_excluded_view_says_so_and_moves_with_its_neighbours(series):
    model = SeriesModel(series, {"aligned": shifted()})
    model.go_to(3)
    assert model.is_excluded
    assert "excluded" in model.caption()
    assert np.allclose(model.transform(), SHIFT)


def test_marks_belong_to_the_used_views(series, marks):
    model = SeriesModel(series, {"as tracked": shifted()}, marks)
    model.go_to(4)  # at 40 degrees, the fourth of the used ones
    assert np.allclose(model.shown_marks().points, [[21, 10]])
    model.go_to(3)
    assert model.shown_marks() is None


def test_marks_stay_on_what_they_mark_in_every_frame(series, marks):
    model = SeriesModel(series, {"as tracked": shifted()}, marks, first_frame=AS_RECORDED)
    assert np.allclose(model.shown_marks().points, [[15, 10]])
    assert np.allclose(model.tracks()[0], [[15, 10]] * 4)


def test_residuals_turn_with_the_frame(series, marks):
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    frames = {"as tracked": shifted(), "aligned": Frame(np.tile(quarter, (4, 1, 1)), (30, 40))}
    model = SeriesModel(series, frames, marks)
    assert np.allclose(model.shown_marks().residuals, [[0, 1]])
    assert "mean residual 1.00 px" in model.about_marks()


def test_what_was_not_measured_is_told(series, marks):
    model = SeriesModel(series, {"as tracked": shifted()}, marks)
    model.go_to(1)
    assert list(model.shown_marks().is_measured) == [False]
    assert "0 beads measured, 1 predicted" in model.about_marks()


def test_beads_without_a_mark_in_the_view_are_named(series, marks):
    two = Marks(marks.rows, np.array([0, 0, 0, 1]), marks.residuals, marks.frame, 4.0, False)
    model = SeriesModel(series, {"as tracked": shifted()}, two)
    assert model.about_marks() == "1 beads measured  ·  without: 2"


def test_the_bead_under_the_mouse_is_found(series, marks):
    shown = SeriesModel(series, {"as tracked": shifted()}, marks).shown_marks()
    assert nearest_bead(shown, (22.0, 11.0)) == 0
    assert nearest_bead(shown, (35.0, 11.0)) is None


def test_only_the_view_that_is_shown_is_read(series, monkeypatch):
    model = SeriesModel(series)
    read = []
    monkeypatch.setattr(model, "_stack", _Spy(model._stack, read))
    rendered(model)
    assert read == [0]


class _Spy:
    def __init__(self, stack, read):
        self._stack, self._read, self.shape = stack, read, stack.shape

    def __getitem__(self, index):
        self._read.append(index)
        return self._stack[index]


def test_a_grey_that_no_view_covers_is_light(series):
    model = SeriesModel(series, {"aligned": shifted()})
    assert (rendered(model)[:, :5] == 229).all()


def test_the_even_and_the_odd_half_of_a_view_are_shown_in_turn(series, tmp_path):
    for name, level in (("even", 2.0), ("odd", 3.0)):
        mrc.write(tmp_path / f"{name}.mrc", np.full((5, 30, 40), level, np.float32), pixel_size=10)
    files = {**series.files, "_even": str(tmp_path / "even.mrc"), "_odd": str(tmp_path / "odd.mrc")}
    model = SeriesModel(replace(series, files=files))
    shown = []
    for _ in range(4):
        shown.append((model.part, model.value_at(15, 10)))
        model.next_part()
    assert shown == [("all frames", 100), ("even", 2), ("odd", 3), ("all frames", 100)]
    assert model.caption().endswith("even")
