"""Qualities of alignments in a window."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from etomotut.convert import quality
from etomotut.objects import SetOfAlignmentQuality
from etomotut.viewers.quality import EtomotutQualityViewer, numbers_of, views_of

FOUND = {
    "program": "tiltalign",
    "marks": "beads",
    "verdict": "usable",
    "reasons": ["View 7 of 41 has no mark: exclude it.", "There are few."],
    "values": {"leave_one_out_px": 0.753, "leave_one_out_nm": 0.83, "beads": 12, "ratio": 3.14159},
    "views": {
        "section": [1, 2, 3],
        "tilt_deg": [-30.0, 0.0, 30.0],
        "marks": [12, 0, 9],
        "leave_one_out_px": [0.5, None, 1.25],
    },
}


@pytest.fixture
def made(tmp_path):
    """Give a set of two series, of which one was aligned without marks."""
    output = SetOfAlignmentQuality.create(str(tmp_path), prefix="q")
    bare = {**FOUND, "verdict": "unknown", "marks": "none", "values": {}}
    for ts_id, found in (("TS_2", bare), ("TS_1", FOUND)):
        path = str(tmp_path / f"{ts_id}.json")
        quality.write(path, {**found, "series": ts_id})
        output.append(quality.quality_of(path, ts_id))
    output.write()
    return output


def items_of(made):
    return EtomotutQualityViewer(project=SimpleNamespace())._items(made)


def test_each_series_is_a_row_with_its_verdict(made):
    assert [(each.name, each.about) for each in items_of(made)] == [
        ("TS_1", "usable"),
        ("TS_2", "unknown"),
    ]
    (single,) = items_of(made.getFirstItem().clone())
    assert single.load()["series"] == "TS_2"


def test_what_is_known_is_told_with_units_and_what_is_not_is_left_out():
    assert numbers_of(FOUND) == [
        ("Error of marks that took no part (leave-one-out)", "0.75 px (0.83 nm)"),
        ("Beads or patches", "12"),
        ("Measured numbers for each unknown", "3.14"),
    ]
    assert numbers_of({**FOUND, "values": {}}) == []


def test_the_table_of_views_has_blanks_where_nothing_is_known():
    rows = views_of(FOUND)
    assert rows[0] == ("1", "-30.00", "", "", "12", "", "0.50", "", "")
    assert rows[1][4:7] == ("0", "", "")


def test_the_window_tells_verdict_and_reasons_and_sorts_the_views(made, root):
    from etomotut.viewers.windows.quality_window import QualityWindow

    window = QualityWindow("Alignment quality", items_of(made), root)
    window.top.update()
    assert window.verdict.cget("text") == "usable"
    told = window.reasons.cget("text").splitlines()
    assert told == [f"• {each}" for each in FOUND["reasons"]]
    errors = window._sorter(6)
    errors()
    errors()
    first = window.views.get_children()[0]
    assert window.views.item(first, "values")[0] in (3, "3")
    window.listing.selection_set("1")
    window.top.update()
    assert window.verdict.cget("text") == "unknown"
    assert len(window.numbers.get_children()) == 0
