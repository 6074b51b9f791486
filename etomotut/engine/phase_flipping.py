"""Correcting tilted views for the sign of their contrast transfer function, strip by strip.

The defocus of an aligned view changes across the (vertical) tilt axis. The columns between two
centre lines are a linear mix of what the filters for the defocus of either line make of them, as
in IMOD's ctfphaseflip (Xiong et al. 2009, J. Struct. Biol. 168, 378). A strip is as much wider as
the transfer function spreads details. Its Fourier transform along y is that of the whole view, so
that only the short ones along x are the strip's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, Tuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from etomotut.engine.ctf import Defocus, Frequencies, Microscope, delocalization, grid

Real = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]
Array = npt.NDArray[np.float64]

_SHARE = 0.1  # of the tolerance: so little that what changes its sign in between has no contrast
_TAIL = 32  # pixels that a strip is wider on each side than details are spread


@dataclass(frozen=True)
class Strips:
    """How finely the defocus is followed.

    Centre lines are `distance` pixels apart, or more where that changes the defocus by less than
    a tenth of `tolerance` (Å).
    """

    tolerance: float = 2000.0
    distance: float = 15.0

    def lines(self, columns: int, slope: float) -> Array:
        """Give the columns of the centre lines where the defocus changes by `slope` Å a pixel."""
        step = self.tolerance * _SHARE
        distance = max(self.distance, step / max(abs(slope), step / columns))
        count = max(int(np.ceil(columns / distance - 1e-9)), 1)
        return (np.arange(count) + 0.5) * columns / count - 0.5


def flip_phases(
    view: npt.NDArray[Any],
    defocus: Defocus,
    microscope: Microscope,
    *,
    pixel_size: float,
    slope: float,
    middle: float,
    strips: Strips,
) -> Real:
    """Give an aligned view (y, x) with every spatial frequency at its right sign.

    `pixel_size` is in Å. `defocus` holds at the column `middle` (an index with a fraction) and
    grows by `slope` Å a column to the right. Frequencies before the first zero keep their sign.
    """
    rows, columns = view.shape
    lines = strips.lines(columns, slope)
    means = defocus.mean + slope * (lines - middle)
    spread = max(delocalization(microscope, mean, pixel_size) for mean in (means[0], means[-1]))
    margin = _TAIL + int(spread)
    parts = list(_parts(lines, columns))
    width = fft.next_fast_len(max(len(part) for part, _ in parts) + 2 * margin)
    height = fft.next_fast_len(rows + 2 * margin, real=True)
    frequencies = Frequencies(microscope, *grid((height, width), pixel_size))
    fixed = frequencies.offset(defocus)
    starts = [part.start - (width - len(part)) // 2 for part, _ in parts]
    ends = max(-min(starts), 0), max(max(starts) + width - columns, 0)
    spectrum = _mirror_columns(_transform_columns(view, margin, height), ends)
    result: Complex = np.zeros((len(spectrum), columns), np.complex64)
    for mean, start, (part, weight) in zip(means, starts, parts):
        argument = fixed + np.float32(mean) * frequencies.per_defocus
        first = start + ends[0]
        strip = _flip(spectrum[:, first : first + width], argument)
        first = part.start - start
        result[:, part.start : part.stop] += strip[:, first : first + len(part)] * weight
    image = fft.irfft(result, height, axis=0, overwrite_x=True)
    return np.asarray(image[margin : margin + rows], np.float32)


def _parts(lines: Array, columns: int) -> Iterator[Tuple[range, Real]]:
    """Give for each centre line the columns that it has a part in, and its weights there."""
    ends = np.concatenate([[-np.inf], lines, [np.inf]])
    x = np.arange(columns)
    for before, line, after in zip(ends, ends[1:], ends[2:]):
        up = np.ones(columns) if np.isinf(before) else (x - before) / (line - before)
        down = np.ones(columns) if np.isinf(after) else (after - x) / (after - line)
        weight = np.minimum(np.minimum(up, down), 1).astype(np.float32)
        (inside,) = np.nonzero(weight > 0)
        yield range(inside[0], inside[-1] + 1), weight[inside]


def _transform_columns(view: npt.NDArray[Any], margin: int, height: int) -> Complex:
    """Transform a view along y with mirrored rows around it, `margin` of them before it."""
    after = height - len(view) - margin
    padded = np.pad(view.astype(np.float32, copy=False), ((margin, after), (0, 0)), "symmetric")
    spectrum: Complex = fft.rfft(padded, axis=0, overwrite_x=True)
    return spectrum


def _mirror_columns(spectrum: Complex, count: Tuple[int, int]) -> Complex:
    """Give the columns with so many more on the left and right, mirrored as often as need be."""
    return np.pad(spectrum, ((0, 0), count), "symmetric")


def _flip(strip: Complex, argument: Real) -> Complex:
    """Change the sign of what the contrast, minus the sine of an argument, has inverted."""
    sign = np.copysign(np.float32(1), np.sin(argument))
    flipped: Complex = fft.fft(strip, axis=1)
    flipped *= sign
    return np.asarray(fft.ifft(flipped, axis=1, overwrite_x=True))
