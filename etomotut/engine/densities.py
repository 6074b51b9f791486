"""Densities of images: their statistics, linear scalings, and rounding to a data type.

A scaling turns a density v into factor * v + offset. The rules are those of IMOD's newstack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.kernels import densities as kernels

Image = npt.NDArray[Any]
Range = Tuple[float, float]

_OUTLIER_DEVIATIONS = 8.0  # of extremes among the views, in normalized median deviations
_DEVIATION_OF_MEDIAN = 0.6745  # median absolute deviation of a normal distribution of SD 1


@dataclass(frozen=True)
class Summary:
    """The lowest, highest and mean density of an image, and the standard deviation."""

    low: float
    high: float
    mean: float
    deviation: float

    @property
    def is_finite(self) -> bool:
        """Say whether no density is infinite or not a number."""
        return bool(np.isfinite(self.mean) and np.isfinite(self.deviation))


@dataclass(frozen=True)
class Scaling:
    """A linear change of densities."""

    factor: float = 1.0
    offset: float = 0.0

    def __call__(self, image: Image) -> Image:
        """Give the scaled image, float32; the image itself if nothing changes."""
        if self == Scaling():
            return image
        scaled: Image = image * np.float32(self.factor)
        scaled += np.float32(self.offset)
        return scaled

    def then(self, after: Scaling) -> Scaling:
        """Give the scaling that does this one and another after it."""
        return Scaling(self.factor * after.factor, self.offset * after.factor + after.offset)


def summarize(image: Image) -> Summary:
    """Give the statistics of an image (y, x)."""
    plain = image.astype(np.float32) if image.dtype == np.float16 else image
    low, high, mean, squares = kernels.moments(plain)
    return Summary(low, high, mean, float(np.sqrt(max(squares, 0.0) / max(image.size - 1, 1))))


def to_range(low: float, high: float, target: Range) -> Scaling:
    """Give the scaling that takes low..high to a range; a single density goes to its start."""
    factor = (target[1] - target[0]) / (high - low) if high > low else 0.0
    return Scaling(factor, target[0] - factor * low)


def to_mean_and_deviation(summary: Summary, mean: float, deviation: float) -> Scaling:
    """Give the scaling to a mean and standard deviation; a constant image gets the mean."""
    factor = deviation / summary.deviation if summary.deviation > 0 else 0.0
    return Scaling(factor, mean - factor * summary.mean)


def common_mean_and_deviation(summaries: Sequence[Summary], target: Range) -> Tuple[float, float]:
    """Give the mean and deviation that images have to have so that they fill a range together.

    Extremes that are outliers among those of all images are left outside the range, so that one
    hot pixel does not flatten the rest.
    """
    varied = [s for s in summaries if s.deviation > 0]
    if not varied:
        return target[0], 1.0
    lows = _without_outliers([(s.low - s.mean) / s.deviation for s in varied])
    highs = _without_outliers([(s.high - s.mean) / s.deviation for s in varied])
    common = to_range(lows.min(), highs.max(), target)
    return common.offset, common.factor


def common_mean(summaries: Sequence[Summary]) -> float:
    """Give the mean of all images, or more if shifting them to it made densities negative."""
    mean = float(np.mean([s.mean for s in summaries]))
    return max(mean, max(s.mean - s.low for s in summaries))


def range_after(summaries: Sequence[Summary], scalings: Sequence[Scaling]) -> Range:
    """Give the lowest and highest density of images after a scaling with a positive factor each."""
    pairs = list(zip(summaries, scalings))
    return (
        min(scale.factor * s.low + scale.offset for s, scale in pairs),
        max(scale.factor * s.high + scale.offset for s, scale in pairs),
    )


def round_to(image: Image, dtype: npt.DTypeLike) -> Tuple[Image, int, int]:
    """Give an image as a data type, with the number of densities cut at its lower and upper end.

    Whole numbers are rounded, halves to the even one.
    """
    kind = np.dtype(dtype)
    if kind.kind == "f" or image.dtype == kind:
        return image.astype(kind, copy=False), 0, 0
    limits = np.iinfo(kind)
    rounded = np.rint(image)
    below = int(np.count_nonzero(rounded < limits.min))
    above = int(np.count_nonzero(rounded > limits.max))
    return np.clip(rounded, limits.min, limits.max).astype(kind), below, above


def _without_outliers(values: Sequence[float]) -> npt.NDArray[np.float64]:
    numbers = np.asarray(values, float)
    away = np.abs(numbers - np.median(numbers))
    spread = np.median(away) / _DEVIATION_OF_MEDIAN
    kept: npt.NDArray[np.float64] = numbers[away <= _OUTLIER_DEVIATIONS * spread]
    return kept
