"""Surfaces in files of three formats."""

import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.formats import surface

VERTICES = np.array([[0.0, 0, 0], [100.5, 0, 0], [0, 200.25, 0], [0, 0, -300.125]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
NORMALS = VERTICES / 400 + np.array([0, 0, 1.0])


@pytest.mark.parametrize("ending", surface.ENDINGS)
def test_triangles_survive_writing_and_reading(tmp_path, ending):
    path = tmp_path / f"a b.{ending}"
    surface.write(path, VERTICES, FACES, normals=NORMALS)
    found = surface.read(path)
    assert len(found.vertices) == 4
    corners, known = found.vertices[found.faces], VERTICES[FACES]
    assert np.allclose(sorted(corners.sum(axis=(1, 2))), sorted(known.sum(axis=(1, 2))), atol=1e-3)
    order = np.argsort(corners.sum(axis=(1, 2))), np.argsort(known.sum(axis=(1, 2)))
    crosses = [
        np.cross(each[k, 1] - each[k, 0], each[k, 2] - each[k, 0])
        for each, k in ((corners, order[0]), (known, order[1]))
    ]
    assert np.allclose(*crosses, rtol=1e-5)


def test_ply_keeps_values_of_vertices(tmp_path):
    values = {"mean_curvature": np.arange(4.0)}
    surface.write(tmp_path / "a.ply", VERTICES, FACES, normals=NORMALS, values=values)
    found = surface.read(tmp_path / "a.ply")
    assert np.allclose(found.values["mean_curvature"], np.arange(4.0))


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(FormatError, match="ply, obj, stl"):
        surface.write(tmp_path / "a.xyz", VERTICES, FACES, normals=NORMALS)


@pytest.mark.parametrize("text", ["", "no mesh\n"])
def test_what_is_no_surface_is_told(tmp_path, text):
    (tmp_path / "a.ply").write_text(text)
    with pytest.raises(FormatError, match="is no surface"):
        surface.read(tmp_path / "a.ply")
    with pytest.raises(FormatError, match="does not exist"):
        surface.read(tmp_path / "b.ply")
