"""Dose weighting by the published formula, and the doses of views."""

import numpy as np
import pytest

from etomotut.demo import optics, parameters
from etomotut.engine.dose_weighting import AT_200_KV, critical_dose, dose_response, prior_doses
from etomotut.engine.frequency_filters import filter_array

PIXEL = 4.0


def test_critical_doses_are_those_of_the_paper():
    # 1/3 and 1/10 per Å: 0.24499 * 3^1.6649 + 2.8141 and 0.24499 * 10^1.6649 + 2.8141
    assert critical_dose([1 / 3, 1 / 10]) == pytest.approx([4.340, 14.139], abs=1e-3)


@pytest.mark.parametrize("scale", [1.0, AT_200_KV])
def test_white_noise_gets_the_spectrum_of_the_formula(scale):
    noise = np.random.default_rng(0).normal(size=(512, 512))
    response = dose_response(60.0, PIXEL, scale=scale)
    power = np.abs(np.fft.fft2(filter_array(noise, response))) ** 2
    k = np.hypot(*np.meshgrid(*[np.fft.fftfreq(512, PIXEL)] * 2))
    for low in (0.02, 0.05, 0.08):
        ring = (k >= low) & (k < low + 0.01)
        known = np.mean(np.exp(-60.0 / (scale * (0.24499 * k[ring] ** -1.6649 + 2.8141))))
        assert power[ring].mean() / 512**2 == pytest.approx(known, rel=0.05)


def test_the_mean_is_kept_and_no_dose_changes_nothing():
    noise = np.random.default_rng(0).normal(50, 1, (64, 64))
    weighed = filter_array(noise, dose_response(100.0, PIXEL))
    assert weighed.mean() == pytest.approx(50, rel=1e-3)
    untouched = filter_array(noise, dose_response(0.0, PIXEL))
    assert np.allclose(untouched, noise, atol=1e-4)


def test_the_simulators_damage_is_what_the_formula_expects():
    made = optics.Optics(parameters.Parameters(pixel_size=PIXEL), (64, 64), half=True)
    known = dose_response(40.0, PIXEL)(made.frequency.astype(float) * PIXEL)
    assert np.allclose(made.damage(40.0)[1:], known[1:], rtol=1e-4)


def test_doses_before_views_add_up_in_the_order_of_the_stack():
    assert prior_doses([1, 2, 3, 4]).tolist() == [0, 1, 3, 6]


def test_a_bidirectional_series_begins_in_its_middle_and_goes_down_first():
    assert prior_doses([1, 2, 3, 4, 5], first_half=3).tolist() == [5, 3, 0, 6, 10]
