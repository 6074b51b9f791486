"""The loops of the search for sheets, against the plain way to compute the same."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from etomotut.engine import sheets
from etomotut.engine.kernels import sheets as kernels


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def directions(rng, count):
    found = rng.normal(size=(count, 3))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_normals_are_the_first_eigenvectors_of_tensors(rng):
    roots = np.array([1.0, 0.7, 0.1]) * rng.uniform(0.5, 2, (300, 1))
    turns = np.linalg.qr(rng.normal(size=(300, 3, 3)))[0]
    matrices = np.einsum("nik,nk,njk->nij", turns, roots, turns)
    rows = [matrices[:, a, b] for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
    normals, coherence = np.empty((3, 300), np.float32), np.empty(300, np.float32)
    kernels.find_normals(np.array(rows, np.float32), normals, coherence)
    assert np.allclose(np.abs((normals.T * turns[:, :, 0]).sum(axis=1)), 1, atol=1e-5)
    assert np.allclose(coherence, 0.3 / 1.8, atol=1e-4)


def test_a_response_is_the_best_mean_less_doubt_of_the_profiles_on_all_lines(rng):
    volume = rng.normal(size=(30, 31, 32)).astype(np.float32)
    points = rng.uniform(0, 31, (200, 3)).astype(np.float32)
    normals, disc = directions(rng, 200), sheets._disc(11.0, 60.0, 16.0)
    found = sheets.respond(volume, 11.0, points, normals)
    for point, normal, response in zip(points, normals, found):
        first = np.cross([0, 0, 1], normal) / np.hypot(*normal[:2])
        across = disc @ np.array([first, np.cross(normal, first)])
        steps = np.arange(-6, 7)[:, None, None] * normal
        places = np.clip(point + across + steps, 0, np.array([31, 30, 29]) - 0.001)
        densities = map_coordinates(volume, np.moveaxis(places, 2, 0)[::-1], order=1)
        lines = sheets.profiles() @ densities
        expected = (lines.mean(axis=1) - sheets.DOUBT * lines.std(axis=1)).max()
        assert response == pytest.approx(expected, abs=1e-3)


def test_support_comes_from_all_points_on_one_smooth_sheet(rng):
    points = rng.integers(0, [60, 50, 40], (3000, 3)).astype(np.int32)
    normals = directions(rng, 3000)
    strengths = rng.uniform(0, 3, 3000).astype(np.float32)
    found = sheets._support(points, normals, strengths, 11.0)
    reach, bend = sheets.SUPPORT / 11, 11 / sheets.TIGHTEST
    for number in range(0, 3000, 50):
        apart = points - points[number]
        away = (apart**2).sum(axis=1)
        off = np.maximum(np.abs(apart @ normals[number]), np.abs((apart * normals).sum(axis=1)))
        on = (away <= reach**2) & (off <= 1 + bend * away / 2)
        on &= np.abs(normals @ normals[number]) >= 0.8
        assert found[number] == pytest.approx(strengths[on].sum() / np.pi / reach**2, rel=1e-4)
