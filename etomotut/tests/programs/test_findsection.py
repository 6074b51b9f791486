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
    evidence = json.loads(Path("evidence.json").read_text())
    assert len(evidence["heights"]) == len(evidence["profile"])
    assert max(evidence["profile"]) == 1


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
    assert "the tomogram is asked instead" in capsys.readouterr().out


def test_voxels_are_binned_where_beads_are_large():
    write_tomogram(beads())
    fine = mrc.read("a.mrc").repeat(3, 0).repeat(3, 1).repeat(3, 2)[1:, :, :]
    mrc.write("fine.mrc", fine, pixel_size=PIXEL / 3, volume=True)
    assert find("fine.mrc")["height"] == pytest.approx(find("a.mrc")["height"], abs=0.4 * PIXEL)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "option TomogramFile or PositionFile is needed"),
        (["a.mrc", "-surface", "a.mod"], "option SurfaceModel is not embedded: the result is"),
        (["b.mrc"], "tomogram b.mrc does not exist"),
        (["a.mrc", "-BeadDiameter", "60"], "too small for beads of 60.0"),
        (["-PositionFile", "a.xyz", "-EvidenceFile", "e"], "EvidenceFile needs TomogramFile"),
        (["a.mrc"], "the tomogram shows no specimen that ends inside it"),
    ],
)
def test_what_cannot_be_done_is_refused(words, text, capsys):
    mrc.write("a.mrc", np.random.default_rng(0).normal(0, 1, (60, 60, 60)).astype("f4"),
              pixel_size=PIXEL)  # fmt: skip
    assert main(["findsection", *words]) == 1
    assert text in capsys.readouterr().out


def simulated(**changes) -> tuple:
    """Simulate a series, align it as it truly was, and give its specimen's plane and parameters."""
    parameters = replace(series_of("many-beads")[0], name="a", beads=60, **changes)
    series = simulate(parameters)
    write(series, ".")
    xf.write("a.xf", series.truth.transforms)
    tlt.write("a.tlt", series.truth.true_angles)
    run("newstack", "-xform", "a.xf", "-mode", 2, "-size", "256,360", "a.mrc", "ali.mrc")
    normal = series.specimen.pose[:, 2]
    slopes = -normal[:2] / normal[2]
    return slopes, parameters.specimen_z


def reconstruct(name: str, *words) -> str:
    run("tilt", "ali.mrc", "slices.mrc", "-TILTFILE", "a.tlt", "-RADIAL", "0.35,0.035", *words)
    run("trimvol", "-rx", "slices.mrc", name)
    return name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("thickness", "tilt", "z"),
    [(1200, (6.0, -6.0), 600.0), (1800, (-6.0, 3.0), -600.0), (4000, (6.0, 6.0), 300.0)],
)
def test_simulated_slabs_are_found_and_made_level(thickness, tilt, z):
    slopes, height = simulated(thickness=thickness, specimen_tilt=tilt, specimen_z=z, seed=77)
    depth = round(thickness / 11.04 + 2 * 55 + 90) // 2 * 2
    found = find(reconstruct("first.mrc", "-THICKNESS", depth))
    assert found["thickness"] == pytest.approx(thickness, rel=0.1)
    assert found["height"] == pytest.approx(height, abs=30)
    angles = np.degrees(np.arctan([found["slope_x"], found["slope_y"]]))
    errors = [found["tilt_offset_error"], found["x_axis_tilt_error"]]
    known = np.degrees(np.arctan(slopes))
    # beads lie on faces to 2.5 nm only, so that no more than this can be known
    assert np.all(np.abs(angles - known) < np.maximum(0.3, 2.5 * np.array(errors)))
    shift = found["height"] / 11.04 / np.sqrt(1 + found["slope_x"] ** 2 + found["slope_y"] ** 2)
    words = ["-OFFSET", f"{found['tilt_offset']},0", "-XAXISTILT", found["x_axis_tilt"]]
    words += ["-SHIFT", f"0,{shift}", "-THICKNESS", round(thickness / 11.04 + 60) // 2 * 2]
    level = find(reconstruct("second.mrc", *words))
    assert abs(level["height"]) < 15
    assert max(abs(level["tilt_offset"]), abs(level["x_axis_tilt"])) < 0.2
