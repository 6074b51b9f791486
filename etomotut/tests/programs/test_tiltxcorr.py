"""The embedded tiltxcorr and imodchopconts through their command lines."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import model, mrc, tlt, xf
from etomotut.programs.imodchopconts import cuts
from etomotut.tests.engine import phantoms
from etomotut.tests.engine.test_correlation import ANGLES, flat_series


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def shifts():
    given = np.random.default_rng(1).uniform(-6, 6, (len(ANGLES), 2))
    given[10] = 0
    mrc.write("a.mrc", flat_series(given, axis=10.0), pixel_size=5.0)
    tlt.write("a.rawtlt", ANGLES)
    return given


def align(*options):
    words = ["-input", "a.mrc", "-output", "a.prexf", "-tiltfile", "a.rawtlt", "-rotation", "10"]
    return main(["tiltxcorr", *words, *options])


def found():
    """Give the shifts of all views against the least tilted one."""
    total = np.cumsum(xf.read("a.prexf")[:, :, 2], axis=0)
    return total - total[10]


def test_steps_from_view_to_view_add_up_to_the_shifts(shifts):
    assert align("-cumulative") == 0
    assert np.abs(found() - shifts).max() < 0.6
    assert xf.read("a.prexf")[0].tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_reduced_series_is_aligned_in_full_pixels(shifts):
    assert align("-binning", "2") == 0
    assert np.abs(found() - shifts)[2:-2].max() < 1.0


def test_a_skipped_view_lies_between_its_neighbours(shifts):
    assert align("-skip", "15") == 0
    moved = found()
    assert moved[14] == pytest.approx((moved[13] + moved[15]) / 2, abs=0.002)


def test_a_region_beside_the_axis_is_aligned_about_the_axis_of_the_image(shifts):
    assert align("-xminmax", "70,158") == 0
    assert np.abs(found() - shifts)[4:-4].max() < 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-views", "5,40"], "StartingEndingViews is 5,40 of 21 views"),
        (["-skip", "1-20"], "1 views are left to align; at least 2 are needed"),
        (["-border", "79,0"], "x from 79 to 80 are to be correlated; the images have 0 to 159"),
        (["-size", "200,40"], "SizeOfPatchesXandY is 200,40; the images have room for 160,160"),
    ],
)
def test_what_cannot_be_aligned_is_refused_in_a_sentence(shifts, capsys, options, message):
    assert align(*options) == 1
    assert message in capsys.readouterr().out


def test_angles_for_another_number_of_views_are_refused(shifts, capsys):
    tlt.write("a.rawtlt", ANGLES[:5])
    assert align() == 1
    assert "a.rawtlt has 5 angles for 21 views" in capsys.readouterr().out


def test_patches_become_contours_of_a_model():
    truth = phantoms.geometry(wobble=0.0, beads=8)
    mrc.write("a.mrc", phantoms.images(truth.marks - truth.shifts, noise=0.1), pixel_size=5.0)
    tlt.write("a.rawtlt", phantoms.ANGLES)
    assert align("-rotation", "5", "-size", "64,64", "-number", "3,2", "-prexf", "none.xf") == 0
    found_model = model.read("a.prexf")
    assert found_model.size == (256, 256, 21)
    assert len(list(found_model.contours())) == 6


def test_a_contour_is_cut_into_overlapping_pieces_of_equal_length():
    pieces = cuts(41, 16, 4)
    assert [piece.stop - piece.start for piece in pieces] == [16, 16, 16, 16]
    assert [piece.start for piece in pieces] == [0, 8, 16, 25]
    assert [piece.start for piece in cuts(20, 12, 10)] == list(range(9))


def test_without_overlap_pieces_meet():
    assert [(piece.start, piece.stop) for piece in cuts(10, 4, -1)] == [(0, 4), (4, 7), (7, 10)]


def test_pieces_remember_the_contour_they_come_from():
    rows = np.column_stack([np.zeros((60, 2)), np.tile(np.arange(30), 2)])
    whole = model.from_tracks(rows, np.repeat([0, 1], 30), size=(9, 9, 30), pixel_size=1.0)
    model.write("a.fid", whole)
    assert (
        main(["imodchopconts", "-overlap", "4", "-surfaces", "-length", "-1", "a.fid", "b.fid"])
        == 0
    )
    contours = model.read("b.fid").objects[0].contours
    assert [len(contour.points) for contour in contours] == [16] * 6
    assert [contour.surface for contour in contours] == [1, 1, 1, 2, 2, 2]


@pytest.mark.reference
def test_contours_are_cut_as_imod_cuts_them(reference):
    theirs = model.read(reference / "patches.fid").objects[0].contours
    assert len(theirs[0].points) == 16


@pytest.mark.reference
def test_the_coarse_alignment_follows_the_specimen_not_a_surface(reference):
    import json

    truth = json.loads((reference / "truth.json").read_text())
    words = ["-input", str(reference / "ccderaser.st"), "-output", "a.prexf", "-cumulative"]
    words += ["-tiltfile", str(reference / "ref.rawtlt"), "-rotation", "4.2"]
    assert main(["tiltxcorr", *words]) == 0
    total = np.cumsum(xf.read("a.prexf")[:, :, 2], axis=0)
    angle = np.radians(-4.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    true = np.array(truth["xf"])[:, :, 2]
    error = (total - total[20]) @ turn.T - (true - true[20])
    # IMOD 4.8.2: 60 pixels across the axis, 0.1 along it
    assert np.sqrt((error**2).mean(axis=0)) == pytest.approx((2.9, 0.25), abs=1.0)
