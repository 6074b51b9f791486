"""The viewer of 3D coordinates, whichever plugin picked them: rings in three planes."""

from __future__ import annotations

from functools import partial
from typing import Any, List, Sequence

import numpy as np
from tomo.constants import BOTTOM_LEFT_CORNER
from tomo.objects import Coordinate3D, SetOfCoordinates3D

from etomotut.convert.coordinates import read_coordinates
from etomotut.errors import EtomotutError
from etomotut.viewers import gather
from etomotut.viewers.entries import EtomotutTomogramViewer
from etomotut.viewers.items import Item
from etomotut.viewers.tomogram_model import TomogramModel

SMALLEST = 8.0  # voxels: boxes that are smaller, or unknown, are drawn so


class EtomotutCoordinatesViewer(EtomotutTomogramViewer):
    """Coordinates over three planes of the tomograms that they were picked in."""

    _name = "Coordinates in tomograms"
    _targets = [SetOfCoordinates3D]

    def _items(self, obj: Any) -> Sequence[Item]:
        return items_of(obj)


def items_of(coordinates: Any) -> List[Item]:
    """Give an item for each tomogram that coordinates of a set are in.

    Raises EtomotutError if the set does not say which tomograms they are.
    """
    tomograms, key = coordinates.getPrecedents(), Coordinate3D.TOMO_ID_ATTR
    if tomograms is None:
        raise EtomotutError("the coordinates do not say in which tomograms they are")
    rows = coordinates.aggregate(["COUNT"], key, [key])
    counts = {str(row[key]): row["COUNT"] for row in rows}
    coordinates.close()
    return [
        Item(name, f"{counts[name]} coordinates", partial(model_of, coordinates, tomograms, name))
        for name in gather.ids_of(tomograms)
        if name in counts
    ]


def model_of(coordinates: Any, tomograms: Any, name: str) -> TomogramModel:
    """Give a tomogram with the coordinates (n, 3) in it as what is ringed."""
    item = gather.item_of(tomograms, name)
    tomogram = gather.tomogram_of(item)
    pixel_size = coordinates.getSamplingRate() or tomogram.pixel_size
    scale = pixel_size / tomogram.pixel_size
    places = []
    for each in read_coordinates(coordinates, name):
        each.setVolume(item)
        each.scale(scale)
        places.append(each.getPosition(BOTTOM_LEFT_CORNER))
    box = max((coordinates.getBoxSize() or 0) * scale, SMALLEST)
    return TomogramModel(
        tomogram.path,
        tomogram.pixel_size,
        np.array(places, float).reshape(-1, 3),
        box / 2,
        origin=tomogram.origin,
    )
