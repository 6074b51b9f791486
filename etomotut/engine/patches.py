"""Tracking patches of the specimen through an aligned tilt series, where there is no gold.

A patch is followed from the least tilted view outwards. In each view it is cut where the last
position predicts it, stretched across the tilt axis to look as before, and correlated with the sum
of itself in the views before, as seen at the tilt of the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage

from etomotut.engine.correlation import Bandpass, Stretch, edge_taper, peak_of
from etomotut.engine.views import FEATURES, clip_view

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

MEMORY = 0.75  # weight of the sum of earlier views in the next reference
MIN_COVER = 0.7  # of a patch that must lie within a view
STEEPEST = 85.0  # degrees


@dataclass(frozen=True)
class PatchTracking:
    """How patches are tracked: their `size` (x, y) in pixels, the filter, the largest step.

    `limit` (x, y) in pixels bounds the shift from view to view against the prediction.
    """

    size: Tuple[int, int]
    bandpass: Bandpass
    limit: Tuple[float, float]
    iterations: int = 1


def track_patches(
    views: npt.NDArray[np.float32],
    tilt_angles: Array,
    axis_angle: float,
    centres: Array,
    tracking: PatchTracking,
) -> Array:
    """Give the positions (patch, view, 2) of patches, x and y from the centre of the view.

    `centres` (patch, 2) are their places in the least tilted view. Positions are NaN from where a
    patch leaves the image. Shifts are relative to views that are aligned already.
    """
    marks = np.full((len(centres), len(views), 2), np.nan)
    order = np.argsort(tilt_angles, kind="stable")
    start = int(np.argmin(np.abs(tilt_angles[order])))
    marks[:, order[start]] = centres
    for branch in (order[start:], order[start::-1]):
        follower = _Follower(tracking, axis_angle)
        follower.begin(clip_view(views[branch[0]], FEATURES), tilt_angles[branch[0]], centres)
        for view in branch[1:]:
            marks[:, view] = follower.follow(clip_view(views[view], FEATURES), tilt_angles[view])
    return marks


def grid(
    size: Tuple[int, int], border: Tuple[int, int], patch: Tuple[int, int], counts: Tuple[int, int]
) -> Array:
    """Give the centres (patch, 2) of counts[0] x counts[1] patches that fill an image evenly.

    Everything is in the order x, y, in pixels; centres count from the centre of the image.
    """
    axes: List[Array] = []
    for axis in (0, 1):
        reach = (size[axis] - 2 * border[axis] - patch[axis]) / 2
        axes.append(np.linspace(-reach, reach, counts[axis]) if counts[axis] > 1 else np.zeros(1))
    x, y = np.meshgrid(*axes)
    return np.stack([x.ravel(), y.ravel()], axis=1)


class _Follower:
    """Patches on their way outwards: where each was last, and what it looked like."""

    def __init__(self, tracking: PatchTracking, axis_angle: float) -> None:
        self._tracking, self._axis = tracking, axis_angle
        width, height = tracking.size
        self._offsets = np.stack(
            np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
        )
        padded = [scipy.fft.next_fast_len(int(1.2 * n), real=True) for n in (height, width)]
        self._padded: Tuple[int, int] = (padded[0], padded[1])
        self._filter = tracking.bandpass.spectrum(self._padded)
        self._taper = edge_taper((height, width))
        self._places: Array = np.zeros((0, 2))
        self._looks: npt.NDArray[np.float32] = np.zeros((0, height, width), np.float32)
        self._tilt = 0.0

    def begin(self, view: Image, tilt: float, places: Array) -> None:
        """Cut the patches from the least tilted view."""
        self._places, self._tilt = places.copy(), tilt
        self._looks = self._cut(view, places, Stretch(self._axis, 1.0))

    def follow(self, view: Image, tilt: float) -> Array:
        """Give the places (patch, 2) of the patches in the next view, NaN outside it."""
        steep = [min(abs(each), STEEPEST) for each in (self._tilt, tilt)]
        ratio = float(np.cos(np.radians(steep[0])) / np.cos(np.radians(steep[1])))
        stretch = Stretch(self._axis, ratio)
        places = np.array([stretch.shrink(place) for place in self._places])
        for _ in range(1 + self._tracking.iterations):
            cut = self._cut(view, places, stretch)
            places = places + self._steps(cut, stretch)
        cut = self._cut(view, places, stretch)
        looks = cut + np.float32(MEMORY) * self._looks
        squeeze = Stretch(self._axis, 1 / ratio)
        self._looks = np.stack([squeeze.apply(look, np.zeros(2)) for look in looks])
        self._places, self._tilt = places, tilt
        return np.where(self._covered(view.shape, places, stretch)[:, None], places, np.nan)

    def _steps(self, cut: npt.NDArray[np.float32], stretch: Stretch) -> Array:
        """Give how far (patch, 2) each patch lies from where it was cut."""
        spectra = [scipy.fft.rfft2(each * self._taper, self._padded) for each in (cut, self._looks)]
        product = spectra[0] * np.conj(spectra[1]) * self._filter
        limit = np.array(self._tracking.limit)
        peaks = [peak_of(each, limit)[0] for each in scipy.fft.irfft2(product, self._padded)]
        return np.array([stretch.shrink(peak) for peak in peaks])

    def _cut(self, view: Image, places: Array, stretch: Stretch) -> npt.NDArray[np.float32]:
        """Cut stretched patches (patch, y, x) about places in a view; 0 outside it."""
        inverse = np.linalg.inv(stretch.matrix)
        offsets = np.einsum("ij,jyx->iyx", inverse, self._offsets)
        centre = (np.array(view.shape[::-1]) - 1) / 2
        where = places[:, :, None, None] + centre[:, None, None] + offsets
        cut: npt.NDArray[np.float32] = scipy.ndimage.map_coordinates(
            view, [where[:, 1], where[:, 0]], order=1, mode="constant", output=np.float32
        )
        return cut - cut.mean(axis=(1, 2), keepdims=True)

    def _covered(self, shape: Tuple[int, ...], places: Array, stretch: Stretch) -> Array:
        """Tell which patches lie within the view with most of their width and height."""
        extent = np.abs(np.linalg.inv(stretch.matrix)) @ (np.array(self._tracking.size) / 2)
        reach = np.array(shape[::-1]) / 2 + (1 - 2 * MIN_COVER) * extent
        covered: Array = (np.abs(places) < reach).all(axis=1)
        return covered
