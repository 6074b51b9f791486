"""What speaks against a view is seen in it, and not in others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine.curation_fit import fit_marks
from etomotut.engine.curation_views import signs_of_views
from etomotut.tests.engine import phantoms
from etomotut.tests.engine.test_curation import setting

BAD = 8


@pytest.fixture(scope="module")
def series():
    marks = phantoms.geometry(beads=10).marks
    return marks, phantoms.images(marks) + 20.0


def signs(views, marks):
    return signs_of_views(views, marks, fit_marks(marks, marks, setting()), setting())


def others(values):
    return np.delete(values, BAD)


def test_a_dark_view_is_told_by_its_brightness(series):
    marks, views = series
    views = np.where(np.arange(len(views))[:, None, None] == BAD, 0.3 * views, views)
    found = signs(views, marks).brightness
    assert found[BAD] == pytest.approx(0.3, abs=0.01)
    assert others(found).min() > 0.9


def test_views_that_are_darker_as_their_tilt_explains_are_not_dark(series):
    marks, views = series
    path = 1 / np.cos(np.radians(phantoms.ANGLES))
    found = signs(views * np.exp(-1.2 * path)[:, None, None], marks).brightness
    assert found == pytest.approx(1.0, abs=0.05)


def test_densities_about_zero_tell_no_brightness(series):
    marks, views = series
    assert np.isnan(signs(views - 20.0, marks).brightness).all()


def test_a_blurred_view_is_told_by_the_edges_of_its_beads(series):
    marks, views = series
    views = views.copy()
    views[BAD] = ndimage.gaussian_filter1d(views[BAD], 4.0, axis=0)
    found = signs(views, marks).sharpness
    assert found[BAD] < 0.6
    assert others(found).min() > 0.8


def test_a_view_without_beads_has_no_contrast(series):
    marks, views = series
    views = views.copy()
    views[BAD] = np.random.default_rng(0).normal(20, 0.15, views[BAD].shape)
    found = signs(views, marks).contrast
    assert found[BAD] < 0.2
    assert others(found).min() > 0.8


def test_a_view_that_was_shifted_jumps(series):
    marks, views = series
    shifted = marks.copy()
    shifted[:, BAD] += (60.0, 0.0)
    found = signs(views, shifted).jump
    assert found[BAD] > 50
    assert others(found).max() < 30
