"""The measure of what was removed: nothing for noise, and the right share of structure."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine.removal import measure


@pytest.fixture(scope="module")
def shells():
    """Give three membranes in an otherwise empty volume (z, y, x)."""
    z, y, x = np.indices((64, 160, 160))
    volume = np.zeros(z.shape)
    for cz, cy, cx, radius in ((32, 50, 40, 20), (30, 110, 110, 24), (32, 40, 125, 14)):
        away = np.sqrt((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2) - radius
        volume += 3 * np.exp(-0.5 * (away / 2) ** 2)
    return volume


def noise(kind):
    volume = np.random.default_rng(5).standard_normal((64, 160, 160))
    if kind == "coloured":
        volume = ndimage.gaussian_filter(volume, (1.0, 0.8, 0.8))
    return volume / volume.std()


@pytest.mark.parametrize("kind", ["white", "coloured"])
@pytest.mark.parametrize("sigma", [1, 3])
def test_smoothed_noise_shows_no_structure_in_what_was_removed(kind, sigma):
    raw = noise(kind)
    assert abs(measure(raw, ndimage.gaussian_filter(raw, sigma)).structure) < 0.025


@pytest.mark.parametrize("kind", ["white", "coloured"])
def test_blurred_structure_is_found_and_its_share_is_right(shells, kind):
    raw = shells + noise(kind)
    made = ndimage.gaussian_filter(raw, 3)
    lost = shells - ndimage.gaussian_filter(shells, 3)
    share = np.mean(lost**2) / np.mean((raw - made) ** 2)
    assert share > 0.03
    assert measure(raw, made).structure == pytest.approx(share, rel=0.25)


@pytest.mark.parametrize("kind", ["white", "coloured"])
def test_noise_taken_from_structure_that_stays_is_noise(shells, kind):
    assert abs(measure(shells + noise(kind), shells).structure) < 0.02


def test_noise_that_is_left_on_structure_gives_less_than_nothing(shells):
    grain = noise("white")
    assert measure(shells + grain, shells + np.where(shells > 0.3, grain, 0)).structure < -0.03


def test_nothing_removed_is_no_structure_removed(shells):
    found = measure(shells, shells)
    assert (found.deviation, found.structure) == (0.0, 0.0)
    assert found.before == pytest.approx(shells.std(), rel=1e-4)


def test_volumes_thinner_than_a_place_are_measured():
    raw = noise("white")[:5, :37, :50]
    assert np.isfinite(measure(raw, ndimage.gaussian_filter(raw, 1)).structure)
