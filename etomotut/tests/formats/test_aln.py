"""AreTomo's files: both versions' as they are written, and what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.engine import transforms as linear
from etomotut.errors import FormatError
from etomotut.formats import aln

NAMES = (
    "# SEC     ROT         GMAG       TX          TY      SMEAN     SFIT    SCALE     BASE     TILT"
)
ARETOMO2 = f"""# AreTomo Alignment / Priims bprmMn 
# RawSize = 3838 3710 4
# NumPatches = 2
# DarkFrame =     3    3    60.00
{NAMES}
    1   -95.1234    1.00000     12.500     -3.250     1.00     1.00     1.00     0.00    -3.00
    0   -95.2000    1.00000      0.000      0.000     1.00     1.00     1.00     0.00     0.00
    2   -95.3000    1.00000    -40.125     10.000     1.00     1.00     1.00     0.00     3.00
# Local Alignment
   0   0   100.00   -20.00     1.50     0.50   1.0
   0   1  -100.00    20.00    -1.50     0.50   1.0
"""  # noqa: W291 - as AreTomo writes it
ARETOMO3 = f"""# AreTomo Alignment / Priims bprmMn
# RawSize = 3838 3710 4
# NumPatches = 0
# DarkFrame =     0    4   -60.00
# AlphaOffset =    -2.50
# BetaOffset =     0.00
# Thickness = 480
{NAMES}
    2    84.5000    1.00000     12.500     -3.250     1.00     1.00     1.00     0.00    -5.50
    1    84.5000    1.00000      0.000      0.000     1.00     1.00     1.00     0.00    -2.50
    3    84.5000    1.00000    -40.125     10.000     1.00     1.00     1.00     0.00     0.50
"""


def read(tmp_path, text):
    path = tmp_path / "a.aln"
    path.write_text(text)
    return aln.read(path)


def test_sections_of_aretomo2_count_from_0(tmp_path):
    found = read(tmp_path, ARETOMO2)
    assert (found.sections, found.dark) == ([1, 0, 2], [3])
    assert found.size == (3838, 3710, 4)
    assert np.allclose(found.tilt_angles, [-3, 0, 3])


def test_sections_of_aretomo3_count_from_1(tmp_path):
    found = read(tmp_path, ARETOMO3)
    assert (found.sections, found.dark) == ([1, 0, 2], [3])
    assert np.allclose(found.tilt_angles, [-5.5, -2.5, 0.5])  # the offset of -2.5 is in them


def test_shifts_come_before_the_turn(tmp_path):
    found = read(tmp_path, ARETOMO2)
    centre = linear.apply(found.transforms[0], np.array([[12.5, -3.25]]))
    assert np.allclose(centre, 0)
    assert np.allclose(found.transforms[1], linear.rotation(95.2))


def test_numbers_are_those_that_aretomo_writes_for_imod(tmp_path):
    # a11 a12 a21 a22 and shifts by cos(-ROT), -sin(-ROT), ... of -T, worked out by hand for 90
    turned = ARETOMO2.replace("-95.1234", " 90.0000")
    xf = read(tmp_path, turned).transforms[0]
    assert np.allclose(xf, [[0, 1, 3.25], [-1, 0, 12.5]], atol=1e-9)


def test_the_axis_stands_upright_afterwards(tmp_path):
    axis = np.radians(84.5) + np.pi / 2  # a line at ROT from vertical
    xf = read(tmp_path, ARETOMO3).transforms[1]
    assert np.allclose(xf[:, :2] @ [np.cos(axis), np.sin(axis)], [0, 1])


def test_local_shifts_are_told_of_and_left_out(tmp_path):
    assert read(tmp_path, ARETOMO2).is_local
    assert not read(tmp_path, ARETOMO3).is_local


@pytest.mark.parametrize("first", [0, 1])
def test_alignments_survive_writing_and_reading(tmp_path, first):
    known = read(tmp_path, ARETOMO2)
    aln.write(tmp_path / "b.aln", known, first=first)
    found = aln.read(tmp_path / "b.aln")
    assert np.allclose(found.transforms, known.transforms, atol=2e-3)
    assert np.allclose(found.tilt_angles, known.tilt_angles)
    assert (found.sections, found.dark, found.size) == (known.sections, known.dark, known.size)


@pytest.mark.parametrize(
    "old, new, text",
    [
        ("# RawSize = 3838 3710 4", "", "RawSize"),
        ("1.00000     12.500", "1.01000     12.500", "GMAG 1.01"),
        ("    2   -95.3000", "    7   -95.3000", "from 0 to 7; the stack has 4"),
        ("-95.2000", "", "no table of 10 columns"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, old, new, text):
    with pytest.raises(FormatError, match=text):
        read(tmp_path, ARETOMO2.replace(old, new))
