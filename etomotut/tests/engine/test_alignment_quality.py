"""Errors of an alignment that has a known truth."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.alignment_quality import mean_by, measure
from etomotut.engine.bundle_adjustment import Tracks
from etomotut.engine.view_variables import EACH, FIXED, ONE, Choice, chosen_variables
from etomotut.tests.engine import phantoms

SIZE = (400, 400)


def distance(truth, solution):
    """How far a solution leaves the true marks from any one place, rms pixels."""
    exact = phantoms.points(truth.marks)
    xyz = bundle.triangulate(exact, solution.parameters, solution.shifts, np.ones(len(exact.xy)))
    seen = bundle.project(solution.parameters, solution.shifts, xyz, exact.view, exact.bead)
    return np.sqrt(((seen - exact.xy) ** 2).sum(axis=1).mean())


@pytest.mark.parametrize("beads", [4, 8, 16])
def test_the_expected_error_is_the_distance_from_the_truth_that_noise_leaves(beads):
    truth = phantoms.geometry(beads=beads, wobble=0.0)
    each = Choice(EACH, 1, 10)
    choices = {bundle.ROTATION: Choice(EACH), bundle.TILT: each, bundle.MAGNIFICATION: each}
    variables = chosen_variables(phantoms.ANGLES, 4.0, choices)
    expected, real = [], []
    for seed in range(4):
        tracks = phantoms.points(truth.marks, noise=0.4, seed=seed)
        solution = bundle.solve(tracks, variables)
        expected.append(measure(tracks, solution, SIZE).expected)
        real.append(distance(truth, solution))
    assert np.mean(expected) == pytest.approx(np.mean(real), rel=0.2)


def test_an_axis_held_at_a_wrong_angle_is_seen_where_robust_weights_hide_it():
    truth = phantoms.geometry(wobble=0.0)
    tracks = phantoms.points(truth.marks, noise=0.1)
    fixed = chosen_variables(phantoms.ANGLES, 8.0, {bundle.ROTATION: Choice(FIXED)})
    solution = alignment.solve_robustly(tracks, fixed)
    refined = alignment.solve_every_view(tracks, phantoms.ANGLES, 8.0)
    found = measure(tracks, solution, SIZE, refined)
    assert found.expected == pytest.approx(distance(truth, solution), rel=0.15)


def test_views_that_are_not_refined_err_by_their_distance_from_refined_ones():
    truth = phantoms.geometry(wobble=4.0)
    tracks = phantoms.points(truth.marks, noise=0.05)
    variables = chosen_variables(phantoms.ANGLES, 5.0, {bundle.ROTATION: Choice(ONE)})
    solution = bundle.solve(tracks, variables)
    refined = alignment.solve_every_view(tracks, phantoms.ANGLES, 5.0)
    found = measure(tracks, solution, SIZE, refined)
    assert found.expected == pytest.approx(distance(truth, solution), rel=0.15)


def test_a_view_that_was_taken_for_another_lies_elsewhere():
    tracks = phantoms.points(phantoms.geometry().marks, noise=0.1)
    tracks.xy[tracks.view == 4] = tracks.xy[tracks.view == 14][::-1]
    solution = alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)
    assert np.flatnonzero(measure(tracks, solution, SIZE).is_misplaced).tolist() == [4]


def test_scattered_wrong_marks_move_no_view():
    tracks = phantoms.points(phantoms.geometry().marks, noise=0.1)
    tracks.xy[::8] += 12.0
    solution = alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)
    found = measure(tracks, solution, SIZE)
    assert not found.is_misplaced.any()
    assert found.expected < 0.2


def test_a_view_in_which_enough_marks_agree_is_where_they_say():
    tracks = phantoms.points(phantoms.geometry().marks, noise=0.1)
    wrong = (tracks.view == 6) & (tracks.bead < 7)  # of 12
    tracks.xy[wrong] += np.random.default_rng(3).normal(0, 12, (7, 2))
    solution = alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)
    found = measure(tracks, solution, SIZE)
    assert np.median(found.without[tracks.view == 6]) > 3.0
    assert not found.is_misplaced.any()


def test_a_view_with_one_mark_is_thin():
    tracks = phantoms.points(phantoms.geometry().marks, noise=0.1)
    kept = (tracks.view != 3) | (tracks.bead == 2)
    tracks = Tracks(tracks.xy[kept], tracks.view[kept], tracks.bead[kept])
    solution = bundle.solve(tracks, alignment.one_rotation(phantoms.ANGLES, 4.0))
    found = measure(tracks, solution, SIZE)
    assert np.flatnonzero(found.is_thin).tolist() == [3]
    assert np.flatnonzero(np.isnan(found.without)).tolist() == [np.flatnonzero(tracks.view == 3)[0]]


def test_marks_that_tell_nothing_of_each_other_expect_nothing():
    tracks = phantoms.points(phantoms.geometry(beads=2).marks, noise=0.1)
    kept = np.abs(tracks.view - 10) < 2
    tracks = Tracks(tracks.xy[kept], tracks.view[kept], tracks.bead[kept])
    start = bundle.solve(
        phantoms.points(phantoms.geometry(beads=2).marks),
        alignment.one_rotation(phantoms.ANGLES, 4.0),
    )
    weights, residuals = np.ones(len(tracks.xy)), np.zeros((len(tracks.xy), 2))
    each = chosen_variables(phantoms.ANGLES, 4.0, {bundle.ROTATION: Choice(EACH)})
    solution = replace(start, weights=weights, residuals=residuals, variables=each)
    assert np.isnan(measure(tracks, solution, SIZE).expected)


def test_means_are_of_what_is_known():
    values, numbers = np.array([1.0, 3.0, np.nan, 5.0]), np.array([0, 0, 0, 2])
    weights = np.array([3.0, 1.0, 1.0, 2.0])
    assert np.allclose(mean_by(values, numbers, 3), [2.0, np.nan, 5.0], equal_nan=True)
    assert np.allclose(mean_by(values, numbers, 3, weights), [1.5, np.nan, 5.0], equal_nan=True)
