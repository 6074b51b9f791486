"""Projections of a specimen along the beam of one view, from formulas: no volume is ever made.

Places on the canvas of a view are array indices with fractions. Lengths along the beam and heights
above the tilt axis are in Å.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from etomotut.demo import kernels
from etomotut.demo.bodies import CARBON, Array, Blobs, Body, Film, Specimen
from etomotut.demo.geometry import project
from etomotut.engine import transforms as linear

Real = npt.NDArray[np.float32]
Layers = Iterator[Tuple[Real, float]]

SOFTNESS = 0.45  # standard deviation, pixels, by which edges are blurred before they are sampled
TABLE_STEP = 0.25  # pixels between the entries of radial tables
_FILM_SOFTNESS = 1.5  # pixels on both sides of a film's edge


@dataclass
class Frame:
    """Where the volume stands on a view's canvas of `shape` (y, x)."""

    angle: float
    to_canvas: Array
    shape: Tuple[int, int]
    pixel_size: float

    def place(self, points: npt.ArrayLike) -> Tuple[Array, Array]:
        """Give canvas places (n, 2) in pixels and heights (n,) in Å of points (n, 3) in Å."""
        flat, heights = project(points, self.angle)
        return linear.apply(self.to_canvas, flat / self.pixel_size), heights

    def axes(self) -> Array:
        """Give the directions (3, 3) of x', y' and height in the volume, as rows."""
        c, s = np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle))
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])

    def shows(self, places: Array, reach: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which places (n, 2) are on the canvas or within `reach` pixels of it."""
        margin, size = np.asarray(reach, float)[..., None], np.array(self.shape)[::-1]
        seen: npt.NDArray[np.bool_] = ((places > -margin) & (places < size + margin)).all(axis=1)
        return seen


@dataclass
class Crossing:
    """The way of each ray through a film, and the height where it meets it, (y, x) each."""

    path: Real
    height: Real


def phase_layers(
    specimen: Specimen,
    tables: Sequence[Array],
    crossings: Sequence[Crossing],
    frame: Frame,
    *,
    step: float,
    sigma: float,
) -> Layers:
    """Give the phase (y, x) that each layer of the specimen brings, and its height.

    Layers lie `step` apart. A body stands in the one nearest to its centre, each piece of a film
    in its own; `tables` are the bodies' radial tables, `sigma` is radians per V and Å. The array
    given is the same each time.
    """
    columns, numbers = _blob_columns(specimen.blobs, frame, step, sigma)
    low, high = int(numbers[0]), int(numbers[-1])
    ends = np.searchsorted(numbers, np.arange(low, high + 2))
    placed = [frame.place(body.centre[None]) for body in specimen.bodies]
    nearest = [int(np.clip(np.rint(height[0] / step), low, high)) for _, height in placed]
    met = [np.clip(np.rint(one.height / step), low, high) for one in crossings]
    image = np.empty(frame.shape, np.float32)
    for number in range(low, high + 1):
        image.fill(0)
        part = slice(ends[number - low], ends[number - low + 1])
        kernels.add_blobs(image, *(column[part] for column in columns))
        for body, table, (place, _), where in zip(specimen.bodies, tables, placed, nearest):
            if where == number:
                inverse, scale = ellipse(body, frame)
                x, y = place[0]
                kernels.add_table(image, x, y, inverse, scale * sigma, table, TABLE_STEP)
        for one, layer in zip(crossings, met):
            image += np.where(layer == number, np.float32(CARBON * sigma) * one.path, 0)
        yield image, step * number


def _blob_columns(
    blobs: Blobs, frame: Frame, step: float, sigma: float
) -> Tuple[Tuple[Array, ...], npt.NDArray[np.int64]]:
    """Give x, y, widths (pixels) and integrals (radians) of the blobs in view, and their layers.

    Sorted by layer.
    """
    places, heights = frame.place(blobs.places)
    seen = np.flatnonzero(frame.shows(places, 3.3 * blobs.widths / frame.pixel_size + 2))
    numbers = np.rint(heights[seen] / step).astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    seen = seen[order]
    widths = np.hypot(blobs.widths[seen] / frame.pixel_size, SOFTNESS)
    phases = blobs.integrals[seen] * (sigma / frame.pixel_size**2)
    return (places[seen, 0], places[seen, 1], widths, phases), numbers[order]


def radial_projection(profile: Array, pixel_size: float) -> Array:
    """Project a body with a radial profile (n, 2) of Å and V: V Å at every quarter pixel.

    The profile is taken as shells of constant potential f between r and r', each of which
    projects to 2 f (sqrt(r'² - d²) - sqrt(r² - d²)) at the distance d (the Abel transform).
    """
    radii, values = profile.T
    spacing = TABLE_STEP * pixel_size
    edges = spacing * np.arange(int(radii[-1] / spacing) + 12)
    below = np.concatenate([[0.0], np.cumsum(np.diff(radii) * (values[1:] + values[:-1]) / 2)])
    shells = np.diff(np.interp(edges, radii, below)) / spacing
    smooth = gaussian_filter1d(shells, SOFTNESS / TABLE_STEP, mode="mirror")
    chords = 2 * np.sqrt(np.maximum(edges**2 - edges[:, None] ** 2, 0))
    return np.asarray(np.diff(chords, axis=1) @ smooth)


def bead_thickness(radius: float, pixel_size: float) -> Array:
    """Give the thickness of a ball in Å at every quarter pixel from its centre."""
    return radial_projection(np.array([[0.0, 1.0], [radius, 1.0]]), pixel_size)


def ellipse(body: Body, frame: Frame) -> Tuple[Tuple[float, float, float], float]:
    """Give how a body's distances and values change from its sphere's to those on the canvas.

    With x = A u, the projection of f(|u|) along the third axis is that of the sphere at the
    distance sqrt(v' M^-1 v), times sqrt(|A A'| / |M|), where M is the 2 x 2 block of A A'.
    """
    axes = frame.axes()
    shape = axes @ body.shape @ axes.T
    block = shape[:2, :2]
    scale = float(np.sqrt(np.linalg.det(shape) / np.linalg.det(block)))
    turn = frame.to_canvas[:, :2]
    inverse = np.linalg.inv(turn @ block @ turn.T)
    return (float(inverse[0, 0]), float(inverse[0, 1]), float(inverse[1, 1])), scale


def film_crossing(film: Film, specimen: Specimen, frame: Frame) -> Crossing:
    """Give how the rays of a view cross a film."""
    plane, slope, cosine = _plane(specimen, frame, film.z)
    pixel = frame.pixel_size
    path, height = (np.empty(frame.shape, np.float32) for _ in range(2))
    middle, half = np.array(film.centre) / pixel, 0.5 * film.thickness / cosine / pixel
    kernels.film_path(
        path,
        height,
        plane / pixel,
        2 * half * slope,
        middle,
        film.radius / pixel,
        half,
        _FILM_SOFTNESS,
    )
    return Crossing(path * np.float32(pixel), height * np.float32(pixel))


def ice_path(specimen: Specimen, thickness: float, frame: Frame, every: int = 16) -> Real:
    """Give the length of each ray in the ice, Å, (y, x).

    It is computed on a coarse grid and interpolated, since it is smooth.
    """
    plane, _, cosine = _plane(specimen, frame, 0.0)
    rows, columns = (np.arange(0, n + every, every, dtype=float) for n in frame.shape)
    places = np.stack(np.broadcast_arrays(columns[None], rows[:, None], 1.0))
    x, y, _ = np.tensordot(plane, places, axes=1)
    relative = np.ones_like(x)
    for size, kx, ky, phase in specimen.waves:
        relative += size * np.cos(2 * np.pi * (kx * x + ky * y) + phase)
    path = np.maximum(relative, 0.3) * thickness / cosine
    down, across = (_between(n, every) for n in frame.shape)
    return np.asarray(down @ path.astype(np.float32) @ across.T, np.float32)


def _plane(specimen: Specimen, frame: Frame, z: float) -> Tuple[Array, Array, float]:
    """Describe a plane at a height z of the slab as the rays of a view meet it.

    Gives (3, 3) for x, y in the slab and height above the tilt axis from (column, row, 1), Å; the
    change of slab x, y along a ray per length of path; and the cosine between ray and normal.
    """
    axes = frame.axes()
    start = axes @ (specimen.origin + z * specimen.pose[:, 2])
    normal = axes @ specimen.pose[:, 2]
    flat = linear.invert(frame.to_canvas) * frame.pixel_size
    level = (normal @ start * np.array([0, 0, 1]) - normal[:2] @ flat) / normal[2]
    points = axes.T @ np.stack([flat[0], flat[1], level])
    points[:, 2] -= specimen.origin
    slab = specimen.pose.T @ points
    along = specimen.pose.T @ axes[2]
    return np.stack([slab[0], slab[1], level]), along[:2], abs(float(normal[2]))


def _between(count: int, every: int) -> Real:
    """Give the matrix (count, coarse) that interpolates linearly between every n-th place."""
    place = np.arange(count) / every
    entry = place.astype(int)
    matrix = np.zeros((count, len(range(0, count + every, every))), np.float32)
    matrix[np.arange(count), entry] = 1 - (place - entry)
    matrix[np.arange(count), entry + 1] += place - entry
    return matrix
