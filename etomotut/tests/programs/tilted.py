"""Tilted views of a ball, tomograms made from them, and comparing these with others."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc, tlt

ANGLES = np.arange(-60.0, 61.0, 10.0)


def write_ball(folder):
    """Write 13 views of a ball of radius 4 at x = 24 + 6, depth 10 - 3 (z = 3), y = 12."""
    y, x = np.mgrid[:25, :49]
    place = 24 + 6 * np.cos(np.radians(ANGLES)) + 3 * np.sin(np.radians(ANGLES))
    inside = 16 - (x - place[:, None, None]) ** 2 - (y - 12) ** 2
    return write(folder, 100 + 10 * np.sqrt(np.maximum(inside, 0)), ANGLES)


def write(folder, views, angles, **about):
    """Write views and their tilt angles into a folder and give it."""
    mrc.write(folder / "in.mrc", np.asarray(views, np.float32), pixel_size=2.0, **about)
    tlt.write(folder / "in.tlt", angles)
    return folder


def run(folder, *words, thickness=21, output="out.rec"):
    """Run tilt on the views in a folder and give the tomogram (y, depth, x)."""
    files = ["-input", str(folder / "in.mrc"), "-output", str(folder / output)]
    tilts = ["-TILTFILE", str(folder / "in.tlt"), "-THICKNESS", str(thickness)]
    assert main(["tilt", *files, *tilts, *words]) == 0
    return mrc.read(folder / output)


def shift_between(first, second):
    """Give the shift (y, depth, x) between volumes: the top of a parabola in each direction."""
    a, b = (np.fft.rfftn(each - each.mean()) for each in (first, second))
    product = np.fft.irfftn(a * b.conj(), first.shape)
    peak = np.array(np.unravel_index(product.argmax(), product.shape))
    shift = []
    for axis, size in enumerate(product.shape):
        along = np.take(product, np.arange(-1, 2) + peak[axis], axis, mode="wrap")
        before, top, after = along[tuple(peak[:axis])][(slice(None), *peak[axis + 1 :])]
        place = peak[axis] + (before - after) / (2 * (before - 2 * top + after))
        shift.append((place + size / 2) % size - size / 2)
    return np.array(shift)


def compare(found, theirs, *, slope):
    """Check that a tomogram is another one, by correlation, scale and place, edges left aside."""
    inside = (slice(None), slice(8, -8), slice(20, -20))
    found, theirs = found[inside].astype(float), theirs[inside].astype(float)
    assert np.corrcoef(found.ravel(), theirs.ravel())[0, 1] >= 0.99
    assert np.polyfit(found.ravel(), theirs.ravel(), 1)[0] == pytest.approx(1, abs=slope)
    assert np.abs(shift_between(found, theirs)).max() < 0.01
