"""membranemesh through its command line."""

import csv

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc, surface
from etomotut.programs import membranemesh

PIXEL, RADII, CENTRES = 12.0, (200.0, 260.0), ((300.0, 340.0, 350.0), (840.0, 360.0, 380.0))


def vesicles():
    """Give instances 3 and 7 in a volume of 60 x 60 x 98 voxels, and its bilayers."""
    z, y, x = (PIXEL * each for each in np.ogrid[:60, :60, :98])
    labels, bilayers = np.zeros((60, 60, 98), np.int16), np.zeros((60, 60, 98), np.float32)
    for number, radius, (cx, cy, cz) in zip((3, 7), RADII, CENTRES):
        away = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - radius
        labels[np.abs(away) < 30] = number
        bilayers -= np.exp(-(((away - 21) / 9) ** 2) / 2) + np.exp(-(((away + 21) / 9) ** 2) / 2)
    return labels, bilayers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write mask and tomogram, and run the program on them once."""
    path = tmp_path_factory.mktemp("a folder")
    labels, bilayers = vesicles()
    for name, data in (("mask", labels), ("tomogram", bilayers)):
        mrc.write(path / f"{name}.mrc", data, pixel_size=PIXEL, volume=True)
    words = ["-TomogramFile", path / "tomogram.mrc", "-Origin", "-100,50,1000", "-Closed"]
    assert run(path, *words) == 0
    return path


def run(path, *words):
    files = [str(path / "mask.mrc"), str(path / "out" / "m")]
    return main(["membranemesh", *map(str, words), *files])


def rows(path):
    with (path / "out" / "m.csv").open() as file:
        return list(csv.DictReader(file))


def test_each_instance_gives_a_surface_in_the_tomograms_frame(folder):
    found = rows(folder)
    assert [row["instance"] for row in found] == ["3", "7"]
    for row, radius, centre in zip(found, RADII, CENTRES):
        mesh = surface.read(folder / "out" / row["file"])
        lengths = np.linalg.norm(mesh.vertices - centre - (-100, 50, 1000), axis=1)
        assert lengths.mean() == pytest.approx(radius, rel=0.01)
        assert (folder / "out" / row["file"].replace(".ply", "_closed.ply")).is_file()


def test_the_table_tells_what_was_measured(folder):
    gap = CENTRES[1][0] - CENTRES[0][0]
    gap = np.hypot(gap, np.hypot(20, 30)) - sum(RADII)
    for row, radius, other in zip(rows(folder), RADII, ("7", "3")):
        known = {
            "area_nm2": 4 * np.pi * radius**2 / 100,
            "volume_nm3": 4 / 3 * np.pi * radius**3 / 1000,
            "radius_nm": radius / 10,
            "mean_curvature_per_nm": 10 / radius,
            "gaussian_curvature_per_nm2": 100 / radius**2,
            "thickness_nm": 4.2,
            "distance_nm": gap / 10,
        }
        for name, value in known.items():
            assert float(row[name]) == pytest.approx(value, rel=0.1), name
        assert float(row["seen"]) > 0.98
        assert (row["neighbour"], row["cut"]) == (other, "0")


def test_a_mask_of_ones_is_taken_apart(folder, tmp_path):
    labels = mrc.read(folder / "mask.mrc")
    labels[:, :, :14] = 0  # opens the first
    mrc.write(tmp_path / "mask.mrc", (labels > 0).astype(np.int8), pixel_size=PIXEL)
    assert run(tmp_path, "-Format", "stl") == 0
    assert [row["file"] for row in rows(tmp_path)] == ["m_001.stl", "m_002.stl"]


def test_membranes_that_reach_a_face_are_marked_as_cut(folder, tmp_path):
    labels = mrc.read(folder / "mask.mrc")[28:]
    mrc.write(tmp_path / "mask.mrc", labels, pixel_size=PIXEL)
    assert run(tmp_path) == 0
    assert [row["cut"] for row in rows(tmp_path)] == ["1", "1"]


def test_an_empty_mask_gives_an_empty_table_and_a_warning(tmp_path, capsys):
    mrc.write(tmp_path / "mask.mrc", np.zeros((9, 9, 9), np.int8), pixel_size=PIXEL)
    assert run(tmp_path) == 0
    assert rows(tmp_path) == []
    assert "WARNING: the mask has no membrane" in capsys.readouterr().out


def test_crumbs_are_left_out_and_told(tmp_path, capsys):
    mask = np.zeros((30, 30, 30), np.int8)
    mask[5:9, 5:9, 5:9] = 1
    mrc.write(tmp_path / "mask.mrc", mask, pixel_size=PIXEL)
    assert run(tmp_path) == 0
    assert "Instance 1 is left out" in capsys.readouterr().out


def test_a_tomogram_of_another_size_is_refused(folder, tmp_path, capsys):
    mrc.write(tmp_path / "t.mrc", np.zeros((9, 9, 9), np.float32), pixel_size=PIXEL)
    assert run(folder, "-TomogramFile", tmp_path / "t.mrc") == 1
    assert "has 9 x 9 x 9 voxels, its mask 98 x 60 x 60" in capsys.readouterr().out


@pytest.mark.parametrize("value", [0.37, np.nan])
def test_what_holds_no_whole_numbers_is_no_mask(tmp_path, capsys, value):
    mask = np.full((4, 8, 8), value, np.float32)
    mrc.write(tmp_path / "mask.mrc", mask, pixel_size=PIXEL, volume=True)
    assert run(tmp_path) == 1
    assert f"holds {value:g}; a mask holds whole numbers" in capsys.readouterr().out


def test_columns_are_those_that_are_documented():
    assert membranemesh.COLUMNS[:4] == ("instance", "file", "area_nm2", "seen")
