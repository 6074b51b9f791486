"""The picture of the specimen's position shows faces, beads and numbers where they are."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.report import style
from etomotut.report.position import draw_position
from etomotut.tests.report.test_pictures import said, texts

FOUND = {
    "source": "positions and density",
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
HEIGHTS = np.arange(-1500, 1501, 10)
BEADS = [[100.0, 50.0, 190.0], [-200.0, 0.0, -240.0]]


def evidence(columns=3, rows=4):
    """Give the density of tiles that end at the faces."""
    tiles = []
    for x in 700.0 * (np.arange(columns) - (columns - 1) / 2):
        for y in 700.0 * (np.arange(rows) - (rows - 1) / 2):
            profile = np.abs(HEIGHTS + 20 - 0.1 * x) < 200
            tiles.append({"x": x, "y": y, "profile": profile.astype(float).tolist()})
    whole = (np.abs(HEIGHTS + 20) < 200).astype(float).tolist()
    return {"heights": HEIGHTS.tolist(), "profile": whole, "tiles": tiles, "beads": BEADS}


def draw(columns=3, rows=4, **changes):
    return draw_position({**FOUND, **changes}, evidence(columns, rows), name="a")


@pytest.mark.parametrize(("columns", "rows"), [(3, 4), (1, 1), (20, 2)])
def test_no_words_leave_the_page(columns, rows):
    figure = draw(columns, rows)
    page = figure.bbox
    assert round(page.width) == style.PAGE
    for text in texts(figure):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1, text


def test_faces_are_drawn_where_they_cut_the_planes():
    across, along, _ = draw().axes
    bottom, top = across.lines[:2]
    assert bottom.get_xydata() == pytest.approx(np.array([[-70, -29], [70, -15]]))
    assert top.get_xydata() == pytest.approx(np.array([[-70, 11], [70, 25]]))
    assert along.lines[0].get_ydata() == pytest.approx([-22, -22])


def test_detail_is_shown_where_it_is():
    across, along, _ = draw().axes
    for axes in (across, along):
        left, right, low, high = axes.images[0].get_extent()
        plane = axes.images[0].get_array()
        heights = np.linspace(low, high, len(plane))
        assert heights[plane[:, 1] > 0].mean() == pytest.approx(-2, abs=0.6)
        assert (left, right) == pytest.approx((-right, -left))


def test_beads_are_moved_along_the_faces_into_the_plane():
    across, along, _ = draw().axes
    assert across.lines[2].get_xydata() == pytest.approx(np.array([[10, 19], [-20, -24]]))
    assert along.lines[2].get_xydata() == pytest.approx(np.array([[5, 18], [0, -22]]))


def test_the_heading_tells_what_was_found():
    words = said(draw())
    assert "40 nm thick" in words
    assert "2.0 nm below the centre" in words
    assert "tilt offset -5.71 ± 0.20°" in words
    assert "not known" in said(draw(tilt_offset_error=90.0, source="density"))
