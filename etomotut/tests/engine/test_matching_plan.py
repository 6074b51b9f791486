"""Thick specimens are told from thin ones, and their layers are followed."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import projection_matching as matching
from etomotut.engine.matching_plan import THICK, Plan, plan_of
from etomotut.engine.transforms import apply, invert
from etomotut.tests.engine.test_projection_matching import SIZE, TILTS, aligned, views_of

PATCH = 30
HALF = 70  # pixels, of the thick specimen


@pytest.fixture(scope="module")
def thick():
    """Give views of bodies through a thick slab, as Gaussians of 5 pixels."""
    rng, grid = np.random.default_rng(1), np.arange(SIZE) - (SIZE - 1) / 2
    points = rng.uniform(-1, 1, (400, 3)) * (3 * SIZE, SIZE / 2 + 10, HALF)
    views = []
    for tilt, inverse in zip(np.radians(TILTS), invert(aligned())):
        x = points[:, 0] * np.cos(tilt) + points[:, 2] * np.sin(tilt)
        raw = apply(inverse, np.stack([x, points[:, 1]], axis=1))
        across, along = (np.exp(-((grid - raw[:, [i]]) ** 2) / 50) for i in (0, 1))
        views.append(along.T @ across + 0.3 * rng.normal(size=(SIZE, SIZE)))
    return np.array(views, np.float32)


def test_a_thick_specimen_has_layers_from_its_top_to_its_bottom(thick):
    plan = plan_of(thick, aligned(), TILTS, patch=PATCH)
    assert plan.stages == THICK
    assert len(plan.layers) >= 4
    assert min(plan.layers) < 0 < max(plan.layers)
    assert np.abs(plan.layers).max() < HALF + 2 * PATCH


def test_a_thin_specimen_is_one_layer():
    assert plan_of(views_of(aligned()), aligned(), TILTS, patch=48) == Plan()


def test_noise_is_not_taken_for_a_thick_specimen():
    noise = np.random.default_rng(4).normal(size=(len(TILTS), SIZE, SIZE)).astype(np.float32)
    assert plan_of(noise, aligned(), TILTS, patch=PATCH) == Plan()


def test_patches_of_a_layer_take_over_depths_of_the_same_layer(thick):
    known = matching.columns_of(thick, aligned(), 64, None, (-50.0, 50.0))
    known.z[:] = known.layer + 3
    fine = matching.columns_of(thick, aligned(), 32, known, (-50.0, 50.0))
    assert np.array_equal(fine.z, fine.layer + 3)
