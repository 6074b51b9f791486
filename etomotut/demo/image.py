"""One view of a specimen: the electrons that each pixel expects.

    I = I0 B ((1 + Re g)² + (Im g)² + 2 s)

B is what the ice and the film let pass, s the contrast of everything light in the weak-phase
approximation (each body with the transfer function of its own height), g the change of the wave
by the gold. Places on the canvas are those of the view plus `MARGIN` pixels on each side, which
keep the wrap-around of Fourier transforms out of the view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from etomotut.demo import kernels
from etomotut.demo.bodies import CARBON, Blobs, Body, Film, Specimen
from etomotut.demo.geometry import Views, project
from etomotut.demo.optics import Optics, interaction, wavelength
from etomotut.demo.parameters import Parameters
from etomotut.engine import transforms as linear

Array = npt.NDArray[np.float64]
Real = npt.NDArray[np.float32]
Wave = npt.NDArray[np.complex64]

MARGIN = 32  # pixels
SOFTNESS = 0.45  # standard deviation, pixels, by which edges are blurred before they are sampled

# What passes falls as exp(-path / length). Ice: of the order of 300 to 400 nm at 300 kV with a
# filter or an aperture; carbon: denser in proportion; gold: set so that beads look like real ones.
ICE_LENGTH, CARBON_LENGTH, GOLD_LENGTH = 3200.0, 1100.0, 60.0
GOLD = 21.0  # V above ice
DIMMEST = 0.02  # of the background: no pixel expects less


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

    def from_canvas(self) -> Array:
        """Give the transform (2, 3) from canvas places to the aligned view, Å."""
        return linear.invert(self.to_canvas) * self.pixel_size

    def axes(self) -> Array:
        """Give the directions (3, 3) of x', y' and height in the volume, as rows."""
        c, s = np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle))
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


class Projector:
    """Makes the views of one specimen; what all views share is computed once."""

    def __init__(self, parameters: Parameters, specimen: Specimen, views: Views) -> None:
        self._parameters, self._specimen, self._views = parameters, specimen, views
        columns, rows = parameters.size
        self._shape = tuple(fft.next_fast_len(n + 2 * MARGIN, real=True) for n in (rows, columns))
        self._optics = Optics(parameters, (self._shape[0], self._shape[1]), half=True)
        self._envelope = self._optics.envelope()
        self._sigma = interaction(parameters.voltage_kv)
        pixel = parameters.pixel_size
        self._tables = [radial_projection(body.profile, pixel) for body in specimen.bodies]
        self._bead_tables = [bead_thickness(radius, pixel) for radius in specimen.bead_radii]
        window = self._bead_window()
        self._bead_optics = Optics(parameters, (window, window), half=False)
        self._bead_envelope = self._bead_optics.envelope()

    def view(self, index: int) -> Real:
        """Give the expected electrons (y, x) of one view."""
        frame = self._frame(index)
        real, imaginary = self._gold(frame, index)
        light = (1 + real) ** 2 + imaginary**2 + 2 * self._weak_contrast(frame, index)
        electrons = self._parameters.dose * self._parameters.pixel_size**2
        expected = electrons * self._background(frame) * np.maximum(light, DIMMEST)
        return np.asarray(self._crop(expected), np.float32)

    def phase(self, index: int) -> Real:
        """Give the phase (y, x) that everything but gold brings, as no microscope shows it."""
        layers, _ = self._layers(self._frame(index))
        return self._crop(layers.sum(axis=0))

    def _crop(self, canvas: Real) -> Real:
        columns, rows = self._parameters.size
        return canvas[MARGIN : MARGIN + rows, MARGIN : MARGIN + columns]

    def _frame(self, index: int) -> Frame:
        to_canvas = linear.invert(self._views.transforms[index])
        to_canvas[:, 2] += MARGIN + (np.array(self._parameters.size) - 1) / 2
        shape = (self._shape[0], self._shape[1])
        angle = self._views.true_angles[index]
        return Frame(angle, to_canvas, shape, self._parameters.pixel_size)

    def _weak_contrast(self, frame: Frame, index: int) -> Real:
        layers, heights = self._layers(frame)
        total = np.zeros(self._envelope.shape, np.complex64)
        for layer, height in zip(layers, heights):
            transfer = self._optics.contrast(self._views.defocus[index], height)
            total += fft.rfft2(layer) * transfer
        total *= self._envelope
        if self._parameters.damage:
            middle = self._views.dose[index] + 0.5 * self._parameters.dose
            total *= self._optics.damage(middle)
        return np.asarray(fft.irfft2(total, frame.shape), np.float32)

    def _layers(self, frame: Frame) -> Tuple[Real, Array]:
        """Give phases (layer, y, x) in radians, and the layers' heights (layer,) in Å."""
        blobs = _visible(self._specimen.blobs, frame)
        places, heights = frame.place(blobs.places)
        step = self._optics.layer_step()
        low, high = np.rint(np.array([heights.min(), heights.max()]) / step).astype(int)
        layers = np.zeros((high - low + 1, *frame.shape), np.float32)
        layer = np.rint(heights / step).astype(np.int64) - low
        pixel = frame.pixel_size
        widths = np.hypot(blobs.widths / pixel, SOFTNESS)
        phases = blobs.integrals * self._sigma / pixel**2
        kernels.add_blobs(layers, layer, places[:, 0].copy(), places[:, 1].copy(), widths, phases)
        for body, table in zip(self._specimen.bodies, self._tables):
            place, height = frame.place(body.centre[None])
            nearest = int(np.clip(np.rint(height[0] / step) - low, 0, high - low))
            inverse, scale = ellipse(body, frame)
            x, y = place[0]
            kernels.add_table(
                layers[nearest], x, y, inverse, scale * self._sigma, table, TABLE_STEP
            )
        for film in self._specimen.film:
            path, met = self._film(film, frame)
            nearest = np.clip(np.rint(met / step).astype(int) - low, 0, high - low)
            for number, one in enumerate(layers):
                one += np.where(nearest == number, CARBON * self._sigma * path, 0)
        return layers, step * np.arange(low, high + 1)

    def _background(self, frame: Frame) -> Real:
        """Give the part of the electrons that ice and film let pass, (y, x)."""
        passed = np.exp(-_ice_path(self._specimen, self._parameters, frame) / ICE_LENGTH)
        for film in self._specimen.film:
            path, _ = self._film(film, frame)
            passed *= np.exp(-path / CARBON_LENGTH)
        return np.asarray(passed, np.float32)

    def _film(self, film: Film, frame: Frame) -> Tuple[Real, Real]:
        """Give the ray lengths in a film and the heights where rays meet it, Å, (y, x) each."""
        plane, slope, cosine = _plane(self._specimen, frame, film.z)
        pixel = frame.pixel_size
        path, met = (np.empty(frame.shape, np.float32) for _ in range(2))
        middle = np.array(film.centre) / pixel
        half = 0.5 * film.thickness / cosine / pixel
        along = 2 * half * slope
        kernels.film_path(path, met, plane / pixel, along, middle, film.radius / pixel, half, 1.5)
        return path * np.float32(pixel), met * np.float32(pixel)

    def _bead_window(self) -> int:
        """Give the side of the square that holds a bead with its fringes, pixels."""
        pixel = self._parameters.pixel_size
        farthest = self._views.defocus.max() + self._parameters.thickness
        fringe = wavelength(self._parameters.voltage_kv) * farthest / (2 * pixel)
        radius = max(self._specimen.bead_radii, default=0.0)
        return 2 * int(fft.next_fast_len(int((radius + fringe) / pixel) + 8))

    def _gold(self, frame: Frame, index: int) -> Tuple[Real, Real]:
        """Give the real and the imaginary part of the gold's change of the wave, (y, x).

        Each bead is propagated in a window of its own with its own defocus: inside the gold the
        wave is exp(-t / (2 length) + i sigma V t) behind a thickness t. Waves of beads that
        overlap are multiplied.
        """
        canvas = np.ones(frame.shape, np.complex64)
        side = len(self._bead_envelope)
        places, heights = frame.place(self._specimen.beads)
        size = np.array(frame.shape)[::-1]
        inside = ((places > -side) & (places < size + side)).all(axis=1)
        for bead in np.flatnonzero(inside):
            corner = np.rint(places[bead]).astype(int) - side // 2
            away = [np.arange(side) + corner[axis] - places[bead, axis] for axis in (0, 1)]
            distance = np.hypot(away[0][None], away[1][:, None])
            table = self._bead_tables[bead]
            gold = np.interp(distance, TABLE_STEP * np.arange(len(table)), table, right=0)
            wave = np.exp(gold * (-0.5 / GOLD_LENGTH + 1j * self._sigma * GOLD)) - 1
            chi = self._bead_optics.phase(self._views.defocus[index], heights[bead])
            spectrum = fft.fft2(wave.astype(np.complex64)) * (np.exp(1j * chi))
            _paste(canvas, 1 + fft.ifft2(spectrum * self._bead_envelope), corner)
        return canvas.real - 1, canvas.imag


TABLE_STEP = 0.25  # pixels between the entries of radial tables


def radial_projection(profile: Array, pixel_size: float) -> Array:
    """Project a body with a radial profile (n, 2) of Å and V: V Å at every quarter pixel.

    The profile is taken as shells of constant potential f between r and r', each of which
    projects to 2 f (sqrt(r'² - d²) - sqrt(r² - d²)) at the distance d (the Abel transform).
    """
    radii, values = profile.T
    spacing = radii[1] - radii[0]
    blur = SOFTNESS * pixel_size / spacing
    padded = np.pad(values, (0, int(4 * blur) + 2))
    smooth = gaussian_filter1d(padded, blur, mode="mirror")
    edges = spacing * np.arange(len(smooth) + 1)
    distance = TABLE_STEP * pixel_size * np.arange(int(edges[-1] / (TABLE_STEP * pixel_size)) + 2)
    chords = 2 * np.sqrt(np.maximum(edges**2 - distance[:, None] ** 2, 0))
    return np.asarray(np.diff(chords, axis=1) @ smooth)


def bead_thickness(radius: float, pixel_size: float) -> Array:
    """Give the thickness of a ball in Å at every quarter pixel from its centre."""
    spacing = radius / 64
    r = spacing * np.arange(65)
    return radial_projection(np.stack([r, np.ones(65)], axis=1), pixel_size)


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


def _visible(blobs: Blobs, frame: Frame) -> Blobs:
    places, _ = frame.place(blobs.places)
    reach = 3.3 * blobs.widths / frame.pixel_size + 2
    size = np.array(frame.shape)[::-1]
    seen = ((places > -reach[:, None]) & (places < size + reach[:, None])).all(axis=1)
    return Blobs(blobs.places[seen], blobs.widths[seen], blobs.integrals[seen])


def _plane(specimen: Specimen, frame: Frame, z: float) -> Tuple[Array, Array, float]:
    """Describe a plane at a height z of the slab as the rays of a view meet it.

    Gives (3, 3) for x, y in the slab and height above the tilt axis from (column, row, 1), Å; the
    change of slab x, y along a ray per length of path; and the cosine between ray and normal.
    """
    axes = frame.axes()
    start = specimen.origin + z * specimen.pose[:, 2]
    normal = axes @ specimen.pose[:, 2]
    flat = np.concatenate([frame.from_canvas(), [[0.0, 0.0, 1.0]]])
    level = (normal @ (axes @ start) * np.array([0, 0, 1]) - normal[:2] @ flat[:2]) / normal[2]
    points = axes.T @ np.stack([flat[0], flat[1], level])
    points[:, 2] -= specimen.origin
    slab = specimen.pose.T @ points
    along = specimen.pose.T @ axes[2]
    return np.stack([slab[0], slab[1], level]), along[:2], abs(float(normal[2]))


def _ice_path(specimen: Specimen, parameters: Parameters, frame: Frame, every: int = 16) -> Real:
    """Give the length of each ray in the ice, Å: computed on a coarse grid, since it is smooth."""
    plane, _, cosine = _plane(specimen, frame, 0.0)
    rows, columns = (np.arange(0, n + every, every, dtype=float) for n in frame.shape)
    places = np.stack(np.broadcast_arrays(columns[None], rows[:, None], 1.0))
    x, y, _ = np.tensordot(plane, places, axes=1)
    relative = np.ones_like(x)
    for size, kx, ky, phase in specimen.waves:
        relative += size * np.cos(2 * np.pi * (kx * x + ky * y) + phase)
    path = np.maximum(relative, 0.3) * parameters.thickness / cosine
    down, across = (_between(n, every) for n in frame.shape)
    return np.asarray(down @ path.astype(np.float32) @ across.T, np.float32)


def _between(count: int, every: int) -> Real:
    """Give the matrix (count, coarse) that interpolates linearly between every n-th place."""
    place = np.arange(count) / every
    entry = place.astype(int)
    matrix = np.zeros((count, len(range(0, count + every, every))), np.float32)
    matrix[np.arange(count), entry] = 1 - (place - entry)
    matrix[np.arange(count), entry + 1] += place - entry
    return matrix


def _paste(canvas: Wave, patch: Wave, corner: Array) -> None:
    """Multiply by a patch (y, x) whose first pixel stands at `corner` (x, y), cut at the edges."""
    ranges = []
    for start, size, limit in zip(corner[::-1].astype(int), patch.shape, canvas.shape):
        low, high = max(start, 0), min(start + size, limit)
        if low >= high:
            return
        ranges.append((slice(low, high), slice(low - start, high - start)))
    (rows, patch_rows), (columns, patch_columns) = ranges
    canvas[rows, columns] *= patch[patch_rows, patch_columns]
