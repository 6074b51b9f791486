"""Planes through fiducials."""

import numpy as np
import pytest

from etomotut.engine.surfaces import fit_planes


def slab(slope_x=0.05, slope_y=-0.02, gap=150.0, count=14, noise=1.0):
    random = np.random.default_rng(0)
    xy = random.uniform(-200, 200, (count, 2))
    side = np.where(np.arange(count) % 3 > 0, 0.5, -0.5) * gap
    z = 7 + xy @ [slope_x, slope_y] + side + random.normal(0, noise, count)
    return np.column_stack([xy, z])


def test_two_surfaces_are_told_apart_and_their_slope_found():
    found = fit_planes(slab(), 2)
    assert np.ptp(found.heights) == pytest.approx(150, abs=2)
    assert (found.slope_x, found.slope_y) == pytest.approx((0.05, -0.02), abs=0.01)
    assert np.bincount(found.surface).tolist() == [5, 9]


def test_a_steep_slab_is_still_two_surfaces():
    found = fit_planes(slab(slope_x=0.35, gap=80), 2)
    assert np.ptp(found.heights) == pytest.approx(80, abs=3)


def test_beads_on_one_surface_are_not_split():
    assert len(fit_planes(slab(gap=0.0), 2).heights) == 1


def test_the_offset_makes_the_slab_level_in_projection():
    slope = 0.05
    x = np.linspace(-100, 100, 9)
    z = slope * x
    offset = fit_planes(np.column_stack([x, np.arange(9) % 2, z]), 1).tilt_offset
    for tilt in (-40.0, 0.0, 30.0):
        seen = x * np.cos(np.radians(tilt)) + z * np.sin(np.radians(tilt))
        level = np.hypot(x, z) * np.sign(x) * np.cos(np.radians(tilt + offset))
        assert seen == pytest.approx(level)


def test_offset_and_x_axis_tilt_level_the_slab_in_every_view():
    planes = fit_planes(slab(slope_x=0.08, slope_y=-0.1, noise=0.0), 2)
    a, turned = np.radians(planes.x_axis_tilt), np.radians(30.0 + planes.tilt_offset)
    y, z = 7.0, 0.0  # of a point of a level slab, as tilt turns it (engine.reconstruction)
    y, z = y * np.cos(a) + z * np.sin(a), z * np.cos(a) - y * np.sin(a)
    x = np.sin(turned - np.radians(30)) * z  # back in the frame of the fiducials
    z = np.cos(turned - np.radians(30)) * z
    assert z == pytest.approx(planes.slope_x * x + planes.slope_y * y)
