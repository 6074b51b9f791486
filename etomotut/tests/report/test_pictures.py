"""Every picture fits its page and shows what it was given, in plain words and numbers."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest

from etomotut.report import contact_sheet, export, residuals, sections, solution, style, tracks
from etomotut.tests.report.marked import ANGLES, findings, marks

SIZES = ((100, 80), (80, 140), (300, 60))


def texts(figure: Any) -> List[Any]:
    """Give all texts of a figure that are seen, drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    FigureCanvasAgg(figure).draw()
    spare = set()  # an axis keeps ticks beyond its limits, which it does not draw
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            beyond = [tick for tick in axis.majorTicks if not low <= tick.get_loc() <= high]
            spare |= {label for tick in beyond for label in (tick.label1, tick.label2)}
    return [t for t in figure.findobj(Text) if t.get_text().strip() and t not in spare]


def said(figure: Any) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("size", SIZES)
def test_no_words_leave_the_page(tmp_path, size):
    for kind, figure in export.draw_all(findings(tmp_path, size)):
        page = figure.bbox
        assert round(page.width) == style.PAGE
        for text in texts(figure):
            box = text.get_window_extent()
            is_inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
            assert is_inside, (kind, text.get_text())


def test_the_heading_tells_series_beads_gaps_and_residual(tmp_path):
    words = said(export.draw_beads(findings(tmp_path)))
    assert "TS_1" in words
    assert "3 beads in 9 views" in words
    assert "2 of 27 points not measured" in words
    assert "mean residual 0.50 px = 0.50 nm" in words


def test_every_bead_of_the_view_is_ringed_and_numbered():
    made = marks()
    image = np.zeros((80, 100))
    figure = tracks.draw_tracks(
        image, made, made.rows[:, :2], view=4, tilt_angles=ANGLES, pixel_size=10.0, name="a"
    )
    rings = [p for p in figure.axes[0].patches if type(p).__name__ == "Circle"]
    centres = {tuple(ring.center) for ring in rings}
    assert len(centres) == 3
    assert (29.5, 49.5) in centres  # the bead at -20, 10 from the centre
    assert {"1", "2", "3"} <= {t.get_text() for t in figure.axes[0].texts}


def test_gaps_are_crossed_in_the_chart_and_dashed_on_the_way():
    made = marks(missing=[(0, 2), (1, 3)], is_solved=False)
    image = np.zeros((80, 100))
    figure = tracks.draw_tracks(
        image, made, made.rows[:, :2], view=4, tilt_angles=ANGLES, pixel_size=10.0, name="a"
    )
    crosses = figure.axes[1].collections[0].get_offsets()
    assert sorted(map(tuple, crosses)) == [(2, 0), (3, 1)]
    _, _, dashed = tracks._segments(made, made.rows[:, :2])
    assert len(dashed) == 2


def test_residuals_of_views_and_beads_are_means():
    figure = residuals.draw_residuals(marks(), tilt_angles=ANGLES, pixel_size=10.0, name="a")
    line = next(each for each in figure.axes[0].lines if len(each.get_xdata()) == len(ANGLES))
    assert np.allclose(line.get_ydata(), 0.5)
    assert [round(bar.get_height(), 6) for bar in figure.axes[1].patches] == [0.5] * 3
    assert "1 px" in said(figure)


def test_the_worst_bead_comes_first():
    made = marks()
    made.residuals[made.beads == 1] *= 3
    figure = residuals.draw_residuals(made, tilt_angles=ANGLES, pixel_size=10.0, name="a")
    assert figure.axes[1].get_xticklabels()[0].get_text() == "2"


def test_the_yardstick_of_residuals_is_a_round_number():
    unit, factor = residuals.line_scale(marks())
    assert unit == 0.5
    assert factor == 10


def test_the_axis_is_told_as_imod_does():
    c, s = np.cos(np.radians(-95.2)), np.sin(np.radians(-95.2))
    transforms = np.tile([[c, s, 1.0], [-s, c, 0.0]], (9, 1, 1))
    assert np.allclose(solution.axis_angles(transforms), -95.2)


def test_the_axis_does_not_jump_at_180_degrees():
    def turn(degrees: float) -> List[List[float]]:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return [[c, s, 0.0], [-s, c, 0.0]]

    found = solution.axis_angles(np.array([turn(179.9), turn(180.1), turn(179.8)]))
    assert np.ptp(found) < 0.5


def test_only_beads_that_a_plane_cuts_are_ringed():
    beads = np.array([[50.0, 40.0, 15.0], [10.0, 10.0, 25.0]])
    figure = sections.draw_sections(
        np.zeros((30, 80, 100)), pixel_size=10.0, name="a", beads=beads, bead_diameter=8
    )
    rings = [[p for p in a.patches if type(p).__name__ == "Circle"] for a in figure.axes]
    assert [len(each) for each in rings] == [1, 1, 1]
    assert rings[0][0].center == (50, 40)
    assert rings[1][0].center == (50, 15)
    assert rings[2][0].center == (15, 40)


def test_planes_are_shown_in_one_scale():
    figure = sections.draw_sections(np.zeros((30, 80, 100)), pixel_size=10.0, name="a")
    scales = []
    for axes in figure.axes:
        box = axes.get_window_extent()
        scales.append((box.width / np.ptp(axes.get_xlim()), box.height / np.ptp(axes.get_ylim())))
    assert np.ptp(scales) / np.mean(scales) < 0.03


def test_the_sheet_shows_the_views_nearest_to_round_angles():
    assert list(contact_sheet.choose_views(np.arange(-60.0, 61, 3))) == [0, 10, 20, 30, 40]
    assert list(contact_sheet.choose_views(np.array([-2.0, 1.0]))) == [0, 1]


@pytest.mark.parametrize("limit, length", [(7.0, 5), (1.0, 1), (480, 200), (0.3, 0.2)])
def test_lengths_are_round(limit, length):
    assert style.round_length(limit) == pytest.approx(length)


@pytest.mark.parametrize("name", ["a$b$c", r"\alpha_{", "x" * 300, "line\nbreak", ""])
def test_any_name_can_be_written(tmp_path, name):
    figure = export.draw_solution(findings(tmp_path, name=name))
    assert figure is not None
    assert len(said(figure).splitlines()[0]) <= 90


def test_good_alignments_look_good_whatever_the_largest_residual():
    assert style.residual_range(np.full(9, 0.05)) == 0.5
    assert style.residual_range(np.array([0.9, np.nan])) == 1.0
    assert style.residual_range(np.full(3, np.nan)) == 1.0


def test_matplotlib_is_left_as_it_was(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    list(export.draw_all(findings(tmp_path)))
    assert dict(matplotlib.rcParams) == before
