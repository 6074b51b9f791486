"""IMOD's defocus files."""

import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.formats import defocus
from etomotut.formats.defocus import Defocus

VIEWS, ANGLES = np.array([[0, 0], [1, 3]]), np.array([[-60.0, -60.0], [-57.0, -51.0]])
VALUES = np.array([[35000.0, 34000.0], [36000.0, 35500.0]])
COLUMNS = {
    "axis": np.array([10.0, 170.5]),
    "phase_shift": np.array([90.0, 88.5]),
    "cut_on": np.array([0.02, 0.03]),
}
KINDS = {
    0: [],
    1: ["axis"],
    4: ["phase_shift"],
    5: ["axis", "phase_shift"],
    37: ["axis", "phase_shift", "cut_on"],
}


@pytest.mark.parametrize("flags", KINDS)
def test_every_kind_survives_writing_and_reading(tmp_path, flags):
    values = VALUES if flags & 1 else VALUES[:, :1].repeat(2, axis=1)
    given = Defocus(VIEWS, ANGLES, values, **{name: COLUMNS[name] for name in KINDS[flags]})
    defocus.write(tmp_path / "a.defocus", given)
    found = defocus.read(tmp_path / "a.defocus")
    for name, value in vars(given).items():
        assert np.array_equal(getattr(found, name), value), name
    first = (tmp_path / "a.defocus").read_text().split("\n")[0].split()
    assert first[-1] == ("3" if flags else "2")
    assert not flags or int(first[0]) == flags


def test_nanometres_turn_into_angstrom_and_views_count_from_0(tmp_path):
    (tmp_path / "a.defocus").write_text("1 41 -60 60 3500 2\n")
    found = defocus.read(tmp_path / "a.defocus")
    assert found.views.tolist() == [[0, 40]]
    assert found.defocus.tolist() == [[35000, 35000]]


def test_angles_in_radians_turn_into_degrees(tmp_path):
    (tmp_path / "a.defocus").write_text(f"31 0 0 0 0 3\n1 1 0 0 3500 3400 {np.pi} {np.pi / 2}\n")
    found = defocus.read(tmp_path / "a.defocus")
    assert found.axis.tolist() == [180]
    assert found.phase_shift.tolist() == [90]
    assert found.inverted


def test_views_counted_from_0_by_an_old_ctfplotter_are_recognised(tmp_path):
    (tmp_path / "a.defocus").write_text("0 3 -60 -51 3500\n4 4 -48 -48 3600\n")
    assert defocus.read(tmp_path / "a.defocus").views.tolist() == [[0, 3], [4, 4]]


def test_a_table_of_single_views_is_plain_unless_it_is_astigmatic():
    assert defocus.single([35000, 36000], [-3, 3]).axis is None
    assert defocus.single([[35000, 34000], [36000, 36000]], [-3, 3], axis=20).axis[0] == 20


def test_views_between_rows_lie_between_them_and_those_beyond_have_the_nearest():
    rows = Defocus(VIEWS, ANGLES, VALUES[:, :1].repeat(2, axis=1))
    found = defocus.at_views(rows, [-63, -60, -57, -54, -51])
    assert np.allclose(found.defocus[:, 0], [35000, 35000, 35500, 36000, 36000])
    assert found.axis is None


def test_two_views_of_one_tilt_have_their_own_rows():
    rows = defocus.single([30000, 31000, 32000], [-3.0, 0.0, 0.0])
    assert defocus.at_views(rows, [-3.0, 0.0, 0.01]).defocus[:, 0].tolist() == [30000, 31000, 32000]


def test_a_row_of_another_angle_is_not_a_views_own():
    rows = Defocus(np.array([[19, 19]]), np.zeros((1, 2)), np.full((1, 2), 35000.0))
    assert defocus.at_views(rows, np.arange(41.0)).defocus.tolist() == [[35000, 35000]] * 41


def test_rows_of_inverted_angles_are_found_at_the_opposite_tilt():
    rows = Defocus(VIEWS, ANGLES, VALUES, inverted=True)
    assert defocus.at_views(rows, [60, 54]).defocus[:, 0].tolist() == [35000, 36000]


def test_between_axes_on_both_sides_of_x_the_axis_is_x():
    rows = defocus.single([[36000, 34000]] * 2, [-10, 10])
    rows.axis = np.array([170.0, 10.0])
    found = defocus.at_views(rows, [-10, 0, 10])
    assert np.allclose(found.axis, [170, 0, 10])
    assert np.allclose(found.defocus[1], 35000 + 1000 * np.cos(np.radians(20)) * np.array([1, -1]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no defocus values"),
        ("1 0 0 0 0 3\n", "holds no defocus values"),
        ("1 1 0 0 3500 2\n2 2 0 0\n", "row 2 has 4 numbers; expected are 5"),
        ("1 0 0 0 0 3\n1 1 0 0 3500\n", "row 1 has 5 numbers; expected are 7"),
        ("99 0 0 0 0 3\n1 1 0 0 3500\n", "has flags 99; allowed is a sum of"),
        ("1 1 0 0 deep\n", "line 1: '1 1 0 0 deep' is not a row of numbers"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, text, message):
    (tmp_path / "a.defocus").write_text(text)
    with pytest.raises(FormatError, match=message):
        defocus.read(tmp_path / "a.defocus")
