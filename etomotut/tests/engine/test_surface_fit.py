"""Surfaces from masks of vesicles: radius within 2%, area within 5%, curvature within 10%."""

import numpy as np
import pytest

from etomotut.engine.surface_fit import fit_membrane, orient
from etomotut.engine.surface_measures import curvatures
from etomotut.errors import SolutionError
from etomotut.tests.engine.vesicles import surface_of, voxels_of

CASES = [((350, 350, 350), 11.0), ((260, 260, 260), 8.0), ((520, 450, 360), 11.0)]
FINE = [((350, 350, 350), 5.5), ((600, 520, 380), 5.5)]
LARGE = [((700, 700, 700), 5.5)]


@pytest.mark.parametrize(
    ("axes", "pixel"),
    [
        *CASES,
        *(pytest.param(*each, marks=pytest.mark.slow) for each in FINE),
        *(pytest.param(*each, marks=pytest.mark.long) for each in LARGE),
    ],
)
def test_the_figures_of_an_open_vesicle_are_met(axes, pixel):
    membrane = fit_membrane(voxels_of(axes, pixel) + 5000.0, pixel_size=pixel)
    seen, whole, curvature = surface_of(axes)
    reached = np.linalg.norm((membrane.seen.vertices - 5000.0) / axes, axis=1)
    assert reached.mean() == pytest.approx(1, abs=0.01)
    assert reached.std() < 0.015
    assert membrane.seen.area == pytest.approx(seen, rel=0.03)
    assert membrane.closed.area == pytest.approx(whole, rel=0.03)
    assert membrane.closed.volume == pytest.approx(4 / 3 * np.pi * np.prod(axes), rel=0.05)
    assert membrane.share_seen == pytest.approx(seen / whole, abs=0.03)
    mean, gaussian = curvatures(membrane.seen, 100.0)
    areas = membrane.seen.vertex_areas / membrane.seen.area
    assert areas @ mean == pytest.approx(curvature, rel=0.06)
    if len(set(axes)) == 1:
        assert areas @ gaussian == pytest.approx(axes[0] ** -2.0, rel=0.05)


def test_triangles_are_even_and_their_normals_point_outwards():
    membrane = fit_membrane(voxels_of((300, 300, 300)), pixel_size=11.0)
    assert membrane.closed.is_closed
    assert not membrane.seen.is_closed
    corners = membrane.closed.corners
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    assert np.percentile(sides, 1) > 0.3 * np.median(sides)
    assert ((membrane.seen.vertex_normals * membrane.seen.vertices).sum(axis=1) > 0).all()


def test_a_skeleton_gives_the_same_surface():
    membrane = fit_membrane(voxels_of((350, 350, 350), thickness=12, rough=0), pixel_size=11.0)
    lengths = np.linalg.norm(membrane.seen.vertices, axis=1)
    assert lengths.mean() == pytest.approx(350, rel=0.01)


def test_a_flat_sheet_stays_flat_and_as_large_as_it_is():
    side = np.arange(-300, 300, 11.0)
    sheet = np.stack(np.meshgrid(side, side, [-11.0, 0.0, 11.0]), axis=-1).reshape(-1, 3)
    membrane = fit_membrane(sheet, pixel_size=11.0)
    assert np.abs(membrane.seen.vertices[:, 2]).max() < 1
    assert membrane.seen.area == pytest.approx(600**2, rel=0.06)


def test_a_crumb_is_no_membrane():
    crumb = np.argwhere(np.ones((6, 6, 3))) * 11.0
    with pytest.raises(SolutionError, match="a surface needs"):
        fit_membrane(crumb, pixel_size=11.0)


def test_normals_of_either_sign_are_made_to_agree():
    random = np.random.default_rng(0)
    places = random.standard_normal((2000, 3))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    places = places[np.abs(places[:, 2]) < 0.8]
    mixed = places * random.choice([-1, 1], (len(places), 1))
    assert np.allclose(orient(places, mixed), places)
