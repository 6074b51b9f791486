"""Tiles cover a volume once and know their surroundings."""

import numpy as np
import pytest
import scipy.ndimage

from etomotut.engine import tiles
from etomotut.engine.frequency_filters import Edges, filter_array

SHAPES = [(40, 50, 60), (1, 200, 30), (90, 7, 8)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_voxel_is_given_once(shape):
    count = np.zeros(shape, int)
    parts = list(tiles.split(shape, 3, 5000))
    assert len(parts) > 1
    for tile in parts:
        count[tile.core] += 1
        assert np.empty(shape)[tile.source].size <= 5000
    assert np.all(count == 1)


def test_what_fits_is_one_tile():
    (tile,) = tiles.split((10, 20, 30), 2, 20000)
    assert tile.source == tile.core == (slice(0, 10), slice(0, 20), slice(0, 30))


def test_a_reach_beyond_the_limit_still_ends_in_cores_of_its_size():
    parts = list(tiles.split((100, 100, 100), 40, 1000))
    assert {tile.core[0].stop - tile.core[0].start for tile in parts} <= {33, 34}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_median_by_tiles_is_that_of_the_whole(shape):
    volume = np.random.default_rng(0).normal(size=shape)
    found = np.empty(shape)
    for tile in tiles.split(shape, 2, 9000):
        found[tile.core] = scipy.ndimage.median_filter(volume[tile.source], 5)[tile.inner]
    assert np.array_equal(found, scipy.ndimage.median_filter(volume, 5))


def test_a_band_pass_by_tiles_differs_by_less_than_a_thousandth():
    response = Edges(low_pass=(0.2, 0.1), high_pass=(0.0, 0.05))
    volume = np.random.default_rng(0).normal(100, 1, (90, 64, 70)).astype(np.float32)
    found = np.empty_like(volume)
    parts = list(tiles.split(volume.shape, response.reach, 400_000))
    assert len(parts) > 1
    for tile in parts:
        found[tile.core] = filter_array(volume[tile.source], response)[tile.inner]
    whole = filter_array(volume, response)
    assert np.abs(found - whole).max() < 5e-3 * whole.std()
    assert (found - whole).std() < 1e-3 * whole.std()
