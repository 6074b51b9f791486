"""Reducing, transforming and tapering images."""

import numpy as np
import pytest

from etomotut.engine import resample
from etomotut.engine.transforms import IDENTITY, rotation

METHODS = ["cubic", "linear", "nearest"]


def ramp(height, width):
    """Give an image whose density is 100 + x - (n - 1) / 2, so 100 at its centre."""
    return np.tile(100 + np.arange(width) - (width - 1) / 2, (height, 1)).astype(np.float32)


def shift(x, y):
    return IDENTITY + [[0, 0, x], [0, 0, y]]


@pytest.mark.parametrize(
    ("size", "factor", "binned"), [(60, 4, 16), (92, 4, 24), (43, 2, 21), (42, 2, 22), (1, 4, 1)]
)
def test_binned_sizes_are_imods(size, factor, binned):
    assert resample.binned_size(size, factor) == binned


@pytest.mark.parametrize(("size", "factor", "reduced"), [(60, 4, 15), (92, 4, 23), (200, 3.7, 54)])
def test_reduced_sizes_are_imods(size, factor, reduced):
    assert resample.reduced_size(size, factor) == reduced


def test_a_block_that_sticks_out_averages_what_it_holds():
    found = resample.bin_image(np.tile(np.arange(1, 43, dtype=np.int16), (8, 1)), 4)
    assert found[0].tolist() == [1, *np.arange(3.5, 40, 4), 42]


def test_averaging_keeps_the_mean_of_whole_blocks():
    image = np.random.default_rng(0).normal(size=(12, 16)).astype(np.float32)
    found = resample.bin_image(image, 2)
    assert np.allclose(found, image.reshape(6, 2, 8, 2).mean((1, 3)), atol=1e-6)


@pytest.mark.parametrize("name", list(resample.FILTERS))
@pytest.mark.parametrize("factor", [1.3, 2, 2.5, 4])
def test_a_reduction_keeps_the_level_and_the_centre(name, factor):
    found = resample.reduce_image(ramp(61, 80), factor, name)
    middle = found.shape[1] / 2
    ends = slice(int(middle) - 5, int(np.ceil(middle)) + 5)
    assert found[10, ends].mean() == pytest.approx(100, abs=0.01 * factor)
    assert np.diff(found[10, ends]).mean() == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("name", ["mitchell", "lanczos2", "lanczos3"])
def test_a_filter_removes_what_the_smaller_image_cannot_hold(name):
    stripes = np.tile(np.cos(2 * np.pi * 0.3 * np.arange(400)), (80, 1))
    kept = np.tile(np.cos(2 * np.pi * 0.05 * np.arange(400)), (80, 1))
    inside = slice(5, -5)
    assert np.abs(resample.reduce_image(stripes, 4, name)[inside, inside]).max() < 0.06
    assert np.abs(resample.reduce_image(kept, 4, name)[inside, inside]).max() > 0.8


@pytest.mark.parametrize("size", [1, 2, 5, 23])
def test_an_image_smaller_than_the_filter_is_reduced(size):
    found = resample.reduce_image(np.full((size, size), 7, np.int16), 4, "lanczos3")
    assert np.allclose(found, 7)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_lost_by_doing_nothing(method):
    image = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    found = resample.transform_image(image, IDENTITY, (20, 30), fill=0, interpolation=method)
    assert np.allclose(found, image, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_feature_moves_by_the_shift(method):
    image = np.zeros((30, 20), np.float32)
    image[10, 5] = 1
    found = resample.transform_image(image, shift(3, -2), (20, 30), fill=0, interpolation=method)
    assert np.unravel_index(found.argmax(), found.shape) == (8, 8)


@pytest.mark.parametrize("method", METHODS)
def test_a_turn_by_90_degrees_is_exact_and_counter_clockwise(method):
    image = np.random.default_rng(0).normal(size=(30, 21)).astype(np.float32)
    found = resample.transform_image(image, rotation(90), (30, 21), fill=0, interpolation=method)
    assert np.allclose(found, np.rot90(image, -1), atol=1e-5)  # y points up, as in IMOD


def test_linear_interpolation_is_exact_for_planes():
    x, y = np.meshgrid(np.arange(40.0), np.arange(30.0))
    plane = (x - 2 * y).astype(np.float32)
    found = resample.transform_image(
        plane, shift(0.3, 0.6), (40, 30), fill=0, interpolation="linear"
    )
    assert np.allclose(found[1:, 1:], (plane - 0.3 + 1.2)[1:, 1:], atol=1e-4)


def test_cubic_interpolation_has_the_kernel_of_imod():
    image = np.zeros((9, 9), np.float32)
    image[4, 4] = 64
    found = resample.transform_image(image, shift(0.25, 0), (9, 9), fill=0)
    assert found[4].tolist() == [0, 0, 0, -9, 57, 19, -3, 0, 0]  # IMOD's weights, times 64


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("moved", [(0, 0), (500, 0), (-500, 3), (0, 500), (13, -700)])
def test_what_no_pixel_covers_is_filled(method, moved):
    found = resample.transform_image(
        np.ones((30, 20), np.float32), shift(*moved), (50, 40), fill=-5, interpolation=method
    )
    covered = 600 if moved == (0, 0) else 0
    assert np.count_nonzero(found == 1) == covered
    assert np.count_nonzero(found == -5) == 2000 - covered


@pytest.mark.parametrize("method", METHODS)
def test_an_image_of_few_pixels_is_transformed(method):
    for height, width in ((1, 1), (2, 3), (3, 2)):
        image = np.full((height, width), 3, np.float32)
        found = resample.transform_image(
            image, rotation(5), (9, 9), fill=3, interpolation=method, extend=True
        )
        assert np.allclose(found, 3)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [(True, [0, 0, 0, 0, 0.25, 0.5, 0.75, 1]), (False, [0, 0.25, 0.5, 0.75, 1, 1, 1, 1])],
)
def test_a_taper_falls_linearly_to_the_fill(inside, expected):
    taper = resample.Taper(3, inside=inside)
    image = resample.transform_image(
        np.ones((40, 40), np.float32), shift(20, 0), (40, 40), fill=0, extend=not inside
    )
    resample.taper_at_fill(image, shift(20, 0), (40, 40), taper, fill=0)
    assert image[7, 16:24].tolist() == pytest.approx(expected)


def test_a_border_without_empty_area_is_not_tapered():
    image = ramp(40, 40)
    tapered = resample.taper_at_fill(
        image.copy(), shift(0.3, 0), (40, 40), resample.Taper(9), fill=0
    )
    assert np.array_equal(image, tapered)


@pytest.mark.parametrize(("size", "distance"), [((256, 360), 16), ((4000, 4000), 40)])
def test_the_default_taper_is_a_hundredth_of_the_size(size, distance):
    assert resample.default_taper_distance(size) == distance
