"""The report as a web page: what it tells, that it is whole, and that it harms nobody."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from etomotut.errors import EtomotutError
from etomotut.formats import mrc
from etomotut.report import page, page_chart, page_pictures, page_work
from etomotut.report.page_facts import (
    DONE,
    FAILED,
    Ctf,
    Dossier,
    Position,
    Project,
    Stage,
    Volume,
    Work,
)
from etomotut.report.page_html import Html, join, tag
from etomotut.tests.report import marked

NASTY = "TS<script>alert(1)</script>\"'&"
QUALITY = {
    "verdict": "usable",
    "reasons": ["The leave-one-out error is 1.20 px; below 1 px is good."],
    "values": {"residual_mean_px": 0.4, "leave_one_out_px": 1.2, "tilt_axis_deg": None},
    "views": {"tilt_deg": [-60.0, 0.0, None], "leave_one_out_px": [1.5, 1.0, None]},
    "worst": {"section": [3], "view": [2], "contour": [1], "residual_px": [2.5]},
}
CURATION = {
    "marks_moved": 4,
    "marks_dropped": 0,
    "leave_one_out_all_before_px": 1.25,
    "leave_one_out_all_px": 0.5,
    "advice": ["View 3 should be excluded: no bead was found in it."],
    "views": [
        {"view": 3, "moved": 0, "exclude": True, "reasons": ["no marks", "dark"]},
        {"view": 4, "moved": 0, "exclude": False, "reasons": []},
    ],
}
FOUND = {"thickness": 1500.0, "bottom": -70.0, "top": 80.0, "slope_x": 0.01, "slope_y": 0.0}


def dossier(folder, name="TS_1", ts_id="TS_1", **changes):
    """Give all that can be known of a small series."""
    found = replace(marked.findings(folder), ts_id=ts_id)
    mask = np.zeros((30, 80, 100), np.float32)
    mask[:, 20:40, 30:50] = 1
    mrc.write(folder / "mask.mrc", mask, pixel_size=10.0, volume=True)
    Image.new("RGB", (300, 200), "white").save(folder / "kept.png")
    ctf = Ctf("6. CTF", marked.ANGLES, 30_000 + marked.ANGLES, 31_000 + marked.ANGLES)
    volume = Volume("7. <b>SIRT</b>", found.tomogram, str(folder / "mask.mrc"), "10. segment")
    values = {
        "findings": found,
        "volumes": [volume],
        "ctf": ctf,
        "position": Position("5c. level", FOUND),
        "pictures": {"5c. level: position": folder / "kept.png"},
        "pages": {"11. surfaces": folder / "kept.png"},
    }
    return Dossier(ts_id, name, **{**values, **changes})


def project_of(dossiers, stages=()):
    """Give a project of dossiers."""
    known = {each.ts_id: each for each in dossiers}
    names = [each.name for each in dossiers]
    return Project(
        "A & B", "/home/<user>", "today", "etomotut", stages, list(known), names, known.__getitem__
    )


def stages_of(ts_ids, failed=()):
    command = 'newstack -in "<a> & b"'
    works = {each: Work(DONE, "20 beads", 1.5, [command]) for each in ts_ids}
    works.update({each: Work(FAILED, "only 2 beads were found") for each in failed})
    return [
        Stage(3, "3. find beads", "fiducial model", "finished", "embedded 0.1", "now", works),
        Stage(4, "4. align", "fiducial alignment", "saved", ""),
    ]


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and all of its text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(Path(path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [about for each, about in self.elements if each == name]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give the page of three series: one with a strange name, one judged, one that failed."""
    folder = tmp_path_factory.mktemp("report")
    dossiers = [
        dossier(folder, "strange", NASTY),
        dossier(folder, "TS_2", "TS_2", quality=QUALITY, curation=CURATION),
        Dossier("TS_3", "TS_3"),
    ]
    project = project_of(dossiers, stages_of([NASTY, "TS_2"], ["TS_3"]))
    return page.write_report(folder / "out" / "report.html", project)


def test_what_users_wrote_is_only_text(written):
    parsed = Parsed(written)
    assert len(parsed.all("script")) == 1  # ours
    assert NASTY in parsed.text
    assert 'newstack -in "<a> & b"' in parsed.text
    assert not [about for about in parsed.all("b") if "SIRT" in str(about)]
    assert "/home/<user>" in parsed.text


def test_the_page_needs_no_other_file(written):
    parsed = Parsed(written)
    sources = [about["src"] for about in parsed.all("img")]
    assert len(sources) > 10
    assert all(source.startswith("data:image/") for source in sources)
    assert not [about for about in parsed.all("link") if not about["href"].startswith("data:")]
    assert not re.search(r"url\((?!#)", written.read_text())


def test_links_within_the_page_lead_somewhere(written):
    parsed = Parsed(written)
    ids = {about["id"] for _, about in parsed.elements if "id" in about}
    links = [about["href"][1:] for about in parsed.all("a") if about["href"].startswith("#")]
    assert len(links) > 20
    assert set(links) <= ids


def test_a_failed_series_is_told_with_its_stage_and_reason(written):
    parsed = Parsed(written)
    assert "3. find beads: only 2 beads were found" in parsed.text
    assert {"class": "badge failed"} in parsed.all("span")


def test_a_quality_gives_verdict_reasons_and_numbers(written):
    text = Parsed(written).text
    assert QUALITY["reasons"][0] in text
    assert "1.20 px" in text


def test_curation_is_told_in_a_line_with_its_advice_and_changes(written):
    text = Parsed(written).text
    told = "Curation: 4 marks moved, leave-one-out error of all marks from 1.25 to 0.50 px"
    assert told in text
    assert CURATION["advice"][0] in text
    assert "Views: 1" in text  # nothing happened to the other
    assert "no marks; dark" in text


def test_leave_one_out_errors_of_views_are_drawn_beside_residuals(written):
    assert '<span class="swatch orange"></span>leave-one-out' in written.read_text()


def test_a_series_without_quality_is_not_judged_but_its_residual_is_told(written):
    verdict = page_work.verdict_of(project_of([]), dossier(written.parent))
    assert verdict.level == "unknown"
    assert "mean residual is 0.50 px over 25 marks" in verdict.reasons[0]


def test_numbers_of_the_marks_stand_in_where_there_is_no_quality(tmp_path):
    values = page_work.values_of(dossier(tmp_path, position=None))
    assert values["residual_mean_px"] == pytest.approx(0.5)
    assert values["residual_mean_nm"] == pytest.approx(0.5)
    assert values["tilt_offset_deg"] == pytest.approx(0.2)
    assert values["defocus_um"] == pytest.approx(3.05)


def test_a_series_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    def read(ts_id):
        if ts_id == "TS_1":
            raise EtomotutError("a.mrc is gone")
        return Dossier(ts_id, ts_id)

    ids = ["TS_1", "TS_2"]
    project = Project("P", "/p", "today", "etomotut", (), ids, ids, read)
    text = Parsed(page.write_report(tmp_path, project)).text
    assert "It cannot be shown: a.mrc is gone." in text
    assert "TS_2" in text


def test_a_tomogram_that_is_gone_is_told_in_its_place(tmp_path):
    lost = dossier(tmp_path)
    (tmp_path / "tomogram.mrc").unlink()
    text = Parsed(page.write_report(tmp_path / "r.html", project_of([lost]))).text
    assert "tomogram.mrc" in text


def test_many_series_have_a_page_each_and_an_index(tmp_path):
    small = dossier(tmp_path, pictures={}, ctf=None, volumes=())
    dossiers = [replace(small, ts_id=f"TS {n}", name=f"TS_{n}") for n in range(2)]
    dossiers += [Dossier(f"TS {n}", f"TS_{n}") for n in range(2, 14)]
    index = page.write_report(tmp_path / "all.html", project_of(dossiers))
    parsed = Parsed(index)
    images = parsed.all("img")
    assert [image["loading"] for image in images] == ["lazy", "lazy"]
    pages = [about["href"] for about in parsed.all("a") if about["href"].endswith(".html")]
    assert len(pages) == 14
    for each in [*pages, *(image["src"] for image in images)]:
        assert (tmp_path / each).is_file()
    back = [about["href"] for about in Parsed(tmp_path / pages[0]).all("a")]
    assert "../all.html#series" in back


def test_the_same_report_is_written_again_over_the_old_one(tmp_path):
    project = project_of([Dossier("TS_1", "TS_1")])
    assert page.write_report(tmp_path, project) == page.write_report(tmp_path, project)


def test_a_project_without_series_has_a_report(tmp_path):
    parsed = Parsed(page.write_report(tmp_path, project_of([])))
    assert "There are no series yet." in parsed.text


def test_movies_have_every_view_once(tmp_path):
    found = marked.findings(tmp_path, (60, 40))
    stack = mrc.Stack(found.stack)
    made = page_pictures.movie(found, found.recorded)
    raw = base64.b64decode(made.picture.address.split(",")[1])
    sheet = np.asarray(Image.open(io.BytesIO(raw)).convert("L"), float)
    assert made.frames == len(stack)
    for view in range(made.frames):
        row, column = divmod(view, made.columns)
        frame = sheet[row * 40 : row * 40 + 40, column * 60 : column * 60 + 60]
        assert np.corrcoef(frame.ravel(), stack[view][::-1].ravel())[0, 1] > 0.8


def test_before_the_alignment_views_are_turned_but_not_moved(tmp_path):
    found = marked.findings(tmp_path)
    shifted = found.aligned.transforms.copy()
    shifted[:, :, 2] = np.arange(len(shifted))[:, None]
    found = replace(found, aligned=replace(found.aligned, transforms=shifted))
    before = page_pictures.turned_only(found).transforms
    assert np.allclose(before[:, :, :2], shifted[:, :, :2])
    assert not before[:, :, 2].any()


def test_planes_show_the_first_row_at_the_bottom():
    volume = np.zeros((20, 30, 40), np.float32)
    volume[:, 0] = 1
    section, slice_, side = page_pictures.planes_of(volume)[0]
    assert section.shape == (30, 40) and slice_.shape == (20, 40) and side.shape == (30, 20)
    assert section[-1].min() > section[0].max()
    assert side[-1].min() > side[0].max()


def test_masks_lie_over_their_planes():
    volume = np.zeros((20, 30, 40), np.float32)
    volume[:, 5:10, 18:22] = 1
    planes, scale = page_pictures.planes_of(volume)
    for plane, mask in zip(planes, page_pictures.masks_of(volume, scale)):
        assert np.array_equal(plane > 127, mask > 127)


def test_text_is_escaped_and_elements_are_not():
    inner = tag("b", "<&>", class_="a\"'")
    assert inner == '<b class="a&quot;&#x27;">&lt;&amp;&gt;</b>'
    assert join([inner, "<", None, 3]) == inner + "&lt;3"
    assert isinstance(tag("img", src="x", alt="", hidden=True, title=None), Html)
    assert tag("img", alt="", hidden=True, title=None) == '<img alt="" hidden>'


@pytest.mark.parametrize(
    ("limits", "wanted", "texts"),
    [
        ((0, 1), 4, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        ((-62, 62), 5, ["\u221250", "\u221225", "0", "25", "50"]),
        ((99.7, 100.3), 3, ["99.8", "100.0", "100.2"]),
    ],
)
def test_axes_are_marked_with_round_numbers(limits, wanted, texts):
    assert [text for _, text in page_chart.ticks(limits, wanted)] == texts


def test_a_flat_curve_is_not_drawn_as_if_its_noise_were_large():
    low, high = page_chart.span([5.0, 5.001], 0.4)
    assert high - low >= 0.4 and low < 5 < high
