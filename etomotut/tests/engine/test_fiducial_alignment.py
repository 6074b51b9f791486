"""Robust fits, learned priors, and transforms to the aligned frame."""

import numpy as np
import pytest

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine import transforms
from etomotut.tests.engine import phantoms

NOISE = 0.2


def solved(**about):
    truth = phantoms.geometry(**about)
    tracks = phantoms.points(truth.marks, noise=NOISE)
    return truth, alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)


def error(truth, solution):
    """How far the true marks are from any one 3D place under a solution, rms pixels."""
    tracks = phantoms.points(truth.marks)
    weights = np.ones(len(tracks.xy))
    xyz = bundle.triangulate(tracks, solution.parameters, solution.shifts, weights)
    seen = bundle.project(solution.parameters, solution.shifts, xyz, tracks.view, tracks.bead)
    return np.sqrt(((seen - tracks.xy) ** 2).sum(axis=1).mean())


def test_views_that_deviate_are_solved_better_than_by_one_rotation():
    truth, found = solved()
    tracks = phantoms.points(truth.marks, noise=NOISE)
    plain = bundle.solve(tracks, alignment.one_rotation(phantoms.ANGLES, 4.0))
    assert error(truth, found) < 0.6 * error(truth, plain)


def test_views_that_do_not_deviate_are_left_where_they_are():
    _, found = solved(wobble=0.0)
    deviations = np.degrees(found.parameters[:, bundle.TILT]) - phantoms.ANGLES
    assert np.abs(deviations).max() < 0.05


def test_few_beads_are_solved_as_well_as_their_noise_allows():
    truth, found = solved(beads=4)
    assert error(truth, found) < 1.2 * NOISE


def test_wild_marks_do_not_pull_the_solution():
    truth = phantoms.geometry()
    tracks = phantoms.points(truth.marks, noise=NOISE)
    wild = np.random.default_rng(5).random(len(tracks.xy)) < 0.08
    tracks.xy[wild] += np.random.default_rng(6).normal(0, 8, (wild.sum(), 2))
    found = alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)
    assert error(truth, found) < 0.25
    assert found.weights[wild].mean() < 0.1


def test_a_view_without_marks_keeps_its_nominal_angle_and_the_trend():
    truth = phantoms.geometry(wobble=0.0)
    drift = phantoms.ANGLES / 60
    truth.marks[:, 3] = np.nan
    tracks = phantoms.points(truth.marks)
    found = alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)
    assert np.degrees(found.parameters[3, bundle.TILT]) == pytest.approx(-42.0, abs=0.01)
    found = alignment.solve_every_view(tracks, phantoms.ANGLES + drift, 4.0)
    solved = np.degrees(found.parameters[[3, 10, 17], bundle.TILT])
    np.testing.assert_allclose(solved, phantoms.ANGLES[[3, 10, 17]], atol=0.1)


def test_whole_tracks_are_weighed_alike():
    truth = phantoms.geometry(wobble=0.0)
    truth.marks[3] += np.random.default_rng(7).normal(0, 5, truth.marks[3].shape)
    variables = alignment.one_rotation(phantoms.ANGLES, 4.0)
    tracks = phantoms.points(truth.marks, noise=NOISE)
    found = alignment.solve_robustly(tracks, variables, whole_tracks=True)
    assert np.ptp(found.weights[tracks.bead == 3]) < 0.3
    assert found.weights[tracks.bead == 3].mean() < 0.1 < found.weights[tracks.bead == 4].mean()


def test_transforms_bring_beads_to_where_a_tilt_axis_along_y_would_show_them():
    _, found = solved()
    origin = np.array([10.0, -5.0, 3.0])
    forward = alignment.aligning_transforms(found.parameters, found.shifts, origin)
    tilt = found.parameters[:, bundle.TILT]
    for view in (0, 10, 20):
        seen = bundle.matrices(found.parameters)[view] @ found.xyz.T + found.shifts[view][:, None]
        x, y = transforms.apply(forward[view], seen.T).T
        moved = found.xyz + origin
        expected = moved[:, 0] * np.cos(tilt[view]) + moved[:, 2] * np.sin(tilt[view])
        assert x == pytest.approx(expected, abs=1e-6)
        assert y == pytest.approx(moved[:, 1], abs=1e-6)


def test_a_series_that_turns_about_its_centre_keeps_its_origin():
    truth = phantoms.geometry(wobble=0.0)
    used = np.ones(len(phantoms.ANGLES), bool)
    centroid = truth.xyz.mean(axis=0)
    still = bundle.matrices(truth.parameters) @ centroid  # as shifts: the frame does not move
    assert alignment.original_origin(truth.parameters, still, used) == pytest.approx(centroid)
