"""Filters by frequency: what passes, what is lost, and that ends do not leak into each other."""

import numpy as np
import pytest

from etomotut.engine.frequency_filters import HALF, Edges, fall, filter_array, rise

LOW = Edges(low_pass=(0.1, 0.03))
BAND = Edges(low_pass=(0.2, 0.05), high_pass=(0.0, 0.02))


def wave(frequency, shape=(96, 120), axis=1):
    """Give a wave about its middle, which mirrors itself at the ends."""
    place = np.arange(shape[axis]) + 0.5
    line = np.cos(2 * np.pi * frequency * place)
    return np.broadcast_to(line[:, None] if axis == 0 else line, shape).astype(np.float32)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("cycles", [3, 12, 24])
def test_a_wave_is_weighed_by_the_response_at_its_frequency(axis, cycles):
    shape = (96, 120)
    frequency = cycles / shape[axis]
    data = wave(frequency, shape, axis)
    assert np.allclose(filter_array(data, LOW), LOW(np.array(frequency)) * data, atol=1e-4)


def test_a_volume_is_filtered_alike_in_all_directions():
    ball = np.random.default_rng(0).normal(size=(30, 30, 30)).astype(np.float32)
    turned = filter_array(ball.transpose(2, 0, 1), LOW).transpose(1, 2, 0)
    assert np.allclose(turned, filter_array(ball, LOW), atol=1e-5)


def test_edges_are_half_at_so_many_sigmas():
    at = np.array([0.2 + HALF * 0.05])
    assert fall(at, 0.2, 0.05) == pytest.approx(0.5)
    assert rise(at, 0.2, 0.05) == pytest.approx(0.5)
    shoulder = Edges(shoulder=(0.2, 0.05))
    assert shoulder(np.array([0.2 - HALF * 0.05, 0.2, 0.4])) == pytest.approx([0.5, 1, 1])


def test_a_low_pass_keeps_the_mean_and_a_high_pass_takes_it():
    data = np.random.default_rng(0).normal(100, 10, (40, 50))
    assert filter_array(data, LOW).mean() == pytest.approx(data.mean(), rel=1e-5)
    assert abs(filter_array(data, Edges(high_pass=(0.0, 0.05))).mean()) < 1e-4


def test_what_is_at_one_end_does_not_show_at_the_other():
    data = np.zeros((64, 80), np.float32)
    data[30:34, -3:] = 1000.0
    for response in (LOW, BAND):
        filtered = filter_array(data, response)
        assert np.abs(filtered[:, :20]).max() < 1e-3 * np.abs(filtered).max()


def test_more_surroundings_than_the_reach_change_almost_nothing():
    data = np.random.default_rng(0).normal(size=(400, 200)).astype(np.float32)
    for response in (LOW, BAND, Edges(high_pass=(0.0, 0.02))):
        whole = filter_array(data, response)[200:300]
        part = filter_array(data[200 - response.reach : 300 + response.reach], response)
        error = part[response.reach : -response.reach] - whole
        assert error.std() < 1e-3 * whole.std()
