"""Coordinates of any plugin are ringed where they are in their tomogram."""

from __future__ import annotations

import numpy as np
from tomo.constants import BOTTOM_LEFT_CORNER
from tomo.objects import Coordinate3D, SetOfCoordinates3D

from etomotut.tests.viewers import sets
from etomotut.viewers.coordinates import items_of

PLACES = np.array([[10, 12, 3], [40, 30, 7]])


def picked(folder, pixel_size: float):
    """Give a set of coordinates in voxels of a pixel size, the tomogram's being 5 Å."""
    tomograms = sets.tomogram_set(folder)
    made = SetOfCoordinates3D.create(str(folder), prefix="picked")
    made.setPrecedents(tomograms)
    made.setSamplingRate(pixel_size)
    made.setBoxSize(20)
    for place in PLACES:
        coordinate = Coordinate3D()
        coordinate.setVolume(tomograms.getFirstItem())
        coordinate.setPosition(*map(float, place), BOTTOM_LEFT_CORNER)
        made.append(coordinate)
    made.write()
    made.close()
    return made


def test_rings_are_where_particles_were_picked(tmp_path):
    (item,) = items_of(picked(tmp_path, 5.0))
    model = item.load()
    assert (item.name, item.about) == ("TS_1", "2 coordinates")
    assert np.allclose(model.beads, PLACES, atol=0.5)
    assert model.bead_diameter == 10


def test_coordinates_of_other_pixels_are_brought_to_those_of_the_tomogram(tmp_path):
    model = items_of(picked(tmp_path, 10.0))[0].load()
    middle = np.array([*sets.SIZE, 10]) / 2
    assert np.allclose(model.beads - middle, 2 * (PLACES - middle), atol=0.5)
    assert model.bead_diameter == 20
