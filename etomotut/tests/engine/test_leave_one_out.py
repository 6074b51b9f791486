"""Leave-one-out residuals, against solving again without each mark."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.bundle_adjustment import Tracks
from etomotut.engine.leave_one_out import leave_one_out
from etomotut.engine.view_variables import EACH, LINEAR, Choice, chosen_variables
from etomotut.tests.engine import phantoms

NOISE = 0.3
GROUPS = {
    bundle.ROTATION: Choice(LINEAR, 5),
    bundle.TILT: Choice(LINEAR, 5, 10),
    bundle.MAGNIFICATION: Choice(EACH, 1, 10),
    bundle.SKEW: Choice(LINEAR, 11, 10),
}


def marked(*, beads=6, missing=0.2):
    """Tracks of a few beads with gaps, so that marks have large leverage."""
    truth = phantoms.geometry(beads=beads)
    truth.marks[np.random.default_rng(4).random(truth.marks.shape[:2]) < missing] = np.nan
    return phantoms.points(truth.marks, noise=NOISE)


def solved_without(tracks, solution, mark):
    """Residual (2,) of a mark that took no part, everything else being equal."""
    weights = solution.weights.copy()
    weights[mark] = 0.0
    start = replace(solution, weights=weights)
    again = bundle.solve(tracks, solution.variables, weights=weights, start=start)
    return again.residuals[mark]


def assert_as_by_brute_force(tracks, solution, atol):
    predicted = leave_one_out(tracks, solution)
    chosen = np.random.default_rng(0).choice(len(tracks.xy), 25, replace=False)
    expected = np.array([solved_without(tracks, solution, mark) for mark in chosen])
    np.testing.assert_allclose(predicted[chosen], expected, atol=atol)
    moved = np.hypot(*(expected - solution.residuals[chosen]).T)
    assert np.median(moved[solution.weights[chosen] > 0]) > 5 * atol


def test_groups_of_views_as_by_solving_without_each_mark():
    tracks = marked()
    variables = chosen_variables(phantoms.ANGLES, 4.0, GROUPS)
    assert_as_by_brute_force(tracks, bundle.solve(tracks, variables), atol=0.005)


def test_priors_and_robust_weights_as_by_solving_without_each_mark():
    tracks = marked(beads=5)
    tracks.xy[::17] += 6.0
    solution = alignment.solve_every_view(tracks, phantoms.ANGLES, 4.0)
    assert (solution.weights == 0).any()
    assert_as_by_brute_force(tracks, solution, atol=0.005)


def test_a_mark_of_weight_zero_was_left_out_already():
    tracks = marked()
    weights = np.ones(len(tracks.xy))
    weights[7] = 0.0
    solution = bundle.solve(tracks, alignment.one_rotation(phantoms.ANGLES, 4.0), weights=weights)
    assert leave_one_out(tracks, solution)[7] == pytest.approx(solution.residuals[7])


def test_marks_that_alone_tell_a_place_or_a_shift_have_no_residual_without_them():
    tracks = marked(missing=0.0)
    only_in_view_3 = (tracks.view != 3) | (tracks.bead == 0)
    two_of_bead_5 = (tracks.bead != 5) | (tracks.view == 0) | (tracks.view == 20)
    kept = only_in_view_3 & two_of_bead_5
    tracks = Tracks(tracks.xy[kept], tracks.view[kept], tracks.bead[kept])
    solution = bundle.solve(tracks, alignment.one_rotation(phantoms.ANGLES, 4.0))
    alone = (tracks.view == 3) | (tracks.bead == 5)
    assert np.array_equal(np.isnan(leave_one_out(tracks, solution)).all(axis=1), alone)


def test_residuals_and_those_left_out_give_the_noise_together():
    truth = phantoms.geometry(beads=4, wobble=0.0)
    tracks = phantoms.points(truth.marks, noise=NOISE)
    solution = bundle.solve(tracks, alignment.one_rotation(phantoms.ANGLES, 4.0))
    product = (solution.residuals * leave_one_out(tracks, solution)).sum(axis=1)
    assert product.mean() == pytest.approx(2 * NOISE**2, rel=0.2)  # r (I - H)^-1 r
    assert (solution.residuals**2).sum(axis=1).mean() < 1.6 * NOISE**2
