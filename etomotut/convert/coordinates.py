"""Coordinates in tomograms: the spots that they mark stay, whatever becomes of the tomogram.

Scipion stores a coordinate in voxels from the zero of the tomogram's origin, so that a crop leaves
its numbers as they are, and only another pixel size changes them.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence


def read_coordinates(items: Any, ts_id: str) -> List[Any]:
    """Give copies of the coordinates of a tomogram, in the order of their set."""
    from tomo.objects import Coordinate3D

    where = f'{Coordinate3D.TOMO_ID_ATTR}="{ts_id}"'
    found = [each.clone() for each in items.iterItems(where=where)]
    items.close()
    return found


def coordinates_inside(coordinates: Sequence[Any], pixel_size: float, tomogram: Any) -> List[Any]:
    """Give those of the coordinates that lie in a tomogram, as coordinates of it.

    `pixel_size` (Å) is that of the set that they come from. They are changed, not copied; what
    else they tell (direction, group, score) stays.
    """
    from tomo.constants import BOTTOM_LEFT_CORNER

    size, scale = tomogram.getDim(), pixel_size / tomogram.getSamplingRate()
    inside = []
    for each in coordinates:
        each.setVolume(tomogram)
        each.scale(scale)
        if hasattr(each, "setVolumeName"):  # a point of a mesh
            each.setVolumeName(tomogram.getFileName())
        voxel = each.getPosition(BOTTOM_LEFT_CORNER)
        if all(0 <= place < length for place, length in zip(voxel, size)):
            inside.append(each)
    return inside


def prepare_coordinates(output: Any, source: Any, tomograms: Any) -> None:
    """Let a set of coordinates be what another one was, for the tomograms of a pointer."""
    pixel_size: Optional[float] = tomograms.get().getSamplingRate()
    output.copyInfo(source)
    output.setPrecedents(tomograms)
    output.setSamplingRate(pixel_size)
    if source.getBoxSize() is not None:
        output.setBoxSize(round(source.getBoxSize() * source.getSamplingRate() / pixel_size))
