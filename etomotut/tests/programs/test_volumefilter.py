"""volumefilter through its command line."""

import numpy as np
import pytest
import scipy.ndimage

from etomotut.__main__ import main
from etomotut.formats import mrc
from etomotut.programs import volumefilter as program


@pytest.fixture
def volume(tmp_path):
    """Write noise about 100 of 30 x 40 x 50 voxels."""
    data = np.random.default_rng(0).normal(100, 10, (30, 40, 50)).astype(np.float32)
    about = {"pixel_size": 4.0, "volume": True, "origin": (10, 20, 30)}
    mrc.write(tmp_path / "in.mrc", data, **about)
    return tmp_path / "in.mrc"


def smooth(path, *words):
    output = path.with_name("out.mrc")
    assert main(["volumefilter", *map(str, words), str(path), str(output)]) == 0
    return mrc.read(output)


@pytest.mark.parametrize("side", [3, 5])
def test_a_median_is_that_of_the_cube_around(volume, side):
    known = scipy.ndimage.median_filter(mrc.read(volume), side)
    assert np.array_equal(smooth(volume, "-Median", side), known)


def test_a_gaussian_spreads_a_point_by_its_sigma(volume):
    data = np.zeros((31, 41, 51), np.float32)
    data[15, 20, 25] = 1.0
    mrc.write(volume, data, pixel_size=4.0)
    found = smooth(volume, "-Gaussian", 2)
    assert found.sum() == pytest.approx(1, abs=1e-4)
    for axis, middle in enumerate((15, 20, 25)):
        squares = (np.arange(data.shape[axis]) - middle) ** 2
        others = tuple(each for each in range(3) if each != axis)
        assert (found.sum(axis=others) * squares).sum() == pytest.approx(4, rel=0.01)


@pytest.mark.parametrize("words", [("-Median", 5), ("-Gaussian", 1.5)])
@pytest.mark.parametrize("threads", [1, 3])
def test_tiles_show_no_seams(volume, monkeypatch, words, threads):
    whole = smooth(volume, *words)
    monkeypatch.setattr(program, "_VOXELS_AT_ONCE", 15_000)
    tiled = smooth(volume, *words, "-Threads", threads)
    assert np.allclose(tiled, whole, rtol=1e-6)


def test_header_and_type_stay(volume):
    smooth(volume, "-Median", 3)
    found = mrc.Stack(volume.with_name("out.mrc"))
    assert (found.pixel_size, found.origin, found.dtype) == (4.0, (10, 20, 30), np.float32)
    mrc.write(volume, mrc.read(volume).astype(np.int16), pixel_size=4.0)
    assert smooth(volume, "-Gaussian", 1).dtype == np.int16
    assert smooth(volume, "-Gaussian", 1, "-mode", 2).dtype == np.float32


def test_what_is_not_a_number_is_found(volume, capsys):
    data = mrc.read(volume)
    data[7, 8, 9] = np.inf
    mrc.write(volume, data, pixel_size=4.0)
    output = volume.with_name("out.mrc")
    assert main(["volumefilter", "-Median", "3", str(volume), str(output)]) == 1
    assert "densities that are not finite numbers" in capsys.readouterr().out
    assert not output.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "one of the options Gaussian and Median is needed, and not both"),
        (["-Median", "3", "-Gaussian", "1"], "and not both"),
        (["-Median", "4"], "option Median is 4; it must be odd"),
    ],
)
def test_what_makes_no_sense_is_refused(volume, capsys, words, message):
    output = volume.with_name("out.mrc")
    assert main(["volumefilter", *words, str(volume), str(output)]) == 1
    assert message in capsys.readouterr().out
    assert not output.exists()
