"""A Gaussian filter of a part of a volume."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from etomotut.engine import gaussian

SHAPE = (20, 24, 1100)


@pytest.mark.parametrize("sigma", [0.8, 2.7])
def test_a_part_is_that_of_the_whole(sigma):
    volume = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    whole = gaussian_filter(volume, sigma, truncate=gaussian.TRUNCATE, mode="nearest")
    for inner in (
        (slice(0, 20), slice(0, 24), slice(0, 1100)),
        (slice(3, 9), slice(2, 24), slice(5, 90)),
    ):
        found = gaussian.smooth(volume, sigma, inner)
        assert np.allclose(found, whole[inner], atol=1e-6)


def test_nothing_farther_than_the_radius_counts():
    volume = np.zeros((41, 41, 41), np.float32)
    volume[20, 20, 20] = 1
    found = np.argwhere(gaussian.smooth(volume, 3.0, [slice(0, 41)] * 3) > 0)
    assert np.abs(found - 20).max() == gaussian.radius(3.0) == 9
