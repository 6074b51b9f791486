"""The contrast transfer function of a microscope, on a grid of spatial frequencies.

Phase of the wave at a spatial frequency k (1/Å), underfocus positive, as in CTFFIND4 (Rohou &
Grigorieff 2015, J. Struct. Biol. 192, 216):
    chi = pi lambda k² (defocus(direction) - lambda² k² Cs / 2)
    contrast = -sin(chi + arcsin(amplitude contrast) + phase shift)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]

_PLATE_FREQUENCY = 0.03  # 1/Å, at which a phase plate with a cut-on has its shift


@dataclass(frozen=True)
class Microscope:
    """What is the same for all images: kV, mm, and the part of the contrast from amplitudes."""

    voltage_kv: float
    aberration_mm: float
    amplitude_contrast: float

    @property
    def wavelength(self) -> float:
        """The wavelength of the electrons, Å."""
        return wavelength(self.voltage_kv)


@dataclass(frozen=True)
class Defocus:
    """The transfer of one image: U and V in Å, V along `axis` + 90 degrees.

    `axis` counts from x towards y. A phase plate adds `phase_shift` degrees; where it has a
    `cut_on` (1/nm), the shift grows as 1 - exp(-k / cut_on), and that given is the one at 0.3 / nm,
    as IMOD's ctfplotter has it.
    """

    u: float
    v: float
    axis: float = 0.0
    phase_shift: float = 0.0
    cut_on: Optional[float] = None

    @property
    def mean(self) -> float:
        """The mean over all directions, Å."""
        return 0.5 * (self.u + self.v)


class Frequencies:
    """The terms of the phase on a grid: kx and ky in 1/Å, arrays that broadcast to one shape."""

    def __init__(
        self, microscope: Microscope, kx: npt.NDArray[np.float64], ky: npt.NDArray[np.float64]
    ) -> None:
        self._microscope, self._kx, self._ky = microscope, kx, ky
        square = kx**2 + ky**2
        factor = np.pi * microscope.wavelength
        aberration = -0.5 * factor * microscope.wavelength**2 * microscope.aberration_mm * 1e7
        self.magnitude: Real = np.sqrt(square).astype(np.float32)
        self.per_defocus: Real = (factor * square).astype(np.float32)
        self.aberration: Real = (aberration * square**2).astype(np.float32)

    @property
    def lag(self) -> np.float32:
        """The phase that stands for the amplitude contrast."""
        return np.float32(np.arcsin(self._microscope.amplitude_contrast))

    def lobes(self, axis: float) -> Real:
        """Give the phase for 1 Å of difference between the axis and the mean, which lies flat."""
        kx, ky, twice = self._kx, self._ky, 2 * np.radians(axis)
        lobes = (kx**2 - ky**2) * np.cos(twice) + 2 * kx * ky * np.sin(twice)
        return np.asarray(np.pi * self._microscope.wavelength * lobes, np.float32)

    def offset(self, defocus: Defocus) -> Real:
        """Give the argument of the sine less what the mean defocus adds: mean x per_defocus."""
        phase = self.aberration + self.lag
        if defocus.u != defocus.v:
            phase += np.float32(0.5 * (defocus.u - defocus.v)) * self.lobes(defocus.axis)
        if defocus.phase_shift:
            phase += np.float32(np.radians(defocus.phase_shift)) * self._share(defocus.cut_on)
        return phase

    def argument(self, defocus: Defocus) -> Real:
        """Give the argument of the sine: the contrast is -sin of it."""
        phase = self.offset(defocus)
        phase += np.float32(defocus.mean) * self.per_defocus
        return phase

    def _share(self, cut_on: Optional[float]) -> Real:
        """Give the share of the phase plate's shift that each frequency gets."""
        if not cut_on:
            return np.ones_like(self.magnitude)
        grown = 1 - np.exp(-self.magnitude / np.float32(0.1 * cut_on))
        return np.asarray(grown / (1 - np.exp(-_PLATE_FREQUENCY / (0.1 * cut_on))), np.float32)


def wavelength(voltage_kv: float) -> float:
    """Give the wavelength of an electron in Å."""
    energy = voltage_kv * 1e3
    return float(12.2643 / np.sqrt(energy + 0.978466e-6 * energy**2))


def delocalization(microscope: Microscope, defocus: float, pixel_size: float) -> float:
    """Give how far the finest detail of images is spread, pixels: |d chi / dk| / 2 pi.

    `defocus` and `pixel_size` in Å; the largest of all frequencies up to the Nyquist limit.
    """
    k = np.linspace(0, 0.5 / pixel_size, 64)
    length = microscope.wavelength
    slope = length * k * (defocus - length**2 * k**2 * microscope.aberration_mm * 1e7)
    return float(np.abs(slope).max() / pixel_size)


def grid(shape: Tuple[int, int], pixel_size: float) -> Tuple[npt.NDArray[np.float64], ...]:
    """Give kx (1, x) and ky (y / 2 + 1, 1) of images (y, x) whose columns came from `rfft`."""
    kx = np.fft.fftfreq(shape[1], pixel_size)[None]
    return kx, np.fft.rfftfreq(shape[0], pixel_size)[:, None]
