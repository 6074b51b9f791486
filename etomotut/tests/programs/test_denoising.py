"""The programs that denoise, through their command lines."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc


@pytest.fixture
def volume(tmp_path):
    """Write a volume (30, 40, 36) with an edge in it."""
    data = np.random.default_rng(0).normal(0, 10, (30, 40, 36)).astype(np.float32)
    data[:, :, 18:] += 200
    about = {"pixel_size": 5.0, "volume": True, "origin": (10, 20, 30)}
    mrc.write(tmp_path / "a.mrc", data, **about)
    return tmp_path / "a.mrc"


def denoise(program, volume, *words, name="b.mrc"):
    output = volume.with_name(name)
    assert main([program, str(volume), str(output), *map(str, words)]) == 0
    return output


CASES = [
    ("tomoeed", ["-g", 0.5, "-s", 0.1, "-t", 1, "-i", 10]),
    ("tomobflow", ["-g", 0.5, "-s", 0.15, "-t", 1, "-i", 40]),
    ("nad_eed_3d", ["-k", 40, "-n", 10, "-s", 1]),
]


@pytest.mark.parametrize(("program", "words"), CASES)
def test_noise_goes_and_the_edge_and_the_place_stay(program, words, volume):
    found = mrc.Stack(denoise(program, volume, *words))
    before, after = mrc.read(volume), found[:]
    assert after[:, :, :14].std() < before[:, :, :14].std() / 3
    step = after[:, :, 19].mean() - after[:, :, 16].mean()
    assert step == pytest.approx(200, rel=0.1)
    assert (found.pixel_size, found.origin, found.dtype) == (5.0, (10, 20, 30), np.float32)


@pytest.mark.parametrize(("program", "words"), CASES)
def test_little_memory_gives_the_same_file(program, words, volume, capfd):
    large = mrc.read(denoise(program, volume, *words))
    said = capfd.readouterr().out
    assert np.array_equal(large, mrc.read(denoise(program, volume, *words, "-Memory", 1)))
    assert capfd.readouterr().out == said
    assert [path.name for path in volume.parent.glob(".*")] == []


@pytest.mark.parametrize(("program", "words"), CASES)
def test_the_last_line_tells_what_was_removed(program, words, volume, capfd):
    denoise(program, volume, *words)
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.startswith("Removed: standard deviation ")
    assert "% of the removed energy goes with structure" in last


def test_a_contrast_that_is_given_stays(volume, capfd):
    denoise("tomoeed", volume, "-k", 12.5, "-i", 2)
    assert "2 steps, contrast 12.5\n" in capfd.readouterr().out


def test_a_relative_contrast_follows_the_mean_gradient(volume, capfd):
    denoise("tomoeed", volume, "-g", 0, "-i", 1)
    mean = float(capfd.readouterr().out.split("contrast ")[1].split()[0])
    denoise("nad_eed_3d", volume, "-RelativeK", 2, "-n", 1)
    found = float(capfd.readouterr().out.split("contrast ")[1].split()[0])
    assert found == pytest.approx(2 * mean, rel=1e-3)


def test_iterations_are_kept_in_files_of_their_own(volume):
    output = denoise("nad_eed_3d", volume, "-k", 40, "-i", "2,5")
    assert not output.exists()
    whole = mrc.read(denoise("nad_eed_3d", volume, "-k", 40, "-n", 5, name="c.mrc"))
    assert np.array_equal(mrc.read(f"{output}-005"), whole)
    assert mrc.read(f"{output}-002").std() > whole.std()


def test_a_section_of_each_iteration_is_kept_in_one_file(volume):
    sections = mrc.read(denoise("nad_eed_3d", volume, "-k", 40, "-i", "2,5", "-o", 7))
    whole = mrc.read(denoise("nad_eed_3d", volume, "-k", 40, "-n", 5, name="c.mrc"))
    assert sections.shape == (2, 40, 36)
    assert np.array_equal(sections[1], whole[6])


def test_nad_eed_3d_keeps_whole_numbers_unless_asked(volume):
    mrc.write(volume, mrc.read(volume).astype(np.int16), pixel_size=5.0, volume=True)
    rounded = mrc.read(denoise("nad_eed_3d", volume, "-k", 40, "-n", 3))
    exact = mrc.read(denoise("nad_eed_3d", volume, "-k", 40, "-n", 3, "-m", 2))
    assert rounded.dtype == np.int16
    assert np.array_equal(rounded, np.rint(exact))


@pytest.mark.parametrize(
    ("program", "words", "said"),
    [
        ("tomoeed", ["-s", "0.2"], "option s is 0.2; it must be at most 0.15"),
        ("tomobflow", ["-i", "0"], "option i is 0; it must be at least 1"),
        ("nad_eed_3d", ["-o", "31"], "option o is 31; the volume has 30 sections"),
        ("nad_eed_3d", ["-i", "0-2"], "option i has 0; iterations count from 1"),
    ],
)
def test_what_cannot_be_done_is_refused(program, words, said, volume, capfd):
    assert main([program, str(volume), str(volume.with_name("b.mrc")), *words]) == 1
    assert f"ERROR: {program.upper()} - {said}" in capfd.readouterr().out


def test_a_density_that_is_no_number_is_named(volume, capfd):
    data = mrc.read(volume)
    data[4, 5, 6] = np.nan
    mrc.write(volume, data, pixel_size=5.0)
    assert main(["nad_eed_3d", str(volume), str(volume.with_name("b.mrc")), "-n", "1"]) == 1
    assert "not finite numbers" in capfd.readouterr().out
    assert not volume.with_name("b.mrc").exists()
