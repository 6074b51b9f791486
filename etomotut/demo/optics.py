"""The microscope: from phases in the specimen to contrast, by the contrast transfer function."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from etomotut.demo.parameters import Parameters
from etomotut.engine.ctf import Frequencies, Microscope, wavelength

Real = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_REST_KEV = 510.99895  # an electron at rest


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
        microscope = Microscope(
            parameters.voltage_kv, parameters.aberration_mm, parameters.amplitude_contrast
        )
        ky = fft.fftfreq(shape[0], parameters.pixel_size)[:, None]
        kx = (fft.rfftfreq if half else fft.fftfreq)(shape[1], parameters.pixel_size)[None]
        self._frequencies = Frequencies(microscope, kx, ky)
        self._lobes = self._frequencies.lobes(parameters.astigmatism_axis)
        self.frequency: Real = self._frequencies.magnitude

    def contrast(self, defocus: npt.NDArray[np.float64], height: float) -> Real:
        """Give the contrast transfer for defocus (U, V) and a height above the axis, Å."""
        contrast: Real = -np.sin(self.phase(defocus, height) + self._frequencies.lag)
        return contrast

    def phase(self, defocus: npt.NDArray[np.float64], height: float) -> Real:
        """Give chi for defocus (U, V) and a height above the tilt axis, Å."""
        level = defocus.mean() - self._parameters.handedness * height
        lobes = 0.5 * (defocus[0] - defocus[1])
        chi: Real = np.float32(level) * self._frequencies.per_defocus + self._frequencies.aberration
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
        return (
            0.5
            * (2 * self._parameters.pixel_size) ** 2
            / (np.pi * wavelength(self._parameters.voltage_kv))
        )
