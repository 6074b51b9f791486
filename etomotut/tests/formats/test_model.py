"""IMOD models."""

import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.formats import model


def some_model() -> model.Model:
    rows = [[10.25, 20.5, 1], [11, 21, 0], [30, 40, 2]]
    return model.from_tracks(rows, [0, 0, 1], size=(64, 48, 3), pixel_size=5.52, surfaces=[1, 2])


def test_tracks_survive_writing_and_reading(tmp_path):
    model.write(tmp_path / "a.fid", some_model())
    rows, tracks = model.tracks(model.read(tmp_path / "a.fid"))
    assert rows.tolist() == [[11, 21, 0], [10.25, 20.5, 1], [30, 40, 2]]
    assert tracks.tolist() == [0, 0, 1]


def test_points_of_a_model_are_half_a_pixel_more_than_array_indices():
    points = some_model().objects[0].contours[1].points
    assert points.tolist() == [[30.5, 40.5, 2]]


def test_size_pixel_and_surfaces_survive(tmp_path):
    model.write(tmp_path / "a.fid", some_model())
    back = model.read(tmp_path / "a.fid")
    assert back.size == (64, 48, 3)
    assert back.pixel_size == pytest.approx(5.52)
    assert [contour.surface for _, _, contour in back.contours()] == [1, 2]


def test_a_model_without_points_can_be_written(tmp_path):
    model.write(tmp_path / "a.fid", model.Model([model.ModelObject()], (4, 4, 4)))
    assert model.tracks(model.read(tmp_path / "a.fid"))[0].shape == (0, 3)


@pytest.mark.parametrize("length", [0, 7, 100, 300, 450])
def test_a_cut_file_is_refused(tmp_path, length):
    model.write(tmp_path / "a.fid", some_model())
    whole = (tmp_path / "a.fid").read_bytes()
    (tmp_path / "cut.fid").write_bytes(whole[:length])
    with pytest.raises(FormatError, match=r"cut\.fid is not a"):
        model.read(tmp_path / "cut.fid")


@pytest.mark.reference
def test_points_of_imods_model_equal_imods_own_listing(reference):
    rows, tracks = model.tracks(model.read(reference / "beadtrack.fid"))
    listed = np.loadtxt(reference / "beadtrack.fid.txt")
    assert np.array_equal(tracks + 1, listed[:, 1])
    assert np.allclose(rows + (0.5, 0.5, 0), listed[:, 2:], atol=0.0051)


@pytest.mark.reference
def test_imods_model_with_other_chunks_keeps_its_scale(reference):
    found = model.read(reference / "tiltalign.3dmod")
    assert found.pixel_size == pytest.approx(11.04)
    assert sum(len(contour.points) for _, _, contour in found.contours()) == 10


@pytest.mark.imod
def test_imod_lists_the_points_that_were_written(tmp_path, imod):
    import subprocess

    model.write(tmp_path / "a.fid", some_model())
    command = [imod("model2point"), "-float", "-object", str(tmp_path / "a.fid")]
    subprocess.run([*command, str(tmp_path / "a.txt")], check=True, stdout=subprocess.DEVNULL)
    assert np.loadtxt(tmp_path / "a.txt").tolist() == [
        [1, 1, 11.5, 21.5, 0],
        [1, 1, 10.75, 21, 1],
        [1, 2, 30.5, 40.5, 2],
    ]
