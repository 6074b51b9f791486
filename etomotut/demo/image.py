"""One view of a specimen: the electrons that each pixel expects.

    I = I0 B (|G|² + 2 s)

B is what the ice and the film let pass, s the contrast of everything light in the weak-phase
approximation (each body with the transfer function of its own height), G the wave behind the
gold. The canvas is the view with `MARGIN` pixels more on each side, which keep the
wrap-around of Fourier transforms out of the view.
"""

from __future__ import annotations

from typing import List

import numpy as np
import numpy.typing as npt
from scipy import fft

from etomotut.demo import projection
from etomotut.demo.bodies import Specimen
from etomotut.demo.geometry import Views
from etomotut.demo.optics import Optics, interaction
from etomotut.demo.parameters import Parameters
from etomotut.demo.projection import TABLE_STEP, Crossing, Frame, Real
from etomotut.engine import transforms as linear
from etomotut.engine.ctf import wavelength

Wave = npt.NDArray[np.complex64]

MARGIN = 32  # pixels

# What passes falls as exp(-path / length). Ice: of the order of 300 to 400 nm at 300 kV with a
# filter or an aperture; carbon: denser in proportion; gold: set so that beads look like real ones.
ICE_LENGTH, CARBON_LENGTH, GOLD_LENGTH = 3200.0, 1100.0, 60.0
GOLD = 21.0  # V above ice
DIMMEST = 0.02  # of the background: no pixel expects less


class Projector:
    """Makes the views of one specimen; what all views share is computed once."""

    def __init__(self, parameters: Parameters, specimen: Specimen, views: Views) -> None:
        self._parameters, self._specimen, self._views = parameters, specimen, views
        columns, rows = (fft.next_fast_len(n + 2 * MARGIN, real=True) for n in parameters.size)
        self._shape = (rows, columns)
        self._optics = Optics(parameters, self._shape, half=True)
        self._envelope = self._optics.envelope()
        self._sigma = interaction(parameters.voltage_kv)
        pixel = parameters.pixel_size
        self._tables = [projection.radial_projection(b.profile, pixel) for b in specimen.bodies]
        self._gold_tables = [projection.bead_thickness(r, pixel) for r in specimen.bead_radii]
        window = self._bead_window()
        self._bead_optics = Optics(parameters, (window, window), half=False)
        self._bead_envelope = self._bead_optics.envelope()

    def view(self, index: int) -> Real:
        """Give the expected electrons (y, x) of one view."""
        frame, parameters = self._frame(index), self._parameters
        crossings = self._crossings(frame)
        gold = self._gold(frame, index)
        light = gold.real**2 + gold.imag**2 + 2 * self._weak_contrast(frame, crossings, index)
        ice = projection.ice_path(self._specimen, parameters.thickness, frame)
        passed = np.exp(-ice / ICE_LENGTH)
        for crossing in crossings:
            passed *= np.exp(-crossing.path / CARBON_LENGTH)
        electrons = parameters.dose * parameters.pixel_size**2
        expected = electrons * passed * np.maximum(light, DIMMEST)
        return np.asarray(self._crop(expected), np.float32)

    def phase(self, index: int) -> Real:
        """Give the phase (y, x) that everything but gold brings, as no microscope shows it."""
        frame = self._frame(index)
        total = np.zeros(frame.shape, np.float32)
        for layer, _ in self._layers(frame, self._crossings(frame)):
            total += layer
        return self._crop(total)

    def _crop(self, canvas: Real) -> Real:
        columns, rows = self._parameters.size
        return canvas[MARGIN : MARGIN + rows, MARGIN : MARGIN + columns]

    def _frame(self, index: int) -> Frame:
        to_canvas = linear.invert(self._views.transforms[index])
        to_canvas[:, 2] += MARGIN + (np.array(self._parameters.size) - 1) / 2
        angle = float(self._views.true_angles[index])
        return Frame(angle, to_canvas, self._shape, self._parameters.pixel_size)

    def _crossings(self, frame: Frame) -> List[Crossing]:
        specimen = self._specimen
        return [projection.film_crossing(film, specimen, frame) for film in specimen.film]

    def _layers(self, frame: Frame, crossings: List[Crossing]) -> projection.Layers:
        return projection.phase_layers(
            self._specimen,
            self._tables,
            crossings,
            frame,
            step=self._optics.layer_step(),
            sigma=self._sigma,
        )

    def _weak_contrast(self, frame: Frame, crossings: List[Crossing], index: int) -> Real:
        total = np.zeros(self._envelope.shape, np.complex64)
        for layer, height in self._layers(frame, crossings):
            total += fft.rfft2(layer) * self._optics.contrast(self._views.defocus[index], height)
        total *= self._envelope
        if self._parameters.damage:
            middle = self._views.dose[index] + 0.5 * self._parameters.dose
            total *= self._optics.damage(middle)
        return np.asarray(fft.irfft2(total, frame.shape), np.float32)

    def _bead_window(self) -> int:
        """Give the side of the square that holds a bead with its fringes, pixels."""
        pixel, parameters = self._parameters.pixel_size, self._parameters
        farthest = self._views.defocus.max() + parameters.thickness
        fringe = wavelength(parameters.voltage_kv) * farthest / (2 * pixel)
        radius = max(self._specimen.bead_radii, default=0.0)
        return 2 * int(fft.next_fast_len(int((radius + fringe) / pixel) + 8))

    def _gold(self, frame: Frame, index: int) -> Wave:
        """Give the wave (y, x) behind the gold in the image, 1 where there is none.

        Each bead is propagated in a window of its own with its own defocus: inside the gold the
        wave is exp(-t / (2 length) + i sigma V t) behind a thickness t. Waves of beads that
        overlap are multiplied.
        """
        canvas = np.ones(frame.shape, np.complex64)
        side = len(self._bead_envelope)
        places, heights = frame.place(self._specimen.beads)
        for bead in np.flatnonzero(frame.shows(places, side)):
            corner = np.rint(places[bead]).astype(int) - side // 2
            dx, dy = (np.arange(side) + corner[axis] - places[bead, axis] for axis in (0, 1))
            table = self._gold_tables[bead]
            steps = TABLE_STEP * np.arange(len(table))
            gold = np.interp(np.hypot(dx[None], dy[:, None]), steps, table, right=0)
            wave = np.exp(gold * (-0.5 / GOLD_LENGTH + 1j * self._sigma * GOLD)) - 1
            chi = self._bead_optics.phase(self._views.defocus[index], heights[bead])
            spectrum = fft.fft2(wave.astype(np.complex64)) * np.exp(1j * chi)
            _paste(canvas, 1 + fft.ifft2(spectrum * self._bead_envelope), corner)
        return canvas


def _paste(canvas: Wave, patch: Wave, corner: npt.NDArray[np.int64]) -> None:
    """Multiply by a patch (y, x) whose first pixel stands at `corner` (x, y), cut at the edges."""
    ranges = []
    for start, size, limit in zip(corner[::-1].tolist(), patch.shape, canvas.shape):
        low, high = max(start, 0), min(start + size, limit)
        if low >= high:
            return
        ranges.append((slice(low, high), slice(low - start, high - start)))
    (rows, patch_rows), (columns, patch_columns) = ranges
    canvas[rows, columns] *= patch[patch_rows, patch_columns]
