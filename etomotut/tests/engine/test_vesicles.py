"""Closed surfaces through points."""

import numpy as np

from etomotut.engine.sheets import Sheets
from etomotut.engine.vesicles import Surface, _harmonics, find_vesicles, spread


def ellipsoid(axes, centre):
    """Give points and normals of an upright ellipsoid between 50 degrees from the equator."""
    directions = spread(8000)
    points = directions * axes
    normals = directions / axes
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    seen = np.abs(normals[:, 2]) < 0.75
    return points[seen] + centre, normals[seen]


def test_harmonics_are_orthonormal():
    rows, degrees = _harmonics(spread(40000), 4)
    product = 4 * np.pi * rows.T @ rows / len(rows)
    assert np.allclose(product, np.eye(25), atol=1e-3)
    assert list(np.bincount(degrees)) == [1, 3, 5, 7, 9]


def test_the_normals_of_a_sphere_point_away_from_its_centre():
    ball = Surface(np.array([5.0, 6.0, 7.0]), np.array([30 * np.sqrt(4 * np.pi)]), 0)
    places, normals = ball.sample(500)
    assert np.allclose(places, ball.centre + 30 * normals, atol=1e-6)


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
