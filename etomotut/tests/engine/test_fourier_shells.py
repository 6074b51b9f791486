"""Fourier shell correlation and Wiener filter of volumes whose signal and noise are known."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine import fourier_shells
from etomotut.engine.fourier_shells import Curve, Wiener, correlate, signal_share
from etomotut.engine.frequency_filters import filter_array

SHAPE = (60, 150, 140)


def grain(seed, sigma=0.0):
    volume = np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)
    return ndimage.gaussian_filter(volume, sigma) if sigma else volume


@pytest.fixture(scope="module")
def halves():
    """Give a signal below about 0.1 cycles a voxel, and two halves with noise on it."""
    signal = 30 * grain(1, 2.0)
    return signal, signal + grain(2), signal + grain(3)


def expected_correlation(frequency):
    """Give signal over signal and noise: white grain of 30 after a Gaussian of 2 voxels."""
    power = 900 * np.exp(-((2 * np.pi * 2.0 * frequency) ** 2))
    return power / (power + 1)


def test_the_correlation_is_the_share_of_the_signal_in_a_half(halves):
    curve = correlate(*halves[1:])
    wanted = expected_correlation(curve.frequency)
    assert np.abs(curve.correlation - wanted).max() < 0.1  # the window widens shells
    assert curve.falls_below(0.5) == pytest.approx(0.207, abs=0.01)


def test_volumes_that_are_the_same_agree_and_noises_do_not():
    assert correlate(grain(4), grain(4)).correlation == pytest.approx(1.0)
    curve = correlate(grain(4), grain(5))
    assert np.all(np.abs(curve.correlation) < 5 / np.sqrt(curve.counts / 4))


def test_shells_without_a_frequency_in_a_small_volume_are_like_those_beside_them():
    small = grain(4)[:11, :64, :60]
    curve = correlate(small, small)
    assert (curve.counts == 0).any()
    assert curve.correlation == pytest.approx(1.0)


def test_threads_and_means_change_nothing(halves):
    alone, together = correlate(*halves[1:]), correlate(*halves[1:], workers=3)
    assert np.array_equal(alone.correlation, together.correlation)
    offset = correlate(halves[1] + 1000, halves[2] - 500)
    assert np.allclose(offset.correlation, alone.correlation, atol=1e-3)


def test_a_mask_tells_where_halves_are_compared(halves):
    _, one, other = (each.copy() for each in halves)
    one[:, :, 70:] = grain(6)[:, :, 70:]
    mask = np.zeros(SHAPE, np.float32)
    mask[:, :, :70] = 1
    low = slice(0, 10)
    assert correlate(one, other).correlation[low].mean() < 0.8
    mask = ndimage.gaussian_filter(mask, 4)
    assert correlate(one, other, mask=mask).correlation[low].mean() > 0.95
    assert not correlate(one, other, mask=0 * mask).correlation.any()


def test_a_level_is_crossed_between_shells():
    curve = Curve(np.array([0.1, 0.2, 0.3]), np.array([0.9, 0.5, 0.1]), np.ones(3))
    assert curve.falls_below(0.3) == pytest.approx(0.25)
    assert curve.falls_below(0.95) == 0.1
    assert curve.falls_below(0.05) is None


def test_the_filter_leaves_less_error_than_any_other_power_of_the_share(halves):
    signal, one, other = halves
    mean, curve = (one + other) / 2, correlate(one, other)
    errors = []
    for power in (0.5, 1.0, 2.0):
        wiener = Wiener(curve)
        made = filter_array(mean, lambda f, w=wiener, p=power: w(f) ** p)
        errors.append(np.std(made - signal))
    assert errors[1] < min(errors[0], errors[2])
    assert errors[1] < 0.35 * np.std(mean - signal)


def test_the_share_of_two_halves_together():
    assert signal_share(np.array([-0.1, 0.0, 1 / 3, 1.0])) == pytest.approx([0, 0, 0.5, 1])


def test_the_filter_is_smooth_enough_to_end_at_its_reach():
    step = Curve(np.arange(1, 65) / 128, (np.arange(1, 65) < 20).astype(float), np.ones(64))
    wiener = Wiener(step)
    delta = np.zeros((1, 1, 401), np.float32)
    delta[0, 0, 200] = 1
    kernel = np.abs(filter_array(delta, wiener)[0, 0])
    away = np.abs(np.arange(401) - 200)
    assert kernel[away > fourier_shells.REACH].max() < 1e-4 * kernel.max()
    assert wiener(np.zeros(1))[0] == pytest.approx(1.0, abs=1e-3)
