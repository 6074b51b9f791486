"""Surfaces of triangles in files that other programs read: PLY, OBJ and STL, by trimesh.

Vertices are (n, 3) x, y, z in Å in the frame of a tomogram. PLY keeps all; OBJ and STL keep no
values of vertices, and STL no shared vertices: they are joined again when it is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError

ENDINGS = ("ply", "obj", "stl")
Array = npt.NDArray[np.float64]
_PLACES = ("x", "y", "z", "nx", "ny", "nz")


class Surface:
    """The triangles of a file: vertices (n, 3), faces (m, 3), and values by name, each (n,)."""

    def __init__(self, vertices: Array, faces: npt.NDArray[np.int64], values: Dict[str, Any]):
        self.vertices, self.faces, self.values = vertices, faces, values


def write(
    path: Union[str, Path],
    vertices: Array,
    faces: npt.NDArray[np.int64],
    *,
    normals: Array,
    values: Optional[Dict[str, Array]] = None,
) -> None:
    """Write a surface in the format that the ending of the name says.

    `normals` (n, 3) point outwards; `values` (n,) of vertices are kept by PLY. Raises FormatError
    for another ending.
    """
    import trimesh

    path = Path(path)
    ending = path.suffix[1:].lower()
    if ending not in ENDINGS:
        raise FormatError(f"{path}: surfaces are written as {', '.join(ENDINGS)}")
    mesh = trimesh.Trimesh(vertices, faces, vertex_normals=normals, process=False)
    options: Dict[str, Any] = {}
    if ending == "ply":
        options["vertex_normal"] = True
        for name, each in (values or {}).items():
            mesh.vertex_attributes[name] = np.asarray(each, np.float32)
    if ending == "obj":
        options["include_normals"] = True
    mesh.export(str(path), file_type=ending, **options)


def read(path: Union[str, Path]) -> Surface:
    """Give the surface in a file; raises FormatError."""
    import trimesh

    path = Path(path)
    if not path.is_file():
        raise FormatError(f"surface {path} does not exist")
    try:
        mesh: Any = trimesh.load(str(path), process=path.suffix.lower() == ".stl", force="mesh")
        found = mesh.metadata.get("_ply_raw", {}).get("vertex", {})  # how trimesh keeps values
        values = {
            name: np.ravel(found["data"][name])
            for name in found.get("properties", ())
            if name not in _PLACES
        }
        return Surface(
            np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int64), values
        )
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise FormatError(f"{path} is no surface: {error}") from None
