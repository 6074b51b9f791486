"""Coordinates mark the same spot of the specimen in a tomogram that was cropped."""

from __future__ import annotations

import numpy as np
import pytest
from pyworkflow.object import Pointer
from tomo.constants import BOTTOM_LEFT_CORNER
from tomo.objects import (
    Coordinate3D,
    MeshPoint,
    SetOfCoordinates3D,
    SetOfTomograms,
    TomoAcquisition,
    Tomogram,
)

from etomotut.convert.coordinates import coordinates_inside, prepare_coordinates, read_coordinates
from etomotut.convert.series import FULL
from etomotut.convert.tomograms import cropped_tomogram
from etomotut.formats import mrc

SIZE = 24, 20, 10  # x, y, z
START = 4, 0, 2


@pytest.fixture
def tomogram(tmp_path):
    """Give a tomogram whose first voxel does not lie at minus half its size."""
    made = Tomogram(tsId="TS_1")
    made.setFileName(str(tmp_path / "whole.mrc"))
    mrc.write(made.getFileName(), np.zeros(SIZE[::-1], np.float32), pixel_size=5.0)
    made.setSamplingRate(5.0)
    made.setAcquisition(TomoAcquisition())
    made.setOrigin()
    made.setShiftsInOrigin(-70.0, -50.0, -10.0)
    return made


@pytest.fixture
def cropped(tomogram, tmp_path):
    path = str(tmp_path / "crop.mrc")
    mrc.write(path, np.zeros((6, 20, 12), np.float32), pixel_size=5.0)
    return cropped_tomogram(tomogram, {FULL: path}, START)


def coordinate(tomogram, voxel, kind=Coordinate3D):
    made = kind()
    made.setVolume(tomogram)
    made.setPosition(*voxel, BOTTOM_LEFT_CORNER)
    return made


def voxels(coordinates):
    return [pytest.approx(each.getPosition(BOTTOM_LEFT_CORNER)) for each in coordinates]


def test_what_is_inside_moves_by_the_first_voxel(tomogram, cropped):
    given = [coordinate(tomogram, voxel) for voxel in ((9, 5.5, 6), (4, 0, 2), (15.9, 19.9, 7.9))]
    found = coordinates_inside(given, 5.0, cropped)
    assert voxels(found) == [(5, 5.5, 4), (0, 0, 0), (11.9, 19.9, 5.9)]
    assert {each.getTomoId() for each in found} == {"TS_1"}


def test_what_is_outside_on_any_side_is_dropped(tomogram, cropped):
    outside = [(3.9, 5, 5), (16, 5, 5), (9, -0.1, 5), (9, 20, 5), (9, 5, 1.9), (9, 5, 8)]
    assert coordinates_inside([coordinate(tomogram, v) for v in outside], 5.0, cropped) == []


def test_coordinates_of_a_binned_tomogram_come_to_the_same_spot(tomogram, cropped):
    binned = tomogram.clone()
    binned.setSamplingRate(10.0)
    given = [coordinate(binned, (4.5, 2.75, 3))]
    assert voxels(coordinates_inside(given, 10.0, cropped)) == [(5, 5.5, 4)]


def test_direction_group_and_score_stay(tomogram, cropped):
    given, matrix = coordinate(tomogram, (9, 5, 6), MeshPoint), np.diag([-1.0, -1.0, 1.0, 1.0])
    given.setMatrix(matrix)
    given.setGroupId(3)
    given.setScore(0.5)
    (found,) = coordinates_inside([given], 5.0, cropped)
    assert np.array_equal(found.getMatrix(), matrix)
    assert (found.getGroupId(), found.getScore()) == (3, 0.5)
    assert found.getVolumeName() == cropped.getFileName()


def test_a_set_gives_those_of_one_tomogram_and_what_it_says_of_all(tomogram, tmp_path):
    tomograms = SetOfTomograms.create(str(tmp_path), prefix="tomograms")
    tomograms.setSamplingRate(5.0)
    source, output = (SetOfCoordinates3D.create(str(tmp_path), prefix=each) for each in "ab")
    source.setSamplingRate(10.0)
    source.setBoxSize(16)
    for ts_id in ("TS_1", "TS_2", "TS_1"):
        each = coordinate(tomogram, (9, 5, 6))
        each.setTomoId(ts_id)
        source.append(each)
    source.write()
    assert len(read_coordinates(source, "TS_1")) == 2
    source.setPrecedents(SetOfTomograms())
    prepare_coordinates(output, source, Pointer(tomograms))
    assert output.getPrecedents() is tomograms
    assert (output.getBoxSize(), output.getSamplingRate()) == (32, 5.0)
