"""Agreement of masks that is known."""

import numpy as np
import pytest

from etomotut.engine.overlap import BOTH, FIRST, SECOND, compare


def planes(*places):
    mask = np.zeros((60, 20, 30), np.int16)
    mask[list(places)] = 7
    return mask


@pytest.mark.parametrize(
    ("shift", "tolerance", "dice", "near"),
    [(0, 2, 1, 1), (1, 2, 0, 1), (2, 2, 0, 1), (3, 2, 0, 0), (1, 0, 0, 0)],
)
def test_planes_agree_within_the_tolerance_even_where_pieces_meet(shift, tolerance, dice, near):
    found = compare(planes(5, 23, 47), planes(5 + shift, 23 + shift, 47 + shift), tolerance)
    assert (found.dice, found.dice_near) == (dice, near)


def test_half_of_what_both_have_is_half():
    found = compare(planes(1, 2), planes(2, 3), 0)
    assert found.dice == 0.5
    assert (found.first, found.second, found.both) == (1200, 1200, 600)


def test_nothing_agrees_with_nothing_but_not_with_something():
    assert compare(planes(), planes(), 2).dice == 1
    assert compare(planes(), planes(4), 2).dice_near == 0


def test_differences_say_whose_a_voxel_is():
    made = np.full((60, 20, 30), -1)

    def put(start, sections):
        made[start : start + len(sections)] = sections

    compare(planes(1, 2, 40), planes(2, 3, 40), 2, put)
    assert [made[z].max() for z in (1, 2, 3, 40)] == [FIRST, BOTH, SECOND, BOTH]
    assert (made >= 0).all()
    assert not made[10:40].any()
