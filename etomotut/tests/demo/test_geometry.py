"""Angles, order and transforms of simulated views."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import PRESETS
from etomotut.demo.geometry import dose_symmetric, make_views, project, track
from etomotut.engine import transforms

TINY = PRESETS["tiny"][0]


def draw(**changes):
    return make_views(replace(TINY, **changes), np.random.default_rng(5))


def visited(angles):
    order = dose_symmetric(angles)
    return [angles[np.flatnonzero(order == rank)[0]] for rank in range(len(angles))]


def test_views_are_taken_from_zero_outwards_in_turns():
    assert visited([-9, -6, -3, 0, 3, 6, 9]) == [0, 3, -3, -6, 6, 9, -9]


def test_where_one_side_ends_the_other_goes_on():
    assert visited([-3, 0, 3, 6, 9]) == [0, 3, -3, 6, 9]


def test_a_point_at_height_z_moves_to_the_right_with_positive_tilt():
    flat, height = project([[0, 5, 10]], 30)
    assert np.allclose(flat, [[5, 5]])
    assert height[0] == pytest.approx(10 * np.cos(np.radians(30)))


@pytest.mark.parametrize("axis", [-95, 85, 174, -84, 4])
def test_transforms_turn_the_tilt_axis_upright(axis):
    views = draw(axis_angle=axis, rotation_spread=0)
    raw_axis = [-np.sin(np.radians(axis)), np.cos(np.radians(axis))]
    turned = views.transforms[:, :, :2] @ raw_axis
    assert np.allclose(turned[:, 0], 0, atol=1e-9)
    assert np.all(turned[:, 1] > 0.9)


def test_the_largest_shift_is_the_one_asked_for():
    views = draw(shift_range=30.0)
    shifts = transforms.invert(views.transforms)[:, :, 2]
    assert np.linalg.norm(shifts, axis=1).max() == pytest.approx(30)


def test_angles_are_off_by_offset_scale_and_jitter():
    views = draw(angle_offset=4.0, angle_scale=1.02, angle_jitter=0.0)
    assert np.allclose(views.true_angles, views.angles * 1.02 + 4)


def test_a_series_stored_as_acquired_is_the_same_series_in_another_order():
    sorted_views, acquired = draw(), draw(stored_as_acquired=True)
    assert acquired.order.tolist() == list(range(len(acquired)))
    places = np.argsort(acquired.angles)
    assert np.array_equal(acquired.transforms[places], sorted_views.transforms)


def test_tracks_lead_back_to_the_aligned_places():
    views = draw()
    points = np.array([[10.0, -20.0, 30.0], [0.0, 0.0, 0.0]])
    back = transforms.apply(views.transforms, track(points, views))
    assert np.allclose(back[7], project(points, views.true_angles[7])[0])


def test_half_of_the_astigmatism_goes_each_way():
    views = draw(astigmatism=1000.0, defocus_spread=0.0)
    assert np.allclose(views.defocus, [35500, 34500])
