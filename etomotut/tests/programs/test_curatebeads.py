"""The embedded curatebeads through its command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage

from etomotut.__main__ import main
from etomotut.formats import model, mrc, tlt
from etomotut.tests.engine import phantoms

CENTRE = 127.5


@pytest.fixture
def true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = phantoms.geometry(beads=10)
    mrc.write("a.mrc", phantoms.images(known.marks), pixel_size=11.0)
    tlt.write("a.rawtlt", phantoms.ANGLES)
    return known.marks


def write_model(marks, path="a.fid"):
    bead, view = np.nonzero(np.isfinite(marks[..., 0]))
    rows = np.column_stack([marks[bead, view] + CENTRE, view])
    model.write(path, model.from_tracks(rows, bead, size=(256, 256, 21), pixel_size=11.0))


def spoilt(true):
    marks = true + np.random.default_rng(0).normal(0, 0.1, true.shape)
    marks[3, 12] += (6.0, 2.0)
    marks[5, 4:8] = np.nan
    return marks


def curate(*more):
    words = ["-InputModel", "a.fid", "-OutputModel", "c.fid", "-CurationFile", "c.json"]
    words += ["-ImageFile", "a.mrc", "-TiltFile", "a.rawtlt", "-RotationAngle", "5"]
    return main(["curatebeads", *words, "-BeadDiameter", "8", *more])


def result():
    with open("c.json") as file:
        return json.load(file)


def test_a_mark_is_moved_and_gaps_are_filled_and_listed(true):
    write_model(spoilt(true))
    assert curate() == 0
    rows, bead = model.tracks(model.read("c.fid"))
    away = rows[:, :2] - CENTRE - true[bead, rows[:, 2].astype(int)]
    assert len(rows) == 210
    assert np.hypot(*away.T).max() < 0.3
    done = {(each["contour"], each["view"]): each for each in result()["marks"]}
    assert done[4, 13]["what"] == "moved"
    assert (done[4, 13]["dx_px"], done[4, 13]["dy_px"]) == pytest.approx((-6, -2), abs=0.3)
    assert {done[6, view]["what"] for view in range(5, 9)} == {"filled"}


def test_the_error_of_all_marks_is_told_beside_that_of_the_kept(true, capsys):
    write_model(spoilt(true))
    assert curate() == 0
    told = result()
    assert told["leave_one_out_all_px"] < told["leave_one_out_all_before_px"]
    assert told["error_px"] < told["error_before_px"]
    assert f"to {told['leave_one_out_all_px']} of all marks" in capsys.readouterr().out
    assert sum(each["marks_after"] for each in told["views"]) == told["marks_after"] == 210


def test_contours_keep_their_numbers_where_one_has_no_points(true):
    marks = spoilt(true)
    marks[2] = np.nan
    write_model(np.delete(marks, 2, axis=0))
    found = model.read("a.fid")
    found.objects[0].contours.insert(2, model.Contour(np.zeros((0, 3))))
    model.write("a.fid", found)
    assert curate() == 0
    numbers = [(each["contour"], each["new_contour"]) for each in result()["beads"]]
    assert numbers == [(1, 1), (2, 2), *((n, n - 1) for n in range(4, 11))]


def test_a_blurred_view_is_named_with_its_reason_and_not_excluded(true, capsys):
    views = mrc.read("a.mrc").astype(np.float32)
    views[9] = ndimage.gaussian_filter1d(views[9], 3.0, axis=0)
    mrc.write("a.mrc", views, pixel_size=11.0)
    write_model(true)
    assert curate() == 0
    assert "View 10 at -6.0 degrees: exclude it? it is blurred" in capsys.readouterr().out
    assert [each["view"] for each in result()["views"] if each["exclude"]] == [10]
    assert result()["views"][9]["marks_after"] > 5


def test_nothing_speaks_against_good_views(true):
    write_model(spoilt(true))
    assert curate() == 0
    assert result()["advice"] == []


def test_a_model_of_which_little_is_left_had_better_be_tracked_again(true):
    marks = np.random.default_rng(7).uniform(-100, 100, true.shape)
    marks[:4] = true[:4]
    write_model(marks)
    assert curate() == 0
    assert "track the beads again" in result()["advice"][0]


def test_a_model_without_points_is_refused(true, capsys):
    model.write("a.fid", model.Model([model.ModelObject()], (256, 256, 21)))
    assert curate() == 1
    assert "ERROR: CURATEBEADS - fiducial model a.fid has no points" in capsys.readouterr().out


def test_a_model_of_other_views_is_refused(true, capsys):
    mrc.write("a.mrc", mrc.read("a.mrc")[:20], pixel_size=11.0)
    tlt.write("a.rawtlt", phantoms.ANGLES[:20])
    write_model(true)
    assert curate() == 1
    assert "has points on view 21; a.mrc has 20 views" in capsys.readouterr().out
