"""Spectra of noise and waves."""

import numpy as np
import pytest

from etomotut.engine.frequency_filters import Edges, filter_array
from etomotut.engine.power_spectrum import image_spectrum, volume_spectrum

EDGES = Edges(low_pass=(0.1, 0.05))


@pytest.mark.parametrize("shape", [(300, 400), (100, 90)])
def test_white_noise_is_flat_in_an_image(shape):
    noise = np.random.default_rng(0).normal(50, 3, shape)
    found = image_spectrum(noise)
    assert found.power[10:40] == pytest.approx(9, rel=0.5)
    assert found.power[5:].mean() == pytest.approx(9, rel=0.05)
    assert found.variance == pytest.approx(9, rel=0.05)
    assert found.frequency[-1] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("shape", [(60, 120, 100), (2, 120, 100), (40, 41, 43)])
def test_white_noise_is_flat_in_a_volume(shape):
    found = volume_spectrum(np.random.default_rng(0).normal(50, 3, shape))
    assert found.power[5:] == pytest.approx(9, rel=0.35)
    assert found.variance == pytest.approx(9, rel=0.05)


def test_a_wave_stands_at_its_frequency():
    image = np.cos(2 * np.pi * 0.125 * np.arange(256)) * np.ones((256, 1))
    found = image_spectrum(image)
    assert found.frequency[found.power.argmax()] == pytest.approx(0.125)


@pytest.mark.parametrize("shape", [(300, 300), (40, 80, 96)])
def test_the_root_of_what_a_filter_leaves_is_its_response(shape):
    noise = np.random.default_rng(0).normal(size=shape)
    filtered = filter_array(noise, EDGES)
    measure = image_spectrum if len(shape) == 2 else volume_spectrum
    before, after = measure(noise), measure(filtered)
    seen = (before.frequency > 0.04) & (before.frequency < 0.2)
    found = np.sqrt(after.power / before.power)[seen]
    assert np.allclose(found, EDGES(before.frequency[seen]), atol=0.03)
