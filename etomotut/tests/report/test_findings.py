"""Marks keep their places in every frame, and say what was measured."""

from __future__ import annotations

import numpy as np

from etomotut.engine import transforms
from etomotut.report.findings import Frame, Marks, Tomogram, still
from etomotut.tests.report.marked import ANGLES, marks


def one_mark(x: float, y: float, frame: Frame) -> Marks:
    return Marks(np.array([[x, y, 0.0]]), np.array([0]), np.zeros((1, 2)), frame, 5.0)


def test_a_mark_in_a_turned_frame_goes_back_to_where_it_was_recorded():
    turned = Frame(np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]]), (80, 100))
    # 10 right of the centre of the view is 10 above the centre of the frame
    found = one_mark(39.5, 59.5, turned).in_frame(still(1, (100, 80)))
    assert np.allclose(found, [[59.5, 39.5]])


def test_marks_come_back_from_another_frame():
    made = marks()
    other = Frame(np.tile(transforms.rotation(-85.0, 1.01) + 0.5, (len(ANGLES), 1, 1)), (80, 100))
    back = Marks(
        np.column_stack([made.in_frame(other), made.rows[:, 2]]),
        made.beads,
        made.residuals,
        other,
        made.diameter,
    ).in_frame(made.frame)
    assert np.allclose(back, made.rows[:, :2])


def test_after_a_solution_points_without_residual_are_predicted():
    made = marks(missing=[(1, 3)])
    assert (~made.is_measured).sum() == 1
    assert made.views[~made.is_measured] == 3


def test_before_a_solution_every_point_is_measured():
    assert marks(missing=[(1, 3)], is_solved=False).is_measured.all()


def test_residuals_stand_by_bead_and_view():
    residuals, is_marked = marks(missing=[(1, 3)]).by_bead_and_view()
    assert residuals.shape == (3, len(ANGLES))
    assert np.isnan(residuals[1, 3])
    assert np.allclose(residuals[0], 0.5)
    assert is_marked.all()


def test_the_tilt_axis_lies_between_the_middle_voxels_of_an_even_volume():
    tomogram = Tomogram("a.mrc", 10.0, (-50.0, -40.0, -15.0))
    assert np.allclose(tomogram.voxels(np.zeros((1, 3))), [[49.5, 39.5, 14.5]])
