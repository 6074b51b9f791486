"""The picture of the specimen's position shows faces, beads and numbers where they are."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.formats import mrc
from etomotut.report import style
from etomotut.report.position import draw_position, write_position
from etomotut.tests.report.test_pictures import said, texts

FOUND = {
    "source": "beads",
    "thickness": 400.0,
    "height": -20.0,
    "bottom": -220.0,
    "top": 180.0,
    "slope_x": 0.1,
    "slope_y": 0.0,
    "tilt_offset": -5.71,
    "x_axis_tilt": 0.0,
    "tilt_offset_error": 0.2,
    "x_axis_tilt_error": 0.1,
}
EVIDENCE = {
    "heights": list(range(-400, 401, 10)),
    "profile": [0.5] * 81,
    "beads": [[100.0, 50.0, 190.0], [-200.0, 0.0, -240.0]],
}


def draw(shape=(80, 60, 100), **changes):
    volume = np.random.default_rng(0).normal(size=shape)
    return draw_position(volume, {**FOUND, **changes}, EVIDENCE, pixel_size=10.0, name="a")


@pytest.mark.parametrize("shape", [(80, 60, 100), (30, 300, 200), (200, 40, 60)])
def test_no_words_leave_the_page(shape):
    figure = draw(shape)
    page = figure.bbox
    assert round(page.width) == style.PAGE
    for text in texts(figure):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1, text


def test_faces_are_drawn_where_they_cut_the_slices():
    across, along, _ = draw().axes
    bottom, top = across.lines[:2]
    assert bottom.get_ydata() == pytest.approx([39.5 - 22 - 4.95, 39.5 - 22 + 4.95])
    assert top.get_ydata() == pytest.approx([39.5 + 18 - 4.95, 39.5 + 18 + 4.95])
    assert along.lines[0].get_ydata() == pytest.approx([17.5, 17.5])


def test_beads_are_moved_along_the_faces_into_the_slice():
    across, along, _ = draw().axes
    assert across.lines[2].get_xydata() == pytest.approx(np.array([[59.5, 58.5], [29.5, 15.5]]))
    assert along.lines[2].get_xydata() == pytest.approx(np.array([[34.5, 57.5], [29.5, 17.5]]))


def test_the_heading_tells_what_was_found():
    words = said(draw())
    assert "40 nm thick" in words
    assert "2.0 nm below the centre" in words
    assert "tilt offset -5.71 ± 0.20°" in words
    assert "not known" in said(draw(tilt_offset_error=90.0, source="density"))


def test_the_picture_is_written(tmp_path):
    mrc.write(tmp_path / "a.mrc", np.zeros((20, 30, 40), np.float32), pixel_size=10.0, volume=True)
    path = str(tmp_path / "a.png")
    write_position(path, str(tmp_path / "a.mrc"), FOUND, EVIDENCE, name="a", pixel_size=10.0)
    assert (tmp_path / "a.png").stat().st_size > 1000
