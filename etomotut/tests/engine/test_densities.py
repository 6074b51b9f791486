"""Statistics and scaling of densities."""

import numpy as np
import pytest

from etomotut.engine import densities
from etomotut.engine.densities import Scaling, Summary


def test_statistics_are_numpys_for_every_type():
    for dtype in (np.int8, np.uint16, np.int16, np.float16, np.float32):
        image = (np.arange(60).reshape(6, 10) % 17 + 50).astype(dtype)
        found = densities.summarize(image)
        assert (found.low, found.high) == (50, 66)
        assert found.mean == pytest.approx(image.astype(float).mean())
        assert found.deviation == pytest.approx(image.astype(float).std(ddof=1))


def test_a_small_deviation_on_a_high_level_is_found():
    image = (1e6 + np.random.default_rng(0).normal(size=(50, 50))).astype(np.float32)
    exact = image.astype(float).std(ddof=1)
    assert densities.summarize(image).deviation == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_shows_in_the_statistics(value):
    image = np.ones((5, 5), np.float32)
    image[3, 3] = value
    assert not densities.summarize(image).is_finite
    image[3, 3] = 1
    assert densities.summarize(image).is_finite


def test_scalings_are_done_one_after_the_other():
    both = Scaling(2, 1).then(Scaling(10, -3))
    assert both(np.array([4.0], np.float32)) == 10 * (2 * 4 + 1) - 3


def test_a_range_is_filled():
    scaling = densities.to_range(-10, 30, (0, 255))
    assert scaling(np.array([-10, 30], np.float32)).tolist() == [0, 255]
    assert densities.to_range(5, 5, (7, 255))(np.array([5], np.float32)) == 7


def test_a_constant_image_gets_the_mean():
    constant = Summary(3, 3, 3, 0)
    scaling = densities.to_mean_and_deviation(constant, 100, 10)
    assert scaling(np.array([3.0], np.float32)) == 100


def test_images_of_common_mean_and_deviation_fill_the_range_together():
    views = [Summary(-2, 4, 0, 1), Summary(94, 106, 100, 2)]
    mean, deviation = densities.common_mean_and_deviation(views, (0, 60))
    assert mean - 3 * deviation == pytest.approx(0)  # the lowest: 3 deviations below the mean
    assert mean + 4 * deviation == pytest.approx(60)


@pytest.mark.parametrize(("high", "used"), [(5.9, 5.9), (6.2, 4.4), (30, 4.4)])
def test_an_extreme_far_from_those_of_other_views_is_left_out(high, used):
    # normalized median deviation of the highs: 0.15 / 0.6745; 8 of it beyond their median is 6.03
    views = [Summary(-4, 4 + 0.1 * i, 0, 1) for i in range(5)] + [Summary(-4, high, 0, 1)]
    mean, deviation = densities.common_mean_and_deviation(views, (0, 255))
    assert (255 - mean) / deviation == pytest.approx(used)


def test_views_shifted_to_one_mean_do_not_become_negative():
    assert densities.common_mean([Summary(50, 150, 100, 1), Summary(0, 90, 40, 1)]) == 70
    assert densities.common_mean([Summary(0, 150, 100, 1), Summary(0, 90, 40, 1)]) == 100


def test_whole_numbers_are_rounded_and_cut_not_wrapped():
    image = np.array([[-40000.6, -1.4, 2.6, 40000.0]], np.float32)
    found, below, above = densities.round_to(image, np.int16)
    assert found.tolist() == [[-32768, -1, 3, 32767]]
    assert (below, above) == (1, 1)


def test_floats_are_written_as_they_are():
    image = np.array([[1.25]], np.float32)
    assert densities.round_to(image, np.float32)[0] is image
