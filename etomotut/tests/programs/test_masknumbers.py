"""Numbering the membranes of a mask, through the command line."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc, points


@pytest.fixture
def mask(tmp_path):
    """Write a mask of two blocks."""
    data = np.zeros((6, 8, 20), np.int8)
    data[2:4, 2:5, 2:6] = data[2:4, 2:5, 12:18] = 1
    mrc.write(tmp_path / "m.mrc", data, pixel_size=10.0, volume=True, origin=(1, 2, 3))
    return tmp_path / "m.mrc"


def number(mask, *words):
    output = mask.with_name("n.mrc")
    assert main(["masknumbers", str(mask), str(output), *map(str, words)]) == 0
    return mrc.Stack(output)


def test_voxels_get_the_number_of_the_nearest_point(mask):
    table = mask.with_name("p.csv")
    points.write(table, [9, 4], [(40, 40, 30), (150, 40, 30)])
    found = number(mask, "-PointsFile", table, "-FirstNumber", 5)
    assert (found[2, 3, 3], found[2, 3, 14]) == (6, 5)
    assert np.array_equal(found[:] > 0, mrc.read(mask) > 0)
    assert (found.origin, found.dtype) == ((1, 2, 3), np.int16)


def test_numbers_of_a_mask_become_consecutive(mask):
    data = mrc.read(mask)
    data[:, :, 10:] *= 7
    mrc.write(mask, data, pixel_size=10.0)
    assert list(np.unique(number(mask, "-FirstNumber", 3)[:])) == [0, 3, 4]


def test_no_points_give_an_empty_mask(mask):
    table = mask.with_name("p.csv")
    points.write(table, np.zeros(0), np.zeros((0, 3)))
    assert number(mask, "-PointsFile", table)[:].max() == 0


def test_a_single_point_is_read(tmp_path):
    points.write(tmp_path / "p.csv", [3], [(1, 2, 3)])
    numbers, places = points.read(tmp_path / "p.csv")
    assert (list(numbers), places.tolist()) == ([3], [[1, 2, 3]])


def test_more_numbers_than_a_mask_can_hold_are_refused(mask, capfd):
    words = ["masknumbers", str(mask), "n.mrc", "-FirstNumber", "32768"]
    assert main(words) == 1
    assert "numbers from 32768 to 32767 are too few" in capfd.readouterr().out
