"""Following beads through a series."""

import numpy as np
import pytest

from etomotut.engine import seeding, tracking
from etomotut.engine.locating import Setting
from etomotut.errors import SolutionError
from etomotut.tests.engine import phantoms


@pytest.fixture(scope="module")
def series():
    truth = phantoms.geometry(beads=14)
    return truth, phantoms.images(truth.marks)


def setting(**about):
    usual = {"tilt_angles": phantoms.ANGLES, "axis_angle": 4.0, "radius": 4.0}
    return Setting(**{**usual, "depth_sd": 100.0, "search": 30.0, **about})


def errors(found, truth):
    """Distance (bead, view) of found marks from the nearest true one."""
    away = np.linalg.norm(found.marks[:, None] - truth.marks[None], axis=-1)
    return np.where(np.isfinite(away), away, np.inf).min(axis=1)


def test_all_beads_are_followed_and_located(series):
    truth, views = series
    found = tracking.track(views, setting())
    inside = (np.abs(truth.marks) < 118).all(axis=2).sum()
    away = errors(found, truth)[np.isfinite(found.marks[..., 0])]
    assert len(found.marks) >= 13
    assert len(away) > 0.9 * inside
    assert np.sqrt(np.mean(away**2)) < 0.15


def test_large_beads_are_linked_in_reduced_views(series):
    truth, _ = series
    views = phantoms.images(2 * truth.marks, size=512, radius=8.0)
    found = tracking.track(views, setting(radius=8.0, depth_sd=200.0, search=60.0))
    found.marks[:] /= 2
    assert np.median(errors(found, truth)) < 0.05


def test_a_seed_in_one_view_is_followed_through_all(series):
    truth, views = series
    seeds = np.full_like(truth.marks, np.nan)
    seeds[:, 10] = np.rint(truth.marks[:, 10])
    found, numbers = tracking.track_seeds(views, seeds, setting())
    assert len(numbers) >= 12
    away = np.linalg.norm(found.marks - truth.marks[numbers], axis=-1)
    assert np.nanmedian(away) < 0.1


def test_seeds_with_marks_in_many_views_need_no_linking(series):
    truth, views = series
    seeds = np.rint(truth.marks)
    seeds[:, ::3] = np.nan
    found, numbers = tracking.track_seeds(views, seeds, setting())
    assert numbers.tolist() == list(range(14))
    assert np.isfinite(found.marks[:, ::3, 0]).mean() > 0.7


def test_views_of_noise_are_refused_with_the_number_of_beads():
    noise = np.random.default_rng(0).normal(size=(21, 96, 96)).astype(np.float32)
    with pytest.raises(SolutionError, match="0 gold beads can be followed through 5 views"):
        tracking.track(noise, setting())


def test_seeds_are_taken_from_both_surfaces_and_spread(series):
    _, views = series
    found = tracking.track(views, setting())
    chosen = seeding.choose(found, 8, two_surfaces=True, field=256.0**2)
    assert len(set(chosen)) == 8
    assert (found.solution.xyz[chosen, 2] > 0).sum() in (3, 4, 5)


def test_no_more_seeds_are_chosen_than_there_are_beads(series):
    _, views = series
    found = tracking.track(views, setting())
    assert len(seeding.choose(found, 50, two_surfaces=False, field=256.0**2)) == len(found.marks)


def test_a_bead_that_is_followed_worse_has_less_quality(series):
    _, views = series
    found = tracking.track(views, setting())
    found.marks[2, ::2] = np.nan
    found.likeness[2] *= 0.7
    assert np.argmin(seeding.bead_quality(found)) == 2
