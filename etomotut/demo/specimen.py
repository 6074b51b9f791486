"""A random specimen: vesicles packed into a slab of ice, beads on its faces, a carbon film.

Everything is drawn in the frame of the slab and then moved into that of the volume.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np

from etomotut.demo.bodies import (
    LUMEN,
    Array,
    Blobs,
    Body,
    Field,
    Film,
    Generator,
    Specimen,
    vesicle_profile,
)
from etomotut.demo.geometry import Views
from etomotut.demo.grain import carbon_grain, cargo, contaminants, solvent
from etomotut.demo.parameters import Parameters
from etomotut.engine import transforms as linear
from etomotut.errors import OptionError

_TRIES = 500  # places tried for a body before it is given up


def make_specimen(parameters: Parameters, views: Views, rng: Generator) -> Specimen:
    """Draw a specimen large enough to fill every view."""
    seen = find_field(parameters, views)
    film = _draw_film(parameters, seen, rng) if parameters.carbon else []
    vesicles = _draw_vesicles(parameters, seen, film, rng)
    beads, radii = _draw_beads(parameters, seen, rng)
    parts = [
        *solvent(parameters, seen, rng),
        *[cargo(vesicle, rng) for vesicle in vesicles],
        *[carbon_grain(one, seen, rng) for one in film],
    ]
    blobs = Blobs(*(np.concatenate([getattr(p, n) for p in parts]) for n in vars(parts[0])))
    bodies = vesicles + contaminants(parameters, seen, rng)
    specimen = Specimen(
        _turn(*parameters.specimen_tilt),
        np.array([0.0, 0.0, parameters.specimen_z]),
        *(beads, radii, blobs, bodies, vesicles, film),
        _waves(parameters, rng),
    )
    return _posed(specimen)


def find_field(parameters: Parameters, views: Views) -> Field:
    """Find the part of the slab that any view of a series sees."""
    pixel = parameters.pixel_size
    half = (parameters.size[0] * pixel / 2, parameters.size[1] * pixel / 2)
    transforms = linear.scale_shifts(views.transforms, pixel)
    corners = np.array([[x, y] for x in (-1, 1) for y in (-1, 1)]) * half
    places = np.abs(linear.apply(transforms, corners))
    stretch = 1 / np.cos(np.radians(np.abs(views.true_angles)))
    across = (places[:, :, 0].max(axis=1) * stretch).max() + parameters.thickness
    untilted = int(np.argmin(np.abs(views.angles)))
    whole = (float(across), float(places[:, :, 1].max() + 100.0))
    return Field(whole, linear.invert(transforms[untilted]), half)


def _posed(specimen: Specimen) -> Specimen:
    """Move what was drawn in the slab's frame into that of the volume."""
    pose, origin = specimen.pose, specimen.origin
    specimen.beads = specimen.beads @ pose.T + origin
    specimen.blobs.places = specimen.blobs.places @ pose.T + origin
    for body in specimen.bodies:
        body.centre = pose @ body.centre + origin
        body.shape = pose @ body.shape @ pose.T
    return specimen


def _turn(about_x: float, about_y: float) -> Array:
    a, b = np.radians(about_x), np.radians(about_y)
    first = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    second = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    turned: Array = second @ first
    return turned


def _waves(parameters: Parameters, rng: Generator) -> Array:
    """Draw the long waves of the ice's thickness, 3000 Å and more."""
    lengths, directions = rng.uniform(3000, 12000, 5), rng.uniform(0, 2 * np.pi, 5)
    size = rng.normal(0, parameters.thickness_variation / np.sqrt(5), 5)
    vectors = np.stack([np.cos(directions), np.sin(directions)]) / lengths
    return np.stack([size, *vectors, rng.uniform(0, 2 * np.pi, 5)], axis=1)


def _draw_film(parameters: Parameters, seen: Field, rng: Generator) -> List[Film]:
    """Lay the edge of a hole of 2 µm across a corner of the untilted view."""
    radius, short = 10000.0, min(seen.half_size)
    towards = rng.uniform(0.15, 0.35) * np.pi + rng.integers(4) * np.pi / 2
    edge = 0.62 * short * np.array([np.cos(towards), np.sin(towards)])
    centre = linear.apply(linear.invert(seen.to_raw), edge[None])[0]
    outwards = linear.invert(seen.to_raw)[:, :2] @ edge
    centre = centre - radius * outwards / np.linalg.norm(outwards)
    z = -0.3 * parameters.thickness
    return [Film((float(centre[0]), float(centre[1])), radius, z)]


def _draw_vesicles(
    parameters: Parameters, seen: Field, film: Sequence[Film], rng: Generator
) -> List[Body]:
    """Pack vesicles without overlap: first those of the untilted view, then around it."""
    low, high = parameters.vesicle_radii
    field_area = 4 * seen.half_size[0] * seen.half_size[1]
    total = round(parameters.vesicles * min(seen.area / field_area, 4.0))
    placed: List[Body] = []
    for count, inner in ((parameters.vesicles, True), (total, False)):
        for radius in np.sort(rng.uniform(low, high, count - len(placed)))[::-1]:
            body, room = _vesicle(parameters, float(radius), rng)
            for _ in range(_TRIES):
                flat = seen.inside(rng, 1, 0.3 * radius) if inner else seen.anywhere(rng, 1)
                body.centre = np.array([*flat[0], rng.uniform(-1, 1) * room])
                if _is_free(body, placed, film) and (inner or not seen.shows(flat, -radius)):
                    placed.append(body)
                    break
    for outer in [body for body in placed if body.radius > 450 and rng.random() < 0.25]:
        inner_radius = outer.radius * rng.uniform(0.35, 0.6)
        direction = rng.normal(size=3)
        shift = 0.8 * (outer.radius - inner_radius - 60) * direction / np.linalg.norm(direction)
        profile = vesicle_profile(inner_radius, 0.3)
        placed.append(Body(outer.centre + shift, outer.shape, inner_radius, profile))
    return placed


def _vesicle(parameters: Parameters, radius: float, rng: Generator) -> Tuple[Body, float]:
    """Make a vesicle: an ellipsoid turned at random, pressed flat where the ice is thin.

    Gives it at the origin, and how far it may move up and down in the ice.
    """
    axes = 1 + parameters.flattening * rng.uniform(-1, 1, 3)
    frame, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix = frame * (axes / np.cbrt(axes.prod())) @ frame.T
    room = 0.5 * parameters.thickness - 60
    height = radius * np.sqrt((matrix @ matrix.T)[2, 2])
    if height > 0.95 * room:
        matrix = np.diag([1, 1, 0.95 * room / height]) @ matrix
        height = 0.95 * room
    profile = vesicle_profile(radius, LUMEN * rng.uniform(0.7, 1.4))
    return Body(np.zeros(3), matrix @ matrix.T, radius, profile), float(room - height)


def _is_free(body: Body, others: Sequence[Body], film: Sequence[Film]) -> bool:
    centres = np.array([one.centre for one in others]).reshape(-1, 3)
    away = np.sqrt(((centres - body.centre) ** 2).sum(axis=1))
    near = away < 1.03 * (body.radius + np.array([one.radius for one in others])) + 50
    flat = body.centre[:2]
    on_film = [np.hypot(*(flat - f.centre)) > f.radius - 0.6 * body.radius for f in film]
    return not near.any() and not any(on_film)


def _draw_beads(parameters: Parameters, seen: Field, rng: Generator) -> Tuple[Array, Array]:
    """Draw beads (n, 3) and radii (n,): in the untilted view, touching pairs there, those beyond.

    Raises OptionError if they do not fit.
    """
    diameter, count = parameters.bead_diameter, parameters.beads + parameters.beads_beyond
    radii = 0.5 * diameter * (1 + parameters.bead_spread * rng.normal(size=count))
    alone = parameters.beads - parameters.pairs
    places = np.zeros((0, 3))
    tries = 0
    while len(places) < count:
        index, tries = len(places), tries + 1
        if tries > _TRIES:
            raise OptionError(f"{parameters.name}: no room for {count} beads in the field of view")
        paired, inner = alone <= index < parameters.beads, index < alone
        if paired:
            partner = index - alone
            gap = (radii[index] + radii[partner]) * rng.uniform(1.01, 1.15)
            place = places[partner] + gap * _direction(rng)
            free = seen.shows(place[None], 0.6 * diameter)[0]
        else:
            flat = seen.inside(rng, 1, 2 * diameter) if inner else seen.anywhere(rng, 1)
            place = np.array([*flat[0], _bead_height(parameters, rng)])
            free = inner or not seen.shows(flat, -diameter)[0]
        away = np.hypot(*(places - place)[:, :2].T)
        if free and not (np.delete(away, partner if paired else []) < 2.2 * diameter).any():
            places, tries = np.concatenate([places, place[None]]), 0
    return places, radii


def _direction(rng: Generator) -> Array:
    turn = rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(turn), np.sin(turn), 0.0])


def _bead_height(parameters: Parameters, rng: Generator) -> float:
    half = 0.5 * parameters.thickness
    if not parameters.surfaces or rng.random() < parameters.between:
        return float(rng.uniform(-half, half))
    return float(rng.choice(parameters.surfaces) * half + rng.normal(0, 25))
