"""The microscope: from phases in the specimen to contrast, by the contrast transfer function.

Phase of the wave at a spatial frequency k (1/Å), underfocus positive, as in CTFFIND4 (Rohou &
Grigorieff 2015, J. Struct. Biol. 192, 216):
    chi = pi lambda k² (defocus(direction) - lambda² k² Cs / 2)
    contrast = -sin(chi + arcsin(amplitude contrast))
"""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from etomotut.demo.parameters import Parameters

Real = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_REST_KEV = 510.99895  # an electron at rest


def wavelength(voltage_kv: float) -> float:
    """Give the wavelength of an electron in Å."""
    energy = voltage_kv * 1e3
    return float(12.2643 / np.sqrt(energy + 0.978466e-6 * energy**2))


def interaction(voltage_kv: float) -> float:
    """Give the phase that a potential brings, radians per V and Å.

    sigma = 2 pi / (lambda U) * (m + U) / (2 m + U), energies in the same unit (Kirkland, Advanced
    Computing in Electron Microscopy, chapter 5).
    """
    rest = _REST_KEV
    ratio = (rest + voltage_kv) / (2 * rest + voltage_kv)
    return 2 * np.pi / (wavelength(voltage_kv) * voltage_kv * 1e3) * ratio


class Optics:
    """Transfer functions for images of one shape (y, x); half planes as `rfft2` has them."""

    def __init__(self, parameters: Parameters, shape: Tuple[int, int], *, half: bool) -> None:
        self._parameters = parameters
        self._wavelength = wavelength(parameters.voltage_kv)
        ky = fft.fftfreq(shape[0], parameters.pixel_size)[:, None]
        kx = (fft.rfftfreq if half else fft.fftfreq)(shape[1], parameters.pixel_size)[None]
        square = kx**2 + ky**2
        self.frequency: Real = np.sqrt(square).astype(np.float32)
        # cos(2 (direction - axis)) of the astigmatism, times k²
        axis = 2 * np.radians(parameters.astigmatism_axis)
        lobes = (kx**2 - ky**2) * np.cos(axis) + 2 * kx * ky * np.sin(axis)
        self._square, self._lobes = square.astype(np.float32), lobes.astype(np.float32)
        cs = parameters.aberration_mm * 1e7
        aberration = -0.5 * np.pi * self._wavelength**3 * cs * square**2
        self._aberration: Real = aberration.astype(np.float32)

    def contrast(self, defocus: npt.NDArray[np.float64], height: float) -> Real:
        """Give the contrast transfer for defocus (U, V) and a height above the axis, Å."""
        lag = np.float32(np.arcsin(self._parameters.amplitude_contrast))
        contrast: Real = -np.sin(self.phase(defocus, height) + lag)
        return contrast

    def phase(self, defocus: npt.NDArray[np.float64], height: float) -> Real:
        """Give chi for defocus (U, V) and a height above the tilt axis, Å."""
        factor = np.pi * self._wavelength
        level = factor * (defocus.mean() - self._parameters.handedness * height)
        lobes = factor * 0.5 * (defocus[0] - defocus[1])
        chi: Real = np.float32(level) * self._square + self._aberration
        return chi + np.float32(lobes) * self._lobes if lobes else chi

    def envelope(self) -> Real:
        """Give how the detector and everything that moves weaken the contrast."""
        k, limit = self.frequency, 0.5 / self._parameters.pixel_size
        detector = self._parameters.detector_transfer ** ((k / limit) ** 2)
        return np.asarray(np.exp(-self._parameters.decay / 4 * k**2) * detector, np.float32)

    def damage(self, dose: float) -> Real:
        """Give what is left of the specimen's contrast at a dose, e/Å².

        Critical doses are those of Grant & Grigorieff 2015, eLife 4, e06980, for 300 kV.
        """
        critical = 0.24499 * np.maximum(self.frequency, 1e-4) ** -1.6649 + 2.8141
        return np.asarray(np.exp(-dose / (2 * critical)), np.float32)

    def layer_step(self) -> float:
        """Give how far layers may lie apart in height, Å: half a radian at the Nyquist limit."""
        return 0.5 * (2 * self._parameters.pixel_size) ** 2 / (np.pi * self._wavelength)
