"""A solution taken back from what is written of it."""

import numpy as np
import pytest

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.leave_one_out import leave_one_out
from etomotut.engine.restored_solution import restore, view_parameters
from etomotut.engine.view_variables import EACH, LINEAR, Choice, chosen_variables
from etomotut.tests.engine import phantoms

ORIGIN = np.array([12.0, -7.0, 5.0])


def solved(choices):
    tracks = phantoms.points(phantoms.geometry().marks, noise=0.2)
    return tracks, bundle.solve(tracks, chosen_variables(phantoms.ANGLES, 4.0, choices))


def restored(tracks, solution):
    views = alignment.aligning_transforms(solution.parameters, solution.shifts, ORIGIN)
    angles = np.degrees(solution.parameters[:, bundle.TILT])
    return restore(
        tracks,
        solution.residuals,
        views,
        angles,
        variables=solution.variables,
        weights=solution.weights,
    )


def test_rotation_magnification_and_distortion_are_read_from_transforms():
    random = np.random.default_rng(1)
    parameters = random.normal(0, 0.02, (21, 5))
    parameters[:, bundle.TILT] = np.radians(phantoms.ANGLES)
    parameters[:, bundle.ROTATION] += np.radians(-95.0)
    views = alignment.aligning_transforms(parameters, np.ones((21, 2)), ORIGIN)
    assert view_parameters(views, phantoms.ANGLES) == pytest.approx(parameters, abs=1e-9)


def test_a_restored_solution_predicts_what_the_solved_one_did():
    each = Choice(EACH, 1, 10)
    tracks, solution = solved({bundle.ROTATION: each, bundle.MAGNIFICATION: each})
    found = restored(tracks, solution)
    seen = bundle.project(found.parameters, found.shifts, found.xyz, tracks.view, tracks.bead)
    assert np.allclose(tracks.xy - seen, solution.residuals, atol=1e-6)


def test_a_restored_solution_has_the_same_leave_one_out_residuals():
    tracks, solution = solved(
        {bundle.ROTATION: Choice(LINEAR, 5), bundle.TILT: Choice(EACH, 1, 10)}
    )
    found = restored(tracks, solution)
    assert np.allclose(leave_one_out(tracks, found), leave_one_out(tracks, solution), atol=1e-5)
