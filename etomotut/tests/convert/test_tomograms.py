"""A voxel keeps its place in space through shifts and crops."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.convert.tomograms import (
    cropped_mask,
    cropped_tomogram,
    halves_of,
    new_tomogram,
    stamp,
)
from etomotut.formats import mrc
from etomotut.tests.scipion_objects import tilt_series

PIXEL = 5.0


@pytest.fixture
def volume(tmp_path):
    """Write volumes of 20 x 10 x 8 voxels and give their files by part."""
    files = {part: str(tmp_path / f"TS_1{part}.mrc") for part in ("", "_odd", "_even")}
    for name in files.values():
        mrc.write(name, np.zeros((8, 10, 20), np.float32), pixel_size=PIXEL, volume=True)
    return files


@pytest.fixture
def series(tmp_path):
    """Give a CTF-corrected tilt series."""
    made, _ = tilt_series(tmp_path, (-10.0, 0.0, 10.0), pixel_size=PIXEL)
    made.setCtfCorrected(True)
    return made


def test_the_axis_is_the_zero_of_space(series, volume):
    assert new_tomogram(series, volume).getShiftsFromOrigin() == (-50, -25, -20)


def test_content_shifted_by_tilt_has_its_origin_shifted_back(series, volume):
    shifted = new_tomogram(series, volume, (2.0, 3.0))
    assert shifted.getShiftsFromOrigin() == (-60, -25, -5)


def test_a_tomogram_knows_its_series_and_correction(series, volume):
    tomogram = new_tomogram(series, volume)
    assert tomogram.getTsId() == "TS_1"
    assert tomogram.ctfCorrected()
    assert tomogram.getSamplingRate() == PIXEL
    assert tomogram.getAcquisition() is not series.getAcquisition()
    assert tomogram.getAcquisition().getVoltage() == 300


def test_halves_are_named_odd_then_even_and_sort_even_then_odd(series, volume):
    halves = list(new_tomogram(series, volume).getHalfMaps(asList=True))
    assert halves == [volume["_odd"], volume["_even"]]
    assert sorted(halves) == [volume["_even"], volume["_odd"]]


def test_a_crop_moves_the_origin_by_its_first_voxel(series, volume):
    tomogram = new_tomogram(series, volume, (2.0, 3.0))
    cropped = cropped_tomogram(tomogram, volume, (4, 0, 2))
    assert cropped.getShiftsFromOrigin() == (-60 + 20, -25, -5 + 10)
    assert tomogram.getShiftsFromOrigin() == (-60, -25, -5)
    assert cropped.ctfCorrected()


def test_a_crop_of_the_full_volume_alone_has_no_halves(series, volume):
    cropped = cropped_tomogram(new_tomogram(series, volume), {"": volume[""]}, (0, 0, 0))
    assert not cropped.hasHalfMaps()


def test_halves_of_other_plugins_are_told_apart_by_name(series, volume):
    tomogram = new_tomogram(series, volume)
    tomogram.setHalfMaps([volume["_even"], volume["_odd"]])
    assert halves_of(tomogram) == volume


def test_the_header_says_pixel_size_and_volume(tmp_path):
    path = str(tmp_path / "a.mrc")
    mrc.write(path, np.zeros((4, 6, 8), np.float32), pixel_size=1.0)
    stamp(path, 13.25, volume=True)
    assert mrc.Stack(path).pixel_size == pytest.approx(13.25)
    with open(path, "rb") as file:
        assert np.frombuffer(file.read(1024), "<i4")[22] == 1  # ISPG of a volume


def place_of_middle(tomogram):
    starts, sizes = tomogram.getShiftsFromOrigin(), tomogram.getDim()
    return [start + size * tomogram.getSamplingRate() / 2 for start, size in zip(starts, sizes)]


def test_the_middle_of_a_tomogram_is_where_its_origin_says(series, volume):
    assert place_of_middle(new_tomogram(series, volume)) == [0, 0, 0]
    assert place_of_middle(new_tomogram(series, volume, (2.0, 3.0))) == [-10, 0, 15]


def test_a_mask_lies_where_its_tomogram_does(series, volume):
    cropped = cropped_tomogram(new_tomogram(series, volume), volume, (4, 0, 2))
    mask = cropped_mask(cropped, volume["_odd"])
    assert mask.getShiftsFromOrigin() == cropped.getShiftsFromOrigin()
    assert (mask.getFileName(), mask.getVolName()) == (volume["_odd"], volume[""])
    assert (mask.getTsId(), mask.hasHalfMaps()) == ("TS_1", False)


def test_coordinates_keep_their_numbers_through_a_crop(series, volume):
    from tomo.constants import BOTTOM_LEFT_CORNER, SCIPION
    from tomo.objects import Coordinate3D

    whole = new_tomogram(series, volume, (2.0, 3.0))
    coordinate = Coordinate3D()
    coordinate.setVolume(whole)
    coordinate.setPosition(9, 5, 6, BOTTOM_LEFT_CORNER)
    stored = coordinate.getPosition(SCIPION)
    coordinate.setVolume(cropped_tomogram(whole, volume, (4, 0, 2)))
    assert coordinate.getPosition(SCIPION) == stored
    assert coordinate.getPosition(BOTTOM_LEFT_CORNER) == pytest.approx((5, 5, 4))
