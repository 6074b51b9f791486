"""The embedded segmentation of membranes in a simulated tomogram, measured against the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from etomotut.__main__ import main
from etomotut.demo import PRESETS, volume
from etomotut.demo.series import simulate, write
from etomotut.formats import mrc, tlt, xf

PIXEL, SHAPE = 11.04, (144, 256, 208)  # Å; voxels (z, y, x)
TOLERANCE = 2.5  # voxels: within two of them along the diagonals, too
SHOWN = np.sin(np.radians(60))  # z of the normals up to which views show a membrane

pytestmark = pytest.mark.slow


def run(*words) -> None:
    assert main([str(word) for word in words]) == 0, words


def reconstruct(series) -> None:
    """Write tomogram.mrc of a series, aligned by its truth, as the template would."""
    files = write(series, Path("data"))
    xf.write("t.xf", series.views.transforms)
    tlt.write("t.tlt", series.views.true_angles)
    depth, rows, columns = SHAPE
    run(
        "newstack",
        "-xform",
        "t.xf",
        "-size",
        f"{columns},{rows}",
        "-mode",
        2,
        files["stack"],
        "a.st",
    )
    words = ["-angleFn", "t.tlt", "-defFn", files["defocus"], "-pixelSize", PIXEL / 10]
    words += ["-defTol", 100, "-iWidth", 15, "-volt", 300, "-cs", 2.7, "-ampContrast", 0.1]
    run("ctfphaseflip", "-input", "a.st", "-output", "f.st", *words)
    run("tomo3d", "-a", "t.tlt", "-i", "f.st", "-z", depth, "-S", "-l", 30, "-o", "s.raw")
    run("trimvol", "-rx", "s.raw", "sirt.mrc")
    run("tomoeed", "sirt.mrc", "tomogram.mrc", "-g", 0.5, "-i", 15)


def off(vesicle, places):
    """Give how far places (n, 3), Å, are off a vesicle's membrane, and the z of its normals."""
    away = places - vesicle.centre
    steep = away @ np.linalg.inv(vesicle.shape)
    scaled, length = np.sqrt((away * steep).sum(axis=1)), np.linalg.norm(steep, axis=1)
    return np.abs(scaled - vesicle.radius) * scaled / length, np.abs(steep[:, 2]) / length


def places_of(mask):
    return (np.argwhere(mask)[:, ::-1] - (np.array(SHAPE[::-1]) - 1) / 2) * PIXEL


def near(mask):
    return distance_transform_edt(~mask) <= TOLERANCE


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Give the specimen, and its mask and points as tardis_mem writes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("membranes"))
        about = {"size": (256, 208), "thickness": 1400.0, "vesicles": 4, "beads": 8, "seed": 41}
        series = simulate(replace(PRESETS["demo"][0], pixel_size=PIXEL, halves=False, **about))
        reconstruct(series)
        run("tardis_mem", "--path", "tomogram.mrc")
        mask = mrc.read("Predictions/tomogram_semantic.mrc") > 0
        points = np.loadtxt("Predictions/tomogram_instances.csv", delimiter=",", skiprows=1)
    return series.specimen, mask, points


def test_the_mask_agrees_with_the_membranes_that_views_show(found):
    specimen, mask, _ = found
    true = volume.membranes(specimen, SHAPE, PIXEL)
    far, steep = zip(*(off(vesicle, places_of(true)) for vesicle in specimen.vesicles))
    shown = np.zeros(SHAPE, bool)
    shown[true] = np.choose(np.argmin(far, axis=0), steep) < SHOWN
    assert (mask & ~near(true)).sum() < 0.05 * mask.sum()
    counted = mask & (near(shown) | ~near(true))  # where views show nothing, both is right
    hits = (counted & near(shown)).sum() + (shown & near(mask)).sum()
    assert hits > 0.80 * (counted.sum() + shown.sum())


def test_each_large_vesicle_is_one_instance(found):
    specimen, _, points = found
    half = np.array(SHAPE[::-1]) * PIXEL / 2
    places = points[:, 1:] + PIXEL / 2 - half
    owner = np.argmin([off(vesicle, places)[0] for vesicle in specimen.vesicles], axis=0)
    numbers = np.unique(points[:, 0])
    main_owners = [np.bincount(owner[points[:, 0] == n]).argmax() for n in numbers]
    large = [
        k
        for k, vesicle in enumerate(specimen.vesicles)
        if vesicle.radius >= 350 and (np.abs(vesicle.centre) < half).all()
    ]
    assert len(large) >= 2
    assert all(main_owners.count(k) == 1 for k in large)
