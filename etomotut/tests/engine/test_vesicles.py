"""Closed surfaces through points."""

import numpy as np

from etomotut.engine.sheets import Sheets
from etomotut.engine.star_surface import spread
from etomotut.engine.vesicles import find_vesicles


def ellipsoid(axes, centre):
    """Give points and normals of an upright ellipsoid between 50 degrees from the equator."""
    directions = spread(8000)
    points = directions * axes
    normals = directions / axes
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    seen = np.abs(normals[:, 2]) < 0.75
    return points[seen] + centre, normals[seen]


def test_an_ellipsoid_open_at_top_and_bottom_is_found_in_other_points():
    axes, centre = np.array([40.0, 34.0, 28.0]), np.array([60.0, 62.0, 50.0])
    points, normals = ellipsoid(axes, centre)
    random = np.random.default_rng(0)
    others = random.uniform(5, 95, (1500, 3))
    turned = random.normal(size=(1500, 3))
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    sheets = Sheets(
        np.concatenate([points, others]).astype(np.float32),
        np.concatenate([normals, turned]).astype(np.float32),
        np.repeat([4.0, 1.2], [len(points), len(others)]).astype(np.float32),
    )
    (surface,), free = find_vesicles(sheets, (100, 124, 120), 10.0)
    beside, _ = surface.beside(points)
    assert np.abs(beside).mean() < 0.6
    assert np.linalg.norm(surface.centre - centre) < 4
    assert not free[: len(points)].any()
