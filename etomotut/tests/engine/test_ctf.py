"""The contrast transfer function."""

import numpy as np
import pytest

from etomotut.engine import ctf
from etomotut.engine.ctf import Defocus, Frequencies, Microscope

KRIOS = Microscope(300, 2.7, 0.1)
LINE = np.linspace(0, 0.1, 4001)[None]


def along(defocus, microscope=KRIOS, *, x=LINE, y=None):
    """Give the argument of the sine along a line of frequencies."""
    y = np.zeros((1, 1)) if y is None else y
    return Frequencies(microscope, x, y).argument(defocus)[0 if x is LINE else slice(None)]


def test_wavelengths_are_those_of_the_textbook():
    assert ctf.wavelength(300) == pytest.approx(0.0196875, rel=1e-4)
    assert ctf.wavelength(200) == pytest.approx(0.0250793, rel=1e-4)


def test_the_first_zero_is_where_the_defocus_alone_puts_it():
    """Without aberration and amplitude contrast: at k = 1 / sqrt(lambda defocus)."""
    phase = along(Defocus(30000, 30000), Microscope(300, 0, 0))
    first = LINE[0, np.argmax(phase > np.pi)]
    assert first == pytest.approx(1 / np.sqrt(0.0196875 * 30000), abs=5e-5)


def test_the_mean_has_the_phase_of_the_amplitude_contrast():
    assert along(Defocus(30000, 30000))[0] == pytest.approx(np.arcsin(0.1))


def test_the_aberration_works_against_underfocus():
    k, length = 0.1, ctf.wavelength(300)
    difference = along(Defocus(0, 0), Microscope(300, 0, 0.1)) - along(Defocus(0, 0))
    assert difference[-1] == pytest.approx(np.pi / 2 * length**3 * 2.7e7 * k**4, rel=1e-4)


def test_the_defocus_is_that_of_the_direction():
    k = np.array([[0.05]])
    astigmatic = Defocus(32000, 28000, axis=90)
    upright = along(astigmatic, x=0 * k, y=k)
    level = along(astigmatic, x=k, y=0 * k)
    assert upright == pytest.approx(along(Defocus(32000, 32000), x=k, y=0 * k))
    assert level == pytest.approx(along(Defocus(28000, 28000), x=k, y=0 * k))


def test_an_axis_between_x_and_y_turns_counter_clockwise():
    k = np.array([[0.05]])
    tilted = Frequencies(KRIOS, k, k).lobes(45.0), Frequencies(KRIOS, k, -k).lobes(45.0)
    assert tilted[0] == pytest.approx(np.pi * KRIOS.wavelength * 2 * 0.05**2)
    assert tilted[1] == pytest.approx(-tilted[0])


def test_a_phase_plate_adds_its_shift_and_has_it_at_0_3_per_nm_if_it_has_a_cut_on():
    plain, shifted = along(Defocus(5000, 5000)), along(Defocus(5000, 5000, phase_shift=90))
    assert np.allclose(shifted - plain, np.pi / 2, atol=1e-5)
    slow = along(Defocus(5000, 5000, phase_shift=90, cut_on=0.1)) - plain
    assert slow[0] == 0
    assert slow[1200] == pytest.approx(np.pi / 2, rel=1e-4)  # 0.3 / nm
    grown = (1 - np.exp(-1)) / (1 - np.exp(-3))
    assert slow[400] == pytest.approx(np.pi / 2 * grown, rel=1e-4)  # 0.1 / nm


def test_details_are_spread_by_the_slope_of_the_phase():
    spread = ctf.delocalization(Microscope(300, 0, 0.1), 35000, 5.52)
    assert spread == pytest.approx(0.0196875 * 0.5 / 5.52 * 35000 / 5.52, rel=1e-4)
