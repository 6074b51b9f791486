"""What is left of gold in a tomogram and in the spectrum of the views after it was erased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.demo.image import Projector
from etomotut.demo.parameters import PRESETS
from etomotut.demo.series import prepare, simulate, write
from etomotut.formats import mrc, tlt, xf

pytestmark = pytest.mark.slow

PARAMETERS = replace(
    PRESETS["small"][0], name="TS", seed=103, size=(520, 400), pixel_size=7.5, thickness=1500.0
)
RADIUS = 50 / 7.5
DEPTH = 300


def run(*words):
    assert main([str(word) for word in words]) == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a series, the same erased, and its tomogram; give the folder and the truth."""
    made = tmp_path_factory.mktemp("erased")
    series = simulate(PARAMETERS)
    write(series, made)
    known = series.truth
    xf.write(made / "TS.xf", known.transforms)
    tlt.write(made / "TS.tlt", known.true_angles)
    source = ["--input-image", made / "TS.mrc"]
    run("fidder", "predict", *source, "--output-mask", made / "m.mrc",
        "--probability-threshold", 0.9)  # fmt: skip
    run("fidder", "erase", *source, "--input-mask", made / "m.mrc", "--output-image",
        made / "e.mrc")  # fmt: skip
    run("newstack", "-xform", made / "TS.xf", "-mode", 2, "-size", "400,520", "-taper", "1,1",
        made / "e.mrc", made / "ali.mrc")  # fmt: skip
    run("tilt", "-InputProjections", made / "ali.mrc", "-OutputFile", made / "s.rec", "-TILTFILE",
        made / "TS.tlt", "-THICKNESS", DEPTH, "-MODE", 2)  # fmt: skip
    run("trimvol", "-rx", made / "s.rec", made / "TS.rec")
    return made, known


def test_nothing_is_left_where_beads_were_in_the_tomogram(folder):
    made, known = folder
    tomogram = mrc.read(made / "TS.rec")
    middle = (np.array(tomogram.shape) - 1) / 2
    slab = tomogram[DEPTH // 2 - 80 : DEPTH // 2 + 80]
    reach = int(2 * RADIUS)
    distance = np.linalg.norm(np.indices((2 * reach + 1,) * 3) - reach, axis=0)
    for x, y, z in known.beads:
        centre = np.rint(middle + (z, y, x)).astype(int)
        inside = (centre >= reach) & (centre + reach < tomogram.shape)
        if inside.all():
            box = tomogram[tuple(slice(c - reach, c + reach + 1) for c in centre)]
            left = box[distance <= RADIUS] - box[distance > reach].mean()
            assert np.sqrt((left**2).mean()) < 1.5 * slab.std()
            assert abs(left.mean()) < 0.4 * slab.std()


def test_the_spectrum_is_that_of_the_specimen_without_gold(folder):
    made, _ = folder
    views, specimen, _, _, _ = prepare(PARAMETERS)
    bare = replace(specimen, beads=specimen.beads[:0], bead_radii=specimen.bead_radii[:0])
    projector = Projector(PARAMETERS, bare, views)
    random = np.random.default_rng(0)
    erased, gold = mrc.read(made / "e.mrc"), mrc.read(made / "TS.mrc").astype(float)
    powers = np.zeros((3, 61))
    for view in range(0, 41, 4):
        never = random.poisson(projector.view(view)).astype(float)
        limit = never.mean() + 5 * never.std()  # without the hot pixels
        for power, image in zip(powers, (never, erased[view], gold[view])):
            power += radial_power(np.minimum(image, limit))
    ratios = powers[1:, 3:] / powers[0, 3:]
    assert ratios[0] == pytest.approx(1, abs=0.2)
    assert ratios[1].max() > 10


def radial_power(image):
    """Give the power of an image (y, x) in rings of 1/120 of a pixel's frequency."""
    window = np.outer(*(np.hanning(size) for size in image.shape))
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2
    y, x = (np.fft.fftfreq(size) for size in image.shape)
    ring = np.rint(120 * np.hypot(y[:, None], x[None])).astype(int).ravel()
    return (np.bincount(ring, power.ravel()) / np.bincount(ring))[:61]
