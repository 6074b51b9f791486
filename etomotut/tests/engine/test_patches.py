"""Tracking patches."""

import numpy as np
import pytest

from etomotut.engine import patches
from etomotut.engine.correlation import Bandpass
from etomotut.tests.engine import phantoms


def test_patches_follow_the_bead_in_their_middle():
    truth = phantoms.geometry(wobble=0.0, beads=8)
    marks = truth.marks - truth.shifts  # as if aligned by correlation
    views = phantoms.images(marks, noise=0.1)
    tracking = patches.PatchTracking((48, 48), Bandpass(), (12.0, 12.0))
    found = patches.track_patches(views, phantoms.ANGLES, 5.0, marks[:, 10], tracking)
    near = np.abs(phantoms.ANGLES) <= 30
    error = np.hypot(*(found - marks)[:, near].transpose(2, 0, 1))
    assert np.nanmedian(error) < 0.5


def test_patches_end_where_they_leave_the_image():
    views = np.random.default_rng(0).normal(size=(21, 96, 96)).astype(np.float32)
    tracking = patches.PatchTracking((32, 32), Bandpass(), (4.0, 4.0))
    found = patches.track_patches(views, phantoms.ANGLES, 0.0, np.array([[0.0, 90.0]]), tracking)
    assert np.isnan(found[0, :10]).all()


def test_the_grid_fills_the_image_inside_its_border():
    centres = patches.grid((200, 100), (10, 5), (40, 30), (3, 2))
    assert centres[:, 0].min() == pytest.approx(-70)
    assert centres[:, 1].max() == pytest.approx(30)
    assert len(centres) == 6


def test_a_single_patch_stands_in_the_middle():
    assert patches.grid((200, 100), (0, 0), (40, 30), (1, 1)).tolist() == [[0.0, 0.0]]
