"""The sign of the defocus gradient, from images whose gradient is known."""

import numpy as np
import pytest

from etomotut.engine import handedness
from etomotut.engine.ctf import Defocus, Microscope
from etomotut.tests.engine.test_phase_flipping import FLAT, KRIOS, PIXEL, WIDE, imaged


@pytest.fixture(scope="module")
def view():
    """Give a noisy image (y, x) with more underfocus on the right."""
    random = np.random.default_rng(3)
    image = imaged(random.standard_normal((256, 384)).astype(np.float32), FLAT, WIDE / 2)
    return image + random.standard_normal(image.shape)


def evidence(view, *, slope=WIDE / 2, defocus=FLAT):
    middle = (view.shape[1] - 1) / 2
    values = {"pixel_size": PIXEL, "slope": slope, "middle": middle}
    return handedness.evidence(view, defocus, KRIOS, **values)


def test_the_side_with_more_underfocus_is_found(view):
    assert evidence(view) > 5
    assert evidence(view[:, ::-1]) < -5
    assert evidence(view, slope=-WIDE / 2) == pytest.approx(-evidence(view), rel=1e-5)


def test_a_defocus_that_is_somewhat_wrong_will_do(view):
    assert evidence(view, defocus=Defocus(36500, 36500)) > 5


def test_filled_borders_do_not_count(view):
    filled = view.copy()
    filled[:, :100] = filled[:40] = view.mean()
    assert evidence(filled) > 0
    assert evidence(np.zeros((64, 64))) == 0


def test_coarse_pixels_show_no_rings():
    assert handedness.is_measurable(FLAT, KRIOS, 5.52)
    assert not handedness.is_measurable(FLAT, KRIOS, 11.04)
    assert handedness.is_measurable(Defocus(80000, 80000), Microscope(300, 2.7, 0.1), 11.04)


def test_views_that_agree_are_sure():
    angles = np.arange(-60, 61, 3.0)
    found = handedness.decide(-np.abs(angles), angles)
    assert (found.sign, found.pairs, found.agreeing) == (-1, 17, 17)
    assert found.is_sure


def test_what_differs_between_the_sides_of_the_specimen_is_no_evidence():
    angles = np.arange(-60, 61, 3.0)
    found = handedness.decide(100 * angles + np.sin(7 * angles), angles)
    assert not found.is_sure


@pytest.mark.parametrize("angles", [[0.0, 3.0], [20.0, 30.0], [-30.0]])
def test_without_views_on_both_sides_nothing_is_sure(angles):
    found = handedness.decide(np.ones(len(angles)), angles)
    assert (found.sign, found.sigma, found.is_sure) == (1, 0, False)
