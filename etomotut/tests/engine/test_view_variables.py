"""Groups of variables."""

import numpy as np
import pytest

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.view_variables import BLOCK, EACH, FIXED, LINEAR, ONE, Choice, chosen_variables

ANGLES = np.arange(-60.0, 61.0, 3.0)


def shares(parameter, choice):
    """Give the share of each variable in each view, (view, variable)."""
    return chosen_variables(ANGLES, 0.0, {parameter: choice}).basis[:, parameter]


@pytest.mark.parametrize(("kind", "count"), [(FIXED, 0), (ONE, 1), (EACH, 41)])
def test_the_number_of_variables_is_that_of_the_choice(kind, count):
    assert shares(bundle.ROTATION, Choice(kind)).shape == (41, count)


def test_linear_groups_of_rotation_have_their_nodes_at_views_1_6_11():
    found = shares(bundle.ROTATION, Choice(LINEAR, 5))
    assert np.flatnonzero(np.isclose(found, 1).any(axis=1)).tolist() == list(range(0, 41, 5))
    assert found[2].tolist()[:3] == pytest.approx([0.6, 0.4, 0])


def test_shares_of_linear_groups_add_up_to_one():
    assert shares(bundle.TILT, Choice(LINEAR, 5)).sum(axis=1) == pytest.approx(np.ones(41))


def test_groups_of_tilt_angles_are_wider_at_low_tilt():
    main = shares(bundle.TILT, Choice(BLOCK, 5)).argmax(axis=1)
    sizes = np.bincount(main)
    assert sizes[len(sizes) // 2] > sizes[0]


def test_there_are_as_many_tilt_groups_as_in_imod():
    assert shares(bundle.TILT, Choice(LINEAR, 5, reference=20)).shape[1] == 9


def test_blocks_are_constant_inside():
    found = shares(bundle.MAGNIFICATION, Choice(BLOCK, 4))
    assert set(np.unique(found)) == {0, 1}
    assert found.sum(axis=1).tolist() == [1] * 41


def test_the_reference_view_belongs_to_no_variable():
    assert shares(bundle.TILT, Choice(EACH, reference=20))[20].sum() == 0
    assert shares(bundle.MAGNIFICATION, Choice(LINEAR, 4, reference=0))[0].sum() == 0
