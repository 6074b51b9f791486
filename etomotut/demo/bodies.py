"""What a specimen is made of: bodies whose projection is known in closed form or from one table.

A ball or an ellipsoidal shell, a Gaussian blob, a flat film with a hole. Places are in Å in the
frame of the volume (x, y, z about the centre, y along the tilt axis), potentials in V above that
of vitreous ice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import transforms as linear

Array = npt.NDArray[np.float64]
Generator = np.random.Generator

# Potentials above vitreous ice (4.5 V): protein about 7 V, amorphous carbon about 9 V (Vulović et
# al. 2013, J. Struct. Biol. 183, 19). Lipid head groups are denser, tails lighter than water.
PROTEIN, CARBON, HEAD, TAIL, LUMEN, CONTAMINANT = 2.5, 4.5, 2.2, -0.5, 1.0, 1.2
LEAFLET = 20.0  # head groups from the membrane's mid plane
HEAD_WIDTH, TAIL_WIDTH = 6.0, 9.0  # standard deviations along the normal
FILM = 250.0  # carbon film, between its faces


@dataclass
class Body:
    """An ellipsoid with a radial profile: `profile` (n, 2) of distance from the centre, and V.

    `shape` (3, 3) turns the profile's sphere into the ellipsoid: x = centre + A u, shape = A A'.
    """

    centre: Array
    shape: Array
    radius: float
    profile: Array


@dataclass
class Blobs:
    """Gaussian blobs: `places` (n, 3), `widths` (n,) standard deviations, `integrals` V Å³."""

    places: Array
    widths: Array
    integrals: Array


@dataclass
class Film:
    """A film between two planes about height `z`, open inside a circle of x, y."""

    centre: Tuple[float, float]
    radius: float
    z: float
    thickness: float = FILM


@dataclass
class Specimen:
    """All that stands in the beam; the slab's own frame is turned by `pose`, moved by `origin`.

    `waves` (n, 4): relative amplitude, wave vector (x, y) in 1/Å and phase of the ice thickness.
    """

    pose: Array
    origin: Array
    beads: Array
    bead_radii: Array
    blobs: Blobs
    bodies: List[Body] = field(default_factory=list)
    vesicles: List[Body] = field(default_factory=list)
    film: List[Film] = field(default_factory=list)
    waves: Array = field(default_factory=lambda: np.zeros((0, 4)))


@dataclass
class Field:
    """Half extents in Å of what any view sees (`whole`), and the untilted view as a test."""

    whole: Tuple[float, float]
    to_raw: Array
    half_size: Tuple[float, float]

    def shows(self, places: Array, margin: float) -> npt.NDArray[np.bool_]:
        """Tell which places (n, 2 or 3) the untilted view shows, at least `margin` Å inside."""
        raw = np.abs(linear.apply(self.to_raw, places[:, :2]))
        shown: npt.NDArray[np.bool_] = (raw < np.array(self.half_size) - margin).all(axis=1)
        return shown

    def inside(self, rng: Generator, count: int, margin: float) -> Array:
        """Draw places (count, 2) in the untilted view."""
        raw = rng.uniform(-1, 1, (count, 2)) * (np.array(self.half_size) - margin)
        return linear.apply(linear.invert(self.to_raw), raw)

    def anywhere(self, rng: Generator, count: int) -> Array:
        """Draw places (count, 2) in all that any view sees."""
        return rng.uniform(-1, 1, (count, 2)) * self.whole

    @property
    def area(self) -> float:
        """Area of all that any view sees, Å²."""
        return 4 * self.whole[0] * self.whole[1]


def vesicle_profile(radius: float, lumen: float) -> Array:
    """Give the potential of a vesicle against the distance from its centre, (n, 2) of Å and V.

    Two leaflets of head groups stand 40 Å apart about the radius, with a core of tails between.
    """
    r = np.arange(0, radius + 60, 2.0)
    heads = sum(np.exp(-(((r - radius + s) / HEAD_WIDTH) ** 2) / 2) for s in (-LEAFLET, LEAFLET))
    tails = np.exp(-(((r - radius) / TAIL_WIDTH) ** 2) / 2)
    inside = 0.5 * (1 - np.tanh((r - radius + LEAFLET) / 10))
    return np.stack([r, HEAD * heads + TAIL * tails + lumen * inside], axis=1)
