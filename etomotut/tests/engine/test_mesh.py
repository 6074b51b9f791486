"""Meshes whose area, volume and edges are known."""

import numpy as np
import pytest

from etomotut.engine.mesh import Mesh, clip
from etomotut.engine.surface_nets import zero_surface


def ball(radius=10.0, n=32):
    """Give a ball's surface about the middle of a grid of n nodes a side."""
    places = np.stack(np.meshgrid(*[np.arange(n) - (n - 1) / 2] * 3, indexing="ij"))
    return zero_surface(np.sqrt((places**2).sum(axis=0)) - radius)


def test_a_ball_has_its_area_and_volume_and_is_closed():
    mesh = ball()
    assert mesh.is_closed
    assert mesh.area == pytest.approx(4 * np.pi * 100, rel=0.02)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
    assert len(mesh.vertices) - len(mesh.edges) / 2 + len(mesh.faces) == 2  # Euler


def test_normals_point_to_where_the_values_grow():
    mesh = ball()
    outwards = mesh.vertices - 15.5
    assert ((mesh.vertex_normals * outwards).sum(axis=1) > 0.98 * 9.5).all()


def test_a_surface_that_leaves_the_grid_is_open():
    mesh = zero_surface(np.arange(5.0)[:, None, None] + np.zeros((5, 6, 7)) - 1.5)
    assert not mesh.is_closed
    assert np.allclose(mesh.vertices[:, 0], 1.5)
    assert mesh.area == pytest.approx(4 * 5)


def test_nothing_crosses_values_of_one_sign():
    assert len(zero_surface(np.ones((4, 4, 4))).faces) == 0


@pytest.mark.parametrize("height", [0.0, 3.3, -6.0])
def test_a_ball_cut_by_a_plane_keeps_the_area_above(height):
    mesh = ball()
    part = clip(mesh, mesh.vertices[:, 2] - 15.5 - height)
    assert part.area == pytest.approx(2 * np.pi * 10 * (10 - height), rel=0.02)
    rim = part.vertices[np.unique(part.boundary)]
    assert np.abs(rim[:, 2] - 15.5 - height).max() < 0.02
    assert len(np.unique(part.pieces)) == 1


def test_pieces_are_told_apart():
    one = ball(5.0, 16)
    two = Mesh(
        np.concatenate([one.vertices, one.vertices + 50]),
        np.concatenate([one.faces, one.faces + len(one.vertices)]),
    )
    assert list(np.bincount(two.pieces)) == [len(one.vertices)] * 2
    assert two.keep(two.pieces == 1).area == pytest.approx(one.area)
