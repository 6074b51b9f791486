"""Views that are lost: they are found in the whole field, or nobody is sure of them."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import transforms as linear
from etomotut.engine.view_search import find_lost_views, masked_correlation
from etomotut.tests.engine.test_projection_matching import TILTS, aligned, views_of


@pytest.fixture(scope="module")
def views():
    return views_of(aligned())


@pytest.mark.parametrize("view, moved", [(0, (60.0, 0.0)), (3, (-42.0, 42.0)), (15, (0.0, -60.0))])
def test_a_view_displaced_by_sixty_pixels_is_brought_back(views, view, moved):
    wrong = aligned()
    wrong[view, :, 2] += moved
    found, lost = find_lost_views(views, wrong, TILTS)
    assert [(one.view, one.is_found) for one in lost] == [(view, True)]
    assert np.abs(found[view, :, 2]).max() < 4
    assert np.array_equal(np.delete(found, view, 0), np.delete(aligned(), view, 0))


def test_views_that_followed_a_lost_one_are_found_with_it(views):
    wrong = aligned()
    wrong[25:, :, 2] += 35.0, 30.0
    found, lost = find_lost_views(views, wrong, TILTS)
    assert [one.view for one in lost] == list(range(25, len(TILTS)))
    assert np.abs(found[:, :, 2]).max() < 6


def test_an_axis_across_the_images_is_no_other_case():
    turned = linear.then(aligned(), linear.rotation(90.0))
    wrong = turned.copy()
    wrong[3, :, 2] += 40.0, 10.0
    found, lost = find_lost_views(views_of(turned), wrong, TILTS)
    assert [one.view for one in lost] == [3]
    assert np.abs((found - turned)[3, :, 2]).max() < 4


def test_views_that_lie_well_stay_as_they_are(views):
    near = aligned()
    near[:, :, 2] += np.random.default_rng(3).normal(0, 1.5, (len(TILTS), 2))
    found, lost = find_lost_views(views, near, TILTS)
    assert not lost
    assert np.array_equal(found, near)


def test_a_view_that_shows_nothing_of_the_others_stays_and_is_named(views):
    views = views.copy()
    views[[2, 15]] = np.random.default_rng(4).normal(size=(2, *views.shape[1:]))
    found, lost = find_lost_views(views, aligned(), TILTS)
    assert [(one.view, one.is_found) for one in lost] == [(15, False), (2, False)]
    assert np.array_equal(found, aligned())


def test_only_what_both_images_show_is_correlated():
    image = np.random.default_rng(0).normal(size=(40, 60)).astype(np.float32)
    mask = np.ones_like(image)
    half = mask.copy()
    half[:, 30:] = 0
    moved = np.roll(image, (3, -5), (0, 1)) * half
    scores = masked_correlation((image, mask), (moved, half), (80, 120), 0.4)
    assert np.unravel_index(scores.argmax(), scores.shape) == (80 - 3, 5)
    assert 0.9 < scores.max() <= 1.0
