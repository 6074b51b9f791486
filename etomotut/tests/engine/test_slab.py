"""A slab is found from points on its faces, whatever lies between."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.engine.slab import fit_faces, joined, slab_of_beads, slab_of_points
from etomotut.errors import SolutionError


def faces(count=30, between=6, noise=1.0, gap=150.0, slopes=(0.08, -0.1)):
    """Give points on two faces, some between them, about a middle 20 above the centre."""
    random = np.random.default_rng(3)
    xy = random.uniform(-200, 200, (count, 2))
    side = np.where(np.arange(count) % 2, 0.5, -0.5) * gap + random.normal(0, noise, count)
    side[:between] = random.uniform(-0.4, 0.4, between) * gap
    return np.column_stack([xy, 20 + xy @ slopes + side])


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


def test_strong_points_of_a_tomogram_bound_the_slab():
    weak = np.random.default_rng(5).uniform(-200, 200, (200, 3))
    points = np.vstack([weak, faces()])
    strengths = np.r_[np.full(200, 6.0), np.full(30, 60.0)]
    assert slab_of_beads(points, strengths, 10.0).height == pytest.approx(20, abs=0.7)


def test_scattered_points_are_not_taken_for_faces():
    points = np.random.default_rng(5).uniform(-100, 100, (60, 3)) * (2, 2, 0.5)
    with pytest.raises(SolutionError, match=r"no beads on two faces \(60 may be beads\)"):
        slab_of_beads(points, np.full(60, 50.0), 10.0)


def test_what_is_known_better_counts_more_when_slabs_are_joined():
    points = faces(between=0)
    beads = slab_of_points(points, reach=10.0)
    other = replace(beads, planes=replace(beads.planes, slope_x=0.2), errors=(1e-6, 90.0))
    both = joined(beads, other, points)
    assert both.planes.slope_x == pytest.approx(0.2, abs=1e-3)
    assert both.planes.slope_y == pytest.approx(beads.planes.slope_y, abs=1e-4)
    assert both.errors[1] == pytest.approx(beads.errors[1], rel=1e-3)
    middle = points[:, :2].mean(axis=0)
    for slab in (beads, both):
        slopes = slab.planes.slope_x, slab.planes.slope_y
        assert slab.height + slopes @ middle == pytest.approx(points[:, 2].mean(), abs=1.5)
