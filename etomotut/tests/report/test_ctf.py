"""The picture of a CTF shows what is known, and says what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etomotut.report.ctf import CtfCurves, draw_ctf
from etomotut.tests.report.test_pictures import said, texts

ANGLES = np.linspace(-60, 60, 41)


@pytest.fixture
def curves() -> CtfCurves:
    unknown = np.full(41, np.nan)
    defocus = np.column_stack([31000 + 10 * ANGLES, 30000 + 10 * ANGLES])
    used = np.arange(41) != 7
    return CtfCurves(ANGLES, defocus, np.zeros(41), unknown, unknown, unknown, used)


def lines(figure, panel):
    return [line.get_ydata() for line in figure.axes[panel].get_lines()]


def test_defocus_and_astigmatism_are_told_in_plain_units(curves):
    figure = draw_ctf(curves, "TS_01")
    major, minor, middle = lines(figure, 0)
    assert np.allclose(major - minor, 0.1)
    assert len(major) == 40
    assert major[0] == pytest.approx(3.04)
    assert middle[0] == pytest.approx(3.05, abs=0.01)
    assert np.allclose(lines(figure, 1)[0], 100)
    assert "2.99 to 3.11 µm, 40 views · excluded: 8" in said(figure)


def test_only_what_is_known_has_a_panel(curves):
    assert [axes.get_title("left") for axes in draw_ctf(curves, "a").axes][1:] == ["Astigmatism"]
    known = replace(curves, resolution=np.full(41, 12.0), score=np.full(41, 0.1))
    assert "Score of the fit" in said(draw_ctf(known, "a"))
    plain = replace(curves, defocus=np.full((41, 2), 3e4))
    assert [len(axes.get_lines()) for axes in draw_ctf(plain, "a").axes] == [2]


def test_no_words_leave_the_page(curves):
    figure = draw_ctf(replace(curves, is_used=np.arange(41) % 2 == 0), "a" * 200)
    for text in texts(figure):
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
