"""Counting electrons."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import PRESETS
from etomotut.demo.detector import BadPixels, detect, draw_bad_pixels

TINY = PRESETS["tiny"][0]
NONE = BadPixels(np.zeros((0, 4), int), np.zeros((0, 2), int))


def test_counts_are_poisson_and_the_halves_independent():
    expected = np.full((400, 400), 30.0, np.float32)
    even, odd = detect(expected, 0, NONE, np.random.default_rng(1))
    whole = even + odd
    assert whole.dtype == np.int16
    assert whole.mean() == pytest.approx(30, rel=0.01)
    assert whole.var() == pytest.approx(30, rel=0.02)
    assert np.corrcoef(even.ravel(), odd.ravel())[0, 1] == pytest.approx(0, abs=0.01)


def test_hot_pixels_add_what_the_truth_says_in_their_view_only():
    bad = BadPixels(np.array([[3, 10, 20, 501]]), np.zeros((0, 2), int))
    expected = np.zeros((40, 40), np.float32)
    counts = [sum(detect(expected, view, bad, np.random.default_rng(1))) for view in (2, 3)]
    assert counts[0].max() == 0
    assert np.argwhere(counts[1]).tolist() == [[10, 20]]
    assert counts[1][10, 20] == 501


def test_dead_pixels_count_next_to_nothing():
    bad = BadPixels(np.zeros((0, 4), int), np.array([[5, 6]]))
    even, odd = detect(np.full((40, 40), 100.0, np.float32), 0, bad, np.random.default_rng(1))
    assert even[5, 6] + odd[5, 6] < 20


def test_half_of_the_hot_pixels_stand_in_every_view():
    bad = draw_bad_pixels(replace(TINY, hot_pixels=12), 5, np.random.default_rng(1))
    places, counts = np.unique(bad.hot[:, 1:3], axis=0, return_counts=True)
    assert (counts == 5).sum() == 6
    assert len(np.unique(bad.hot[:, :3], axis=0)) == len(bad.hot)
    assert places.max(axis=0).tolist() < list(TINY.size[::-1])


def test_counts_stop_at_what_the_file_can_hold():
    even, odd = detect(np.full((2, 2), 1e6, np.float32), 0, NONE, np.random.default_rng(1))
    assert (even + odd == 32000).all()
