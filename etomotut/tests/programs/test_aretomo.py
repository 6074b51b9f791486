"""The embedded AreTomo2 and AreTomo3: their files, and what only the originals can do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.engine import transforms as linear
from etomotut.formats import aln, mrc, tlt
from etomotut.programs.markerless import find_dark
from etomotut.tests.engine.test_projection_matching import TILTS, aligned, apart, views_of

USED = slice(4, 27)  # fewer views are faster


@pytest.fixture(scope="module")
def moved():
    """Give transforms whose tilt axis stands at 5 degrees, views shifted by up to some pixels."""
    shifts = np.random.default_rng(3).normal(0, 2.0, (len(TILTS), 2))
    known = linear.then(aligned(), linear.rotation(-5.0))
    known[:, :, 2] = shifts
    return known


@pytest.fixture(scope="module")
def series(tmp_path_factory, moved):
    """Write a series, its first view dark, as AreTomo takes it."""
    folder = tmp_path_factory.mktemp("series")
    views = views_of(moved) + np.float32(20)
    views[USED.start] = np.random.default_rng(1).normal(0.2, 1, views.shape[1:])
    mrc.write(folder / "a.mrc", views[USED], pixel_size=11.0)
    tlt.write(folder / "a.rawtlt", TILTS[USED])
    return folder


def aretomo2(folder, *more):
    files = ["-InMrc", folder / "a.mrc", "-OutMrc", "b.mrc", "-AngFile", folder / "a.rawtlt"]
    values = ["-TiltAxis", "5,0", "-VolZ", 0, "-PixSize", 11, *more]
    return main(["aretomo2", *map(str, [*files, *values])])


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_aretomo2_writes_its_alignment_and_the_aligned_views(series, moved):
    assert aretomo2(series, "-DarkTol", 0.5) == 0
    found = aln.read("a.aln")
    assert (found.dark, found.sections) == ([0], list(range(1, 23)))
    whole = moved.copy()
    whole[np.arange(5, 27)] = found.transforms
    assert apart(whole, moved) < 0.7
    assert mrc.Stack("b.mrc").shape == (22, 128, 128)


def test_aretomo3_finds_angles_beside_the_series_and_counts_sections_from_1(series):
    words = ["-InPrefix", series / "a", "-OutDir", "out", "-TiltAxis", "5,-1", "-DarkTol", 0]
    assert main(["aretomo3", *map(str, words)]) == 0
    assert min(int(line.split()[0]) for line in rows("out/a.aln")) == 1
    assert np.allclose(linear.natural(aln.read("out/a.aln").transforms)[:, 1], np.radians(-5))


def rows(path):
    return [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    "more, text",
    [
        (("-VolZ", 300), "VolZ is not embedded"),
        (("-Patch", "5,5"), "Patch is not embedded"),
        (("-TiltCor", 1), "does not measure"),
    ],
)
def test_what_only_the_original_can_do_is_refused(series, more, text, capsys):
    assert aretomo2(series, *more) == 1
    assert text in capsys.readouterr().out


def test_views_without_light_are_dark():
    views = np.random.default_rng(1).normal(10, 1, (5, 8, 8)).astype(np.float32)
    views[1] = 3.0  # all alike
    views[3] -= 6.0
    angles = np.array([-20.0, -10, 0, 10, 20])
    assert find_dark(views, angles, 0.7) == [1, 3]
    assert find_dark(views, angles, 0.0) == []
