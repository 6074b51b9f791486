"""Radial filters, the weights of views, and filtering lines."""

import numpy as np
import pytest

from etomotut.engine import filters


@pytest.mark.parametrize(
    ("columns", "length"), [(40, 56), (256, 280), (360, 396), (346, 384), (1440, 1500)]
)
def test_lines_are_padded_by_a_tenth_within_limits_to_a_length_with_small_factors(columns, length):
    assert filters.padded_length(columns) == length


def test_the_ramp_counts_fourier_pixels_and_keeps_a_little_of_the_mean():
    assert filters.ramp(8).tolist() == [0.2, 1, 2, 3, 4]


def test_a_gaussian_end_falls_from_the_cutoff():
    weights = filters.gaussian_end(filters.ramp(1000), 0.3, 0.05)
    assert weights[[100, 300]].tolist() == [100, 300]
    assert weights[350] == pytest.approx(300 * np.exp(-1))
    true = filters.gaussian_end(filters.ramp(1000), 0.3, 0.05, is_true_sigma=True)
    assert true[350] == pytest.approx(300 * np.exp(-0.5))


def test_a_hamming_end_leaves_the_start_and_ends_at_eight_percent():
    weights = filters.hamming_end(filters.ramp(1000), 0.25)
    assert weights[[100, 250]].tolist() == [100, 250]
    assert weights[375] == pytest.approx(375 * 0.54)
    assert weights[500] == pytest.approx(500 * 0.08)


def test_more_iterations_bring_a_sirt_like_filter_closer_to_the_ramp():
    ramp = filters.ramp(1000)
    few, many = (filters.sirt_like(ramp, n, 100, [-60, 60]) for n in (5, 500))
    assert few[1] == ramp[1]
    assert np.all(few <= many + 1e-9)
    assert few[500] == pytest.approx(few[400], rel=0.02)  # flat where little is recovered
    assert np.allclose(many[:200], ramp[:200], rtol=0.01)


def test_evenly_tilted_views_weigh_the_same_in_any_order():
    assert np.allclose(filters.view_weights([3, -3, 0, 6]), 1)


def test_views_weigh_with_the_tilt_steps_around_them_as_in_imod():
    tilts = [-9, -6, -3, 0, 1, 2, 3, 8]
    imods = [1.2353, 1.2353, 1.1324, 0.8235, 0.5147, 0.6176, 1.1176, 1.6471]
    assert np.allclose(filters.view_weights(tilts), imods, atol=1e-4)
    imods = [1.2353, 1.1743, 1.0551, 0.8235, 0.6782, 0.7206, 1.0218, 1.3806]
    found = filters.view_weights(tilts, neighbours=3, shares=[1, 0.5, 0.2])
    assert np.allclose(found, imods, atol=1e-4)


@pytest.mark.parametrize("tilts", [[5.0], [5.0, 5.0]])
def test_without_tilt_steps_and_without_neighbours_views_weigh_one(tilts):
    assert filters.view_weights(tilts).tolist() == [1.0] * len(tilts)
    assert filters.view_weights([0, 1, 5], neighbours=0).tolist() == [1, 1, 1]


def test_a_filter_of_ones_changes_nothing():
    lines = np.random.default_rng(0).random((2, 3, 20)).astype(np.float32)
    filtered, _ = filters.filter_lines(lines, np.ones((2, 19)))
    assert filtered.shape == (2, 3, 36)
    assert np.allclose(filtered[..., :20], lines, atol=1e-6)


def test_each_view_has_its_own_response():
    lines = np.ones((2, 1, 20), np.int16)
    filtered, outside = filters.filter_lines(lines, np.outer([1, 3], np.ones(19)))
    assert np.allclose(filtered[:, 0, 0], [1, 3])
    assert np.allclose(outside[:, 0], [1, 3])


def test_a_constant_line_has_no_bright_ends_and_no_edge_to_the_outside():
    response = filters.ramp(filters.padded_length(100))[None]
    filtered, outside = filters.filter_lines(np.full((1, 1, 100), 50.0), response)
    assert np.allclose(filtered, 10, atol=1e-3)
    assert np.allclose(outside, 10, atol=1e-3)


def test_a_slope_across_the_line_does_not_ring_at_its_ends():
    lines = np.linspace(0, 100, 400)[None, None]
    response = filters.ramp(filters.padded_length(400))[None]
    filtered, _ = filters.filter_lines(lines, response)
    jump, _ = filters.filter_lines(np.where(lines > 50, 100.0, 0.0), response)
    assert np.abs(filtered[0, 0, :400]).max() < 0.2 * np.abs(jump).max()
