"""How outputs of an embedded program and of IMOD's are compared: files in two folders."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional, Sequence, Tuple

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import fiducials, model, mrc, tlt, xf
from etomotut.tests.conformance.inputs import Inputs
from etomotut.tests.programs import tilted

Comparison = Callable[[Path, Path, Inputs], None]
OUT = "out.mrc"


def _read(ours: Path, theirs: Path) -> Tuple[np.ndarray, np.ndarray]:
    return mrc.read(ours / OUT).astype(float), mrc.read(theirs / OUT).astype(float)


def _likeness(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1])


def same(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check densities, type, pixel size and origin; whole numbers may round to either side."""
    found, wanted = mrc.Stack(ours / OUT), mrc.Stack(theirs / OUT)
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    assert found.pixel_size == pytest.approx(wanted.pixel_size)
    assert found.origin == pytest.approx(wanted.origin, abs=1e-3)
    limit = 1 if wanted.dtype.kind in "iu" else 1e-3
    assert np.abs(found[:].astype(float) - wanted[:]).max() <= limit


def equal(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check that every voxel and the place of a volume are the same."""
    found, wanted = mrc.Stack(ours / OUT), mrc.Stack(theirs / OUT)
    assert found.dtype == wanted.dtype
    assert np.array_equal(found[:], wanted[:])
    assert found.origin == pytest.approx(wanted.origin)


def same_densities(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check size, pixel, scale and level of images.

    Stored ones are float16, good to 0.05% of a density: of the typical contrast, 0.06 to 0.2%.
    That alone costs 1e-6 of correlation; scale and level are averages over many pixels.
    """
    found, wanted = mrc.Stack(ours / OUT), mrc.Stack(theirs / OUT)
    assert (found.shape, found.dtype.kind) == (wanted.shape, wanted.dtype.kind)
    assert found.pixel_size == pytest.approx(wanted.pixel_size, rel=1e-5)
    both = _read(ours, theirs)
    slope, offset = np.polyfit(*(each.ravel() for each in both[::-1]), 1)
    assert _likeness(*both) > 0.99999
    assert slope == pytest.approx(1, abs=5e-5)
    assert abs(offset) < 0.005 * both[1].std()


def same_but_for_rounding(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check bytes: IMOD scales in single precision."""
    found, wanted = _read(ours, theirs)
    assert np.abs(found - wanted).max() <= 1
    assert np.abs(found - wanted).mean() < 0.01


def transformed(words: str, least: float, whole: Optional[float] = None) -> Comparison:
    """Check resampled views where both have data, and the `whole` frames with their fill.

    `words` are the geometry of the case.
    """

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        both = _read(ours, theirs)
        geometry = [str(inputs.get(w[1:])) if w.startswith("@") else w for w in words.split()]
        files = str(inputs.get("ones.st")), str(ours / "mask.mrc")
        assert main(["newstack", *geometry, "-linear", "-fill", "0", "-mode", "2", *files]) == 0
        inside = mrc.read(ours / "mask.mrc") == 1
        assert inside.mean() > 0.6
        found, wanted = both[0][inside], both[1][inside]
        slope, offset = np.polyfit(wanted, found, 1)
        assert _likeness(found, wanted) > least
        assert slope == pytest.approx(1, abs=5 * (1 - least))
        assert abs(offset) < 0.1
        assert whole is None or _likeness(*both) > whole

    return compare


def alike(least: float, border: Sequence[int] = (0, 0, 0), whole: float = 0.0) -> Comparison:
    """Check the correlation of images or volumes without their borders (z, y, x), and with them."""

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        inside = tuple(slice(n, -n or None) for n in border)
        found, wanted = _read(ours, theirs)
        assert found.shape == wanted.shape
        assert _likeness(found[inside], wanted[inside]) > least
        assert _likeness(found, wanted) > whole

    return compare


def view_by_view(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check each filtered view, and its densities away from the borders."""
    inside = np.s_[20:-20, 20:-20]
    for found, wanted in zip(*_read(ours, theirs)):
        assert _likeness(found, wanted) > 0.9997
        assert np.abs(found - wanted)[inside].max() < 0.02 * wanted.std()


def tomogram(slope: float, least: float = 0.99, *, same_place: bool = False) -> Comparison:
    """Check correlation, scale and place of a tomogram, and its origin where it was not stored."""

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        both = _read(ours, theirs)
        tilted.compare(*both, slope=slope)
        assert _likeness(*both) > least
        if same_place:
            origins = [mrc.Stack(each / OUT).origin for each in (ours, theirs)]
            assert origins[0] == pytest.approx(origins[1], abs=1e-2)

    return compare


def erased(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check that the same pixels of views 0, 20 and 40 are erased, to the level around them.

    Both take means of the border, but IMOD takes other pixels of it: grain and fringes of the
    beads, of SD 30, make the difference.
    """
    views = [0, 20, 40]
    before = mrc.read(inputs.get("aligned_linear.mrc"))[views].astype(float)
    found, wanted = (each if len(each) == 3 else each[views] for each in _read(ours, theirs))
    changed = wanted != before
    assert np.array_equal(found != before, changed)
    assert abs((found - wanted)[changed].mean()) < 3
    assert np.abs(found - wanted)[changed].max() < 20


def transforms(rotation: float, shift: float) -> Comparison:
    """Check transforms: their matrices and their shifts (pixels)."""

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        found, wanted = xf.read(ours / "out.xf"), xf.read(theirs / "out.xf")
        assert found[:, :, :2] == pytest.approx(wanted[:, :, :2], abs=rotation)
        assert found[:, :, 2] == pytest.approx(wanted[:, :, 2], abs=shift)

    return compare


def steps(along: float, across: float) -> Comparison:
    """Check shifts along the tilt axis of the reference series and across it (pixels).

    Across it IMOD follows the beads of one surface or the other, ours what lies between.
    """

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        lines = [xf.read(each / "out.xf") for each in (ours, theirs)]
        angle = np.radians(4.2)
        turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        apart = np.abs((lines[0] - lines[1])[:, :, 2] @ turn).max(axis=0)
        assert apart[0] < across
        assert apart[1] < along

    return compare


def solution(rotation: float, tilts: float = np.inf, height: float = np.inf) -> Comparison:
    """Check that residuals are as small, and angle of the axis, tilts and positions are alike."""

    def mean(folder: Path) -> float:
        rows = fiducials.read_residuals(folder / "a.resid")
        return float(np.hypot(rows[:, 3], rows[:, 4]).mean())

    def axis(folder: Path) -> float:
        lines = xf.read(folder / "a.tltxf")
        middle = lines[len(lines) // 2]
        return float(np.degrees(np.arctan2(middle[0, 1], middle[0, 0])))

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        assert mean(ours) <= 1.02 * mean(theirs)
        assert axis(ours) == pytest.approx(axis(theirs), abs=rotation)
        assert np.abs(tlt.read(ours / "a.tlt") - tlt.read(theirs / "a.tlt")).max() <= tilts
        both = [fiducials.read_positions(each / "a.xyz").xyz for each in (ours, theirs)]
        assert np.abs(both[0] - both[1])[:, 1:].max() <= height

    return compare


def same_contours(ours: Path, theirs: Path, inputs: Inputs) -> None:
    """Check that models have the same points in the same contours, and their surfaces."""
    found, wanted = (model.read(each / "out.fid").objects[0].contours for each in (ours, theirs))
    assert [len(each.points) for each in found] == [len(each.points) for each in wanted]
    assert [each.surface for each in found] == [each.surface for each in wanted]
    for one, other in zip(found, wanted):
        assert np.asarray(one.points) == pytest.approx(np.asarray(other.points), abs=1e-3)


def beads(least: float, apart: float) -> Comparison:
    """Check that a share of IMOD's points is there, and how far apart they are (pixels, median)."""

    def compare(ours: Path, theirs: Path, inputs: Inputs) -> None:
        found, wanted = (model.tracks(model.read(each / "out.fid"))[0] for each in (ours, theirs))
        distances = []
        for x, y, view in wanted:
            same_view = found[np.rint(found[:, 2]) == round(view)]
            gaps = np.hypot(*(same_view[:, :2] - (x, y)).T)
            distances.append(gaps.min() if len(gaps) else np.inf)
        near = np.array(distances) < 3
        assert near.mean() >= least
        assert np.median(np.array(distances)[near]) <= apart

    return compare
