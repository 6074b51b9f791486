"""Bead series with a known geometry, for tests of alignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Tracks

ANGLES = np.arange(-60.0, 61.0, 6.0)


@dataclass
class Geometry:
    """True parameters and shifts of views, positions of beads, and the marks they would give."""

    parameters: np.ndarray
    shifts: np.ndarray
    xyz: np.ndarray
    marks: np.ndarray  # (bead, view, 2)


def geometry(*, beads: int = 12, axis: float = 5.0, seed: int = 0, wobble: float = 1.0) -> Geometry:
    """Beads on two surfaces of a slab 160 pixels thick, in views that deviate a little."""
    random = np.random.default_rng(seed)
    parameters = np.zeros((len(ANGLES), 5))
    parameters[:, bundle.ROTATION] = np.radians(axis + wobble * random.normal(0, 0.05, len(ANGLES)))
    parameters[:, bundle.TILT] = np.radians(ANGLES + wobble * random.normal(0, 0.2, len(ANGLES)))
    parameters[:, bundle.MAGNIFICATION] = wobble * random.normal(0, 0.0008, len(ANGLES))
    shifts = random.uniform(-4, 4, (len(ANGLES), 2))
    xyz = random.uniform(-90, 90, (beads, 3))
    xyz[:, 2] = np.where(np.arange(beads) % 2, 80.0, -80.0) + random.normal(0, 1, beads)
    view, bead = (each.ravel() for each in np.meshgrid(np.arange(len(ANGLES)), np.arange(beads)))
    places = bundle.project(parameters, shifts, xyz, view, bead)
    return Geometry(parameters, shifts, xyz, places.reshape(beads, len(ANGLES), 2))


def points(marks: np.ndarray, *, noise: float = 0.0, seed: int = 1) -> Tracks:
    """Give marks (bead, view, 2) as points, with errors of a standard deviation in pixels."""
    bead, view = np.nonzero(np.isfinite(marks[..., 0]))
    random = np.random.default_rng(seed)
    return Tracks(marks[bead, view] + random.normal(0, noise, (len(bead), 2)), view, bead)


def images(
    marks: np.ndarray, *, size: int = 256, radius: float = 4.0, noise: float = 0.15
) -> np.ndarray:
    """Give views (view, y, x) with a soft dark disc of depth 1 at each mark, in white noise."""
    random = np.random.default_rng(2)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    views = random.normal(0, noise, (marks.shape[1], size, size))
    for track in marks:
        for view, (column, row) in zip(views, track):
            view -= np.clip(radius + 0.5 - np.hypot(x - column, y - row), 0, 1)
    return views.astype(np.float32)
