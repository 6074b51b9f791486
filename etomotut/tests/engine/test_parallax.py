"""Detail is found at the height where it is."""

import numpy as np
import pytest

from etomotut.engine import parallax
from etomotut.errors import SolutionError
from etomotut.tests.engine.parallax_series import ANGLES, slab_of, views_of


def densities(points, pixel_size=5.5, **about):
    views = views_of(points, pixel_size=pixel_size, **about)
    evened = parallax.even_out(views, pixel_size)
    return parallax.find_detail(evened, ANGLES, pixel_size)


@pytest.mark.parametrize(("height", "pixel_size"), [(-900.0, 11.0), (0.0, 11.0), (600.0, 5.5)])
def test_a_thin_sheet_of_detail_is_found_at_its_height(height, pixel_size):
    sheet = slab_of(20000, (height, height))
    for look in densities(sheet, pixel_size):
        top = look.z[np.argmax(look.density.mean(axis=0))]
        assert top == pytest.approx(height, abs=10)


def test_bands_of_size_are_looked_at_apart_where_pixels_are_small():
    assert len(densities(slab_of(5000, (0, 0)))) == 3
    assert len(densities(slab_of(5000, (0, 0)), 11.0)) == 1


def test_noise_has_no_height():
    (look,) = densities(np.zeros((0, 3)), 11.0)
    assert np.abs(look.density.mean(axis=1) / look.noise).max() < 1
    assert look.density.std() == pytest.approx(look.noise.mean(), rel=0.4)


def test_tiles_are_told_apart():
    halves = [slab_of(10000, (z, z), half=1600) for z in (-500.0, 500.0)]
    left, right = (points + (shift, 0, 0) for points, shift in zip(halves, (-1700, 1700)))
    look = densities(np.vstack([left, right]), shape=(300, 700))[0]
    tops = look.z[np.argmax(look.density, axis=1)]
    assert tops[look.x == look.x.min()] == pytest.approx(-500, abs=20)
    assert tops[look.x == look.x.max()] == pytest.approx(500, abs=20)


def test_views_smaller_than_a_tile_are_refused():
    with pytest.raises(SolutionError, match="views of 100 x 100 pixels"):
        densities(np.zeros((0, 3)), shape=(100, 100))
