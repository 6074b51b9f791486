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

from etomotut.engine.correlation import Bandpass, Stretch, edge_taper, peak_of
from etomotut.engine.views import FEATURES, clip_view

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Image = npt.NDArray[np.float32]
Looks = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

MEMORY = 0.75  # weight of the sum of earlier views in the next reference
MIN_COVER = 0.7  # of a patch that must lie within a view
STEEPEST = 85.0  # degrees
PADDING = 1.1  # of a patch, against its opposite edge in a periodic correlation
SMALL_STEP = 1.0  # pixels within which a patch need not be cut anew


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
    """Patches on their way outwards: where each was last, and what it looked like.

    A view is stretched as a whole, once; a patch is then cut at whole pixels, and what is left of
    its place counts towards its shift.
    """

    def __init__(self, tracking: PatchTracking, axis_angle: float) -> None:
        self._tracking, self._axis = tracking, axis_angle
        width, height = tracking.size
        padded = [scipy.fft.next_fast_len(int(PADDING * n), real=True) for n in (height, width)]
        self._padded: Tuple[int, int] = (padded[0], padded[1])
        self._filter = tracking.bandpass.spectrum(self._padded)
        self._taper = edge_taper((height, width))
        self._places: Array = np.zeros((0, 2))
        self._looks: Looks = np.zeros((0, height, width), np.float32)
        self._tilt = 0.0

    def begin(self, view: Image, tilt: float, places: Array) -> None:
        """Cut the patches from the least tilted view."""
        self._places, self._tilt = places.copy(), tilt
        self._looks, corners = self._cut(view, places)
        self._places = corners  # whole pixels, so that what is cut lies where it is said to be

    def follow(self, view: Image, tilt: float) -> Array:
        """Give the places (patch, 2) of the patches in the next view, NaN outside it."""
        steep = [min(abs(each), STEEPEST) for each in (self._tilt, tilt)]
        ratio = float(np.cos(np.radians(steep[0])) / np.cos(np.radians(steep[1])))
        stretch = Stretch(self._axis, ratio)
        wide = stretch.apply(view, np.zeros(2))
        expected = self._spectra(self._looks)
        places = self._places.copy()  # in the stretched view, where patches look as before
        left = np.arange(len(places))
        for _ in range(1 + self._tracking.iterations):
            cut, corners = self._cut(wide, places[left])
            new = corners + self._steps(cut, expected[left])
            far = np.abs(new - places[left]).max(axis=1) >= SMALL_STEP
            places[left] = new
            left = left[far]
            if not len(left):
                break
        cut, corners = self._cut(wide, places)
        self._remember(cut, corners - places, Stretch(self._axis, 1 / ratio))
        self._places = np.array([stretch.shrink(place) for place in places])
        self._tilt = tilt
        covered = self._covered(view.shape, self._places, stretch)
        return np.where(covered[:, None], self._places, np.nan)

    def _steps(self, cut: Looks, expected: Spectra) -> Array:
        """Give how far (patch, 2) the patches lie from where they were cut."""
        product = self._spectra(cut) * np.conj(expected)
        limit = np.array(self._tracking.limit)
        correlations = scipy.fft.irfft2(product, self._padded)
        return np.array([peak_of(each, limit)[0] for each in correlations])

    def _spectra(self, looks: Looks) -> Spectra:
        spectra: Spectra = scipy.fft.rfft2(looks * self._taper, self._padded)
        return spectra * np.sqrt(self._filter)

    def _remember(self, cut: Looks, beside: Array, squeeze: Stretch) -> None:
        """Add what was cut `beside` (patch, 2) the patches to their looks, at the present tilt."""
        looks = _moved(cut, beside) + np.float32(MEMORY) * self._looks
        self._looks = squeeze.apply_to_all(looks)

    def _cut(self, view: Image, places: Array) -> Tuple[Looks, Array]:
        """Cut patches (patch, y, x) from a view, 0 outside it; also their centres (patch, 2)."""
        width, height = self._tracking.size
        rows, columns = view.shape
        centre = (np.array(view.shape[::-1]) - 1) / 2
        half = (np.array(self._tracking.size) - 1) / 2
        first = np.rint(np.nan_to_num(places) + centre - half).astype(np.int64)
        cut = np.zeros((len(places), height, width), np.float32)
        for patch, (left, low) in zip(cut, first):
            inner = view[max(low, 0) : max(low + height, 0), max(left, 0) : max(left + width, 0)]
            top, side = max(-low, 0), max(-left, 0)
            if inner.size and low < rows and left < columns:
                patch[top : top + inner.shape[0], side : side + inner.shape[1]] = inner
        cut -= cut.mean(axis=(1, 2), keepdims=True)
        return cut, first + half - centre

    def _covered(self, shape: Tuple[int, ...], places: Array, stretch: Stretch) -> Bools:
        """Tell which patches lie within the view with most of their width and height."""
        extent = np.abs(np.linalg.inv(stretch.matrix)) @ (np.array(self._tracking.size) / 2)
        reach = np.array(shape[::-1]) / 2 + (1 - 2 * MIN_COVER) * extent
        covered: Bools = (np.abs(places) < reach).all(axis=1)
        return covered


def _moved(looks: Looks, beside: Array) -> Looks:
    """Move images (patch, y, x) by their own (patch, 2) fractions of a pixel, linear in between."""
    for axis, fractions in ((2, beside[:, 0]), (1, beside[:, 1])):
        edge = [(0, 0)] * 3
        edge[axis] = (1, 1)
        padded = np.pad(looks, edge, mode="edge")
        size = looks.shape[axis]
        before, here, after = (
            padded[(slice(None),) * axis + (slice(start, start + size),)] for start in range(3)
        )
        part = fractions.astype(np.float32)[:, None, None]
        looks = here + np.abs(part) * (np.where(part > 0, before, after) - here)
    return looks
