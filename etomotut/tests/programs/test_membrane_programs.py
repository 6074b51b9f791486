"""The programs that segment membranes, through their command lines."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc
from etomotut.tests.engine.membrane_phantom import tomogram

SHAPE = (44, 60, 62)
ABOUT = {"pixel_size": 11.0, "volume": True, "origin": (10, 20, 30)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with a vesicle, dark and bright, and with noise."""
    folder = tmp_path_factory.mktemp("membranes")
    data = tomogram(SHAPE, [((30.0, 29.0, 22.0), 240.0)], pixel_size=11.0)
    mrc.write(folder / "a.mrc", data, **ABOUT)
    mrc.write(folder / "bright.mrc", -data, **ABOUT)
    mrc.write(folder / "noise.mrc", tomogram(SHAPE, [], pixel_size=11.0), **ABOUT)
    assert main(["tardis_mem", "--path", str(folder / "a.mrc")]) == 0
    return folder


def run(program, *words):
    assert main([program, *map(str, words)]) == 0


def test_the_mask_is_on_the_grid_of_the_tomogram(folder):
    mask = mrc.Stack(folder / "Predictions" / "a_semantic.mrc")
    assert (mask.shape, mask.dtype, mask.origin) == (SHAPE, np.int8, (10, 20, 30))
    assert mask.pixel_size == pytest.approx(11.0)
    assert set(np.unique(mask[:])) == {0, 1}
    assert 4000 < mask[:].sum() < 35000


def test_all_tomograms_of_a_folder_are_segmented(folder, tmp_path):
    for name in ("TS_1.mrc", "TS_2.rec"):
        (tmp_path / name).symlink_to(folder / "noise.mrc")
    run("tardis_mem", "-dir", tmp_path, "--output_format", "mrc_None")
    found = sorted(path.name for path in (tmp_path / "Predictions").iterdir())
    assert found == ["TS_1_semantic.mrc", "TS_2_semantic.mrc"]


def test_points_have_numbers_and_lie_in_the_mask(folder):
    points = np.loadtxt(folder / "Predictions" / "a_instances.csv", delimiter=",", skiprows=1)
    mask = mrc.read(folder / "Predictions" / "a_semantic.mrc")
    x, y, z = np.round(points[:, 1:] / 11.0).astype(int).T
    assert set(points[:, 0]) == {1}
    assert mask[z, y, x].mean() > 0.99


def test_bright_membranes_are_found_where_that_is_said(folder):
    run("tardis_mem", "--path", folder / "bright.mrc", "--bright", "--output_format", "mrc_None")
    first, second = (
        mrc.read(folder / "Predictions" / f"{n}_semantic.mrc") for n in ("a", "bright")
    )
    assert np.array_equal(first, second)
    assert not (folder / "Predictions" / "bright_instances.csv").exists()


def test_a_higher_threshold_gives_less(folder):
    common = ["segment", "--tomogram-path", folder / "a.mrc", "--out-folder", folder / "b"]
    run("membrain", *common, "--store-probabilities")
    low = mrc.read(folder / "b" / "a_segmented.mrc").sum()
    scores = mrc.read(folder / "b" / "a_scores.mrc")
    run("membrain", *common, "--segmentation-threshold", "0.2")
    high = mrc.read(folder / "b" / "a_segmented.mrc")
    assert 0 < high.sum() < low
    assert np.array_equal(high > 0, scores >= np.float32(1 / (1 + np.exp(-0.2))))


def test_nothing_found_is_an_empty_mask_and_a_warning(folder, capfd):
    run("tardis_mem", "--path", folder / "noise.mrc")
    assert mrc.read(folder / "Predictions" / "noise_semantic.mrc").max() == 0
    assert "WARNING: no membrane was found, so the mask is empty" in capfd.readouterr().out
    assert not (folder / "Predictions" / "noise_instances.csv").exists()


def test_components_are_numbered_from_the_largest_on(tmp_path):
    mask = np.zeros((6, 8, 10), np.int8)
    mask[1, 1, 1] = mask[3:5, 3:5, 5:8] = mask[0, 6:8, 0:2] = 1
    mrc.write(tmp_path / "m.mrc", mask, **ABOUT)
    words = ["--segmentation-path", tmp_path / "m.mrc", "--out-folder", tmp_path]
    run("membrain", "components", *words, "--connected-component-thres", 2)
    found = mrc.read(tmp_path / "m_components.mrc")
    assert list(np.bincount(found.ravel())[1:]) == [12, 4]


def test_skeletonize_is_a_command_too(folder):
    run("membrain", "skeletonize", "--label-path", folder / "Predictions" / "a_semantic.mrc",
        "--out-folder", folder / "c")  # fmt: skip
    assert 0 < mrc.read(folder / "c" / "a_semantic_skel.mrc").sum() < 8000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["segment"], "option tomogram-path is needed to segment"),
        (["components", "--segmentation-path", "m.mrc", "--bright"], "bright is not one of"),
        (["segment", "--tomogram-path", "a", "--store-uncertainty-map"], "map is not embedded"),
        (["thin"], "allowed are segment, components, skeletonize"),
        (["segment", "--tomogram-path", "none.mrc"], "tomogram none.mrc does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused(words, said, capfd):
    assert main(["membrain", *words]) == 1
    assert said in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mask", "True"], "option mask is not embedded: it must be False"),
        (["--continue_b", "True"], "option continue_b is not embedded"),
        ([], "has no tomogram"),
    ],
)
def test_what_tardis_alone_can_do_is_refused(words, said, tmp_path, capfd):
    assert main(["tardis_mem", "--path", str(tmp_path), *words]) == 1
    assert said in capfd.readouterr().out
