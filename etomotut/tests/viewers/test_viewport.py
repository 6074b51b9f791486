"""A canvas shows what its viewport says, up being up."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.viewers.viewport import LARGEST, Viewport


@pytest.fixture
def viewport():
    made = Viewport((200, 100), (400, 400))
    made.fit()
    return made


def test_the_whole_image_fits_the_shorter_side(viewport):
    assert viewport.zoom == 2
    assert viewport.centre == (99.5, 49.5)


def test_the_first_row_is_at_the_bottom(viewport):
    assert np.allclose(viewport.to_canvas([[0, 0]]), [[0.5, 298.5]])
    assert np.allclose(viewport.to_canvas([[0, 99]]), [[0.5, 100.5]])


def test_places_come_back_from_the_canvas(viewport):
    viewport.zoom_at(3.3, (17, 200))
    points = np.array([[3.0, 90.0], [150.5, 2.0]])
    assert np.allclose(viewport.to_image(viewport.to_canvas(points)), points)


def test_what_is_under_the_mouse_stays_there(viewport):
    before = viewport.to_image([[250, 150]])
    viewport.zoom_at(1.5, (250, 150))
    assert np.allclose(viewport.to_image([[250, 150]]), before)


def test_the_image_follows_the_mouse(viewport):
    before = viewport.to_image([[250, 150]])
    viewport.pan(10, -20)
    assert np.allclose(viewport.to_image([[260, 130]]), before)


def test_the_image_cannot_be_lost(viewport):
    viewport.pan(1e6, 1e6)
    assert viewport.centre == (0.0, 99.0)
    viewport.zoom_at(1e9, (0, 0))
    assert viewport.zoom == LARGEST


def test_the_matrix_says_the_same_as_the_points(viewport):
    viewport.zoom_at(1.7, (33, 44))
    found = viewport.matrix() @ [10, 20, 1]
    assert np.allclose(found[:2], viewport.to_image([[10, 20]])[0])
