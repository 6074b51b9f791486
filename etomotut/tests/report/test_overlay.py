"""Masks over tomograms."""

import numpy as np
import pytest
from PIL import Image

from etomotut.report.overlay import Layer, fullest, write_overlays


def volumes():
    mask = np.zeros((20, 50, 40), np.int16)
    mask[4:6, 10:30, 5:35] = 1
    mask[4:15, 22, 30] = 2
    return np.random.default_rng(0).normal(size=mask.shape).astype(np.float32), mask


def test_the_planes_shown_are_those_with_most_of_the_mask():
    x, y, z = fullest(volumes()[1])
    assert z in (4, 5, 6)
    assert 20 <= y <= 25
    assert 5 <= x < 35
    assert fullest(np.zeros((20, 50, 40))) == (20, 25, 10)


@pytest.mark.parametrize("columns", [1, 3])
def test_a_mask_is_coloured_where_it_is(tmp_path, columns):
    tomogram, mask = volumes()
    layers = [Layer("a $b", tomogram, mask)] + [Layer("c", tomogram, mask, True)] * (columns - 1)
    write_overlays(tmp_path / "a.png", layers, name="TS_1", text="Dice", pixel_size=10.0)
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    coloured = np.ptp(pixels, axis=2) > 40
    left, right = np.array_split(coloured, 2, axis=1)
    assert 0.005 < right.mean() < 0.3
    assert left.any() == (columns > 1)  # a single overlay stands right of its bare tomogram
