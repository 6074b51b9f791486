"""Scipion's sets become findings: marks on their frame, views in their order."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.tests.report.marked import ANGLES, BEADS, RESIDUAL
from etomotut.tests.viewers import sets
from etomotut.viewers import gather


@pytest.fixture
def made(tmp_path):
    """Make the sets of a small alignment: start, models, aligned, coordinates, tomograms."""
    (tmp_path / "aligned").mkdir()
    start = sets.series_set(tmp_path)
    return (
        start,
        sets.model_set(tmp_path, start),
        sets.series_set(tmp_path / "aligned", axis=2.0, prefix="aligned"),
        sets.coordinate_set(tmp_path, start),
        sets.tomogram_set(tmp_path),
    )


def found(made):
    _, models, aligned, coordinates, tomograms = made
    return gather.findings_of("TS_1", aligned, models, coordinates, tomograms)


def test_used_views_stand_by_tilt_without_the_excluded_one(made):
    findings = found(made)
    assert np.allclose(findings.nominal_angles, ANGLES[sets.USED])
    assert list(findings.sections) == sets.USED


def test_marks_are_where_the_model_has_them_in_the_prealigned_frame(made):
    findings = found(made)
    rows, beads = sets.points()
    assert np.allclose(findings.marks.rows, rows, atol=1e-4)
    assert list(findings.marks.beads) == list(beads)
    assert findings.marks.frame.size == sets.SIZE
    assert np.allclose(findings.marks.frame.transforms[3], [[1, 0, 2.0], [0, 1, -1.0]])


def test_residuals_come_from_the_table(made):
    marks = found(made).marks
    assert (~marks.is_measured).sum() == 1
    assert np.allclose(marks.residuals[marks.is_measured], RESIDUAL)


def test_the_solution_is_that_of_the_aligned_series(made):
    findings = found(made)
    c, s = np.cos(np.radians(2)), np.sin(np.radians(2))
    assert len(findings.aligned.transforms) == len(sets.USED)
    assert np.allclose(findings.aligned.transforms[3], [[c, s, 2], [-s, c, -1]])
    assert np.allclose(findings.positions, BEADS)
    assert findings.tomogram.origin == (-30, -20, -5)


def test_a_point_that_a_user_moved_has_no_residual_any_more(made, tmp_path):
    edited = model.read(tmp_path / "a.fid")
    edited.objects[0].contours[0].points[0, 0] += 3
    model.write(tmp_path / "a.fid", edited)
    marks = found(made).marks
    assert (~marks.is_measured).sum() == 2
    assert np.isnan(marks.residuals[0]).all()


def test_a_model_of_another_plugin_is_read_from_its_table(made, tmp_path):
    landmarks = gather.item_of(made[1], "TS_1")
    landmarks.setModelName(None)
    marks = gather.marks_of(landmarks, gather.series_of(made[0], "TS_1"))
    assert np.allclose(marks.rows, sets.points()[0], atol=1e-3)


def test_a_model_of_more_views_than_are_enabled_is_refused(made, tmp_path):
    fewer = sets.series_set(tmp_path, prefix="fewer", excluded=(1, 2, 3))
    landmarks = gather.item_of(made[1], "TS_1")
    with pytest.raises(EtomotutError, match="points in view 8, but 6 views are enabled"):
        gather.marks_of(landmarks, gather.series_of(fewer, "TS_1"))


def test_a_turned_series_has_a_turned_frame(tmp_path):
    upright = sets.series_set(tmp_path, axis=-95.0)
    frame = gather.frame_of(gather.series_of(upright, "TS_1"))
    assert frame.size == sets.SIZE[::-1]


def test_what_a_set_lacks_is_not_known(made):
    _, models, aligned, *_ = made
    findings = gather.findings_of("TS_1", aligned)
    assert findings.marks is None
    assert findings.tomogram is None
    with pytest.raises(EtomotutError, match="TS_9: there are no tilt series"):
        gather.findings_of("TS_9", None, models)


def test_names_that_break_queries_are_not_found_and_do_no_harm(made):
    for name in ("TS_1' OR '1'='1", "x; DROP TABLE Objects", ""):
        with pytest.raises(EtomotutError, match="is not in"):
            gather.series_of(made[0], name)


def test_a_tomogram_without_its_file_is_still_listed(made):
    os.remove(gather.item_of(made[4], "TS_1").getFileName())
    assert gather.rows_of(made[4], gather.size_of) == [("TS_1", "no file")]


def test_a_lost_table_is_named(made, tmp_path):
    Path(tmp_path / "a.sfid").unlink()
    with pytest.raises(EtomotutError, match=r"a\.sfid cannot be read"):
        found(made)
