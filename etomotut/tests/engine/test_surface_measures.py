"""Curvature, thickness and distances where they are known."""

import numpy as np
import pytest

from etomotut.engine import surface_measures
from etomotut.engine.mesh import Mesh
from etomotut.tests.engine.test_mesh import ball


def grown(radius):
    """Give the surface of a ball of a radius in Å about (800, 800, 800)."""
    mesh = ball(10.0)
    return Mesh((mesh.vertices - 15.5) * radius / 10 + 800, mesh.faces)


@pytest.mark.parametrize("radius", [200.0, 500.0])
@pytest.mark.parametrize("sigma", [60.0, 150.0])
def test_a_ball_has_the_curvature_of_its_radius_at_any_scale(radius, sigma):
    mean, gaussian = surface_measures.curvatures(grown(radius), sigma)
    assert np.median(mean) == pytest.approx(1 / radius, rel=0.03)
    assert np.median(gaussian) == pytest.approx(radius**-2, rel=0.06)


def test_a_saddle_has_negative_gaussian_curvature():
    x, y = (each.ravel() for each in np.meshgrid(*[np.arange(-200, 201, 20.0)] * 2))
    n = 21
    corner = np.arange(n * (n - 1)).reshape(n - 1, n)[:, :-1].ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + n + 1], 1),
         np.stack([corner, corner + n + 1, corner + n], 1)]
    )  # fmt: skip
    mesh = Mesh(np.stack([x, y, (x**2 - y**2) / 2000], 1), faces)
    mean, gaussian = surface_measures.curvatures(mesh, 60.0)
    middle = len(x) // 2
    assert gaussian[middle] == pytest.approx(-1e-6, rel=0.1)
    assert abs(mean[middle]) < 3e-5


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("pixel", [5.0, 8.0])
def test_leaflets_are_as_far_apart_as_they_are(sign, pixel):
    n = int(1600 / pixel)
    z, y, x = np.ogrid[:n, :n, :n]
    away = np.sqrt((x * pixel - 800) ** 2 + (y * pixel - 800) ** 2 + (z * pixel - 800) ** 2) - 400
    volume = sum(np.exp(-(((away + s) / 7) ** 2) / 2) for s in (-20, 20)).astype(np.float32)
    profile = surface_measures.profile_across(grown(400.0), sign * volume, pixel)
    assert surface_measures.leaflet_distance(profile) == pytest.approx(40, abs=4)


def test_one_peak_has_no_thickness():
    distances = np.arange(-120.0, 121.0, 2.0)
    profile = surface_measures.Profile(distances, np.exp(-((distances / 20) ** 2)))
    assert np.isnan(surface_measures.leaflet_distance(profile))


def test_the_nearest_point_is_found():
    distance, number = surface_measures.nearest(
        grown(400.0), np.array([[0.0, 800, 800], [1300, 800, 800]])
    )
    assert number == 1
    assert distance == pytest.approx(100, abs=12)
