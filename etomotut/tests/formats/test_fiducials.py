"""Residuals and 3D positions."""

import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.formats import fiducials


def test_residuals_survive_writing_and_reading(tmp_path):
    rows = [[174.33, 119.54, 0, 0.281, -0.634], [3, 4, 40, -5, 5]]
    fiducials.write_residuals(tmp_path / "a.resid", rows)
    assert np.allclose(fiducials.read_residuals(tmp_path / "a.resid"), rows, atol=0.006)


def test_positions_survive_writing_and_reading(tmp_path):
    given = fiducials.Positions(
        np.array([[1.5, 2.25, -90.12], [3, 4, 5]]), np.array([[1, 1], [1, 4]]), 11.04, (256, 360)
    )
    fiducials.write_positions(tmp_path / "a.xyz", given)
    found = fiducials.read_positions(tmp_path / "a.xyz")
    assert np.allclose(found.xyz, given.xyz, atol=0.006)
    assert found.numbers.tolist() == [[1, 1], [1, 4]]
    assert (found.pixel_size, found.size) == (11.04, (256, 360))


def test_a_residual_file_with_fewer_rows_than_announced_is_refused(tmp_path):
    (tmp_path / "a.resid").write_text("  2 residuals\n 1 2 3 4 5\n")
    with pytest.raises(FormatError, match="announces 2 residuals of 5 numbers and holds 1"):
        fiducials.read_residuals(tmp_path / "a.resid")


@pytest.mark.reference
def test_imods_residuals_have_their_mean(reference):
    rows = fiducials.read_residuals(reference / "tiltalign.resid")
    assert np.hypot(rows[:, 3], rows[:, 4]).mean() == pytest.approx(0.809, abs=0.002)


@pytest.mark.reference
def test_imods_positions_are_read(reference):
    found = fiducials.read_positions(reference / "tiltalign.xyz")
    assert found.xyz[0].tolist() == [184.22, 117.01, -91.33]
    assert (found.pixel_size, found.size) == (11.04, (256, 360))


def test_large_residuals_are_written_apart_and_read_where_imod_writes_them_together(tmp_path):
    row = [10.0, 20.0, 3, -123.456, -1100.5]
    fiducials.write_residuals(tmp_path / "a.resid", [row])
    assert fiducials.read_residuals(tmp_path / "a.resid") == pytest.approx(np.array([row]))
    text = "     1 residuals\n     10.50     20.50    3-123.456-110.500\n"
    (tmp_path / "b.resid").write_text(text)
    assert fiducials.read_residuals(tmp_path / "b.resid")[0, 3:].tolist() == [-123.456, -110.5]


def test_residuals_find_their_point_by_place_and_view():
    rows = np.array([[10.0, 10, 0], [10.0, 10, 1], [30.0, 40, 1]])
    measured = np.array([[30.004, 39.996, 1, 0.3, 0.4], [10.0, 10.0, 1, 0.1, 0.2]])
    found = fiducials.match_residuals(rows, measured)
    assert np.isnan(found[0]).all()
    assert np.allclose(found[1:], [[0.1, 0.2], [0.3, 0.4]])
