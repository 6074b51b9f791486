"""xfproduct and xftoxg through their command line."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import xf


def test_xfproduct_applies_the_first_file_first(tmp_path):
    xf.write(tmp_path / "a", [[[2, 0, 1], [0, 2, 0]]])
    xf.write(tmp_path / "b", [[[0, -1, 0], [1, 0, 5]]] * 2)
    assert main(["xfproduct", *[str(tmp_path / name) for name in "abc"]]) == 0
    assert xf.read(tmp_path / "c").tolist() == [[[0, -2, 0], [2, 0, 6]]] * 2


def test_xfproduct_names_files_of_different_length(tmp_path, capsys):
    xf.write(tmp_path / "a", [[[1, 0, 0], [0, 1, 0]]] * 2)
    xf.write(tmp_path / "b", [[[1, 0, 0], [0, 1, 0]]] * 3)
    assert main(["xfproduct", *[str(tmp_path / name) for name in "abc"]]) == 1
    out = capsys.readouterr().out
    assert out.startswith("ERROR: XFPRODUCT - ")
    assert "a has 2 transforms" in out
    assert "b 3" in out


@pytest.mark.reference
def test_xfproduct_equals_imods(reference, tmp_path):
    files = [str(reference / name) for name in ("xftoxg.prexg", "tiltalign.tltxf")]
    assert main(["xfproduct", *files, str(tmp_path / "f.xf")]) == 0
    # shifts in the input files are rounded to 0.001, so theirs are compared to that
    found, theirs = xf.read(tmp_path / "f.xf"), xf.read(reference / "final.xf")
    assert np.allclose(found[:, :, :2], theirs[:, :, :2], atol=1e-6)
    assert np.allclose(found[:, :, 2], theirs[:, :, 2], atol=1e-4)


@pytest.mark.reference
def test_xftoxg_equals_imods(reference, tmp_path):
    source = str(reference / "tiltxcorr_cumulative.prexf")
    assert main(["xftoxg", "-nfit", "0", "-in", source, "-gout", str(tmp_path / "g")]) == 0
    assert np.allclose(xf.read(tmp_path / "g"), xf.read(reference / "xftoxg.prexg"), atol=1e-4)


def test_an_unknown_program_is_refused(capsys):
    assert main(["tiltxcor"]) == 1
    assert "no embedded program 'tiltxcor'; there are " in capsys.readouterr().out
