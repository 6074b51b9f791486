"""The skeleton of a mask in a file, as membrain writes it."""

import numpy as np
import pytest

from etomotut.engine.skeleton import skeletonize
from etomotut.errors import OptionError
from etomotut.formats import mrc
from etomotut.programs import membrain_skeletonize as program
from etomotut.programs.options import parse
from etomotut.tests.engine.test_skeleton import shell


def run(path, *words):
    program.run(parse(program.OPTIONS, ["--label-path", str(path), *map(str, words)]))


@pytest.fixture
def mask(tmp_path):
    data = 5 * shell(90, 30.0)[0].astype(np.int16)
    about = {"pixel_size": 11.0, "volume": True, "origin": (10, 20, 30)}
    mrc.write(tmp_path / "TS 1.mrc", data, **about)
    return tmp_path / "TS 1.mrc"


@pytest.mark.parametrize("largest", [program._VOXELS_AT_ONCE, 300_000])
def test_a_skeleton_of_zeros_and_ones_stands_where_the_mask_does(mask, monkeypatch, largest):
    monkeypatch.setattr(program, "_VOXELS_AT_ONCE", largest)
    run(mask, "--out-folder", mask.parent / "new" / "folder")
    made = mrc.Stack(mask.parent / "new" / "folder" / "TS 1_skel.mrc")
    assert (made.dtype, made.pixel_size, made.origin) == (np.int8, 11.0, (10, 20, 30))
    assert np.array_equal(made[:] == 1, skeletonize(mrc.read(mask) > 0))


def test_an_empty_mask_has_an_empty_skeleton_and_a_warning(tmp_path, capsys):
    mrc.write(tmp_path / "a.mrc", np.zeros((9, 9, 9), np.int8), pixel_size=5.0)
    run(tmp_path / "a.mrc", "--out-folder", tmp_path)
    assert not mrc.read(tmp_path / "a_skel.mrc").any()
    assert "WARNING: there is no membrane" in capsys.readouterr().out


def test_the_other_method_is_refused(mask):
    with pytest.raises(OptionError, match="2D-skimage; only 3D-NMS is embedded"):
        run(mask, "--method", "2D-skimage")
