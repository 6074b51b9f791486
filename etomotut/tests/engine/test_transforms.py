"""Transforms of views."""

import numpy as np
import pytest

from etomotut.engine import transforms as t


def some(count: int = 4) -> np.ndarray:
    random = np.random.default_rng(1)
    return t.IDENTITY + random.normal(0, 0.05, (count, 2, 3)) * (1, 1, 100)


def test_then_moves_points_by_the_first_and_then_by_the_second():
    a, b, points = some(), some()[::-1], np.array([[3.0, 4.0], [-1.0, 7.0]])
    assert np.allclose(t.apply(t.then(a, b), points), t.apply(b, t.apply(a, points)))


def test_invert_undoes():
    assert np.allclose(t.then(some(), t.invert(some())), t.IDENTITY)


def test_rotation_turns_x_towards_y():
    assert np.allclose(t.apply(t.rotation(90), [[1, 0]]), [[0, 1]])


def test_natural_parameters_and_back_are_the_same_matrix():
    given = t.then(some(), t.rotation(-170, 1.1))
    assert np.allclose(t.from_natural(t.natural(given), given[..., 2]), given)


def test_natural_parameters_of_a_turn_are_its_angle_and_size():
    assert np.allclose(t.natural(t.rotation(30, 1.5)), [1.5, np.radians(30), 0, 0])


def test_shifts_between_views_add_up_and_their_mean_is_taken_off():
    steps = np.repeat(t.IDENTITY[None], 3, axis=0)
    steps[:, :, 2] = [[50, 50], [1, 2], [3, 4]]
    assert np.allclose(t.to_one_frame(steps)[:, 0, 2], np.array([0, 1, 4]) - 5 / 3)


def test_the_reference_view_stays():
    assert np.allclose(t.to_one_frame(some(), reference=2)[2], t.IDENTITY)


def test_a_missing_reference_is_an_error():
    with pytest.raises(IndexError):
        t.to_one_frame(some(), reference=4)
