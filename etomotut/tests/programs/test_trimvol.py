"""trimvol through its command line."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc
from etomotut.programs import trimvol as program

CUT = ["-x", "3,10", "-y", "2,7", "-z", "4,9"]
PART = np.s_[3:9, 1:7, 2:10]


@pytest.fixture
def volume(tmp_path):
    """Write a volume (11, 14, 17) in which every voxel differs."""
    data = np.random.default_rng(0).permutation(11 * 14 * 17).reshape(11, 14, 17)
    about = {"pixel_size": 2.0, "volume": True, "origin": (10, 20, 30)}
    mrc.write(tmp_path / "a.rec", data.astype(np.float32), **about)
    return tmp_path / "a.rec"


def trim(volume, *words):
    output = volume.with_name("b.rec")
    assert main(["trimvol", *map(str, words), str(volume), str(output)]) == 0
    return mrc.Stack(output)


def test_a_part_has_both_its_ends_and_its_place(volume):
    found = trim(volume, *CUT)
    assert np.array_equal(found[:], mrc.read(volume)[PART])
    assert (found.pixel_size, found.origin) == (2.0, (10 - 2 * 2, 20 - 1 * 2, 30 - 3 * 2))
    assert trim(volume, *CUT, "-k").origin == (10, 20, 30)


def test_coordinates_may_count_from_0(volume):
    found = trim(volume, "-i", "-x", "0,3", "-z", "5,5")
    assert np.array_equal(found[:], mrc.read(volume)[5:6, :, :4])


def test_sizes_are_centred(volume):
    found = trim(volume, "-nx", 7, "-ny", 5, "-nz", 11)
    assert np.array_equal(found[:], mrc.read(volume)[:, 5:10, 5:12])


def test_a_turn_about_x_keeps_the_handedness(volume):
    found = trim(volume, "-rx")
    assert np.array_equal(found[:], np.rot90(mrc.read(volume), axes=(0, 1)))
    assert found.origin == (10, 30, 14 * 2 - 20)


def test_a_cut_comes_before_the_turn(volume):
    found = trim(volume, *CUT, "-rx")
    assert np.array_equal(found[:], np.rot90(mrc.read(volume)[PART], axes=(0, 1)))
    assert found.origin == (6, 24, 6 * 2 - 18)


def test_a_flip_exchanges_y_and_z(volume):
    found = trim(volume, *CUT, "-yz")
    assert np.array_equal(found[:], mrc.read(volume)[PART].swapaxes(0, 1))
    assert found.origin == (6, 24, 18)


def test_flipped_coordinates_are_those_of_the_turned_volume(volume):
    found = trim(volume, "-f", "-y", "2,7", "-z", "4,9", "-rx")
    turned = np.rot90(mrc.read(volume), axes=(0, 1))
    assert np.array_equal(found[:], turned[3:9, 1:7])


def test_what_is_turned_slab_by_slab_is_the_same(volume, monkeypatch):
    whole = [trim(volume, *CUT, *words)[:] for words in ([], ["-rx"], ["-yz"])]
    monkeypatch.setattr(program, "SLAB_BYTES", 300)
    for expected, words in zip(whole, ([], ["-rx"], ["-yz"])):
        assert np.array_equal(trim(volume, *CUT, *words)[:], expected)


def test_the_output_may_be_the_input(volume):
    expected = np.rot90(mrc.read(volume), axes=(0, 1))
    assert main(["trimvol", "-rx", str(volume), str(volume)]) == 0
    assert np.array_equal(mrc.read(volume), expected)


def test_extremes_of_the_whole_volume_are_scaled_to_integers(volume):
    found = trim(volume, *CUT, "-mm", "0,1000")
    data = mrc.read(volume)
    assert found.dtype == np.int16
    assert np.array_equal(found[:], np.rint(data[PART] * 1000 / data.max()))


def test_black_and_white_become_the_ends_of_the_bytes(volume):
    found = trim(volume, "-c", "51,204")[:].astype(float) + 128
    shown = mrc.read(volume) / mrc.read(volume).max() * 255
    assert np.abs(found - np.clip((shown - 51) * 255 / 153, 0, 255)).max() < 0.51


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.float16])
def test_the_data_type_stays(volume, dtype):
    data = (mrc.read(volume) % 100).astype(dtype)
    mrc.write(volume, data, pixel_size=1.0)
    assert np.array_equal(trim(volume, "-rx")[:], np.rot90(data, axes=(0, 1)))
    assert mrc.Stack(volume.with_name("b.rec")).dtype == dtype


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-x", "3,18"], "XStartAndEnd is 3 to 18; the volume has 1 to 17"),
        (["-y", "0,3"], "YStartAndEnd is 0 to 3; the volume has 1 to 14"),
        (["-z", "9,4"], "ZStartAndEnd is 9 to 4; the volume has 1 to 11"),
        (["-i", "-z", "0,11"], "ZStartAndEnd is 0 to 11; the volume has 0 to 10"),
        (["-nx", "18"], "XSize is 18; the volume has 17"),
        (["-nx", "8", "-x", "1,8"], "XStartAndEnd and XSize exclude each other"),
        (["-rx", "-yz"], "RotateX and FlipYZ exclude each other"),
        (["-mm", "0,1", "-c", "0,1"], "IntegerMinMax and ContrastBlackWhite exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused(volume, capsys, words, message):
    assert main(["trimvol", *words, str(volume), str(volume.with_name("b"))]) == 1
    assert message in capsys.readouterr().out
    assert not volume.with_name("b").exists()


@pytest.mark.reference
def test_a_turned_part_equals_imods(reference, tmp_path):
    # 40 of the rows of the volume that it was made of are stored: those from 160 on
    files = str(reference / "tilt_wbp_y160-200.mrc"), str(tmp_path / "b.rec")
    assert main(["trimvol", "-x", "21,220", "-y", "31,100", "-rx", *files]) == 0
    theirs = mrc.Stack(reference / "variants" / "trimvol_rx_crop.mrc")
    assert np.array_equal(mrc.read(tmp_path / "b.rec"), theirs[:, 120:160])
