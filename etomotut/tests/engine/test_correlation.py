"""Aligning whole views by correlation."""

import numpy as np
import pytest
import scipy.ndimage

from etomotut.engine import correlation
from etomotut.engine.correlation import Bandpass, Matching, Stretch
from etomotut.engine.views import FEATURES, SPECIMEN, clip_view, reduce_views

ANGLES = np.arange(-60.0, 61.0, 6.0)


def texture(size=160, seed=0):
    return scipy.ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 2.0)


def flat_series(shifts, axis=10.0, seed=0):
    """Give views of a flat specimen that tilts about an axis, each moved by minus its shift."""
    image = texture(seed=seed).astype(np.float32)
    views = []
    for angle, shift in zip(ANGLES, shifts):
        narrowed = Stretch(axis, np.cos(np.radians(angle))).apply(image, np.zeros(2))
        views.append(scipy.ndimage.shift(narrowed, -np.array(shift)[::-1], order=1))
    return np.array(views, np.float32)


@pytest.mark.parametrize("cumulative", [False, True])
def test_shifts_of_a_flat_specimen_are_found(cumulative):
    shifts = np.random.default_rng(1).uniform(-6, 6, (len(ANGLES), 2))
    shifts[10] = 0
    matching = Matching(Bandpass(), cumulative=cumulative, iterations=2)
    found = correlation.align_views(flat_series(shifts), ANGLES, 10.0, matching)
    assert np.abs(found - shifts).max() < 0.6


def test_views_need_not_be_stored_in_the_order_of_their_angles():
    shifts = np.random.default_rng(1).uniform(-6, 6, (len(ANGLES), 2))
    shifts[10] = 0
    order = np.random.default_rng(2).permutation(len(ANGLES))
    found = correlation.align_views(
        flat_series(shifts)[order], ANGLES[order], 10.0, Matching(Bandpass())
    )
    assert np.abs(found - shifts[order]).max() < 1.0


def test_a_shift_beyond_the_limit_is_not_given():
    shifts = np.zeros((len(ANGLES), 2))
    shifts[11:] = (12.0, 0.0)
    matching = Matching(Bandpass(), limit=(5.0, 5.0))
    found = correlation.align_views(flat_series(shifts), ANGLES, 10.0, matching)
    assert np.hypot(*found[11]) < 7.5


def test_a_peak_is_found_between_pixels():
    y, x = np.mgrid[:32, :48]
    bump = np.exp(-0.1 * ((x - 20.3) ** 2 + (y - 9.6) ** 2))
    wrapped = np.roll(bump, (-16, -24), axis=(0, 1)).astype(np.float32)
    place, _ = correlation.peak_of(wrapped, np.array([np.inf, np.inf]))
    assert place == pytest.approx([20.3 - 24, 9.6 - 16], abs=0.05)


def test_the_filter_stops_what_is_beyond_its_radii():
    spectrum = Bandpass(radius2=0.2, sigma1=0.02, sigma2=0.02).spectrum((64, 64))
    assert spectrum[0, 0] == 0
    assert spectrum[0, 10] > 0.99  # 0.16 cycles a pixel
    assert spectrum[0, 20] < 1e-6  # 0.31


def test_stretching_widens_across_the_axis_only():
    assert Stretch(0.0, 2.0).matrix == pytest.approx(np.diag([2.0, 1.0]))
    assert Stretch(90.0, 2.0).matrix == pytest.approx(np.diag([1.0, 2.0]), abs=1e-12)


def test_a_shift_before_stretching_is_the_shrunken_one():
    stretch = Stretch(30.0, 1.7)
    assert stretch.matrix @ stretch.shrink(np.array([3.0, 4.0])) == pytest.approx([3.0, 4.0])


def test_gold_is_no_darker_than_the_specimen_once_clipped():
    view = texture().astype(np.float32)
    marked = view.copy()
    marked[40:50, 40:50] = -100
    clipped = clip_view(marked, SPECIMEN)
    assert clipped.min() > -3
    assert clip_view(marked, FEATURES)[45, 45] < -4


def test_reducing_keeps_the_centre_and_the_mean():
    views = np.arange(2 * 7 * 9, dtype=np.float32).reshape(2, 7, 9)
    small = reduce_views(views, 3)
    assert small.shape == (2, 2, 3)
    assert small[:, :, 1].mean() == pytest.approx(views[:, 0:6, 3:6].mean())


@pytest.mark.parametrize("axis, ratio", [(-95.0, 1.05), (84.0, 0.95), (3.0, 1.0), (0.0, 1.3)])
def test_many_images_are_stretched_as_each_alone(axis, ratio):
    images = np.random.default_rng(1).normal(size=(3, 40, 57)).astype(np.float32)
    stretch = Stretch(axis, ratio)
    alone = [stretch.apply(image, np.zeros(2)) for image in images]
    assert stretch.apply_to_all(images) == pytest.approx(np.array(alone), abs=1e-4)
