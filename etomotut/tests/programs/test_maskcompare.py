"""maskcompare through its command line."""

import json

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a", "b"), 5):
        mask = np.zeros((12, 13, 14), np.int8)
        mask[number : number + 2] = number
        mrc.write(tmp_path / f"{name}.mrc", mask, pixel_size=4.0, origin=(1, 2, 3), volume=True)
    return tmp_path


def run(folder, *words):
    files = [str(folder / name) for name in ("a.mrc", "b.mrc", "out.mrc")]
    return main(["maskcompare", *map(str, words), *files])


def test_figures_and_differences_are_written(folder, capsys):
    assert run(folder, "-ResultFile", folder / "f.json", "-Tolerance", 0) == 0
    assert json.loads((folder / "f.json").read_text())["dice"] == 0.5
    made = mrc.Stack(folder / "out.mrc")
    assert (made.dtype, made.pixel_size, made.origin) == (np.int8, 4.0, (1, 2, 3))
    assert [int(made[z].max()) for z in range(4, 9)] == [0, 1, 3, 2, 0]
    assert "Dice 0.500" in capsys.readouterr().out


def test_masks_of_different_sizes_are_refused(folder, capsys):
    mrc.write(folder / "b.mrc", np.zeros((3, 4, 5), np.int8), pixel_size=4.0)
    assert run(folder) == 1
    assert "has 14 x 13 x 12 voxels" in capsys.readouterr().out
