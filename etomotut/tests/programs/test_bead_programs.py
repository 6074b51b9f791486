"""The embedded autofidseed and beadtrack through their command lines."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import model, mrc, tlt
from etomotut.tests.engine import phantoms

COMMAND = """$beadtrack -StandardInput
ImageFile\ta.mrc
ImagesAreBinned 1
InputSeedModel\ta.seed
OutputModel\ta.fid
RotationAngle\t5
TiltFile\ta.rawtlt
BeadDiameter\t{diameter}
RoundsOfTracking 2
"""


@pytest.fixture
def truth(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    truth = phantoms.geometry(beads=10)
    mrc.write("a.mrc", phantoms.images(truth.marks), pixel_size=11.0)
    tlt.write("a.rawtlt", phantoms.ANGLES)
    write_command()
    return truth


def write_command(diameter=8.0, more=""):
    with open("a.com", "w") as file:
        file.write(COMMAND.format(diameter=diameter) + more)


def seed(*options):
    return main(["autofidseed", "-track", "a.com", "-number", "8", *options])


def error(truth, path="a.fid"):
    """Give the median distance of a model's points from the nearest true mark of their view."""
    rows, _ = model.tracks(model.read(path))
    marks = truth.marks[:, rows[:, 2].astype(int)]
    away = np.linalg.norm(rows[:, :2] - 127.5 - marks, axis=-1)
    return float(np.median(away.min(axis=0)))


def test_seeds_are_found_and_tracked(truth):
    assert seed("-two") == 0
    assert len(list(model.read("a.seed").contours())) == 8
    assert main(["beadtrack", "-ParameterFile", "a.com"]) == 0
    assert len(list(model.read("a.fid").contours())) == 8
    assert error(truth) < 0.1


@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_a_diameter_typed_wrong_is_measured(truth, factor):
    write_command(diameter=8.0 * factor)
    assert seed("-InfoFile", "a.info") == 0
    assert main(["beadtrack", "-ParameterFile", "a.com"]) == 0
    assert error(truth) < 0.1
    with open("a.info") as file:
        assert float(file.read().split()[2]) == pytest.approx(7.8, abs=0.8)


def test_seeds_marked_by_hand_in_one_view_are_enough(truth):
    rows = np.column_stack([np.rint(truth.marks[:6, 10] + 127.5), np.full(6, 10)])
    hand = model.from_tracks(rows, np.arange(6), size=(256, 256, 21), pixel_size=11.0)
    model.write("a.seed", hand)
    assert main(["beadtrack", "-ParameterFile", "a.com"]) == 0
    tracks = [len(contour.points) for _, _, contour in model.read("a.fid").contours()]
    assert len(tracks) >= 5
    assert min(tracks) > 10
    assert error(truth) < 0.1


def test_a_track_serves_as_the_seed_of_a_second_round(truth):
    seed()
    main(["beadtrack", "-ParameterFile", "a.com"])
    first = error(truth)
    assert main(["beadtrack", "-ParameterFile", "a.com", "-InputSeedModel", "a.fid"]) == 0
    assert error(truth) < 1.1 * first + 0.01


def test_light_beads_are_tracked_when_said_to_be_light(truth):
    mrc.write("a.mrc", -mrc.read("a.mrc"), pixel_size=11.0)
    write_command(more="LightBeads\n")
    assert seed() == 0
    assert main(["beadtrack", "-ParameterFile", "a.com"]) == 0
    assert error(truth) < 0.1


def test_views_to_skip_get_no_points(truth):
    seed()
    assert main(["beadtrack", "-ParameterFile", "a.com", "-SkipViews", "3,7-8"]) == 0
    rows, _ = model.tracks(model.read("a.fid"))
    assert not set(rows[:, 2]) & {2, 6, 7}


def test_views_in_any_order_of_angles_are_tracked(truth):
    order = np.random.default_rng(4).permutation(len(phantoms.ANGLES))
    mrc.write("a.mrc", mrc.read("a.mrc")[order], pixel_size=11.0)
    tlt.write("a.rawtlt", phantoms.ANGLES[order])
    truth.marks = truth.marks[:, order]
    assert seed() == 0
    assert main(["beadtrack", "-ParameterFile", "a.com"]) == 0
    assert error(truth) < 0.1


@pytest.mark.parametrize(
    ("diameter", "message"),
    [
        (1.0, "BeadDiameter is 1.0 pixels in these images of 256 x 256; it must be 2 to 64"),
        (80.0, "BeadDiameter is 80.0 pixels in these images"),
    ],
)
def test_an_absurd_diameter_is_refused(truth, capsys, diameter, message):
    write_command(diameter=diameter)
    assert seed() == 1
    assert message in capsys.readouterr().out


def test_a_series_without_beads_is_refused(truth, capsys):
    mrc.write(
        "a.mrc", np.random.default_rng(0).normal(size=(21, 96, 96)).astype("f4"), pixel_size=11
    )
    assert seed() == 1
    assert "ERROR: AUTOFIDSEED - a.mrc, beads of " in capsys.readouterr().out


def test_values_that_are_no_numbers_are_named_with_their_view(truth, capsys):
    views = mrc.read("a.mrc")
    views[6, 3, 3] = np.nan
    mrc.write("a.mrc", views, pixel_size=11.0)
    assert seed() == 1
    assert "view 7 of a.mrc has " in capsys.readouterr().out


def test_seeds_on_views_that_do_not_exist_are_refused(truth, capsys):
    rows = [[50.0, 50.0, 30.0]]
    model.write("a.seed", model.from_tracks(rows, [0], size=(256, 256, 40), pixel_size=11.0))
    assert main(["beadtrack", "-ParameterFile", "a.com"]) == 1
    assert "a.seed has points on view 31; a.mrc has 21 views" in capsys.readouterr().out
