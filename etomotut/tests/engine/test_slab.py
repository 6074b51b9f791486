"""A slab is found from points on its faces, whatever lies between, and from its structure."""

import numpy as np
import pytest

from etomotut.engine.slab import Evidence, find_bounds, find_slab, fit_faces, slab_of_points
from etomotut.errors import SolutionError

TILES = np.arange(-175.0, 176.0, 50.0)
HEIGHTS = np.arange(-120.0, 121.0)
NONE = np.zeros((0, 3))


def faces(count=30, between=6, noise=1.0, gap=150.0, slopes=(0.08, -0.1)):
    """Give points on two faces, some between them, about a middle 20 above the centre."""
    random = np.random.default_rng(3)
    xy = random.uniform(-200, 200, (count, 2))
    side = np.where(np.arange(count) % 2, 0.5, -0.5) * gap + random.normal(0, noise, count)
    side[:between] = random.uniform(-0.4, 0.4, between) * gap
    return np.column_stack([xy, 20 + xy @ slopes + side])


def structure(slopes=(0.0, 0.0), edges=(-60.0, 40.0), points=NONE):
    """Give the evidence of a specimen that is full of structure between two edges."""
    level = HEIGHTS[:, None, None] - slopes[0] * TILES - slopes[1] * TILES[:, None]
    inside = 1 / (1 + np.exp(-(level - edges[0]) / 4)) / (1 + np.exp((level - edges[1]) / 4))
    grain = np.random.default_rng(1).uniform(0.9, 1.1, inside.shape)
    energy = (1 + 3 * inside) * grain
    return Evidence(points, np.full(len(points), 100.0), energy, HEIGHTS, TILES, TILES)


def test_points_between_the_faces_do_no_harm():
    found = slab_of_points(faces(), reach=10.0)
    assert found.planes.slope_x == pytest.approx(0.08, abs=0.005)
    assert found.planes.slope_y == pytest.approx(-0.1, abs=0.005)
    assert found.height == pytest.approx(20, abs=0.7)
    assert found.thickness == pytest.approx(150 * found.cosine, abs=1.5)
    assert np.sum(found.planes.surface < 0) == 6


def test_errors_tell_how_well_the_angles_are_known():
    rough = slab_of_points(faces(noise=4.0, between=0), reach=10.0)
    smooth = slab_of_points(faces(noise=0.5, between=0), reach=10.0)
    assert smooth.errors[0] < rough.errors[0] / 3
    assert abs(rough.planes.tilt_offset + np.degrees(np.arctan(0.08))) < 3 * rough.errors[0]


def test_points_on_one_face_tell_no_thickness():
    with pytest.raises(SolutionError, match="lie on one surface"):
        slab_of_points(faces(gap=0.0, between=0), reach=10.0)


def test_few_points_are_refused():
    with pytest.raises(SolutionError, match="5 points are too few"):
        fit_faces(faces(5, 0), reach=10.0)


def test_beads_that_a_tomogram_shows_bound_the_slab():
    found = find_slab(structure(points=faces()), 10.0)
    assert found.is_on_beads
    assert found.height == pytest.approx(20, abs=0.7)


def test_structure_that_ends_tells_slopes_and_bounds():
    found = find_slab(structure(slopes=(0.06, -0.09)), 10.0)
    assert not found.is_on_beads
    assert found.planes.heights == pytest.approx([-60, 40], abs=2)
    assert (found.planes.slope_x, found.planes.slope_y) == pytest.approx((0.06, -0.09), abs=0.005)


def test_scattered_points_are_not_taken_for_faces():
    random = np.random.default_rng(5)
    points = random.uniform(-100, 100, (60, 3)) * (2, 2, 0.5)
    assert not find_slab(structure(points=points), 10.0).is_on_beads


def test_beads_on_one_face_level_the_slab_that_structure_bounds():
    flat = faces(gap=0.0, between=0, slopes=(0.06, -0.09)) - (0, 0, 80)
    found = find_slab(structure(slopes=(0.06, -0.09), points=flat), 10.0)
    assert not found.is_on_beads
    assert found.planes.heights == pytest.approx([-60, 40], abs=2)


def test_a_tomogram_that_the_specimen_fills_is_refused():
    with pytest.raises(SolutionError, match="no specimen that ends inside it"):
        find_slab(structure(edges=(-500.0, 500.0)), 10.0)


def test_bounds_are_where_a_profile_crosses_the_level():
    profile = np.where(np.abs(HEIGHTS - 10) <= 30, 5.0, 1.0)
    assert find_bounds(HEIGHTS, profile, 0.5) == pytest.approx([-20, 40], abs=1.01)


def test_lengths_are_changed_together():
    changed = structure(points=faces()).scaled(2.0, np.array([1.0, 2.0, 3.0]))
    assert changed.points == pytest.approx(2 * faces() + (1, 2, 3))
    assert (changed.x[0], changed.y[0], changed.z[0]) == (-349, -348, -237)
