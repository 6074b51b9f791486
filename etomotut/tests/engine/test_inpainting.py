"""Filling masked areas so that nobody can tell where they were."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine.inpainting import fill_masked

SIZE = 192
CENTRES = [(y, x) for y in range(24, 190, 36) for x in range(24, 190, 36)]


def noise(seed=0, sigma=1.0):
    white = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    smooth = ndimage.gaussian_filter(white, sigma, mode="wrap") if sigma else white
    return (100 + 10 * smooth / smooth.std()).astype(np.float32)


def discs(radius=7, centres=CENTRES):
    y, x = np.indices((SIZE, SIZE))
    return np.any([np.hypot(y - a, x - b) <= radius for a, b in centres], axis=0)


def ring(radius, width=2, centres=CENTRES):
    return discs(radius + width, centres) & ~discs(radius, centres)


@pytest.mark.parametrize("sigma", [0, 1, 2])
def test_a_filled_disc_has_the_mean_the_spread_and_the_spectrum_of_the_rest(sigma):
    view, mask = noise(sigma=sigma), discs()
    filled = fill_masked(np.where(mask, -500, view), mask)
    assert np.array_equal(filled[~mask], view[~mask])
    assert filled[mask].mean() == pytest.approx(100, abs=1.5)
    assert filled[mask].std() == pytest.approx(10, rel=0.1)
    for axis in (0, 1):
        inner = mask & np.roll(mask, 1, axis)
        rises = (filled - np.roll(filled, 1, axis))[inner]
        usual = view - np.roll(view, 1, axis)
        assert rises.std() == pytest.approx(usual.std(), rel=0.1)


def test_nothing_jumps_at_the_edge_of_a_filled_disc():
    view, mask = noise(sigma=2), discs()
    filled = fill_masked(view, mask)
    for axis in (0, 1):
        edge = mask != np.roll(mask, 1, axis)
        rises = [(each - np.roll(each, 1, axis))[edge].std() for each in (filled, view)]
        assert rises[0] == pytest.approx(rises[1], rel=0.15)


def test_a_slope_goes_on_through_a_filled_disc():
    y, x = np.indices((SIZE, SIZE))
    slope, mask = 3.0 * np.clip(x - 96, -20, 20), discs(centres=[(96, 96)])
    basis = np.c_[x[mask] - 96, y[mask] - 96, 0 * x[mask] + 1]
    fits = []
    for seed in range(4):
        view = np.where(mask, -900, noise(seed, sigma=0) + slope).astype(np.float32)
        fits.append(np.linalg.lstsq(basis, fill_masked(view, mask)[mask], None)[0])
    across, up, level = np.mean(fits, axis=0)
    assert (across, up) == pytest.approx((3.0, 0.0), abs=0.3)
    assert level == pytest.approx(100, abs=1.0)


def test_the_edge_of_the_carbon_makes_no_more_noise():
    view, mask = noise(sigma=0), discs(centres=[(96, 96)])
    view[:, 96:] -= 80
    filled = fill_masked(view, mask)
    assert ndimage.laplace(filled)[mask].std() == pytest.approx(
        ndimage.laplace(noise(sigma=0))[mask].std(), rel=0.35
    )


def test_a_disc_at_the_corner_takes_the_level_beside_it():
    mask = discs(9, [(0, 0)])
    filled = fill_masked(np.where(mask, 0, noise()).astype(np.float32), mask)
    assert filled[mask].mean() == pytest.approx(100, abs=15)


def test_hot_pixels_beside_a_disc_do_not_spread_into_it():
    view, mask = noise(), discs(centres=[(96, 96)])
    view[96, 105:108] = 5000
    assert fill_masked(view, mask)[mask].max() < 160


def test_the_same_view_is_filled_alike_and_the_halves_are_not():
    mask = discs()
    one, again, other = (fill_masked(noise(seed), mask) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert abs(np.corrcoef(one[mask], other[mask])[0, 1]) < 0.1


def test_what_cannot_be_filled_stays():
    view = noise()
    assert np.array_equal(fill_masked(view, np.ones(view.shape, bool)), view)
    assert np.array_equal(fill_masked(view, np.zeros(view.shape, bool)), view)


def test_areas_without_data_tell_nothing():
    view, mask = noise(), discs(centres=[(96, 40)])
    view[:, :40] = 0
    filled = fill_masked(view, mask)
    assert filled[mask & (np.indices(view.shape)[1] > 42)].mean() == pytest.approx(100, abs=8)


def test_integer_counts_are_filled_as_numbers():
    view, mask = noise().astype(np.int16), discs()
    filled = fill_masked(view, mask)
    assert filled.dtype == np.float32
    assert filled[mask].std() == pytest.approx(10, rel=0.1)


def test_beyond_the_edge_of_a_moved_view_nothing_is_filled():
    view, mask = noise(), discs(centres=[(96, 40)])
    view[:, :40] = 55
    assert np.all(fill_masked(view, mask)[:, :39] == 55)


def test_a_bead_that_was_clipped_is_filled():
    view, mask = noise(), discs(centres=[(96, 40)])
    view[mask] = 0
    assert fill_masked(view, mask)[mask].min() > 40
