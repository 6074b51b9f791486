"""Qualities of alignments between files, tables and Scipion's objects."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from etomotut.convert import quality
from etomotut.convert.series import read_series
from etomotut.errors import FormatError
from etomotut.programs.alignquality_names import COUNTS, QUANTITIES
from etomotut.tests.scipion_objects import tilt_series, turn

ANGLES = [-30.0, 0.0, 30.0, 45.0]
FOUND = {
    "series": "TS 1",
    "program": "tiltalign",
    "marks": "beads",
    "verdict": "usable",
    "reasons": ["View 3 of 4, has no mark.", "There are few."],
    "values": {"beads": 12, "leave_one_out_px": 0.75, "tilt_axis_deg": -95.1, "ratio": None},
}


def test_an_object_holds_what_its_file_tells(tmp_path):
    path = str(tmp_path / "a_quality.json")
    quality.write(path, FOUND)
    made = quality.quality_of(path, "TS_1")
    assert (made.getTsId(), made.getFileName(), made.getVerdict()) == ("TS_1", path, "usable")
    assert made.getReasons() == FOUND["reasons"]
    known = {name: value for name, value in made.values().items() if value is not None}
    assert known == {"beads": 12, "leave_one_out_px": 0.75, "tilt_axis_deg": -95.1}


def test_a_table_has_a_row_a_series_and_units_in_its_head(tmp_path):
    quality.write_table(tmp_path / "q.csv", [FOUND, {**FOUND, "series": "TS,2"}])
    with open(tmp_path / "q.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["series", "program", "marks_are", "verdict"]
    assert list(rows[0])[4:-1] == [*COUNTS, *QUANTITIES]
    assert (rows[1]["series"], rows[0]["leave_one_out_px"], rows[0]["ratio"]) == (
        "TS,2",
        "0.75",
        "",
    )
    assert rows[0]["reasons"] == "View 3 of 4, has no mark. | There are few."


@pytest.mark.parametrize("text", ["", "[]", '{"verdict": "good"}'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError, match=r"a.json is no file of the quality of an alignment"):
        quality.read(tmp_path / "a.json")
    with pytest.raises(FormatError, match=r"none.json cannot be read"):
        quality.read(tmp_path / "none.json")


def test_of_a_series_aligned_without_marks_the_views_are_told(tmp_path):
    transforms = [turn(84.0, 3.0, 4.0) for _ in ANGLES]
    series = read_series(*tilt_series(tmp_path, ANGLES, transforms=transforms, axis_angle=85.0))
    dark = np.array([False, False, True, False])
    found = quality.without_marks(
        "aretomo2",
        series,
        series.transforms(),
        np.array(ANGLES) + 1.5,
        reasons=["No marks."],
        is_left_out=dark,
    )
    values = found["values"]
    assert set(values) == {*COUNTS, *QUANTITIES}
    assert (found["verdict"], found["marks"], found["series"]) == ("unknown", "none", "TS_1")
    assert found["views"]["section"] == [1, 2, 4]
    assert found["views"]["tilt_deg"] == pytest.approx([-28.5, 1.5, 46.5])
    assert values["views"] == 3
    assert values["tilt_offset_deg"] == pytest.approx(1.5)
    assert values["tilt_axis_deg"] == pytest.approx(84.0)
    assert values["tilt_axis_change_deg"] == pytest.approx(-1.0)
    assert values["largest_shift_px"] == pytest.approx(5.0)
    assert values["largest_shift_nm"] == pytest.approx(2.5)
    assert values["leave_one_out_px"] is None
    assert json.dumps(found)


def ctf(defocus, resolution, is_enabled=True):
    from tomo.objects import CTFTomo

    model = CTFTomo(defocusU=defocus, defocusV=defocus + 1000, defocusAngle=0)
    model.setResolution(resolution)
    model.setEnabled(is_enabled)
    return model


def test_ctfs_are_told_by_their_medians_where_they_are_known():
    models = [ctf(29500.0, 12.0), ctf(31500.0, 0.0), ctf(30500.0, 14.0), ctf(1.0, 99.0, False)]
    told = quality.ctf_values(models)
    assert told == {"ctf_resolution_A": 13.0, "ctf_score": None, "defocus_um": 3.1}
