"""fscfilter through its command line."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.__main__ import main
from etomotut.formats import mrc


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write two halves (40, 130, 120) and the signal that they have in common."""
    made = tmp_path_factory.mktemp("halves")
    random = np.random.default_rng(7)
    signal = 20 * ndimage.gaussian_filter(random.standard_normal((40, 130, 120)), 2.0)
    about = {"pixel_size": 4.0, "volume": True, "origin": (10, 20, 30)}
    for name, noise in (("signal", 0), ("even", 1), ("odd", 1)):
        volume = signal + noise * random.standard_normal(signal.shape)
        mrc.write(made / f"{name}.mrc", volume.astype(np.float32), **about)
    return made


def run(folder, *words, name="out.mrc"):
    files = [folder / "even.mrc", folder / "odd.mrc", folder / name]
    return main(["fscfilter", *map(str, [*files, *words])])


def test_the_mean_of_the_halves_comes_nearer_to_the_signal(folder, capfd):
    assert run(folder, "-fsc", folder / "fsc.txt") == 0
    signal, even, odd = (mrc.read(folder / f"{name}.mrc") for name in ("signal", "even", "odd"))
    found = mrc.Stack(folder / "out.mrc")
    assert np.std(found[:] - signal) < 0.4 * np.std((even + odd) / 2 - signal)
    assert (found.pixel_size, found.origin, found.dtype) == (4.0, (10, 20, 30), np.float32)
    said = capfd.readouterr().out
    assert "Fourier shell correlation falls below 0.143 at " in said
    assert said.splitlines()[-1].startswith("Removed: standard deviation ")


def test_the_table_has_frequencies_correlation_and_filter(folder):
    assert run(folder, "-fsc", folder / "fsc.txt") == 0
    rows = np.loadtxt(folder / "fsc.txt")
    assert rows.shape == (64, 4)
    assert rows[:, 1] == pytest.approx(rows[:, 0] / 4.0, abs=1e-5)
    assert rows[0, 2] > 0.95 > 0.1 > rows[-1, 2]
    assert np.all(np.diff(rows[8:34, 3]) < 0)


def test_another_volume_is_filtered_alike(folder):
    assert run(folder) == 0
    assert run(folder, "-input", folder / "even.mrc", name="e.mrc") == 0
    assert run(folder, "-input", folder / "odd.mrc", name="o.mrc") == 0
    both = (mrc.read(folder / "e.mrc") + mrc.read(folder / "o.mrc")) / 2
    assert np.allclose(both, mrc.read(folder / "out.mrc"), atol=1e-5)


def test_tiles_give_what_the_whole_gives(tmp_path):
    random = np.random.default_rng(8)
    shared = ndimage.gaussian_filter(random.standard_normal((24, 24, 500)), 2.0) * 20
    for name in ("even", "odd"):
        noisy = shared + random.standard_normal(shared.shape)
        mrc.write(tmp_path / f"{name}.mrc", noisy.astype(np.float32), pixel_size=1.0)
    assert run(tmp_path, "-Threads", "1") == 0
    assert run(tmp_path, "-Threads", "1", "-Memory", "2", name="tiled.mrc") == 0
    whole, tiled = mrc.read(tmp_path / "out.mrc"), mrc.read(tmp_path / "tiled.mrc")
    assert not np.array_equal(whole, tiled)
    assert np.allclose(whole, tiled, atol=2e-5 * whole.std())


def test_volumes_of_other_sizes_are_refused(folder, capfd):
    mrc.write(folder / "small.mrc", np.zeros((4, 5, 6), np.float32), pixel_size=1.0)
    assert run(folder, "-mask", folder / "small.mrc") == 1
    assert "small.mrc has 6 x 5 x 4 voxels; " in capfd.readouterr().out
