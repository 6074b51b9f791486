"""Projections from formulas."""

import numpy as np
import pytest

from etomotut.demo import kernels, projection
from etomotut.demo.bodies import Body, Film, Specimen, vesicle_profile
from etomotut.demo.projection import TABLE_STEP, Frame

PIXEL = 5.0
CENTRE = 40.0  # of the canvas below


def frame(angle=0.0, turn=0.0):
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return Frame(angle, np.array([[c, -s, CENTRE], [s, c, CENTRE]]), (81, 81), PIXEL)


def specimen(**parts):
    empty = {"beads": np.zeros((0, 3)), "bead_radii": np.zeros(0), "blobs": None}
    return Specimen(np.eye(3), np.zeros(3), **{**empty, **parts})


def ball(radius, axes=(1.0, 1.0, 1.0)):
    profile = np.array([[0.0, 1.0], [radius, 1.0]])
    return Body(np.zeros(3), np.diag(axes) ** 2, radius, profile)


def lay(body, at):
    image = np.zeros(at.shape, np.float32)
    inverse, scale = projection.ellipse(body, at)
    table = projection.radial_projection(body.profile, PIXEL)
    kernels.add_table(image, CENTRE, CENTRE, inverse, scale, table, TABLE_STEP)
    return image


def test_a_ball_projects_to_its_chords():
    table = projection.bead_thickness(100.0, PIXEL)
    away = TABLE_STEP * PIXEL * np.arange(len(table))
    deep = away < 85  # nearer to the edge the blur shows
    assert np.allclose(table[deep], 2 * np.sqrt(100.0**2 - away[deep] ** 2), rtol=0.01)
    assert table[-1] == 0


def test_an_ellipsoid_is_as_deep_as_its_axis_along_the_beam():
    image = lay(ball(60, axes=(1, 1, 2)), frame())
    assert image[40, 40] == pytest.approx(240, rel=0.02)


@pytest.mark.parametrize("angle", [0, 30, 60])
@pytest.mark.parametrize("turn", [0, 40, -95])
def test_an_ellipsoid_keeps_its_volume_and_moments_at_every_tilt(angle, turn):
    """The covariance of a uniform ellipsoid is its shape times radius² / 5."""
    body, at = ball(60, axes=(1.4, 0.8, 1.1)), frame(angle, turn)
    image = lay(body, at)
    y, x = (np.indices(image.shape) - CENTRE) * PIXEL
    assert image.sum() * PIXEL**2 == pytest.approx(
        4 / 3 * np.pi * 60**3 * 1.4 * 0.8 * 1.1, rel=0.01
    )
    covariance = [[(p * q * image).sum() / image.sum() for q in (x, y)] for p in (x, y)]
    flat = at.to_canvas[:, :2] @ at.axes()[:2]
    assert np.allclose(covariance, flat @ body.shape @ flat.T * 60**2 / 5, atol=30)


def test_an_ellipsoid_turns_with_the_view():
    across, along = lay(ball(60, axes=(2, 1, 1)), frame()), lay(ball(60, axes=(1, 2, 1)), frame())
    turned = lay(ball(60, axes=(2, 1, 1)), frame(turn=90))
    assert np.allclose(turned, along, atol=1e-3)
    assert across[40, 60] > 0 == across[60, 40]


def test_a_membrane_shows_two_dark_lines_4_nm_apart():
    profile = vesicle_profile(300.0, 0.0)
    table = projection.radial_projection(profile, 1.0)
    away = TABLE_STEP * np.arange(len(table))
    peaks = away[1:-1][(table[1:-1] > table[:-2]) & (table[1:-1] > table[2:])]
    assert np.diff(peaks[-2:]) == pytest.approx(40, abs=6)


def test_a_blob_keeps_its_integral_and_place():
    image = np.zeros((40, 50), np.float32)
    one = (np.array([value]) for value in (21.3, 17.8, 2.0, 5.0))
    kernels.add_blobs(image, *one)
    y, x = np.indices(image.shape)
    assert image.sum() == pytest.approx(5, rel=0.01)
    assert (x * image).sum() / image.sum() == pytest.approx(21.3, abs=0.01)
    assert (y * image).sum() / image.sum() == pytest.approx(17.8, abs=0.01)


def test_a_blob_beyond_the_edge_is_cut():
    image = np.zeros((20, 20), np.float32)
    kernels.add_blobs(image, *(np.array([value]) for value in (-1.0, 25.0, 2.0, 5.0)))
    assert np.isfinite(image).all()
    assert image[0, 0] == 0


@pytest.mark.parametrize("angle", [0, 60])
def test_a_film_is_crossed_outside_its_hole_only_and_aslant(angle):
    film = Film((-500.0, 0.0), 500.0, z=0.0, thickness=100.0)
    crossing = projection.film_crossing(film, specimen(), frame(angle))
    slant = 1 / np.cos(np.radians(angle))
    assert crossing.path[40, 30] == 0
    assert crossing.path[40, 75] == pytest.approx(100 * slant, rel=1e-4)
    assert crossing.path[40].sum() * PIXEL == pytest.approx(100 * slant * 202.5, rel=0.03)


def test_a_film_rises_to_the_left_at_positive_tilt():
    crossing = projection.film_crossing(Film((0, 0), 1.0, z=0.0), specimen(), frame(60))
    away = PIXEL * (np.array([20, 60]) - CENTRE)
    assert np.allclose(crossing.height[40, [20, 60]], -away * np.tan(np.radians(60)), rtol=1e-4)


def test_ice_is_twice_as_long_at_60_degrees():
    path = projection.ice_path(specimen(), 1800.0, frame(60))
    assert np.allclose(path, 3600, rtol=1e-5)


def test_the_tilt_of_a_slab_adds_to_that_of_the_stage():
    turned = specimen()
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    turned.pose = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    paths = [projection.ice_path(turned, 1000.0, frame(angle)).mean() for angle in (-20, 0, 20)]
    assert np.allclose(paths, 1000 / np.cos(np.radians([0, 20, 40])), rtol=1e-5)


def test_a_canvas_shows_as_many_columns_as_it_has():
    wide = Frame(0.0, np.eye(2, 3), (50, 100), PIXEL)
    places = np.array([[90.0, 20.0], [20.0, 90.0], [-3.0, 20.0], [-5.0, 20.0]])
    assert wide.shows(places, 4.0).tolist() == [True, False, True, False]
