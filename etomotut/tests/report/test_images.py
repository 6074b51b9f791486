"""Views are moved, reduced and shown as IMOD's transforms and a robust contrast say."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import resample, transforms
from etomotut.formats import mrc
from etomotut.report import images


def smooth(height: int = 60, width: int = 80) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return (np.sin(x / 7) + np.cos(y / 5)).astype(np.float32)


def test_a_whole_shift_moves_pixels_and_fills_what_is_left():
    moved = images.moved(smooth(), [[1, 0, 3], [0, 1, -2]], (80, 60), fill=9)
    assert np.allclose(moved[:-2, 3:], smooth()[2:, :-3], atol=1e-6)
    assert (moved[-2:] == 9).all()
    assert (moved[:, :3] == 9).all()


def test_pictures_show_views_where_newstack_puts_them():
    turn = transforms.rotation(20.0) + [[0, 0, 3.3], [0, 0, -1.7]]
    ours = images.moved(smooth(), turn, (60, 80), fill=0)
    theirs = resample.transform_image(smooth(), turn, (60, 80), fill=0, interpolation="linear")
    inside = (ours != 0) & (theirs != 0)
    assert inside.mean() > 0.5
    assert np.abs(ours - theirs)[inside].max() < 0.01


def test_a_reduced_view_is_an_average_around_the_same_centre():
    ramp = np.tile(np.arange(64, dtype=np.float32), (64, 1))
    small = images.moved(ramp, [[0.25, 0, 0], [0, 0.25, 0]], (16, 16))
    assert np.allclose(small[:, 1:-1], np.arange(16)[1:-1] * 4 + 1.5, atol=1e-3)


def test_noise_falls_when_a_view_is_reduced():
    noise = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
    small = images.moved(noise, np.eye(3)[:2] / 4, (64, 64))
    assert small[1:-1, 1:-1].std() < 0.3


def test_gold_and_hot_pixels_do_not_set_the_contrast():
    image = np.random.default_rng(2).normal(100, 10, (200, 200))
    image[:5, :5], image[50, 50] = -5000, 90000
    low, high = images.robust_limits(image)
    assert 60 < low < 90
    assert 110 < high < 140


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_an_even_image_has_a_contrast_too(value):
    low, high = images.robust_limits(np.full((8, 8), value))
    assert high > low
    assert images.as_bytes(np.zeros((2, 2)), (-1, 1)).tolist() == [[127, 127]] * 2


def test_planes_of_a_file_are_those_through_the_point(tmp_path):
    volume = np.random.default_rng(3).normal(size=(5, 6, 7)).astype(np.float32)
    mrc.write(tmp_path / "a.mrc", volume, pixel_size=1.0, volume=True)
    section, slice_, side = images.planes(mrc.Stack(tmp_path / "a.mrc"), (1, 2, 3))
    assert np.allclose(section, volume[3])
    assert np.allclose(slice_, volume[:, 2])
    assert np.allclose(side, volume[:, :, 1].T)


def test_a_slab_is_the_mean_of_its_planes_and_ends_with_the_volume():
    volume = np.arange(5.0)[:, None, None] * np.ones((5, 4, 4))
    assert np.allclose(images.planes(volume, (0, 0, 2), 3)[0], 2)
    assert np.allclose(images.planes(volume, (0, 0, 4), 3)[0], 3.5)
    assert images.window(0, 20, 5) == slice(0, 5)
