"""Qualities of a run as files, completed by what later stages found."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import pytest

from etomotut.convert import quality
from etomotut.objects import SetOfAlignmentQuality
from etomotut.protocols.records import Records
from etomotut.workflow import branches, qualities

FOUND = {
    "program": "tiltalign",
    "marks": "beads",
    "verdict": "good",
    "reasons": ["Fine."],
    "values": {"beads": 12, "thickness_nm": 150.0, "defocus_hand": None},
}
SPECIMEN = {
    "thickness": 1810.0,
    "tilt_offset": 1.1,
    "x_axis_tilt": -0.4,
    "tilt_offset_error": 0.3,
}


@pytest.fixture
def protocols(tmp_path):
    """Give a stage that judged two series, and a function that adds stages with records."""
    made = SetOfAlignmentQuality.create(str(tmp_path), prefix="q")
    for ts_id in ("TS_1", "TS_2"):
        path = str(tmp_path / f"{ts_id}.json")
        quality.write(path, {**FOUND, "series": ts_id})
        made.append(quality.quality_of(path, ts_id))
    made.write()
    made.close()
    known = {branches.ALIGNED: SimpleNamespace(AlignmentQuality=made)}

    def add(stage, numbers):
        folder = tmp_path / stage
        folder.mkdir()
        Records(str(folder / "series.json")).note_done("TS_1", numbers, 1.0)
        known[stage] = SimpleNamespace(_getExtraPath=lambda name: str(folder / name))

    return known, add


def exported(known, folder):
    qualities.export(known, folder)
    with open(folder / "alignment_quality.csv", newline="") as file:
        return {row["series"]: row for row in csv.DictReader(file)}


def test_each_series_has_a_file_and_a_row(protocols, tmp_path):
    rows = exported(protocols[0], tmp_path / "out")
    assert sorted(rows) == ["TS_1", "TS_2"]
    assert (rows["TS_1"]["beads"], rows["TS_1"]["defocus_hand"]) == ("12", "")
    told = quality.read(tmp_path / "out" / "TS_2_quality.json")
    assert told == {**FOUND, "series": "TS_2"}


def test_what_later_stages_found_is_added_where_they_found_it(protocols, tmp_path):
    known, add = protocols
    measured = {"handedness": 1, "is_sure": True}
    add(branches.CORRECTED, {"handedness": measured, "inverted": True})
    add(branches.POSITION, SPECIMEN)
    rows = exported(known, tmp_path / "out")
    first, second = rows["TS_1"], rows["TS_2"]
    assert (first["defocus_hand"], second["defocus_hand"]) == ("-1", "")
    assert (first["thickness_nm"], second["thickness_nm"]) == ("181.0", "150.0")
    assert (first["specimen_tilt_deg"], first["specimen_pitch_deg"]) == ("1.1", "-0.4")


def test_what_is_not_sure_is_not_told(protocols, tmp_path):
    known, add = protocols
    add(branches.CORRECTED, {"handedness": {"handedness": 1, "is_sure": False}, "inverted": False})
    add(branches.POSITION, {**SPECIMEN, "tilt_offset_error": 90.0})
    first = exported(known, tmp_path / "out")["TS_1"]
    assert (first["defocus_hand"], first["specimen_tilt_deg"]) == ("", "")
    assert first["thickness_nm"] == "181.0"


def test_a_run_that_aligned_nothing_leaves_no_table(tmp_path):
    qualities.export({}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
