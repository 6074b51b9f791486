"""Pictures of surfaces without a screen."""

import numpy as np
import pytest
from PIL import Image

from etomotut.report.scene import Shown
from etomotut.report.surfaces import VIEWS, render, write_surfaces
from etomotut.tests.engine.test_mesh import ball


def shown(radius, centre):
    mesh = ball()
    return Shown("a", (mesh.vertices - 15.5) * radius / 10 + centre, mesh.faces)


def test_a_ball_covers_its_disc_without_holes():
    image = render([shown(100.0, (0, 0, 0))], np.eye(3), np.zeros(3), (120, 100), 4.0)
    assert image.shape == (100, 120, 3)
    y, x = np.ogrid[:100, :120]
    away = np.hypot(x - 59.5, y - 49.5) * 4
    is_ball = image.min(axis=2) < 0.99
    assert is_ball[away < 92].all()
    assert not is_ball[away > 106].any()


def test_what_is_nearer_hides_what_is_behind():
    near, behind = shown(60.0, (0, 0, 200)), shown(100.0, (0, 0, 0))
    for order in ([near, behind], [behind, near]):
        image = render(order, np.eye(3), np.zeros(3), (80, 80), 4.0)
        alone = render(order[:1], np.eye(3), np.zeros(3), (80, 80), 4.0)
        is_first = np.allclose(image[40, 40], alone[40, 40])
        assert is_first == (order[0] is near)


@pytest.mark.parametrize("turn", VIEWS)
def test_views_are_turns(turn):
    assert np.allclose(turn @ turn.T, np.eye(3), atol=0.01)
    assert np.linalg.det(turn) == pytest.approx(1, abs=0.01)


def test_a_picture_is_written(tmp_path):
    path = tmp_path / "a.png"
    write_surfaces(path, [shown(100.0, 150.0)], name="TS", text="one", size=(300, 400, 200))
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    blue = (pixels[..., 2] > pixels[..., 0] + 40).mean()
    assert 0.02 < blue < 0.6
