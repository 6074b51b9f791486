"""The specimen of a simulated series as a volume: what a perfect tomogram would hold.

Series are made without one (`projection`); it is there to measure reconstructions against. Voxels
are (z, y, x) about the centre, y along the tilt axis, as `trimvol -rx` leaves a tomogram.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from etomotut.demo import kernels
from etomotut.demo.bodies import LEAFLET, Array, Specimen
from etomotut.demo.projection import SOFTNESS, TABLE_STEP

Volume = npt.NDArray[np.float32]
Shape = Tuple[int, int, int]

_MEMBRANE = 10.0  # Å beyond the head groups' middle that still are membrane


def potential(specimen: Specimen, shape: Shape, pixel_size: float) -> Volume:
    """Give the potential (z, y, x) above ice in V of all but the gold and the carbon film.

    Voxels are means over a Gaussian of `projection.SOFTNESS` voxels, as pixels of a view are.
    """
    volume = np.zeros(shape, np.float32)
    blobs = specimen.blobs
    widths = np.hypot(blobs.widths / pixel_size, SOFTNESS)
    places = _places(blobs.places, shape, pixel_size)
    kernels.add_balls(volume, places, widths, blobs.integrals / pixel_size**3)
    for body in specimen.bodies:
        table = _table(body.profile, pixel_size)
        centre = _places(body.centre[None], shape, pixel_size)[0]
        kernels.add_profile(volume, centre, np.linalg.inv(body.shape), table, TABLE_STEP)
    return volume


def membranes(specimen: Specimen, shape: Shape, pixel_size: float) -> npt.NDArray[np.bool_]:
    """Tell which voxels (z, y, x) lie in the bilayer of a vesicle, 60 Å thick."""
    volume = np.zeros(shape, np.float32)
    half = LEAFLET + _MEMBRANE
    for body in specimen.vesicles:
        distance = (
            TABLE_STEP * pixel_size * np.arange(int((body.radius + half) / pixel_size * 4) + 8)
        )
        table = (np.abs(distance - body.radius) < half).astype(float)
        centre = _places(body.centre[None], shape, pixel_size)[0]
        kernels.add_profile(volume, centre, np.linalg.inv(body.shape), table, TABLE_STEP)
    inside: npt.NDArray[np.bool_] = volume > 0.5
    return inside


def _places(points: Array, shape: Shape, pixel_size: float) -> Array:
    """Give points (n, 3) in Å as array indices x, y, z with fractions."""
    return np.asarray(points / pixel_size + (np.array(shape[::-1]) - 1) / 2)


def _table(profile: Array, pixel_size: float) -> Array:
    """Give a radial profile (n, 2) of Å and V at every quarter voxel, blurred as voxels are."""
    radii, values = profile.T
    distance = TABLE_STEP * pixel_size * np.arange(int(radii[-1] / pixel_size / TABLE_STEP) + 12)
    sampled = np.interp(distance, radii, values, right=0.0)
    blurred: Array = gaussian_filter1d(sampled, SOFTNESS / TABLE_STEP, mode="mirror")
    return blurred
