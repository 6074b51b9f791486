"""The whole alignment, program after program, measured against the truth.

The measure is how far the true beads are from any one 3D place under the transforms and tilt
angles found (rms, pixels of the aligned series), not the solution's own residual.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.demo import HARD, series_of, truth
from etomotut.demo.series import simulate, write
from etomotut.formats import fiducials, model, tlt, xf

ALLOWED = 0.30  # pixels; IMOD 4.8.2 has 0.64 on the stored reference series


def run(*words) -> None:
    assert main([str(word) for word in words]) == 0, words


def align(stack: Path, rawtlt: Path, *, axis: float, diameter: float, wanted: int = 40) -> None:
    """Align a series into final.xf and a.tlt of the current folder; `diameter` in pixels."""
    run("tiltxcorr", stack, "a.prexf", "-tiltfile", rawtlt, "-rotation", axis, "-cumulative")
    run("xftoxg", "-nfit", 0, "a.prexf", "a.prexg")
    run("newstack", "-xform", "a.prexg", "-mode", 2, stack, "preali.mrc")
    lines = ["ImageFile preali.mrc", "InputSeedModel a.seed", "OutputModel a.fid"]
    lines += [f"RotationAngle {axis}", f"TiltFile {rawtlt}", f"BeadDiameter {diameter}"]
    Path("a.com").write_text("\n".join(lines))
    run("autofidseed", "-track", "a.com", "-number", wanted, "-two")
    run("beadtrack", "-ParameterFile", "a.com")
    solve("a.fid", rawtlt, axis)


def solve(fid: str, rawtlt: Path, axis: float) -> None:
    words = ["-ModelFile", fid, "-TiltFile", rawtlt, "-RotationAngle", axis, "-EveryView"]
    words += ["-OutputTransformFile", "a.tltxf", "-OutputTiltFile", "a.tlt"]
    words += ["-OutputResidualFile", "a.resid", "-ShiftZFromOriginal"]
    run("tiltalign", *words)
    run("xfproduct", "a.prexg", "a.tltxf", "final.xf")


def error(known: truth.Truth, **about) -> float:
    return truth.alignment_error(xf.read("final.xf"), tlt.read("a.tlt"), known, **about)


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def simulated(preset: str, factor: float = 1.0) -> float:
    """Simulate a series, align it as a user would, and give the error."""
    parameters = series_of(preset)[0]
    files = write(simulate(parameters), Path("data"))
    assert files
    known = truth.read(Path("data") / f"{parameters.name}_truth.json")
    run("ccderaser", "-find", f"data/{parameters.name}.mrc", "clean.mrc")
    align(
        Path("clean.mrc"),
        Path("data") / f"{parameters.name}.rawtlt",
        axis=round(known.axis_angle),
        diameter=factor * known.bead_diameter / known.pixel_size,
    )
    return error(known)


def test_a_small_series_is_aligned_to_a_tenth_of_a_pixel():
    assert simulated("small") < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("preset", HARD)
def test_no_hard_series_fails(preset):
    assert simulated(preset) < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.7, 1 / 1.7])
def test_a_bead_diameter_typed_wrong_does_no_harm(factor):
    assert simulated("axis-95", factor) < ALLOWED


@pytest.mark.reference
def test_the_reference_series_is_aligned_far_better_than_by_imod(reference):
    known = truth.read(reference / "truth.json")
    stack, rawtlt = reference / "ccderaser.st", reference / "ref.rawtlt"
    align(stack, rawtlt, axis=4.2, diameter=9.06, wanted=16)
    assert error(known, size=(256, 360)) < 0.2


@pytest.mark.reference
def test_patches_align_the_reference_series_to_a_pixel(reference):
    known = truth.read(reference / "truth.json")
    stack, rawtlt = reference / "ccderaser.st", reference / "ref.rawtlt"
    run("tiltxcorr", stack, "a.prexf", "-tiltfile", rawtlt, "-rotation", 4.2, "-cumulative")
    run("xftoxg", "-nfit", 0, "a.prexf", "a.prexg")
    run("newstack", "-xform", "a.prexg", "-mode", 2, stack, "preali.mrc")
    words = ["-tiltfile", rawtlt, "-rotation", 4.2, "-size", "100,100", "-overlap", "0.33,0.33"]
    run("tiltxcorr", "preali.mrc", "patches.fid", "-border", "12,12", "-iterate", 1, *words)
    run("imodchopconts", "-overlap", 4, "-surfaces", "-length", -1, "patches.fid", "a.fid")
    solve("a.fid", rawtlt, 4.2)
    assert error(known, size=(256, 360)) < 1.0


@pytest.mark.parametrize("diameter_nm", [5.8, 10.0])
def test_the_real_series_is_aligned_as_well_as_its_beads_allow(real_series, diameter_nm):
    stack, rawtlt = real_series / "raw.mrc", real_series / "raw.rawtlt"
    align(stack, rawtlt, axis=-5.8, diameter=diameter_nm / 1.104)
    rows = fiducials.read_residuals("a.resid")
    assert len(list(model.read("a.fid").contours())) >= 30
    assert np.hypot(rows[:, 3], rows[:, 4]).mean() <= 0.45
    assert picked_beads_error(real_series) <= 0.517  # IMOD 4.8.2's alignment


def picked_beads_error(real_series: Path) -> float:
    """Give how far beads picked in the raw views are from any one 3D place, rms pixels."""
    picked = np.loadtxt(real_series / "beads.txt")
    contour, view = picked[:, 0].astype(int), picked[:, 3].astype(int)
    transforms, tilts = xf.read("final.xf"), np.radians(tlt.read("a.tlt"))
    xy = picked[:, 1:3] - (508 / 2, 708 / 2)
    moved = np.einsum("pij,pj->pi", transforms[view, :, :2], xy) + transforms[view, :, 2]
    squares = []
    for each in np.unique(contour):
        own = contour == each
        rays = np.stack([np.cos(tilts[view[own]]), np.sin(tilts[view[own]])], axis=1)
        place, *_ = np.linalg.lstsq(rays, moved[own, 0], rcond=None)
        squares += list(
            (moved[own, 0] - rays @ place) ** 2 + np.square(moved[own, 1] - moved[own, 1].mean())
        )
    return float(np.sqrt(np.mean(squares)))
