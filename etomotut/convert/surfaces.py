"""Membrane surfaces between tables of the program membranemesh and Scipion's objects."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from etomotut.objects import MembraneSurface

COLUMNS = {
    "area_nm2": "area",
    "seen": "seen",
    "closed_area_nm2": "closedArea",
    "volume_nm3": "volume",
    "radius_nm": "radius",
    "mean_curvature_per_nm": "meanCurvature",
    "gaussian_curvature_per_nm2": "gaussianCurvature",
    "thickness_nm": "thickness",
    "distance_nm": "distance",
    "x_A": "x",
    "y_A": "y",
    "z_A": "z",
}


def read_table(path: str) -> List[Dict[str, str]]:
    """Give the rows of a table of surfaces."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def surface_of(row: Dict[str, str], ts_id: str, folder: Path) -> MembraneSurface:
    """Give the surface of a row of a table; its file lies in a folder."""
    made = MembraneSurface(
        tsId=ts_id, instance=int(row["instance"]), fileName=str(folder / row["file"])
    )
    made.setMeasures({name: float(row[key]) for key, name in COLUMNS.items() if row[key]})
    made.setCut(row["cut"] == "1")
    if row["neighbour"]:
        made.setNeighbour(int(row["neighbour"]))
    return made


def origin_of(tomogram: Any) -> Sequence[float]:
    """Give where the first voxel of a tomogram or a mask lies: x, y, z in Å."""
    return [float(each) for each in tomogram.getShiftsFromOrigin()]


def points_of(tomogram: Any, places: Sequence[Sequence[float]], instance: int) -> List[Any]:
    """Give places (n, 3) in Å as the points of a mesh, for plugins that read point clouds.

    The tomogram is that of the set that the points' set has as its precedents.
    """
    from tomo.constants import BOTTOM_LEFT_CORNER
    from tomo.objects import MeshPoint

    pixel, origin = tomogram.getSamplingRate(), origin_of(tomogram)
    points = []
    for place in places:
        point = MeshPoint(tomoId=tomogram.getTsId())
        point.setVolume(tomogram)
        voxel = [(p - o) / pixel for p, o in zip(place, origin)]
        point.setPosition(*voxel, BOTTOM_LEFT_CORNER)
        point.setGroupId(instance)
        point.setVolumeName(tomogram.getFileName())
        points.append(point)
    return points


def tomogram_file(mask: Any, tomogram: Optional[Any]) -> Optional[str]:
    """Give the file of a mask's tomogram: that given, else that which it names, if it is there."""
    name = tomogram.getFileName() if tomogram is not None else mask.getVolName()
    return str(name) if name and Path(str(name)).is_file() else None
