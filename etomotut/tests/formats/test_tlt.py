"""Files of tilt angles."""

import pytest

from etomotut.errors import FormatError
from etomotut.formats import tlt


def test_angles_survive_writing_and_reading(tmp_path):
    tlt.write(tmp_path / "a.tlt", [-60.012, 0, 59.5])
    assert tlt.read(tmp_path / "a.tlt", views=3).tolist() == [-60.012, 0.0, 59.5]


def test_angles_may_stand_beside_each_other(tmp_path):
    (tmp_path / "a.tlt").write_text("-3, 0\t3\n\n")
    assert tlt.read(tmp_path / "a.tlt").tolist() == [-3, 0, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 three", "'three' is no number"),
        ("", "holds no angles"),
        ("1 2", "has 2 angles for 3 views"),
        ("1 2 181", "view 3 has angle 181"),
        ("1 nan 2", "view 2 has angle nan"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, text, message):
    (tmp_path / "a.tlt").write_text(text)
    with pytest.raises(FormatError, match=message):
        tlt.read(tmp_path / "a.tlt", views=3)
