"""Refinement by reprojection: views that were moved come back, and what cannot be known stays."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import projection_matching as matching
from etomotut.engine import transforms as linear
from etomotut.engine.projection_matching import ALL, SHIFTS, Stage

TILTS = np.arange(-60.0, 61.0, 4.0)
SIZE = 128
FINEST = (Stage(1 / 10, 1.0, SHIFTS, 8), Stage(1 / 6, 1.0, ALL, 4))


def specimen(count: int = 1500) -> np.ndarray:
    """Give points (point, 3) in a slab, pixels about its centre, enough for high tilts."""
    rng = np.random.default_rng(1)
    return rng.uniform(-1, 1, (count, 3)) * (2 * SIZE, SIZE / 2 + 10, 12)


def views_of(transforms: np.ndarray, noise: float = 0.3) -> np.ndarray:
    """Draw points of the specimen into raw views, as Gaussians of 1.5 pixels."""
    rng, grid = np.random.default_rng(2), np.arange(SIZE) - (SIZE - 1) / 2
    points, views = specimen(), []
    for tilt, inverse in zip(np.radians(TILTS), linear.invert(transforms)):
        x = points[:, 0] * np.cos(tilt) + points[:, 2] * np.sin(tilt)
        raw = linear.apply(inverse, np.stack([x, points[:, 1]], axis=1))
        across, along = (np.exp(-((grid - raw[:, [i]]) ** 2) / 4.5) for i in (0, 1))
        views.append(along.T @ across + noise * rng.normal(size=(SIZE, SIZE)))
    return np.array(views, np.float32)


def aligned(degrees: float = 0.0) -> np.ndarray:
    return np.repeat(linear.rotation(degrees)[None], len(TILTS), axis=0)


def apart(found: np.ndarray, known: np.ndarray) -> float:
    """Give the rms distance of views after the best move of the whole specimen."""
    difference, tilts = (found - known)[:, :, 2], np.radians(TILTS)
    modes = np.stack([np.cos(tilts), np.sin(tilts)], axis=1)
    across = difference[:, 0] - modes @ np.linalg.lstsq(modes, difference[:, 0], rcond=None)[0]
    return float(np.sqrt(np.mean(across**2 + (difference[:, 1] - difference[:, 1].mean()) ** 2)))


@pytest.fixture(scope="module")
def views():
    return views_of(aligned())


@pytest.fixture(scope="module")
def shaken():
    wrong = aligned()
    wrong[:, :, 2] += np.random.default_rng(3).normal(0, 1.0, (len(TILTS), 2))
    return wrong


def test_shaken_views_come_back(views, shaken):
    found = matching.refine(views, shaken, TILTS, patch=48, stages=FINEST)
    assert apart(shaken, aligned()) > 1.2
    assert apart(found, aligned()) < 0.25


def test_a_turned_view_is_turned_back(views):
    wrong = aligned()
    wrong[5] = linear.rotation(0.5)
    found = matching.refine(views, wrong, TILTS, patch=48, stages=FINEST)
    turns = np.degrees(linear.natural(found)[:, 1])
    assert abs(turns[5] - np.delete(turns, 5).mean()) < 0.2


def test_an_axis_across_the_images_is_no_other_case(shaken):
    turned = linear.then(aligned(), linear.rotation(90.0))
    wrong = linear.then(turned, linear.then(linear.invert(aligned()), shaken))
    found = matching.refine(views_of(turned), wrong, TILTS, patch=48, stages=FINEST[:1])
    assert apart(found, turned) < 0.4


def test_the_whole_specimen_stays_where_it_was(views):
    wrong = aligned()
    wrong[:, 1, 2] += 3.0
    found = matching.refine(views, wrong, TILTS, patch=48, stages=FINEST[:1])
    assert abs((found - wrong)[:, 1, 2].mean()) < 0.05


def test_better_alignments_agree_better_with_their_reprojections(views, shaken):
    right = matching.agreement(views, aligned(), TILTS, patch=48)
    assert right.mean() > matching.agreement(views, shaken, TILTS, patch=48).mean() + 0.05


def test_noise_agrees_with_nothing():
    noise = np.random.default_rng(4).normal(size=(len(TILTS), SIZE, SIZE)).astype(np.float32)
    assert abs(matching.agreement(noise, aligned(), TILTS, patch=48).mean()) < 0.03


def test_depths_of_patches_are_taken_over_by_the_nearest(views):
    known = matching.columns_of(views, aligned(), 64, None)
    known.z[:] = known.x
    fine = matching.columns_of(views, aligned(), 32, known)
    assert np.abs(fine.z - fine.x).max() <= 32
