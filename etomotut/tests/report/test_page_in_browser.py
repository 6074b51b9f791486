"""The report in a real browser: at both widths, in both schemes, by keyboard, and on paper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etomotut.report import page
from etomotut.report.page_facts import Dossier
from etomotut.tests.report.browser import Browser, find_browser
from etomotut.tests.report.test_page import NASTY, QUALITY, dossier, project_of, stages_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="there is no Chromium on this machine"),
]
LOADED = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
MOVIE = "document.querySelector('figure.movie')"
FOCUSED = """(() => { const at = document.activeElement, style = getComputedStyle(at);
  return [at.tagName, at.type || "", style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
})()"""
LONG = "a" * 150
TAB = ("Tab", 9)


@pytest.fixture(scope="module")
def browser():
    tab = Browser()
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give the page of series with plain names, a long one, and one that looks like a script."""
    folder = tmp_path_factory.mktemp("seen")
    dossiers = [
        dossier(folder, "strange", NASTY),
        dossier(folder, "TS_2", "TS_2", quality=QUALITY),
        Dossier("TS_10", "TS_10"),
        Dossier(LONG, "long"),
    ]
    project = project_of(dossiers, stages_of([NASTY, "TS_2"], ["TS_10"]))
    return page.write_report(folder / "report.html", project)


@pytest.fixture()
def shown(browser, written):
    """Give the browser with the page open in it, freshly."""
    browser.complaints.clear()
    browser.open(written)
    return browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_fits_its_window_and_all_pictures_load(browser, written, width, scheme):
    browser.complaints.clear()
    browser.open(written, width=width, scheme=scheme)
    assert browser.value(LOADED)
    assert browser.value("document.images.length") > 10
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.complaints == []


def test_the_schemes_differ(shown, written):
    colour = "getComputedStyle(document.body).backgroundColor"
    light = shown.value(colour)
    shown.open(written, scheme="dark")
    assert shown.value(colour) != light


def test_a_columns_title_sorts_the_table_and_turns_it_around(shown):
    button = "document.querySelectorAll('.sortable thead button')[0]"
    names = "[...document.querySelectorAll('.sortable tbody th')].map(each => each.textContent)"
    shown.value(f"{button}.focus()")
    shown.press("Enter", 13, "\r")
    assert shown.value(names) == [LONG, "TS_2", "TS_10", NASTY]
    shown.press("Enter", 13, "\r")
    assert shown.value(names) == [NASTY, "TS_10", "TS_2", LONG]
    assert shown.value(f"{button}.parentElement.getAttribute('aria-sort')") == "descending"


def test_cells_without_a_number_come_last_in_either_order(shown):
    button = "[...document.querySelectorAll('.sortable thead button')][2]"
    last = "document.querySelector('.sortable tbody tr:last-child th').textContent"
    shown.value(f"{button}.click()")
    assert shown.value(last) in ("TS_10", LONG)
    shown.value(f"{button}.click()")
    assert shown.value(last) in ("TS_10", LONG)


def test_everything_is_reached_with_the_tab_key_and_shows_that_it_is(shown):
    reached = []
    for _ in range(200):
        shown.press(*TAB)
        reached.append(tuple(shown.value(FOCUSED)))
        if reached[-1][0] == "BODY":
            break
    kinds = {(name, kind) for name, kind, _ in reached}
    wanted = {("A", ""), ("BUTTON", "button"), ("INPUT", "range"), ("INPUT", "radio"),
              ("INPUT", "checkbox"), ("SUMMARY", "")}  # fmt: skip
    assert wanted <= kinds
    assert [each for each in reached if each[0] != "BODY" and not each[2]] == []


def test_the_movie_goes_on_by_arrow_key_and_tells_its_angle(shown):
    shown.value(f"{MOVIE}.querySelector('input[type=range]').focus()")
    before = shown.value(f"{MOVIE}.querySelector('output').textContent")
    place = f"{MOVIE}.querySelector('img.after').style.transform"
    first = shown.value(place)
    shown.press("ArrowRight", 39)
    assert (before, shown.value(f"{MOVIE}.querySelector('output').textContent")) == (
        "0.2°",
        "15.2°",
    )
    assert shown.value(place) != first


def test_the_movie_plays_and_pauses(shown):
    button = f"{MOVIE}.querySelector('button')"
    slider = f"{MOVIE}.querySelector('input[type=range]').value"
    start = shown.value(slider)
    shown.value(f"{button}.click()")
    shown.value("new Promise(done => setTimeout(done, 250))")
    shown.value(f"{button}.click()")
    assert shown.value(slider) != start
    assert shown.value(f"{button}.textContent") == "Play"


def test_the_movie_shows_views_before_or_after_the_alignment(shown):
    seen = f"[...{MOVIE}.querySelectorAll('img')].filter(i => i.offsetWidth).map(i => i.className)"
    assert shown.value(seen) == ["after"]
    shown.value(f"{MOVIE}.querySelector('input[value=before]').click()")
    assert shown.value(seen) == ["before"]


def test_a_bead_is_shown_wherever_it_is(shown):
    shown.value("document.querySelector('rect[data-bead=\"2\"]')"
                ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")  # fmt: skip
    lit = "[...document.querySelectorAll('.is-lit')].map(each => each.dataset.bead)"
    assert len(shown.value(lit)) >= 3
    assert set(shown.value(lit)) == {"2"}


def test_a_view_of_a_chart_is_shown_in_the_movie(shown):
    shown.value("document.querySelector('circle[data-view=\"0\"]')"
                ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")  # fmt: skip
    assert shown.value(f"{MOVIE}.querySelector('output').textContent") == "\u221259.8°"


def test_beads_stay_on_their_picture_in_a_low_window(shown, written):
    shown.open(written, width=1280, height=360)
    boxes = """[...document.querySelectorAll('.stack')].map(each => [...each.children].map(
      part => { const box = part.getBoundingClientRect();
        return [box.left, box.top, box.width, box.height]; }))"""
    for stack in shown.value(boxes):
        for part in stack[1:]:
            assert part == pytest.approx(stack[0], abs=1.5)
    assert shown.value("document.querySelector('.view .stack').offsetHeight") < 360


def test_masks_can_be_hidden(shown):
    mask = "document.querySelector('img.mask').offsetWidth > 0"
    assert shown.value(mask)
    shown.value("document.querySelector('.volume input[type=checkbox]').click()")
    assert not shown.value(mask)


def test_it_prints_in_dark_colours_on_white_without_controls(shown, tmp_path):
    shown.media("print", "dark")
    assert shown.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not shown.value(f"{MOVIE}.querySelector('button').offsetWidth")
    shown.print(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_an_index_of_many_series_fits_and_its_small_pictures_load(browser, tmp_path):
    small = dossier(tmp_path, pictures={}, ctf=None, volumes=())
    dossiers = [replace(small, ts_id=f"TS {n}", name=f"TS_{n}") for n in range(2)]
    dossiers += [Dossier(f"TS {n}", f"TS_{n}") for n in range(2, 14)]
    index = page.write_report(tmp_path / "all.html", project_of(dossiers))
    browser.complaints.clear()
    browser.open(index, width=400)
    assert browser.value("document.documentElement.scrollWidth") <= 400
    assert browser.value(LOADED)
    assert browser.complaints == []
