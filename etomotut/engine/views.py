"""Views of a tilt series made ready for comparing: smaller, and with nothing that outshines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Views = npt.NDArray[np.float32]
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# robust standard deviations about the median at which views are clipped
SPECIMEN = 1.0  # gold and carbon no darker than the specimen: whole views follow its middle
MAX_EQUAL = 0.45  # of the pixels of a view; more are no measurement, even of few electrons
FEATURES = 8.0  # all but faulty pixels: a patch follows its most distinct feature


def reduce_views(views: Views, factor: int) -> Views:
    """Average squares of factor x factor pixels about the centre of each view (view, y, x)."""
    if factor == 1:
        return views.astype(np.float32, copy=False)
    count, height, width = views.shape
    rows, columns = height // factor, width // factor
    top, left = (height - rows * factor) // 2, (width - columns * factor) // 2
    reduced = np.zeros((count, rows, columns), np.float32)
    for row in range(factor):  # a strided sum is several times faster than a mean over blocks
        for column in range(factor):
            lines = slice(top + row, top + rows * factor, factor)
            reduced += views[:, lines, left + column : left + columns * factor : factor]
    reduced /= factor**2
    return reduced


def clip_view(view: Image, deviations: float) -> Image:
    """Give a view about its mean in units of its spread, clipped about its median.

    Unclipped, the beads of one surface decide the correlation of whole views, which then follow
    that surface instead of the middle of the specimen.
    """
    sample = view[::4, ::4]
    values, counts = np.unique(sample, return_counts=True)
    if counts.max() > MAX_EQUAL * sample.size:  # an area without data, filled with one value
        sample = sample[sample != values[np.argmax(counts)]]
    median = float(np.median(sample)) if sample.size else 0.0
    spread = 1.4826 * float(np.median(np.abs(sample - median))) if sample.size else 1.0
    reach = deviations * spread
    image = np.clip(view, median - reach, median + reach).astype(np.float32)
    result: Image = (image - image.mean()) / max(float(image.std()), 1e-9)
    return result


def without_data(view: npt.NDArray[np.generic]) -> Mask:
    """Tell where a view (y, x) holds one value over and over, as beyond an edge that moved.

    What is clipped in a dark bead is such an area, too; it is for the caller to tell by its size.
    """
    low, high = ndimage.minimum_filter(view, 3), ndimage.maximum_filter(view, 3)
    same: Mask = ndimage.binary_dilation(low == high, np.ones((3, 3), bool))
    return same
