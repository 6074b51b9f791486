"""Spoilt marks are put right where their beads are seen, and nothing is dropped for a number."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import curation
from etomotut.engine.locating import Setting
from etomotut.errors import SolutionError
from etomotut.tests.engine import phantoms

RADIUS = 4.0


@pytest.fixture(scope="module")
def series():
    known = phantoms.geometry(beads=10)
    return known.marks, phantoms.images(known.marks)


def setting():
    return Setting(phantoms.ANGLES, 5.0, RADIUS, depth_sd=100.0, search=30.0)


def noisy(true):
    return true + np.random.default_rng(0).normal(0, 0.1, true.shape)


def curate(views, marks):
    return curation.curate(views, marks, setting())


def off(found, true):
    """Give how far the marks that are kept are from the truth, at most."""
    return np.nanmax(np.hypot(*np.moveaxis(found.marks - true, -1, 0)))


def test_marks_off_their_beads_are_put_back(series):
    true, views = series
    marks = noisy(true)
    moved = np.random.default_rng(1).random(marks.shape[:2]) < 0.15
    marks[moved] += (4.0, -5.0)
    found = curate(views, marks)
    assert np.isnan(found.marks[..., 0]).sum() <= 3  # beads that touch others are not located
    assert off(found, true) < 0.3
    assert found.error_after < 0.3 * found.error_before


def test_beads_that_were_confused_in_many_views_are_told_apart(series):
    true, views = series
    marks = true.copy()
    for one, other, first in ((0, 3, 0), (5, 8, 10)):
        own = np.arange(first, first + 7)
        marks[one, own], marks[other, own] = true[other, own], true[one, own]
    assert off(curate(views, marks), true) < 0.3


def test_gaps_are_filled_where_the_bead_is_seen_and_only_there(series):
    true, views = series
    marks, views = true.copy(), views.copy()
    marks[np.random.default_rng(2).random(marks.shape[:2]) < 0.3] = np.nan
    marks[4, 9] = np.nan
    x, y = np.rint(true[4, 9] + (views.shape[1] - 1) / 2).astype(int)
    views[9, y - 12 : y + 13, x - 12 : x + 13] = np.random.default_rng(3).normal(0, 0.15, (25, 25))
    found = curate(views, marks)
    missing = np.isnan(found.marks[..., 0])
    assert missing[4, 9]
    assert missing.sum() <= 4  # beads beside the one that was wiped out
    assert off(found, true) < 0.3


def test_a_view_whose_marks_all_lie_beside_their_beads_is_found_again(series):
    true, views = series
    marks = true.copy()
    marks[:, 6] += (9.0, -7.0)
    found = curate(views, marks)
    assert off(found, true) < 0.3
    assert curation.FIND_VIEWS in [step.name for step in found.steps if step.taken]


def test_a_view_whose_marks_lie_half_beside_their_beads_is_moved_as_one(series):
    true, views = series
    marks = noisy(true)
    marks[:, 6] += (1.5, -1.0)
    assert off(curate(views, marks), true) < 0.3


def test_marks_of_nothing_are_left_as_they_were(series):
    true, views = series
    marks = true.copy()
    marks[3:] = true[3:, np.random.default_rng(5).permutation(21)]
    found = curate(views, marks)
    assert found.is_hopeless
    assert np.array_equal(found.marks, marks)
    assert not any(step.taken for step in found.steps)


def test_good_marks_are_left_alone(series):
    true, views = series
    first = curate(views, noisy(true)).marks
    found = curate(views, first)
    assert (np.hypot(*np.moveaxis(found.marks - first, -1, 0)) > curation.LEAST_MOVE).sum() <= 2


def test_a_step_that_does_not_lower_the_error_is_taken_back(series, monkeypatch):
    true, views = series
    monkeypatch.setattr(curation._Curator, "_drop_beads", lambda self: self._without(self._odd()))
    monkeypatch.setattr(
        curation._Curator, "_odd", lambda self: np.arange(10)[:, None] % 2 == 1, raising=False
    )
    found = curate(views, true)
    assert np.isfinite(found.marks).all()
    drops = [step for step in found.steps if step.name == curation.DROP_BEADS]
    assert drops and not any(step.taken for step in drops)


def test_every_change_names_the_step_that_made_it(series):
    true, views = series
    marks = noisy(true)
    marks[2, 3] += (5.0, 5.0)
    marks[7, 12] = np.nan
    found = curate(views, marks)
    changed = ~(marks == found.marks).all(axis=2)
    names = {found.steps[number].name for number in found.by[changed]}
    assert (found.by[changed] >= 0).all()
    assert {curation.RE_TRACK, curation.FILL} <= names


def test_marks_that_are_not_on_beads_are_refused(series):
    true, views = series
    with pytest.raises(SolutionError, match="marks lie on a bead of this size"):
        curate(views, true + (12.0, 12.0))
