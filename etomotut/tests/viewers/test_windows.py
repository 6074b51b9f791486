"""The windows open, answer keys and mouse, and say what went wrong; these need a display."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Callable

import numpy as np
import pytest
from PIL import Image

from etomotut.errors import EtomotutError
from etomotut.tests.report.marked import findings
from etomotut.tests.viewers import sets
from etomotut.viewers.items import Item
from etomotut.viewers.listing import Listing
from etomotut.viewers.series_model import SeriesModel
from etomotut.viewers.windows.series_window import SeriesWindow
from etomotut.viewers.windows.tomogram_window import TomogramWindow


@pytest.fixture
def listing(tmp_path) -> Listing:
    return Listing(tmp_path / "cache", None)


def settle(window: Any, until: Callable[[], bool] = lambda: True) -> None:
    """Let Tk do all it has to, and go on until something is so."""
    end = time.monotonic() + 20
    for _ in range(5):
        window.top.update()
    while not until():
        assert time.monotonic() < end, "this did not happen"
        window.top.update()
        time.sleep(0.005)  # for threads that do what is waited for


def series_window(root: Any, listing: Listing, folder: Any, obj: Any = None) -> Any:
    window = SeriesWindow("test", listing.of(obj or sets.series_set(folder)), root)
    settle(window, lambda: window.canvas._photo is not None)
    return window


def press(window: Any, key: str) -> None:
    window.top.focus_force()
    settle(window)
    window.top.event_generate(key)
    settle(window)


def drawn(canvas: Any, kind: str) -> int:
    return sum(canvas.type(each) == kind for each in canvas.find_withtag("over"))


def test_keys_go_through_the_views(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path)
    assert window.model.index == 4
    press(window, "<Right>")
    assert window.model.index == 5
    assert "view 6 of 9" in window.caption["text"]
    press(window, "<Home>")
    assert (window.model.index, round(window.slider.get())) == (0, 0)


def test_slider_and_wheel_go_through_the_views(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path)
    window.slider.set(7)
    settle(window, lambda: window.model.index == 7)
    window.canvas.event_generate("<Button-5>", x=50, y=50)
    settle(window, lambda: window.model.index == 8)


def test_excluded_views_are_marked(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path)
    assert "excluded" not in shown_words(window.canvas)
    window.go_to(sets.EXCLUDED - 1)
    settle(window)
    assert "excluded" in shown_words(window.canvas)


def shown_words(canvas: Any) -> str:
    found = [e for e in canvas.find_withtag("over") if canvas.type(e) == "text"]
    return " ".join(canvas.itemcget(each, "text") for each in found)


def test_alignment_is_switched_by_key(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path, sets.series_set(tmp_path, axis=90.0))
    assert window.viewport.image == sets.SIZE[::-1]
    press(window, "f")
    assert window.model.frame_name == window.frame_name.get() == "as recorded"
    assert window.viewport.image == sets.SIZE


def test_halves_are_switched_by_key(root, listing, tmp_path):
    series = listing.of(sets.series_set(tmp_path))[0].load().series
    halves = dict.fromkeys(("", "_even", "_odd"), series.files[""])
    items = [Item("TS_1", "", lambda: SeriesModel(replace(series, files=halves)))]
    window = SeriesWindow("test", items, root)
    settle(window, lambda: window.canvas._photo is not None)
    press(window, "e")
    assert window.model.part == window.part.get() == "even"
    window.parts_bar.winfo_children()[2].invoke()
    assert window.model.part == "odd"


def test_beads_tracks_and_residuals_are_drawn_when_asked_for(root, listing, tmp_path):
    models = sets.model_set(tmp_path, sets.series_set(tmp_path))
    window = series_window(root, listing, tmp_path, models)
    assert drawn(window.canvas, "oval") == 6  # two rings a bead
    lines = drawn(window.canvas, "line")
    press(window, "t")
    assert drawn(window.canvas, "line") == lines + 3
    press(window, "v")
    assert drawn(window.canvas, "line") == lines + 3 + 4  # two were measured here
    press(window, "b")
    assert drawn(window.canvas, "oval") == 0


def test_a_zoomed_view_comes_back(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path)
    fitted = window.viewport.zoom
    press(window, "<plus>")
    assert window.viewport.zoom > fitted
    press(window, "0")
    assert window.viewport.zoom == fitted


def test_contrast_follows_the_slider(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path)
    window.contrast.set(1.0)
    settle(window)
    assert window.model.clipped == pytest.approx(20)


def test_playing_goes_on_until_it_is_stopped(root, listing, tmp_path):
    window = series_window(root, listing, tmp_path)
    press(window, "<space>")
    settle(window, lambda: window.model.index >= 6)
    press(window, "<space>")
    index = window.model.index
    time.sleep(0.3)
    settle(window)
    assert window.model.index == index


def test_a_series_that_cannot_be_shown_leaves_the_others(root, listing, tmp_path):
    def fail() -> Any:
        raise EtomotutError("TS_0: its file is gone")

    items = [Item("TS_0", "", fail), *listing.of(sets.series_set(tmp_path))]
    window = SeriesWindow("test", items, root)
    settle(window)
    assert window.status["text"] == "TS_0: its file is gone"
    press(window, "<Right>")
    window.listing.selection_set("1")
    settle(window, lambda: window.canvas._photo is not None)
    assert window.top.title() == "TS_1 - test"


def tomogram_window(root: Any, listing: Listing, folder: Any) -> Any:
    listing.coordinates = sets.coordinate_set(folder, sets.series_set(folder))
    window = TomogramWindow("test", listing.of(sets.tomogram_set(folder)), root)
    settle(window, lambda: window.model.is_side_full)
    return window


def test_a_click_moves_the_planes_of_a_tomogram(root, listing, tmp_path):
    window = tomogram_window(root, listing, tmp_path)
    canvas = window.canvases["x-z"]
    width = canvas.size()[0]
    canvas.event_generate("<Button-1>", x=width // 4, y=1)
    settle(window, lambda: window.model.is_side_full)
    assert window.model.point[0] == pytest.approx(15, abs=1)
    assert window.model.point[2] == 9
    assert "x 1" in window.caption["text"]


def test_planes_have_one_scale(root, listing, tmp_path):
    window = tomogram_window(root, listing, tmp_path)
    zooms = [window.viewport(plane).zoom for plane in window.canvases]
    assert np.ptp(zooms) < 0.1 * max(zooms)


def test_the_mouse_wheel_goes_through_the_planes(root, listing, tmp_path):
    window = tomogram_window(root, listing, tmp_path)
    window.canvases["x-y"].event_generate("<Button-4>", x=5, y=5)
    settle(window)
    assert window.model.point == [30, 20, 6]


def test_beads_are_ringed_in_tomograms(root, listing, tmp_path):
    window = tomogram_window(root, listing, tmp_path)
    window.model.go_to(2, 5)
    window.redraw_soon()
    settle(window)
    assert drawn(window.canvases["x-y"], "oval") > 0
    press(window, "b")
    assert drawn(window.canvases["x-y"], "oval") == 0


def test_another_tomogram_stands_beside_and_follows(root, listing, tmp_path):
    (tmp_path / "other").mkdir()
    tomograms, other = sets.tomogram_set(tmp_path), sets.tomogram_set(tmp_path / "other")
    listing.neighbours = lambda: {"8. denoise": other}
    window = TomogramWindow("test", listing.of(tomograms), root)
    settle(window, lambda: window.model.is_side_full)
    width = window.canvases["x-y"].size()[0]
    window._list_others()
    assert window.beside_box["values"] == ("none", "8. denoise")
    window.show_beside("8. denoise")
    settle(window, lambda: window.second.model.is_side_full)
    assert window.canvases["x-y"].size()[0] < 0.7 * width
    assert shown_words(window.second.canvases["x-y"]).endswith("8. denoise")
    press(window, "<Right>")
    window.second.canvases["x-y"].event_generate("<Button-4>", x=5, y=5)
    settle(window)
    assert window.model.point == window.second.model.point == [31, 20, 6]
    window.show_beside("none")
    settle(window)
    assert window.canvases["x-y"].size()[0] == width


def test_curves_of_the_ctf_are_drawn_series_by_series(root, tmp_path):
    from etomotut.viewers.ctf import items_of
    from etomotut.viewers.windows.ctf_window import CtfWindow

    estimates = sets.ctf_set(tmp_path, sets.series_set(tmp_path))
    window = CtfWindow("test", items_of(estimates), root)
    settle(window, lambda: bool(window.figures))
    assert list(window.figures) == ["ctf"]
    assert window.status["text"] == ""


def test_pictures_are_shown_tab_by_tab(root, tmp_path):
    from etomotut.viewers.windows.pictures_window import NAMES, PicturesWindow

    known = replace(findings(tmp_path), tomogram=None)
    window = PicturesWindow("test", [Item("TS_1", "", lambda: None, None, lambda: known)], root)
    settle(window)
    assert list(window.figures) == ["residuals"]
    window.tabs.select(2)
    settle(window)
    assert list(window.figures) == ["residuals", "solution"]
    assert window.tabs.tab(list(NAMES).index("tomogram"), "state") == "hidden"


def test_pictures_of_a_stage_open_at_the_item_that_is_looked_at(root, tmp_path):
    from etomotut.viewers.windows.chooser_window import ChooserWindow

    pictures = []
    for name, size in (("a", (400, 300)), ("b", (300, 600)), ("c", (300, 300))):
        pictures.append(tmp_path / f"{name}.png")
        Image.new("RGB", size, "red").save(pictures[-1])
    shown = [{}, {"Denoised": pictures[0]}, {"One": pictures[1], "Two": pictures[2]}]
    items = [Item(f"TS_{n}", "", lambda: 1, pictures=each) for n, each in enumerate(shown)]
    window = ChooserWindow("test", items, root)
    window.listing.selection_set("2")
    settle(window, lambda: window.item.name == "TS_2")
    opened = window.open_pictures()
    settle(opened, lambda: opened.status["text"] == str(pictures[1]))
    assert [row.name for row in opened.items] == ["TS_1", "TS_2"]
    assert [opened.tabs.tab(each, "text") for each in opened.tabs.tabs()] == ["One", "Two"]
    opened.tabs.select(1)
    settle(opened, lambda: opened.status["text"] == str(pictures[2]))
    assert opened._photo.height() == opened._photo.width() == 450
    pictures[1].unlink()
    opened.tabs.select(0)
    settle(opened, lambda: "cannot be read" in opened.status["text"])


def test_the_pictures_of_a_stage_have_a_button_where_there_are_some(root, listing, tmp_path):
    def buttons(window: Any) -> Any:
        bar = window.bar.winfo_children()
        return [each["text"] for each in bar if each.winfo_class() == "TButton"]

    window = series_window(root, listing, tmp_path)
    assert "Pictures of this stage" not in buttons(window)
    (item,) = listing.of(sets.tomogram_set(tmp_path))
    items = [replace(item, pictures={"Denoised": tmp_path / "a.png"})]
    window = TomogramWindow("test", items, root)
    assert buttons(window).count("Pictures of this stage") == 1


def test_3dmod_is_prepared_aside_and_its_failure_is_told(root, listing, tmp_path):
    from etomotut.viewers.windows.chooser_window import ChooserWindow

    def fail() -> Any:
        raise EtomotutError("no stack")

    (item,) = listing.of(sets.tomogram_set(tmp_path))
    window = ChooserWindow("3dmod", [replace(item, prepare_3dmod=fail)], root)
    assert "Preparing" in window.status["text"]
    settle(window, lambda: window.status["text"] == "no stack")


def test_a_single_page_is_opened_at_once_and_a_lost_one_told(root):
    from etomotut.viewers.windows.scenes_window import ScenesWindow

    opened = []

    def start(path: Any) -> None:
        if path == "lost":
            raise EtomotutError("lost is not there")
        opened.append(path)

    class Scenes(ScenesWindow):
        pass

    Scenes.start = staticmethod(start)
    window = Scenes("Surfaces", [Item("TS_1", "", lambda: "a.html")], root)
    assert opened == ["a.html"]
    assert "TS_1 is being opened" in window.status["text"]
    rows = [Item(name, "", lambda name=name: name) for name in ("lost", "b.html")]
    window = Scenes("Surfaces", rows, root)
    assert opened == ["a.html"]
    window.launch()
    assert window.status["text"] == "lost is not there"
