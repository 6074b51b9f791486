"""findsection tells thickness, middle and angles, which tilt makes level."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.demo import series_of
from etomotut.demo.series import simulate, write
from etomotut.formats import fiducials, mrc, tlt, xf

PIXEL = 14.0


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words) -> None:
    assert main([str(word) for word in words]) == 0, words


def find(*words) -> dict:
    run("findsection", *words, "-ResultFile", "found.json")
    return json.loads(Path("found.json").read_text())


def beads(slopes=(0.05, -0.08), height=-6.0, half=20.0):
    """Give beads (n, 3) on both faces of a slab, voxels from the centre."""
    random = np.random.default_rng(8)
    xy = random.uniform(-48, 48, (24, 2))
    z = height + xy @ slopes + np.where(np.arange(24) % 2, half, -half)
    return np.column_stack([xy, z])


def write_tomogram(places, shape=(110, 120, 120)) -> None:
    """Write noise with dark balls of 10 nm."""
    made = np.random.default_rng(9).normal(0, 1, shape).astype(np.float32)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    for px, py, pz in places + (np.array(shape[::-1]) - 1) / 2:
        made -= 20 * ((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2 < 3.6**2)
    mrc.write("a.mrc", made, pixel_size=PIXEL, volume=True)


def test_beads_of_a_tomogram_tell_the_slab():
    write_tomogram(beads())
    found = find("a.mrc", "-EvidenceFile", "evidence.json")
    assert found["source"] == "beads"
    assert found["height"] == pytest.approx(-6 * PIXEL, abs=0.5 * PIXEL)
    assert (found["slope_x"], found["slope_y"]) == pytest.approx((0.05, -0.08), abs=0.01)
    assert found["top"] - found["bottom"] == pytest.approx(40 * PIXEL, abs=PIXEL)
    assert len(json.loads(Path("evidence.json").read_text())["beads"]) == found["points"]


def test_positions_tell_the_slab_alone():
    places = beads() + (60, 60, 0)  # tiltalign counts x and y from the corner
    known = fiducials.Positions(places, np.ones((24, 2), int), PIXEL / 10, (120, 120))
    fiducials.write_positions("a.xyz", known)
    found = find("-PositionFile", "a.xyz", "-PixelSize", PIXEL)
    assert found["source"] == "positions"
    assert found["height"] == pytest.approx(-6 * PIXEL, abs=0.1)


def test_positions_on_one_face_leave_the_rest_to_the_tomogram(capsys):
    write_tomogram(beads())
    known = fiducials.Positions(beads()[::2], np.ones((12, 2), int), PIXEL, (0, 0))
    fiducials.write_positions("a.xyz", known)
    assert find("a.mrc", "-PositionFile", "a.xyz")["source"] == "beads"
    assert "lie on one surface: thickness is unknown: they are not used" in capsys.readouterr().out


def test_voxels_are_binned_where_beads_are_large():
    write_tomogram(beads())
    fine = mrc.read("a.mrc").repeat(3, 0).repeat(3, 1).repeat(3, 2)[1:, :, :]
    mrc.write("fine.mrc", fine, pixel_size=PIXEL / 3, volume=True)
    assert find("fine.mrc")["height"] == pytest.approx(find("a.mrc")["height"], abs=0.4 * PIXEL)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "one of the options SeriesFile, PositionFile, TomogramFile is needed"),
        (["-SeriesFile", "a.mrc"], "option SeriesFile needs TiltFile"),
        (["-SeriesFile", "a.mrc", "-TiltFile", "a.tlt"], "2 tilt angles for 60 views"),
        (["a.mrc", "-surface", "a.mod"], "option SurfaceModel is not embedded: the result is"),
        (["b.mrc"], "tomogram b.mrc does not exist"),
        (["a.mrc", "-BeadDiameter", "60"], "too small for beads of 60.0"),
        (["a.mrc"], "the tomogram shows no beads on two faces"),
    ],
)
def test_what_cannot_be_done_is_refused(words, text, capsys):
    tlt.write("a.tlt", [0.0, 1.0])
    mrc.write("a.mrc", np.random.default_rng(0).normal(0, 1, (60, 60, 60)).astype("f4"),
              pixel_size=PIXEL)  # fmt: skip
    assert main(["findsection", *words]) == 1
    assert text in capsys.readouterr().out


def simulated(preset: str, **changes) -> tuple:
    """Simulate a series, align it as it truly was, and give its specimen's slopes and beads."""
    parameters = replace(series_of(preset)[0], name="a", **changes)
    series = simulate(parameters)
    write(series, ".")
    xf.write("a.xf", series.truth.transforms)
    tlt.write("a.tlt", series.truth.true_angles)
    width, height = parameters.size
    size = f"{height},{width}"
    run("newstack", "-xform", "a.xf", "-mode", 2, "-size", size, "a.mrc", "ali.mrc")
    normal = series.specimen.pose[:, 2]
    return -normal[:2] / normal[2], series.specimen.beads / parameters.pixel_size


SERIES = ("-SeriesFile", "ali.mrc", "-TiltFile", "a.tlt")


def test_a_small_series_tells_thickness_and_middle_without_beads():
    simulated("small", thickness=1800, specimen_z=400.0, beads=0, beads_beyond=0, pairs=0)
    found = find(*SERIES, "-EvidenceFile", "evidence.json")
    assert found["source"] == "density"
    assert found["thickness"] == pytest.approx(1800, rel=0.15)
    assert found["height"] == pytest.approx(400, abs=80)
    evidence = json.loads(Path("evidence.json").read_text())
    assert len(evidence["heights"]) == len(evidence["profile"])
    assert {len(tile["profile"]) for tile in evidence["tiles"]} == {len(evidence["heights"])}


def test_known_beads_make_a_series_tell_more():
    slopes, places = simulated("small", specimen_tilt=(3.0, -4.0), specimen_z=400.0, seed=5)
    numbers = np.ones((len(places), 2), int)
    fiducials.write_positions("a.xyz", fiducials.Positions(places, numbers, 11.04, (0, 0)))
    found = find(*SERIES, "-PositionFile", "a.xyz")
    assert found["source"] == "positions and density"
    assert found["thickness"] == pytest.approx(1800, rel=0.05)
    assert found["height"] == pytest.approx(400, abs=20)
    assert (found["slope_x"], found["slope_y"]) == pytest.approx(slopes, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("thickness", "tilt", "z", "beads"),
    [
        pytest.param(1200, (6.0, -6.0), 600.0, 26, marks=pytest.mark.long),
        (1800, (-6.0, -2.0), -500.0, 0),
        pytest.param(4000, (-5.0, 4.0), -600.0, 26, marks=pytest.mark.long),
    ],
)
def test_slabs_of_demo_series_are_found(thickness, tilt, z, beads):
    about = {"beads": beads, "beads_beyond": 0, "pairs": 0, "seed": 77}
    slopes, _ = simulated("demo", thickness=thickness, specimen_tilt=tilt, specimen_z=z, **about)
    found = find(*SERIES)
    assert found["thickness"] == pytest.approx(thickness, rel=0.1)
    assert found["height"] == pytest.approx(z, abs=30)
    angles = np.degrees(np.arctan([found["slope_x"], found["slope_y"]]))
    errors = [found["tilt_offset_error"], found["x_axis_tilt_error"]]
    wrong = np.abs(angles - np.degrees(np.arctan(slopes)))
    assert np.all(wrong < np.maximum(0.3, 2.5 * np.array(errors)))
    assert wrong.max() < 0.6
