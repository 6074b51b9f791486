"""Points, tracks and residuals keep together between IMOD's files and Scipion's tables."""

from __future__ import annotations

import os

import numpy as np
import pytest

from etomotut.convert import fiducials
from etomotut.formats import model
from etomotut.formats.fiducials import Positions

SIZE = (100, 80, 3)
ANGLES = np.array([-30.0, 0.0, 30.0])
BEADS = np.array([[10.0, -5.0, 20.0], [-30.0, 12.0, -15.0]])


def seen(bead, view):
    """Where a bead lies in a view, from the centre: the alignment is a shift by the view."""
    angle = np.radians(ANGLES[view])
    return bead[0] * np.cos(angle) + bead[2] * np.sin(angle) - view, bead[1]


TRANSFORMS = np.array([[[1.0, 0, view], [0, 1, 0]] for view in range(3)])


def test_landmarks_are_written_as_imod_models_count(tmp_path):
    path = str(tmp_path / "a.sfid")
    rows, residuals = (
        np.array([[9.5, 19.25, 0], [10.5, 20, 2]]),
        np.array([[0.1, -0.2], [np.nan] * 2]),
    )
    fiducials.write_landmarks(path, rows, np.array([0, 0]), residuals)
    lines = (tmp_path / "a.sfid").read_text().splitlines()
    assert lines[0].split("\t") == ["xCoor", "yCoor", "tiltIm", "chainId", "xResid", "yResid"]
    assert lines[1].split("\t") == ["10.000", "19.750", "1", "1", "0.100", "-0.200"]
    assert lines[2].split("\t") == ["11.000", "20.500", "3", "1", "nan", "nan"]


def test_a_landmark_model_counts_its_chains(tmp_path):
    path = str(tmp_path / "a.sfid")
    rows = np.zeros((4, 3))
    fiducials.write_landmarks(path, rows, np.array([0, 1, 1, 4]), np.zeros((4, 2)))
    made = fiducials.landmark_model("TS_1", path, "a.fid", 100.4, residuals=True)
    assert (made.getCount(), made.getSize(), made.getTsId()) == (3, 100, "TS_1")
    assert made.retrieveInfoTable()[3][3] == "5"
    assert made.applyTSTransformation()


def test_missing_points_are_put_where_their_bead_must_be_seen():
    measured = [(0, 0), (0, 2), (1, 1)]
    rows = np.array([[*seen(BEADS[bead], view), view] for bead, view in measured])
    solution = BEADS, np.array([0, 1])
    full, tracks = fiducials.fill_gaps(rows, np.array([0, 0, 1]), solution, (TRANSFORMS, ANGLES))
    assert tracks.tolist() == [0, 0, 0, 1, 1, 1]
    assert full[:, 2].tolist() == [0, 1, 2, 0, 1, 2]
    expected = [seen(bead, view) for bead in BEADS for view in range(3)]
    assert np.allclose(full[:, :2], expected)


def test_measured_points_stay_where_they_were_marked():
    rows = np.array([[1.25, 2.5, 1.0]])
    full, _ = fiducials.fill_gaps(
        rows, np.array([0]), (BEADS[:1], np.array([0])), (TRANSFORMS, ANGLES)
    )
    assert full[1].tolist() == [1.25, 2.5, 1.0]


def test_tracks_that_were_not_solved_are_left_out():
    rows = np.array([[0.0, 0, 0], [5.0, 5, 0], [7.0, 7, 1]])
    full, tracks = fiducials.fill_gaps(
        rows, np.array([0, 1, 2]), (BEADS, np.array([0, 2])), (TRANSFORMS, ANGLES)
    )
    assert set(tracks) == {0, 1}
    assert full[4, :2].tolist() == [7.0, 7.0]


def test_solved_positions_name_their_tracks():
    rows = np.array([[1.0, 1, 0], [2.0, 2, 0], [3.0, 3, 0]])
    made = model.from_tracks(rows, [0, 1, 2], size=SIZE, pixel_size=5.0)
    positions = Positions(np.array([[60.0, 30, 7]]), np.array([[1, 3]]), 5.0, (100, 80))
    places, tracks = fiducials.positions_of_tracks(made, positions)
    assert places.tolist() == [[10.0, -10.0, 7.0]]
    assert tracks.tolist() == [2]


def test_coordinates_are_angstroms_from_the_centre():
    positions = Positions(np.array([[60.0, 30, 7]]), np.array([[1, 1]]), 5.0, (100, 80))
    (found,) = fiducials.coordinates("TS_1", positions, 2.0)
    assert found.getPosition() == (20.0, -20.0, 14.0)
    assert found.getTsId() == "TS_1"


@pytest.mark.parametrize(("tracks", "gaps"), [([0, 0, 1], 3), ([0, 0, 0], 0)])
def test_gaps_are_what_lacks_for_all_views(tracks, gaps):
    rows = np.array([[0.0, 0, 0], [0.0, 0, 1], [0.0, 0, 2]])
    assert fiducials.count_gaps(rows, np.array(tracks), 3) == gaps


@pytest.mark.parametrize("names", [(), ("TS_2",), ("TS_1", "it's = 1 OR AND", "TS_2")])
def test_coordinates_are_read_of_one_series(names, tmp_path):
    from tomo.objects import SetOfTiltSeriesCoordinates

    output = SetOfTiltSeriesCoordinates.create(str(tmp_path))
    for name in names:
        for each in fiducials.coordinates(
            name, Positions(BEADS, np.ones((2, 2), int), size=SIZE[:2]), 2.0
        ):
            output.append(each)
    output.write()
    for name in (*names, "TS"):
        places = fiducials.positions_of(output, name)
        assert len(places) == (2 if name in names else 0)
        assert places.shape[1] == 3


@pytest.fixture
def edited(tmp_path):
    """Make a solved model of two beads in three views, one point predicted, and its table."""
    rows = np.array([[10.0 * b + 5, 20.0 + v, v] for b in range(2) for v in range(3)])
    tracks = np.repeat([0, 1], 3)
    residuals = np.tile([0.5, 0.25], (6, 1))
    residuals[4] = np.nan
    table, path = str(tmp_path / "a.sfid"), tmp_path / "a.fid"
    model.write(path, model.from_tracks(rows, tracks, size=SIZE, pixel_size=5.0))
    fiducials.write_landmarks(table, rows, tracks, residuals)
    return fiducials.landmark_model("TS_1", table, str(path), 100.0, True), rows, tracks


def save(landmarks, rows, tracks):
    made = model.from_tracks(rows, tracks, size=SIZE, pixel_size=5.0)
    model.write(landmarks.getModelName(), made)
    later = os.stat(landmarks.getFileName()).st_mtime_ns + 10**9
    os.utime(landmarks.getModelName(), ns=(later, later))


def test_a_model_saved_after_its_table_is_told_and_only_once(edited):
    landmarks, rows, tracks = edited
    assert not fiducials.is_table_old(landmarks)
    save(landmarks, rows, tracks)
    assert fiducials.is_table_old(landmarks)
    fiducials.refresh_table(landmarks)
    assert not fiducials.is_table_old(landmarks)


def test_the_table_says_what_an_edited_model_holds(edited):
    landmarks, rows, tracks = edited
    save(landmarks, rows[tracks == 1], tracks[tracks == 1])
    fiducials.refresh_table(landmarks)
    points, found, _ = fiducials.read_landmarks(landmarks.getFileName())
    assert np.allclose(points, rows[3:], atol=1e-3)
    assert list(found) == [0, 0, 0]
    assert landmarks.getCount() == 1


def test_a_moved_point_keeps_its_prediction_though_tracks_are_counted_anew(edited):
    landmarks, rows, tracks = edited
    changed = rows[3:] + [[0, 0, 0], [2, 0, 0], [0, 3, 0]]
    save(landmarks, changed, tracks[3:])
    fiducials.refresh_table(landmarks)
    _, _, residuals = fiducials.read_landmarks(landmarks.getFileName())
    assert np.allclose(residuals, [[0.5, 0.25], [2, 0], [0.5, 3.25]], atol=1e-3)


def test_predicted_points_are_no_measured_ones(edited):
    landmarks, rows, _ = edited
    found, _ = model.tracks(fiducials.measured_model(landmarks))
    assert np.allclose(found, np.delete(rows, 4, axis=0), atol=1e-4)


def test_all_points_count_as_measured_where_no_residual_is_known(edited):
    landmarks, rows, tracks = edited
    fiducials.write_landmarks(landmarks.getFileName(), rows, tracks, np.full((6, 2), np.nan))
    found, _ = model.tracks(fiducials.measured_model(landmarks))
    assert len(found) == 6
