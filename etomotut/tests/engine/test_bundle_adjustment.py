"""Solving views and positions together."""

import numpy as np
import pytest

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.bundle_adjustment import Variables
from etomotut.errors import SolutionError
from etomotut.tests.engine import phantoms


def one_rotation(axis=0.0):
    return alignment.one_rotation(phantoms.ANGLES, axis)


def test_exact_marks_are_explained_exactly():
    truth = phantoms.geometry(wobble=0.0)
    found = bundle.solve(phantoms.points(truth.marks), one_rotation())
    assert np.abs(found.residuals).max() < 1e-4
    assert np.degrees(found.parameters[:, bundle.ROTATION]) == pytest.approx(
        np.full(21, 5.0), abs=1e-4
    )
    centred = truth.xyz - truth.xyz.mean(axis=0)
    assert found.xyz == pytest.approx(centred, abs=1e-3)


def test_positions_and_views_predict_the_marks():
    truth = phantoms.geometry()
    tracks = phantoms.points(truth.marks)
    seen = bundle.project(truth.parameters, truth.shifts, truth.xyz, tracks.view, tracks.bead)
    assert np.allclose(seen, tracks.xy)


def test_known_views_give_the_positions():
    truth = phantoms.geometry()
    tracks = phantoms.points(truth.marks)
    xyz = bundle.triangulate(tracks, truth.parameters, truth.shifts, np.ones(len(tracks.xy)))
    assert xyz == pytest.approx(truth.xyz, abs=1e-5)


@pytest.mark.parametrize(
    "parameter", [bundle.ROTATION, bundle.TILT, bundle.MAGNIFICATION, bundle.SKEW]
)
def test_each_parameter_can_be_solved_for(parameter):
    truth = phantoms.geometry(wobble=0.0)
    deviations = np.random.default_rng(3).normal(0, 0.004, len(phantoms.ANGLES))
    deviations[10] = 0.0  # the reference, without which some would not be determined
    truth.parameters[:, parameter] += deviations
    view, bead = (each.ravel() for each in np.meshgrid(np.arange(21), np.arange(12)))
    places = bundle.project(truth.parameters, truth.shifts, truth.xyz, view, bead)
    basis = np.zeros((21, 5, 20))
    basis[np.delete(np.arange(21), 10), parameter, np.arange(20)] = 1.0
    variables = Variables(alignment.nominal(phantoms.ANGLES, 5.0), basis, np.zeros(20))
    found = bundle.solve(bundle.Tracks(places, view, bead), variables)
    assert found.parameters[:, parameter] == pytest.approx(truth.parameters[:, parameter], abs=2e-5)


def test_stretches_explain_marks_but_for_a_shear_of_the_specimen():
    truth = phantoms.geometry(wobble=0.0)
    truth.parameters[:, bundle.STRETCH] = 0.004 * np.sin(np.arange(21))
    view, bead = (each.ravel() for each in np.meshgrid(np.arange(21), np.arange(12)))
    places = bundle.project(truth.parameters, truth.shifts, truth.xyz, view, bead)
    basis = np.zeros((21, 5, 21))
    basis[np.arange(21), bundle.STRETCH, np.arange(21)] = 1.0
    variables = Variables(alignment.nominal(phantoms.ANGLES, 5.0), basis, np.full(21, 1e-6))
    found = bundle.solve(bundle.Tracks(places, view, bead), variables)
    assert np.abs(found.residuals).max() < 1e-3


def test_a_mark_of_weight_zero_changes_nothing():
    tracks = phantoms.points(phantoms.geometry(wobble=0.0).marks)
    tracks.xy[7] += 50
    weights = np.ones(len(tracks.xy))
    weights[7] = 0
    found = bundle.solve(tracks, one_rotation(), weights=weights)
    assert np.abs(np.delete(found.residuals, 7, axis=0)).max() < 1e-4


def test_the_uncertainty_is_that_of_repeated_measurements():
    truth = phantoms.geometry(wobble=0.0)
    runs = [
        bundle.solve(
            phantoms.points(truth.marks, noise=0.3, seed=seed), one_rotation(), uncertain=True
        )
        for seed in range(40)
    ]
    spread = np.std([run.values[0] for run in runs])
    assert np.sqrt(runs[0].covariance[0, 0]) * 0.3 == pytest.approx(spread, rel=0.35)


def test_too_few_marks_are_refused_with_the_counts():
    tracks = phantoms.points(phantoms.geometry(beads=1).marks)
    with pytest.raises(
        SolutionError, match="42 measured coordinates of 1 beads cannot determine 43"
    ):
        bundle.solve(tracks, one_rotation())
