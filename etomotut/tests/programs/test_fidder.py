"""fidder and beadmask through their command lines, on a simulated series with known beads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from etomotut.__main__ import main
from etomotut.demo import truth
from etomotut.demo.parameters import PRESETS
from etomotut.demo.series import simulate, write
from etomotut.engine.bead_masks import draw
from etomotut.formats import fiducials, model, mrc, tlt, xf

PARAMETERS = replace(PRESETS["tiny"][0], name="TS", halves=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a series of 21 views of 180 x 128 with 9 beads, and its alignment."""
    made = tmp_path_factory.mktemp("gold")
    series = simulate(PARAMETERS)
    write(series, made)
    known = series.truth
    xf.write(made / "TS.xf", known.transforms)
    tlt.write(made / "TS.tlt", known.true_angles)
    places = known.beads + (90, 64, 0)
    numbers = np.c_[np.ones(9, int), np.arange(1, 10)]
    positions = fiducials.Positions(places, numbers, known.pixel_size, (180, 128))
    fiducials.write_positions(made / "TS.xyz", positions)
    discs = np.zeros(series.stack.shape, bool)
    for disc, track in zip(discs, known.track + (89.5, 63.5)):
        for place, diameter in zip(track, known.details["bead_diameters"]):
            disc |= draw(disc.shape, place[None], diameter / 2)
    np.save(made / "discs.npy", discs)
    return made


def run(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def mask(folder):
    """Predict the mask of the series once."""
    words = ["--output-probabilities", folder / "chance.mrc"]
    assert predict(folder, "mask.mrc", *words) == 0


def predict(folder, name, *words):
    source = ["--input-image", folder / "TS.mrc", "--output-mask", folder / name]
    return run("fidder", "predict", *source, "--probability-threshold", 0.9, *words)


def beadmask(folder, *words):
    return run("beadmask", folder / "TS.mrc", folder / "known.mrc", "-BeadDiameter", 9, *words)


def geometry(folder):
    files = {"-PositionFile": "TS.xyz", "-TransformFile": "TS.xf", "-TiltFile": "TS.tlt"}
    return [word for name, file in files.items() for word in (name, folder / file)]


def shares(folder, name):
    """Give the shares of the beads' pixels and of those 4 pixels away that a mask has."""
    discs, mask = np.load(folder / "discs.npy"), mrc.read(folder / name) != 0
    near = ndimage.binary_dilation(discs, np.ones((1, 9, 9), bool))
    return mask[discs].mean(), mask[~near].mean()


@pytest.mark.usefixtures("mask")
def test_predict_masks_the_beads_and_nothing_else(folder):
    covered, beyond = shares(folder, "mask.mrc")
    assert covered >= 0.99
    assert beyond < 0.003
    found = mrc.Stack(folder / "mask.mrc")
    assert (found.dtype, round(found.pixel_size, 2)) == (np.int8, 11.04)
    chance = mrc.read(folder / "chance.mrc")
    assert chance[found[:] == 0].max() < 0.95


def test_a_threshold_of_one_masks_nothing(folder, capfd):
    source = ["--input-image", folder / "TS.mrc", "--output-mask", folder / "none.mrc"]
    assert run("fidder", "predict", *source, "--probability-threshold", 1) == 0
    assert not mrc.read(folder / "none.mrc").any()
    said = capfd.readouterr().out.splitlines()[-1]
    assert said.startswith("0 beads in 21 views")
    assert said.endswith("0.00% of the pixels are masked")


@pytest.mark.usefixtures("mask")
def test_erase_fills_what_the_mask_marks_and_leaves_the_rest(folder):
    files = ["--input-mask", folder / "mask.mrc", "--output-image", folder / "erased.mrc"]
    assert run("fidder", "erase", "--input-image", folder / "TS.mrc", *files) == 0
    views, erased = mrc.read(folder / "TS.mrc"), mrc.read(folder / "erased.mrc")
    mask = mrc.read(folder / "mask.mrc") != 0
    assert erased.dtype == np.float32
    assert np.array_equal(erased[~mask], views[~mask])
    assert erased[mask].mean() == pytest.approx(views[~mask].mean(), rel=0.05)
    steps = [abs(np.diff(erased[each], axis=-1)) for each in (10, 11)]
    inside = [mask[each, :, 1:] & mask[each, :, :-1] for each in (10, 11)]
    noise = [[np.median(a[b]), np.median(a[~b])] for a, b in zip(steps, inside)]
    assert np.mean(noise, axis=0)[0] == pytest.approx(np.mean(noise, axis=0)[1], rel=0.1)


def test_beads_known_in_3d_are_masked_in_every_view(folder, capfd):
    assert beadmask(folder, *geometry(folder), "-OnlyKnown") == 0
    covered, beyond = shares(folder, "known.mrc")
    assert covered >= 0.99
    assert beyond < 0.003
    assert "0 marks of other gold" in capfd.readouterr().out


def test_gold_that_nobody_tracked_is_masked_too(folder):
    known = fiducials.read_positions(folder / "TS.xyz")
    some = fiducials.Positions(known.xyz[:4], known.numbers[:4], 11.04, known.size)
    fiducials.write_positions(folder / "some.xyz", some)
    words = ["-xyz", folder / "some.xyz", *geometry(folder)[2:]]
    assert beadmask(folder, *words, "-OnlyKnown") == 0
    assert shares(folder, "known.mrc")[0] < 0.6
    assert beadmask(folder, *words) == 0
    assert shares(folder, "known.mrc")[0] >= 0.99


def test_where_the_geometry_does_not_hold_beads_are_found(folder):
    transforms = xf.read(folder / "TS.xf")
    transforms[3, :, 2] += 40
    xf.write(folder / "wrong.xf", transforms)
    words = [*geometry(folder), "-TransformFile", folder / "wrong.xf"]
    assert beadmask(folder, *words, "-SolvedViews", "1-3,5-21") == 0
    covered, beyond = shares(folder, "known.mrc")
    assert covered >= 0.99
    assert beyond < 0.003


def test_beads_may_be_known_as_tracks(folder):
    track = truth.read(folder / "TS_truth.json").track + (89.5, 63.5)
    view, bead = (each.ravel() for each in np.indices(track.shape[:2]))
    rows = np.column_stack([track.reshape(-1, 2), view])
    model.write(folder / "TS.fid", model.from_tracks(rows, bead, size=(180, 128, 21), pixel_size=1))
    assert beadmask(folder, "-ModelFile", folder / "TS.fid", "-OnlyKnown") == 0
    assert shares(folder, "known.mrc")[0] >= 0.99


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["predict"], "option output-mask is needed to predict"),
        (["erase", "--input-mask", "TS.mrc"], "option output-image is needed to erase"),
        (["predict", "--output-mask", "m.mrc", "--input-mask", "a"], "input-mask is not one of"),
        (["smooth"], "option command is smooth; allowed are predict, erase"),
        (["predict", "--output-mask", "m.mrc", "--bead-diameter", "1.5"], "pixels cannot be found"),
    ],
)
def test_fidder_refuses_what_it_cannot_do(folder, monkeypatch, capfd, words, reason):
    monkeypatch.chdir(folder)
    assert run("fidder", *words, "--input-image", "TS.mrc") == 1
    assert reason in capfd.readouterr().out


def test_a_mask_of_another_size_is_refused_with_both_sizes(folder, capfd):
    mrc.write(folder / "small.mrc", np.zeros((21, 8, 8), np.int8), pixel_size=1.0)
    files = ["--input-mask", folder / "small.mrc", "--output-image", folder / "x.mrc"]
    assert run("fidder", "erase", "--input-image", folder / "TS.mrc", *files) == 1
    assert "has 8 x 8 x 21 pixels and views" in capfd.readouterr().out


def test_a_view_that_is_masked_whole_stays(folder, capfd):
    mask = np.zeros((21, 128, 180), np.int8)
    mask[4] = 1
    mrc.write(folder / "whole.mrc", mask, pixel_size=1.0)
    files = ["--input-mask", folder / "whole.mrc", "--output-image", folder / "x.mrc"]
    assert run("fidder", "erase", "--input-image", folder / "TS.mrc", *files) == 0
    assert np.array_equal(mrc.read(folder / "x.mrc"), mrc.read(folder / "TS.mrc"))
    assert "View 5 is masked whole" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "give one of them"),
        (["-xyz", "TS.xyz", "-xf", "TS.xf"], "option TiltFile is needed with PositionFile"),
        (["-model", "TS.fid", "-xf", "TS.xf"], "give one of them"),
    ],
)
def test_beadmask_says_what_it_lacks(folder, monkeypatch, capfd, words, reason):
    monkeypatch.chdir(folder)
    assert beadmask(folder, *words) == 1
    assert reason in capfd.readouterr().out
