"""Pictures of what filters did: numbers that are known, words that stay on the page."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine.dose_weighting import dose_response
from etomotut.engine.frequency_filters import Edges, filter_array
from etomotut.engine.power_spectrum import image_spectrum
from etomotut.formats import mrc
from etomotut.report import spectra, style
from etomotut.tests.report.test_pictures import said, texts

EDGES = Edges(low_pass=(0.1, 0.05))
DOSES = [9.0, 6.0, 3.0, 12.0, 15.0]


def draw(shape=(200, 140), cutoffs=(60.0,), pixel_size=10.0):
    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    filtered = filter_array(noise, EDGES)
    pair = spectra.Pair("a", image_spectrum(noise), image_spectrum(filtered), expected=EDGES)
    return spectra.draw_spectra(
        [pair],
        images=(noise, filtered),
        captions=("before", "after"),
        pixel_size=pixel_size,
        name="TS_1",
        about="numbers",
        cutoffs=cutoffs,
    )


@pytest.mark.parametrize("shape", [(200, 140), (90, 300), (40, 400)])
@pytest.mark.parametrize("pixel_size", [1.5, 13.0])
def test_no_words_leave_the_page(shape, pixel_size):
    figure = draw(shape, (4 * pixel_size, 50 * pixel_size), pixel_size)
    assert round(figure.bbox.width) == style.PAGE
    for text in texts(figure):
        box = text.get_window_extent()
        is_inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1
        assert is_inside and box.y1 <= figure.bbox.y1, text.get_text()


def test_what_is_let_through_is_drawn_as_measured():
    axes = draw().axes[3]
    frequency, passed = axes.lines[0].get_data()
    assert axes.get_ylabel() == "amplitude after / before"
    middle = (frequency > 0.3) & (frequency < 2)
    assert np.allclose(passed[middle], EDGES(frequency[middle]), atol=0.05)


def test_cutoffs_are_marked_where_they_are():
    axes = draw().axes[2]
    assert [line.get_xdata()[0] for line in axes.lines[2:]] == [pytest.approx(1 / 6)]
    assert "60 Å" in said(draw())


def test_a_volume_is_told_how_much_variance_is_left(tmp_path):
    volume = np.random.default_rng(0).normal(size=(40, 60, 80)).astype(np.float32)
    mrc.write(tmp_path / "a.mrc", volume, pixel_size=10.0)
    mrc.write(tmp_path / "b.mrc", volume / 2, pixel_size=10.0)
    files = tmp_path / "a.mrc", tmp_path / "b.mrc"
    left = spectra.write_volume_spectra(tmp_path / "a.png", *files, pixel_size=10.0, name="TS_1")
    assert left == pytest.approx(0.25)
    assert (tmp_path / "a.png").stat().st_size > 10000


def test_dose_weighted_views_are_drawn_beside_the_formula(tmp_path, monkeypatch):
    views = np.random.default_rng(0).normal(size=(5, 128, 128)).astype(np.float32)
    weighed = [filter_array(view, dose_response(d, 10.0)) for view, d in zip(views, DOSES)]
    mrc.write(tmp_path / "a.mrc", views, pixel_size=10.0)
    mrc.write(tmp_path / "b.mrc", np.array(weighed), pixel_size=10.0)
    drawn = []
    kept = spectra.draw_spectra
    monkeypatch.setattr(
        spectra, "draw_spectra", lambda *a, **k: drawn.append(kept(*a, **k)) or drawn[-1]
    )
    files = tmp_path / "a.mrc", tmp_path / "b.mrc"
    about = {"doses": DOSES, "voltage": 300, "pixel_size": 10.0, "name": "TS_1"}
    left = spectra.write_dose_spectra(tmp_path / "a.png", *files, **about)
    assert 0.3 < left < 1
    assert "View 5 after 15 e/Å²" in said(drawn[0])
    measured, expected = (line.get_ydata() for line in drawn[0].axes[3].lines[4:6])
    assert np.allclose(measured[5:], expected[5:], atol=0.05)
    assert "view 3, 3 e/Å²" in said(drawn[0])
