"""Expected views: where things stand, how dark they are."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import PRESETS
from etomotut.demo.geometry import track
from etomotut.demo.image import ICE_LENGTH
from etomotut.demo.series import prepare

TINY = PRESETS["tiny"][0]
EMPTY = replace(
    TINY, vesicles=0, grain=0.0, thickness_variation=0.0, beads=0, beads_beyond=0, pairs=0
)


@pytest.fixture(scope="module")
def bead_world():
    """Give a series with one bead in its field and nothing else."""
    return prepare(replace(EMPTY, beads=1, seed=3, size=(160, 240)))


@pytest.mark.parametrize("view", [0, 5, 10, 15, 20])
def test_a_bead_is_dark_where_the_truth_says(bead_world, view):
    views, specimen, projector, _, _ = bead_world
    image = projector.view(view)
    x, y = track(specimen.beads / 11.04, views)[view, 0] + (79.5, 119.5)
    dark = np.clip(0.8 * np.median(image) - image, 0, None)
    rows, columns = np.indices(image.shape)
    assert (columns * dark).sum() / dark.sum() == pytest.approx(x, abs=0.05)
    assert (rows * dark).sum() / dark.sum() == pytest.approx(y, abs=0.05)


def test_a_bead_has_a_bright_fringe(bead_world):
    image = bead_world[2].view(10)
    assert image.min() < 0.25 * np.median(image)
    assert image.max() > 1.05 * np.median(image)


def test_electrons_decrease_with_the_way_through_the_ice():
    views, _, projector, _, _ = prepare(EMPTY)
    slant = 1 / np.cos(np.radians(views.true_angles))
    expected = 3.0 * 11.04**2 * np.exp(-EMPTY.thickness * slant / ICE_LENGTH)
    for view in (0, 10):
        assert projector.view(view).mean() == pytest.approx(expected[view], rel=0.01)


def test_the_carbon_side_is_darker():
    world = prepare(replace(EMPTY, carbon=True, seed=4))
    image = world[2].view(10)
    assert np.percentile(image, 2) < 0.8 * np.percentile(image, 98)


def test_grain_is_consistent_between_views():
    """What a view shows moves to the next as the geometry says: here, hardly at all."""
    still = {"angle_jitter": 0.0, "shift_range": 1e-6, "angles": (-0.02, 0.02, 0.02)}
    still.update(rotation_spread=0.0, magnification_spread=0.0)
    world = prepare(replace(EMPTY, grain=1.0, damage=False, **still))
    first, last = (world[2].view(view) for view in (0, 2))
    assert np.corrcoef(first.ravel(), last.ravel())[0, 1] > 0.98


def test_touching_beads_do_not_light_up_where_they_overlap():
    world = prepare(replace(EMPTY, beads=2, pairs=1, seed=5))
    image = world[2].view(0)
    assert image.min() >= 0
    assert image.max() < 1.4 * np.median(image)
