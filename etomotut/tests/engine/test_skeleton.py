"""Skeletons of masks whose middle is known."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from etomotut.engine import tiles
from etomotut.engine.skeleton import REACH, skeletonize


def shell(n=60, radius=20.0, half=3.0):
    z, y, x = (each - (n - 1) / 2 - 0.2 for each in np.ogrid[:n, :n, :n])
    away = np.sqrt(x**2 + y**2 + z**2) - radius
    return np.abs(away) < half, away


def test_it_runs_in_the_middle_of_a_shell_and_everywhere():
    mask, away = shell()
    skeleton = skeletonize(mask)
    assert np.abs(away[skeleton]).max() < 2.5
    assert np.percentile(np.abs(away[skeleton]), 95) < 1.5
    assert abs(away[skeleton].mean()) < 0.2
    gaps = distance_transform_edt(~skeleton)[np.abs(away) < 0.5]
    assert gaps.max() <= 2


def test_it_is_about_one_voxel_thick():
    mask, _ = shell()
    area = 4 * np.pi * 20**2
    assert 0.9 * area < skeletonize(mask).sum() < 1.7 * area


def test_the_middle_of_a_slab_is_one_plane():
    mask = np.zeros((21, 40, 40), bool)
    mask[8:13, :, :] = True
    skeleton = skeletonize(mask)
    assert skeleton[10, 5:-5, 5:-5].all()
    assert not skeleton[:10].any()
    assert not skeleton[11:].any()


def test_tiles_give_what_the_whole_gives():
    mask = np.zeros((40, 170, 60), bool)
    for y in (30, 85, 130):
        mask[:, y - 30 : y + 30] |= shell()[0][10:50, :, :]
    whole = skeletonize(mask)
    pieces = np.zeros_like(mask)
    made = list(tiles.split(mask.shape, REACH, 300_000))
    assert len(made) > 1
    for tile in made:
        pieces[tile.core] = skeletonize(mask[tile.source])[tile.inner]
    assert np.array_equal(pieces[1:-1, 1:-1, 1:-1], whole[1:-1, 1:-1, 1:-1])


@pytest.mark.parametrize("value", [False, True])
def test_nothing_and_everything_have_no_skeleton(value):
    assert not skeletonize(np.full((9, 9, 9), value)).any()
