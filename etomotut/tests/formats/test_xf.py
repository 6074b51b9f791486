"""Files of transforms."""

import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.formats import xf


def test_shifts_survive_writing_and_reading(tmp_path):
    transforms = np.array([[[1, 0, 1234.56], [0, 1, -0.004]]])
    xf.write(tmp_path / "a.xf", transforms)
    assert np.allclose(xf.read(tmp_path / "a.xf"), transforms, atol=1e-3)


def test_a_line_is_a11_a12_a21_a22_dx_dy(tmp_path):
    (tmp_path / "a.xf").write_text("1 2 3 4 5 6\n")
    assert xf.read(tmp_path / "a.xf").tolist() == [[[1, 2, 5], [3, 4, 6]]]


def test_numbers_with_exponents_are_read(tmp_path):
    (tmp_path / "a.xf").write_text("1.0 -1.2e-05 1.2E-05 1.0 -3 4\n")
    assert xf.read(tmp_path / "a.xf")[0, 0, 1] == -1.2e-05


@pytest.mark.parametrize("text", ["1 2 3 4 5", "1 2 3 4 5 x", "1 0 0 1 nan 0", "1 0 0 1 0 0 0"])
def test_a_bad_line_is_named_with_its_number(tmp_path, text):
    (tmp_path / "a.xf").write_text(f"1 0 0 1 0 0\n{text}\n")
    with pytest.raises(FormatError, match=r"a\.xf, line 2: "):
        xf.read(tmp_path / "a.xf")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.xf").write_text("\n")
    with pytest.raises(FormatError, match="no transforms"):
        xf.read(tmp_path / "a.xf")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"none\.xf cannot be read"):
        xf.read(tmp_path / "none.xf")
