"""Products of the spectra of views, gathered by the frequency along the beam that they measure."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True, nogil=True, fastmath=True)
def gather_products(
    spectra: npt.NDArray[np.complex64],
    across: npt.NDArray[np.float32],
    tangents: npt.NDArray[np.float64],
    farthest: float,
    step: float,
    out: npt.NDArray[np.float64],
) -> None:
    """Add to `out` (real part, imaginary part, count; frequency) the products of all pairs.

    `spectra` (view, cell) have the frequencies `across` (cell,) across the tilt axis; a pair whose
    `tangents` of tilt differ by at most `farthest` measures the frequency across x difference,
    which is counted in units of `step`.
    """
    count, cells = spectra.shape
    length = out.shape[1]
    for one in range(count):
        for other in range(count):
            apart = tangents[one] - tangents[other]
            if apart <= 0 or apart > farthest:
                continue
            scale = apart / step
            for cell in range(cells):
                place = int(across[cell] * scale + 0.5)
                if place < length:
                    first, second = spectra[one, cell], spectra[other, cell]
                    out[0, place] += first.real * second.real + first.imag * second.imag
                    out[1, place] += first.imag * second.real - first.real * second.imag
                    out[2, place] += 1
