"""Closed surfaces through points."""

import numpy as np

from etomotut.engine.sheets import Sheets
from etomotut.engine.star_surface import GROUND, Surface, spread
from etomotut.engine.vesicles import find_vesicles, unite


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


def ball(x, radius):
    return Surface(np.array([x, 0.0, 0.0]), np.array([radius * GROUND]), 0)


def test_two_surfaces_on_parts_of_one_vesicle_become_its_outline():
    (outline,) = unite([ball(-4.0, 30.0), ball(4.0, 30.0)])
    ends, sides = np.eye(3)[:1], np.eye(3)[1:]
    assert np.allclose(outline.centre, 0)
    assert np.abs(outline.radius(ends) - 34) < 0.5
    assert np.abs(outline.radius(sides) - np.sqrt(30**2 - 4**2)).max() < 1


def test_vesicles_within_or_beside_each_other_stay_apart():
    assert len(unite([ball(0.0, 30.0), ball(0.0, 27.0), ball(40.0, 30.0)])) == 3
