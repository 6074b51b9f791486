"""Views that the alignment has lost: each is looked for over the whole field of its neighbours.

From the least tilted view outwards each is compared with the mean of the nearest views that lie
well already, stretched to its tilt, by a correlation that counts only what both show (Padfield
2012, IEEE Transactions on Image Processing 21:2706). A view whose best place is far from where it
lies is moved if that place is clearly better than any other; else nobody can be sure of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft

from etomotut.engine import transforms as linear
from etomotut.engine.correlation import Bandpass
from etomotut.engine.resample import transform_image
from etomotut.engine.transforms import Transforms
from etomotut.engine.views import SPECIMEN, clip_view, reduce_views

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Looks = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

# lengths are in pixels of the views, of about 11 Å
REACH = 10.0  # from where a view lies; nearer ones need no search
CLEAR = 1.4  # by how much the best place beats the second; in noise it does by 1.2
BESIDE = 25.0  # from a place, within which another is the same
BAND = Bandpass(radius1=0.01, radius2=0.06, sigma1=0.005, sigma2=0.03)
REDUCTION = 2  # enough for such a band
NEIGHBOURS = 4
MEMORY = 0.75  # weight of each neighbour against that of the one before
FIRST = 3  # least tilted views, taken to lie well until they are compared themselves
OVERLAP = 0.4  # of a view, the least that is shown by both
FRAME = 3  # reduced pixels at the edge of a view, which the filter spoils


@dataclass(frozen=True)
class Lost:
    """A view that lies elsewhere than it should, or of which nobody can be sure.

    `moved` (x, y) is by how much its best place is off, aligned pixels; `clearness` is the
    correlation there against that at the second best. A view that is not `is_found` stays.
    """

    view: int
    moved: Tuple[float, float]
    clearness: float
    is_found: bool


def find_lost_views(
    views: Looks, transforms: Transforms, tilt_angles: Array
) -> Tuple[Transforms, List[Lost]]:
    """Give transforms with views moved to where they were found, and the views in question.

    `transforms` (view, 2, 3) take raw `views` (view, y, x) to aligned ones with the tilt axis
    vertical; `tilt_angles` (view,) are in degrees.
    """
    field = _Field(views, transforms, tilt_angles)
    outwards = np.argsort(np.abs(tilt_angles), kind="stable")
    well = list(outwards[:FIRST])
    lost = []
    for view in outwards:
        others = [each for each in well if each != view]
        moved, clearness = field.place_of(view, others)
        is_near = np.hypot(*moved) <= REACH
        is_found = not is_near and clearness >= CLEAR
        if is_found:
            field.move(view, moved)
        if not is_near:
            lost.append(Lost(int(view), (moved[0], moved[1]), clearness, is_found))
        well = [*others, view] if is_near or is_found else others or [view]
    return field.transforms, lost


class _Field:
    """Filtered views, where they lie, and what is seen at one tilt of those at others."""

    def __init__(self, views: Looks, transforms: Transforms, tilt_angles: Array) -> None:
        self.transforms = np.array(transforms, float)
        self._tilts = np.radians(tilt_angles)
        small = reduce_views(views, REDUCTION)
        self._filter = BAND.spectrum((small.shape[1], small.shape[2]), REDUCTION)
        self._views = [self._prepare(view) for view in small]
        self._mask = np.zeros(small.shape[1:], np.float32)
        self._mask[FRAME:-FRAME, FRAME:-FRAME] = 1.0
        height, width = small.shape[1:]
        is_across = abs(transforms[len(transforms) // 2, 0, 1]) > np.sqrt(0.5)
        self._size = (height, width) if is_across else (width, height)
        room = [int((2 - OVERLAP) * length) for length in self._size[::-1]]
        self._padded = [scipy.fft.next_fast_len(length, real=True) for length in room]

    def place_of(self, view: int, others: Sequence[int]) -> Tuple[Array, float]:
        """Give by how much (x, y) a view's best place is off, and how clear that is."""
        nearest = sorted(others, key=lambda each: abs(self._tilts[each] - self._tilts[view]))
        reference = self._reference(view, nearest[:NEIGHBOURS])
        unmoved = linear.scale_shifts(self.transforms[[view]], 1 / REDUCTION)[0]
        present = unmoved[:, 2].copy()
        unmoved[:, 2] = 0.0  # so that nothing of a view far off is cut away
        scores = masked_correlation(reference, self._cut(view, unmoved), self._padded, OVERLAP)
        y, x = (scipy.fft.fftfreq(length, 1 / length) for length in scores.shape)
        row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
        place = np.array([x[column], y[row]])
        is_other = np.hypot(x - place[0], y[:, None] - place[1]) > BESIDE / REDUCTION
        second = max(float(scores[is_other].max()), 1e-9)
        return REDUCTION * (place - present), max(float(scores[row, column]), 0.0) / second

    def move(self, view: int, moved: Array) -> None:
        """Let a view lie elsewhere."""
        self.transforms[view, :, 2] += moved

    def _prepare(self, view: Image) -> Image:
        spectrum = scipy.fft.rfft2(clip_view(view, SPECIMEN)) * self._filter
        prepared: Image = scipy.fft.irfft2(spectrum, view.shape)
        return prepared

    def _reference(self, view: int, others: Sequence[int]) -> Tuple[Image, Image]:
        """Give the mean of other views as seen at the tilt of one, and where there is any."""
        total, weights = (np.zeros(self._size[::-1], np.float32) for _ in range(2))
        for age, other in enumerate(others):
            move = linear.scale_shifts(self.transforms[[other]], 1 / REDUCTION)[0]
            move[0] *= np.cos(self._tilts[view]) / np.cos(self._tilts[other])
            image, mask = self._cut(other, move)
            total += MEMORY**age * image * mask
            weights += MEMORY**age * mask
        mask = (weights > 0.5 * weights.max()).astype(np.float32)
        return total / np.maximum(weights, 1e-6) * mask, mask

    def _cut(self, view: int, transform: Array) -> Tuple[Image, Image]:
        image, mask = (
            transform_image(each, transform, self._size, fill=0.0, interpolation="linear")
            for each in (self._views[view], self._mask)
        )
        inside = (mask > 0.5).astype(np.float32)
        return image * inside, inside


def masked_correlation(
    fixed: Tuple[Image, Image], moving: Tuple[Image, Image], padded: Sequence[int], least: float
) -> Array:
    """Give how two images with masks correlate where both are, for every shift, periodic.

    The coefficient is multiplied by the root of the overlap, so that chance scores alike
    everywhere; it is 0 where the overlap is below `least` of the smaller mask.
    """

    def spectrum(image: Image) -> Spectrum:
        result: Spectrum = scipy.fft.rfft2(image, padded)
        return result

    def back(product: Spectrum) -> Array:
        return np.asarray(scipy.fft.irfft2(product, padded), float)

    (first, inside), (second, covered) = fixed, moving
    ones = spectrum(inside), np.conj(spectrum(covered))
    values = spectrum(first), np.conj(spectrum(second))
    shared = np.maximum(back(ones[0] * ones[1]), 1e-3)
    sums = back(values[0] * ones[1]), back(ones[0] * values[1])
    spreads = (
        back(spectrum(first**2) * ones[1]) - sums[0] ** 2 / shared,
        back(ones[0] * np.conj(spectrum(second**2))) - sums[1] ** 2 / shared,
    )
    common = back(values[0] * values[1]) - sums[0] * sums[1] / shared
    scale = np.sqrt(np.prod([np.maximum(each, 1e-6 * each.max()) for each in spreads], axis=0))
    share = shared / max(min(float(inside.sum()), float(covered.sum())), 1.0)
    scores: Array = np.where(share > least, common / np.maximum(scale, 1e-30) * share**0.5, 0.0)
    return scores
