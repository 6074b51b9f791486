"""Files of doses."""

import pytest

from etomotut.errors import FormatError
from etomotut.formats import doses


def test_doses_survive_writing_and_reading(tmp_path):
    doses.write(tmp_path / "a.dose", [0, 3.25], [3.25, 3.0])
    assert doses.read(tmp_path / "a.dose", kind=2, views=2).tolist() == [[0, 3.25], [3.25, 3]]


def test_a_dose_after_a_view_gives_its_own(tmp_path):
    (tmp_path / "a.dose").write_text("3 6.5\n\n0, 3\n")
    assert doses.read(tmp_path / "a.dose", kind=3, views=2).tolist() == [[3, 3.5], [0, 3]]


def test_one_number_a_line_is_the_dose_of_the_view(tmp_path):
    (tmp_path / "a.dose").write_text("3\n2.5\n")
    assert doses.read(tmp_path / "a.dose", kind=1, views=2).tolist() == [[3], [2.5]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 3\n", "has doses of 1 views; there are 2"),
        ("0 3\n3\n", "'3' is not 2 numbers"),
        ("0 3\nthree 3\n", "'three 3' is not 2 numbers"),
        ("0 3\n3 -1\n", "view 2 has the dose -1"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, text, message):
    (tmp_path / "a.dose").write_text(text)
    with pytest.raises(FormatError, match=message):
        doses.read(tmp_path / "a.dose", kind=2, views=2)
