"""A run without a window leaves pictures of all that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.report import export
from etomotut.tests.report.marked import BEADS, findings


def test_pictures_of_all_that_is_known_are_written(tmp_path):
    paths = export.write_pictures(tmp_path / "new" / "folder", findings(tmp_path))
    kinds = ["views", "beads", "residuals", "solution", "tomogram"]
    assert [path.name for path in paths] == [f"TS_1_{kind}.png" for kind in kinds]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_what_is_not_known_is_left_out(tmp_path):
    known = replace(findings(tmp_path), marks=None, positions=None, tomogram=None)
    assert [kind for kind, _ in export.draw_all(known)] == ["views", "solution"]


def test_a_model_that_was_not_solved_has_no_residuals(tmp_path):
    known = findings(tmp_path)
    marks = replace(known.marks, residuals=np.full((27, 2), np.nan), is_solved=False)
    kinds = [kind for kind, _ in export.draw_all(replace(known, marks=marks))]
    assert "beads" in kinds
    assert "residuals" not in kinds


def test_beads_are_found_at_their_voxels(tmp_path):
    found = export.beads_in_tomogram(findings(tmp_path))
    assert np.allclose(found - BEADS, [49.5, 39.5, 14.5])


def test_beads_are_found_in_a_tomogram_of_larger_voxels(tmp_path):
    known = findings(tmp_path)
    binned = replace(known.tomogram, pixel_size=20.0, origin=(-25.0, -20.0, -7.5))
    found = export.beads_in_tomogram(replace(known, tomogram=binned))
    assert np.allclose(found, BEADS / 2 + [24.5, 19.5, 7.0])


def test_a_missing_file_is_named(tmp_path):
    known = replace(findings(tmp_path), stack=str(tmp_path / "gone.mrc"))
    with pytest.raises(FormatError, match=r"gone\.mrc does not exist"):
        export.write_pictures(tmp_path, known)
