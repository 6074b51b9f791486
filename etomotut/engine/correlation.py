"""Aligning views by cross-correlation: shifts through a tilt series, without any marks.

Views are taken from the least tilted outwards on both sides. Across the tilt axis the specimen
looks shorter by the cosine of the tilt, so the higher tilted view of a pair is stretched about its
centre to match the lower one (Guckenberger 1982, Ultramicroscopy 9:167). With cumulative
correlation the reference is the sum of the views aligned so far, seen at the tilt of the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Optional, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage

from etomotut.engine import transforms
from etomotut.engine.frequency_filters import fall, rise
from etomotut.engine.views import SPECIMEN, clip_view

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

MEMORY = 0.75  # weight of the sum of earlier views in the next reference
STEEPEST = 88.0  # degrees; beyond it a view has no width to stretch


@dataclass(frozen=True)
class Bandpass:
    """A filter as IMOD's programs describe it; radii and sigmas in cycles a pixel.

    It rises as an inverted Gaussian of `sigma1` from `radius1`, is 1 up to `radius2` and falls off
    beyond it as a Gaussian of `sigma2`.
    """

    radius1: float = 0.0
    radius2: float = 0.25
    sigma1: float = 0.03
    sigma2: float = 0.05

    def spectrum(self, shape: Tuple[int, int], pixel: float = 1.0) -> Image:
        """Give the filter for the half spectrum of images (y, x) whose pixels are `pixel` wide."""
        y = scipy.fft.fftfreq(shape[0])[:, None] / pixel
        x = scipy.fft.rfftfreq(shape[1])[None, :] / pixel
        radius = np.hypot(y, x)
        low = rise(radius, self.radius1, self.sigma1) if self.sigma1 > 0 else 1.0
        high = (
            fall(radius, self.radius2, self.sigma2) if self.sigma2 > 0 else radius <= self.radius2
        )
        result: Image = (low * high).astype(np.float32)
        result[0, 0] = 0.0
        return result


@dataclass(frozen=True)
class Matching:
    """How views are compared: the filter, whether the reference is a sum, the limit of a step.

    `limit` (x, y) in pixels holds for the shift from view to view; `stretch` may be switched off.
    """

    bandpass: Bandpass
    cumulative: bool = False
    stretch: bool = True
    limit: Optional[Tuple[float, float]] = None
    iterations: int = 1


def align_views(
    views: npt.NDArray[np.float32],
    tilt_angles: Array,
    axis_angle: float,
    matching: Matching,
    *,
    pixel: float = 1.0,
    watch: Optional[Callable[[int, Array, float], None]] = None,
) -> Array:
    """Give the shifts (view, 2), x and y, that bring views (view, y, x) into register.

    Shifts are zero for the least tilted view. `pixel` is how many pixels of the filter's and the
    limit's units one pixel of the views is; shifts are in pixels of the views. `watch` is told
    view, shift and correlation as they come.
    """
    shifts = np.zeros((len(views), 2))
    order = np.argsort(tilt_angles, kind="stable")
    start = int(np.argmin(np.abs(tilt_angles[order])))
    comparer = _Comparer((views.shape[1], views.shape[2]), axis_angle, matching, pixel)
    for branch in (order[start:], order[start::-1]):
        comparer.begin(views[branch[0]], tilt_angles[branch[0]])
        last = np.zeros(2)
        for view in branch[1:]:
            last, peak = comparer.align(views[view], tilt_angles[view], last)
            shifts[view] = last
            if watch is not None:
                watch(int(view), last, peak)
    return shifts


class _Comparer:
    """The reference of a branch: the last view, or the sum so far, as seen at the last tilt."""

    def __init__(
        self, shape: Tuple[int, int], axis_angle: float, matching: Matching, pixel: float
    ) -> None:
        self._matching = matching
        self._axis = axis_angle
        padded = [scipy.fft.next_fast_len(int(1.1 * n) + 20, real=True) for n in shape]
        self._padded: Tuple[int, int] = (padded[0], padded[1])
        self._filter = matching.bandpass.spectrum(self._padded, pixel)
        self._taper = edge_taper(shape)
        limit = matching.limit or (np.inf, np.inf)
        self._limit = np.array(limit) / pixel
        self._tilt = 0.0
        self._reference: Image = np.zeros(shape, np.float32)

    def begin(self, view: Image, tilt: float) -> None:
        """Take the least tilted view as the reference."""
        self._reference, self._tilt = clip_view(view, SPECIMEN), tilt

    def align(self, view: Image, tilt: float, last: Array) -> Tuple[Array, float]:
        """Give the shift of a view and its correlation; then let it be part of the reference.

        `last` is the shift of the view before, from which this one's is not far.
        """
        ratio = self._ratio(tilt)
        stretched = Stretch(self._axis, ratio)
        prepared = clip_view(view, SPECIMEN)
        guess = last
        for _ in range(max(self._matching.iterations, 1)):
            moved = stretched.apply(prepared, guess)
            found, peak = self._correlate(moved, guess is last)
            guess = guess + stretched.shrink(found)
        moved = stretched.apply(prepared, guess)
        if self._matching.cumulative:
            moved = moved + MEMORY * self._reference
        self._reference = Stretch(self._axis, 1 / ratio).apply(moved, np.zeros(2))
        self._tilt = tilt
        return guess, peak

    def _ratio(self, tilt: float) -> float:
        if not self._matching.stretch:
            return 1.0
        steep = [min(abs(each), STEEPEST) for each in (self._tilt, tilt)]
        cosines = np.cos(np.radians(steep))
        return float(cosines[0] / cosines[1])

    def _correlate(self, moved: Image, first: bool) -> Tuple[Array, float]:
        spectra = [self._spectrum(each) for each in (self._reference, moved)]
        product = spectra[0] * np.conj(spectra[1])
        correlation = scipy.fft.irfft2(product, self._padded)
        energy = [float((np.abs(each) ** 2).sum()) for each in spectra]
        scale = np.sqrt(energy[0] * energy[1]) * 2 / correlation.size
        place, height = peak_of(correlation, self._limit if first else np.minimum(self._limit, 8))
        return place, height / max(scale, 1e-30)

    def _spectrum(self, image: Image) -> Spectrum:
        tapered = (image - image.mean()) * self._taper
        spectrum: Spectrum = scipy.fft.rfft2(tapered, self._padded)
        return spectrum * self._filter


@dataclass(frozen=True)
class Stretch:
    """Stretching by `ratio` across an axis that stands at an angle from vertical, in degrees."""

    axis_angle: float
    ratio: float

    @property
    def matrix(self) -> Array:
        """The matrix (2, 2) that takes x, y to the stretched place."""
        turn = transforms.rotation(self.axis_angle)[:, :2]
        stretched: Array = turn @ np.diag([self.ratio, 1.0]) @ turn.T
        return stretched

    def apply(self, image: Image, shift: Array) -> Image:
        """Give an image moved by a shift (x, y) and then stretched about its centre."""
        inverse = np.linalg.inv(self.matrix)[::-1, ::-1]  # rows and columns in the order y, x
        centre = (np.array(image.shape) - 1) / 2
        offset = centre - inverse @ centre - np.array(shift)[::-1]
        moved: Image = scipy.ndimage.affine_transform(
            image, inverse, offset, order=1, mode="constant", output=np.float32
        )
        return moved

    def apply_to_all(self, images: Image) -> Image:
        """Give equally large images (image, y, x) stretched about their centres.

        As `apply` does it, but places and weights are worked out once.
        """
        size = images.shape[1:]
        inverse = np.linalg.inv(self.matrix)[::-1, ::-1]
        centre = (np.array(size) - 1) / 2
        offset = centre - inverse @ centre
        rows, columns = np.arange(size[0])[:, None], np.arange(size[1])[None, :]
        y, x = (
            inverse[axis, 0] * rows + inverse[axis, 1] * columns + offset[axis] for axis in (0, 1)
        )
        inside = (y >= 0) & (x >= 0) & (y <= size[0] - 1) & (x <= size[1] - 1)
        top = np.clip(np.floor(y).astype(np.int64), 0, size[0] - 2)
        left = np.clip(np.floor(x).astype(np.int64), 0, size[1] - 2)
        down, right = (inside * (y - top)).ravel(), (inside * (x - left)).ravel()
        first = (top * size[1] + left).ravel()
        flat = images.reshape(len(images), -1)
        result = np.zeros_like(flat)
        for step, weight in (
            (0, (inside.ravel() - down) * (1 - right)),
            (1, (inside.ravel() - down) * right),
            (size[1], down * (1 - right)),
            (size[1] + 1, down * right),
        ):
            result += np.take(flat, first + step, axis=1) * weight.astype(np.float32)
        return result.reshape(images.shape)

    def shrink(self, shift: Array) -> Array:
        """Give the shift before stretching that equals a shift after it."""
        before: Array = np.linalg.solve(self.matrix, shift)
        return before


def peak_of(correlation: npt.NDArray[np.float32], limit: Array) -> Tuple[Array, float]:
    """Give the place (x, y) of the highest peak of a periodic correlation, and its height.

    Places beyond the ellipse with half axes `limit` (x, y) do not count. Between pixels the place
    is the top of parabolas along x and y.
    """
    height, width = correlation.shape
    y, x = scipy.fft.fftfreq(height, 1 / height), scipy.fft.fftfreq(width, 1 / width)
    if np.isfinite(limit).all():
        inside = (y[:, None] / limit[1]) ** 2 + (x[None, :] / limit[0]) ** 2 <= 1
        masked = np.where(inside, correlation, -np.inf)
    else:
        masked = correlation
    row, column = np.unravel_index(int(np.argmax(masked)), correlation.shape)
    top = float(correlation[row, column])
    parts: List[float] = []
    for before, after in (
        (correlation[row, column - 1], correlation[row, (column + 1) % width]),
        (correlation[row - 1, column], correlation[(row + 1) % height, column]),
    ):
        bend = float(before) - 2 * top + float(after)
        parts.append(0.5 * float(before - after) / bend if bend < 0 else 0.0)
    return np.array([x[column] + parts[0], y[row] + parts[1]]), top


def edge_taper(shape: Tuple[int, int]) -> Image:
    """Give weights (y, x) that fall to 0 over the outer tenth of each edge."""
    sides = []
    for size in shape:
        width = max(int(0.1 * size), 1)
        edge = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
        sides.append(np.sin(0.5 * np.pi * np.minimum(edge / width, 1.0)) ** 2)
    result: Image = (sides[0][:, None] * sides[1][None, :]).astype(np.float32)
    return result
