"""Star-shaped surfaces as sums of spherical harmonics."""

import numpy as np

from etomotut.engine.star_surface import Surface, fit, harmonics, spread


def testharmonics_are_orthonormal():
    rows, degrees = harmonics(spread(40000), 4)
    product = 4 * np.pi * rows.T @ rows / len(rows)
    assert np.allclose(product, np.eye(25), atol=1e-3)
    assert list(np.bincount(degrees)) == [1, 3, 5, 7, 9]


def test_the_normals_of_a_sphere_point_away_from_its_centre():
    ball = Surface(np.array([5.0, 6.0, 7.0]), np.array([30 * np.sqrt(4 * np.pi)]), 0)
    places, normals = ball.sample(500)
    assert np.allclose(places, ball.centre + 30 * normals, atol=1e-6)


def test_an_ellipsoid_is_fitted_where_its_caps_are_not_seen():
    axes, centre = np.array([40.0, 34.0, 30.0]), np.array([60.0, 62.0, 50.0])
    directions = spread(4000)
    points = centre + directions / np.linalg.norm(directions / axes, axis=1)[:, None]
    seen = np.abs(directions[:, 2]) < 0.8
    surface = fit(centre, points[seen], np.ones(seen.sum()), 6)
    assert np.abs(surface.beside(points)[0]).max() < 0.5
