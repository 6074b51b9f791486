"""MRC stacks and volumes."""

from concurrent.futures import ThreadPoolExecutor

import mrcfile
import numpy as np
import pytest

from etomotut.errors import FormatError
from etomotut.formats import mrc


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.float32, np.uint16, np.float16])
def test_sections_survive_writing_and_reading(tmp_path, dtype):
    data = np.arange(24).reshape(2, 3, 4).astype(dtype)
    mrc.write(tmp_path / "a.mrc", data, pixel_size=5.52)
    found = mrc.Stack(tmp_path / "a.mrc")
    assert np.array_equal(found[:], data)
    assert found.dtype == dtype
    assert found.pixel_size == pytest.approx(5.52)


def test_the_written_header_is_valid_and_knows_its_densities(tmp_path):
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    mrc.write(tmp_path / "a.mrc", data, pixel_size=2.0, volume=True, origin=(1, 2, 3))
    assert mrcfile.validate(tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as file:
        assert (file.header.dmin, file.header.dmax, file.header.dmean) == (0, 23, 11.5)
        assert file.header.origin.tolist() == (1, 2, 3)
        assert file.is_volume()
    assert mrc.Stack(tmp_path / "a.mrc").origin == (1, 2, 3)


def test_sections_may_be_written_in_any_order(tmp_path):
    with mrc.create(tmp_path / "a.mrc", (4, 2, 2), np.int16, pixel_size=1.0) as out:
        out[2:4] = np.full((2, 2, 2), 2)
        out[0] = np.zeros((2, 2))
        out[1] = np.ones((2, 2))
    assert mrc.read(tmp_path / "a.mrc")[:, 0, 0].tolist() == [0, 1, 2, 2]


@pytest.mark.parametrize("split", [(2, 3, 4), (1, 5, 2), (3, 2, 6)])
def test_a_volume_may_be_written_box_by_box(tmp_path, split):
    data = np.random.default_rng(0).permutation(3 * 5 * 6).reshape(3, 5, 6).astype(np.int16)
    corners = np.ndindex(*(-(-n // step) for n, step in zip(data.shape, split)))
    with mrc.create(tmp_path / "a.mrc", data.shape, np.int16, pixel_size=1.0) as out:
        for corner in corners:
            part = tuple(
                slice(c * step, min(c * step + step, n))
                for c, step, n in zip(corner, split, data.shape)
            )
            out.put_part(part, data[part])
        assert out.statistics == (0, 89, 44.5)
        with pytest.raises(IndexError):
            out.put_part((slice(2, 4), slice(0, 5), slice(0, 6)), np.zeros((2, 5, 6)))
    assert np.array_equal(mrc.read(tmp_path / "a.mrc"), data)


def test_a_failed_writing_leaves_no_file(tmp_path):
    with pytest.raises(RuntimeError), mrc.create(
        tmp_path / "a.mrc", (4, 2, 2), np.int16, pixel_size=1.0
    ):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_be_replaced_while_it_is_read(tmp_path):
    path = tmp_path / "a.mrc"
    mrc.write(path, np.ones((3, 2, 2), np.float32), pixel_size=1.0)
    source = mrc.Stack(path)
    with mrc.create(path, source.shape, np.float32, pixel_size=1.0) as out:
        for view in range(3):
            out[view] = source[view] + view
    assert mrc.read(path)[:, 0, 0].tolist() == [1, 2, 3]


def test_old_bytes_are_unsigned_and_marked_ones_are_signed(tmp_path):
    mrc.write(tmp_path / "a.mrc", np.full((1, 2, 2), -1, np.int8), pixel_size=1.0)
    for flags, expected in ((0, 255), (1, -1)):
        with mrcfile.open(tmp_path / "a.mrc", "r+") as file:
            extra = bytearray(file.header.extra2.tobytes())
            extra[40:48] = np.array([1146047817, flags], "<i4").tobytes()
            file.header.extra2 = np.frombuffer(bytes(extra), "V84")[0]
        assert mrc.Stack(tmp_path / "a.mrc")[0][0, 0] == expected


def test_big_endian_files_are_read(tmp_path):
    mrc.write(tmp_path / "a.mrc", np.arange(8, dtype=np.int16).reshape(2, 2, 2), pixel_size=1.0)
    with mrcfile.open(tmp_path / "a.mrc") as file:
        header, data = file.header.copy(), file.data.copy()
    header.machst = [0x11, 0x11, 0, 0]
    swapped = header.byteswap().tobytes()
    swapped = swapped[:208] + b"MAP \x11\x11\0\0" + swapped[216:]
    (tmp_path / "b.mrc").write_bytes(swapped + data.astype(">i2").tobytes())
    found = mrc.Stack(tmp_path / "b.mrc")
    assert found[1].tolist() == [[4, 5], [6, 7]]
    assert found[1].dtype.isnative


def test_one_image_is_a_stack_of_one(tmp_path):
    mrc.write(tmp_path / "a.mrc", np.ones((3, 4), np.float32), pixel_size=1.0)
    assert mrc.Stack(tmp_path / "a.mrc").shape == (1, 3, 4)


def test_a_cut_file_is_refused(tmp_path):
    mrc.write(tmp_path / "a.mrc", np.ones((3, 40, 40), np.float32), pixel_size=1.0)
    (tmp_path / "b.mrc").write_bytes((tmp_path / "a.mrc").read_bytes()[:4000])
    with pytest.raises(FormatError, match=r"b\.mrc is no"):
        mrc.Stack(tmp_path / "b.mrc")


@pytest.mark.parametrize("content", [b"", b"hello", b"x" * 5000])
def test_what_is_no_mrc_file_is_refused_by_name(tmp_path, content):
    (tmp_path / "b.mrc").write_bytes(content)
    with pytest.raises(FormatError, match=r"b\.mrc is no"):
        mrc.Stack(tmp_path / "b.mrc")


def test_complex_images_are_refused(tmp_path):
    with mrcfile.new(tmp_path / "a.mrc", np.ones((2, 2, 2), np.complex64)):
        pass
    with pytest.raises(FormatError, match="MRC mode 4; allowed are 0, 1, 2, 6, 12"):
        mrc.Stack(tmp_path / "a.mrc")


def test_threads_may_put_sections_at_the_same_time(tmp_path):
    sections = np.random.default_rng(0).random((40, 30, 20)).astype(np.float32)
    path = tmp_path / "a.mrc"
    with mrc.create(path, sections.shape, np.float32, pixel_size=1.0) as out:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda k: out.put(k, sections[k : k + 4]), range(0, 40, 4)))
        low, high, mean = out.statistics
    assert np.array_equal(mrc.read(path), sections)
    assert (low, high) == (sections.min(), sections.max())
    assert mean == pytest.approx(sections.mean(), rel=1e-6)


def test_statistics_that_are_known_already_are_taken_as_told(tmp_path):
    with mrc.create(tmp_path / "a.mrc", (1, 2, 2), np.int16, pixel_size=1.0) as out:
        out.put(0, np.ones((1, 2, 2), np.int16), (-5.0, 7.0, 8.0))
        assert out.statistics == (-5, 7, 2)


def test_the_origin_of_a_file_is_changed_and_nothing_else(tmp_path):
    data = np.arange(24, dtype=np.int8).reshape(2, 3, 4)
    mrc.write(tmp_path / "a.mrc", data, pixel_size=5.0, volume=True)
    mrc.set_origin(tmp_path / "a.mrc", (1.5, -2.0, 3.0))
    found = mrc.Stack(tmp_path / "a.mrc")
    assert (found.origin, found.pixel_size) == ((1.5, -2.0, 3.0), pytest.approx(5.0))
    assert np.array_equal(found[:], data)
