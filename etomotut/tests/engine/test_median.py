"""Medians of cubes."""

import numpy as np
import pytest
import scipy.ndimage

from etomotut.engine.median import median_filter


@pytest.mark.parametrize("side", [3, 5, 7])
@pytest.mark.parametrize("shape", [(6, 7, 300), (1, 20, 9), (9, 3, 2)])
def test_it_is_the_middle_value_of_each_cube(shape, side):
    volume = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    known = scipy.ndimage.median_filter(volume, side, mode="reflect")
    assert np.array_equal(median_filter(volume, side), known)


def test_equal_values_are_no_trouble():
    volume = np.random.default_rng(0).integers(0, 3, (8, 9, 10))
    known = scipy.ndimage.median_filter(volume, 3)
    assert np.array_equal(median_filter(volume, 3), known)


def test_a_single_bright_voxel_is_gone_and_an_edge_stays():
    volume = np.zeros((9, 9, 9), np.float32)
    volume[:, :, 5:] = 1
    edge = volume.copy()
    volume[4, 4, 2] = 100
    assert np.array_equal(median_filter(volume, 3), edge)
