"""Marks that are dropped are judged as if they had never told where their bead is."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import curation_fit as fits
from etomotut.errors import SolutionError
from etomotut.tests.engine import phantoms
from etomotut.tests.engine.test_curation import setting


def test_a_dropped_bead_is_predicted_without_the_mark_that_is_judged():
    marks = phantoms.geometry(beads=8).marks + np.random.default_rng(4).normal(0, 0.2, (8, 21, 2))
    kept = marks.copy()
    kept[7] = np.nan
    fit = fits.fit_marks(kept, marks, setting())
    without = marks.copy()
    without[7, 10] = np.nan
    kept = without.copy()
    kept[7] = np.nan
    other = fits.fit_marks(kept, without, setting())
    place = marks[7, 10] - other.predicted[7, 10]
    assert np.hypot(*place) == pytest.approx(fit.errors[7, 10], abs=0.02)


def test_one_bead_determines_nothing():
    marks = phantoms.geometry(beads=1).marks
    with pytest.raises(SolutionError, match="1 beads are marked in 3 views"):
        fits.fit_marks(marks, marks, setting())


def test_most_marks_of_a_bead_decide_where_it_is():
    marks = phantoms.geometry(beads=8).marks
    solution = fits.fit_marks(marks, marks, setting()).solution
    marks[2, :8] = marks[5, :8]
    found = fits.agreed_positions(marks, solution, 2.0)
    assert np.allclose(found, solution.xyz, atol=0.1)


def test_the_only_mark_of_a_view_tells_nothing():
    marks = phantoms.geometry(beads=8).marks
    marks[1:, 3] = np.nan
    assert fits.fit_marks(marks, marks, setting()).errors[0, 3] == np.inf


def test_marks_of_a_view_that_is_dropped_are_predicted_by_nothing():
    marks = phantoms.geometry(beads=8).marks
    kept = marks.copy()
    kept[:, 3] = np.nan
    assert (fits.fit_marks(kept, marks, setting()).errors[:, 3] == np.inf).all()
