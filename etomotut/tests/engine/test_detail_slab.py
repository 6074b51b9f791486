"""A slab is found where its detail begins and ends, and as it leans."""

import numpy as np
import pytest

from etomotut.engine import detail_slab
from etomotut.engine.detail_slab import slab_of_views
from etomotut.engine.parallax import Detail
from etomotut.errors import SolutionError
from etomotut.tests.engine.parallax_series import ANGLES, slab_of, views_of


def find(points, **about):
    return slab_of_views(views_of(points, **about), ANGLES, about.get("pixel_size", 5.5))


def test_faces_and_slopes_are_those_of_the_points():
    slab, _ = find(slab_of(40000, (-900.0, 300.0), (0.08, -0.06), half=3000), shape=(550, 500))
    assert slab.planes.heights == pytest.approx([-900, 300], abs=40)
    assert slab.planes.slope_x == pytest.approx(0.08, abs=0.01)
    assert slab.planes.slope_y == pytest.approx(-0.06, abs=0.01)
    assert max(slab.errors) < 0.8
    assert not slab.is_on_beads


def test_bright_bodies_inside_do_not_narrow_it():
    ice = slab_of(20000, (-800.0, 800.0), half=2200)
    body = np.random.default_rng(4).normal(0, 120, (4000, 3)) + (300, 200, 250)
    slab, _ = find(np.vstack([ice, body]), shape=(300, 300))
    assert slab.planes.heights == pytest.approx([-800, 800], abs=60)


def test_a_field_too_small_to_tell_angles_is_taken_as_level():
    slab, _ = find(slab_of(12000, (-600.0, 600.0), half=1700), shape=(300, 300), noise=0.5)
    assert slab.errors == (90.0, 90.0)
    assert (slab.planes.slope_x, slab.planes.slope_y) == (0, 0)
    assert slab.planes.heights == pytest.approx([-600, 600], abs=120)


def test_noise_has_no_slab():
    with pytest.raises(SolutionError, match="no detail that stands out"):
        find(np.zeros((0, 3)), pixel_size=11.0, shape=(200, 200))


def test_heights_above_a_leaning_plane_are_level():
    z = np.arange(-100.0, 101.0)
    x, y = np.array([-50.0, 50.0]), np.array([20.0, -20.0])
    density = np.exp(-((z - (0.2 * x + 0.1 * y)[:, None]) ** 2) / 50)
    look = Detail(density, np.ones(2), x, y, z)
    assert np.abs(z[detail_slab.levelled(look, (0.2, 0.1)).argmax(axis=1)]).max() < 0.6


@pytest.mark.parametrize(
    ("angles", "errors", "known"),
    [((0, 0), (0.3, 0.7), True), ((0.5, 1), (0.9, 0.9), False), ((4, 1), (0.9, 0.9), True),
     ((9, 9), (0.2, 1.6), False)],
)  # fmt: skip
def test_angles_count_where_they_are_nearer_the_truth_than_none(angles, errors, known):
    assert detail_slab._is_known(np.array(angles, float), errors) is known
