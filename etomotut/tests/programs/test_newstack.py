"""newstack through its command line."""

import mrcfile
import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.engine.transforms import rotation
from etomotut.formats import mrc, xf


@pytest.fixture
def series(tmp_path):
    """Write three views of different level and contrast."""
    views = np.random.default_rng(0).normal(size=(3, 46, 60))
    views = 100 + 10 * np.arange(3)[:, None, None] + views * [[[10]], [[20]], [[5]]]
    path = tmp_path / "a.st"
    mrc.write(path, np.rint(views).astype(np.int16), pixel_size=2.0, origin=(10, 20, 30))
    return path


def newstack(source, *words):
    """Run newstack on a file; gives the file that it wrote."""
    output = source.with_name("out.st")
    assert main(["newstack", *map(str, words), str(source), str(output)]) == 0
    return mrc.Stack(output)


def complaint(capsys, *words):
    assert main(["newstack", *map(str, words)]) == 1
    return capsys.readouterr().out.splitlines()[-1]


def test_a_copy_is_the_same(series):
    found = newstack(series)
    assert np.array_equal(found[:], mrc.read(series))
    assert found.dtype == np.int16
    assert (found.pixel_size, found.origin) == (2.0, (10, 20, 30))


def test_the_output_may_be_the_input(series):
    expected = mrc.read(series)[[2, 0]]
    assert main(["newstack", "-secs", "2,0", str(series), str(series)]) == 0
    assert np.array_equal(mrc.read(series), expected)


def test_sections_of_several_files_are_joined(series):
    output = series.with_name("out.st")
    words = ["-input", series, "-secs", "3,1", "-input", series, "-secs", "/", "-fromone"]
    assert main(["newstack", *map(str, words), "-output", str(output)]) == 0
    assert np.array_equal(mrc.read(output), mrc.read(series)[[2, 0, 0, 1, 2]])


def test_views_are_excluded_by_numbers_from_one(series):
    found = newstack(series, "-exclude", "1,3", "-fromone")
    assert np.array_equal(found[:], mrc.read(series)[[1]])


def test_a_missing_section_is_refused_or_blank(series, capsys):
    assert "section 3 does not exist in" in complaint(capsys, "-secs", "0,3", series, "b")
    found = newstack(series, "-secs", "0,3", "-blank")
    assert np.ptp(found[1]) == 0
    assert found[1][0, 0] == pytest.approx(mrc.read(series).mean(), abs=0.5)


def test_averaging_scales_the_pixel_and_keeps_the_place(series):
    found = newstack(series, "-bin", 4, "-mode", 2)  # 60 becomes 16 blocks, 2 pixels too many
    assert found.shape == (3, 12, 16)
    assert found.pixel_size == 8.0
    assert found.origin == (10 + 2 * 2, 20 + 1 * 2, 30)


def test_a_filter_beside_averaging_reduces_as_shrinking_does(series):
    binned = newstack(series, "-bin", 4, "-antialias", -1)[:]
    shrunk = newstack(series, "-shrink", 4, "-antialias", 6)[:]
    assert binned.shape == (3, 11, 15)
    assert np.array_equal(binned, shrunk)


def test_the_options_that_scipion_gives_are_taken(series):
    words = "-bin 1 -antialias -1 -imagebinned 1.0 -taper 1,1 -FloatDensities 2 -mode 2"
    found = newstack(series, *words.split(), "-MeanAndStandardDeviation", "0,1")
    assert np.allclose(found[:].mean((1, 2)), 0, atol=1e-5)
    assert np.allclose(found[:].std((1, 2), ddof=1), 1, atol=1e-5)


def test_shifts_count_in_pixels_of_the_input(series, tmp_path):
    image = np.zeros((1, 40, 40), np.float32)
    image[0, 10:12, 20:22] = 4
    mrc.write(series, image, pixel_size=1.0)
    xf.write(tmp_path / "a.xf", [[[1, 0, 8], [0, 1, -4]]])
    found = newstack(series, "-xform", tmp_path / "a.xf", "-bin", 2, "-linear")
    assert found[0][3, 14] == pytest.approx(4)


def test_transforms_go_with_the_sections_numbers(series, tmp_path):
    xf.write(tmp_path / "a.xf", [[[1, 0, x], [0, 1, 0]] for x in (1, 20, 30)])
    words = "-xform", tmp_path / "a.xf", "-fill", 0
    moved = newstack(series, *words, "-exclude", 0)[:]
    assert np.count_nonzero(moved[:, 20] == 0, axis=1).tolist() == [20, 30]
    moved = newstack(series, *words, "-uselines", "2")[:]
    assert np.count_nonzero(moved[:, 20] == 0, axis=1).tolist() == [30, 30, 30]


def test_offsets_move_the_area_and_the_origin(series):
    found = newstack(series, "-offset", "5,-3", "-size", "20,30", "-origin")
    assert np.array_equal(found[:], mrc.read(series)[:, 5:35, 25:45])
    assert found.origin == (10 - 25 * 2, 20 - 5 * 2, 30)


def test_padding_has_the_mean_of_its_section(series):
    found = newstack(series, "-size", "80,60", "-mode", 2)
    assert found[:][:, 0, 0] == pytest.approx(mrc.read(series).mean((1, 2)), abs=1e-3)


def test_a_quarter_turn_swaps_the_sizes(series):
    found = newstack(series, "-rotate", 90)
    assert np.array_equal(found[:], np.rot90(mrc.read(series), -1, axes=(1, 2)))


def test_an_offset_before_turning_differs_from_one_after(series, tmp_path):
    xf.write(tmp_path / "a.xf", [rotation(90)])
    words = "-xform", tmp_path / "a.xf", "-size", "40,40", "-offset", "4,0", "-nearest"
    data = mrc.read(series)[0]
    after, first = newstack(series, *words)[0], newstack(series, *words, "-applyfirst")[0]
    assert np.array_equal(after[:, :39], np.rot90(data, -1)[10:50, 7:46])
    assert np.array_equal(first, np.rot90(data[3:43, 14:54], -1))


def test_sections_of_common_deviation_fill_the_range_together(series):
    found = newstack(series, "-float", 2, "-mode", 0)[:]
    assert (found.min(), found.max()) == (-128, 127)
    assert np.ptp(found.mean((1, 2))) < 0.2


def test_sections_are_shifted_to_one_mean(series):
    found = newstack(series, "-float", 3, "-mode", 2)[:]
    assert np.ptp(found.mean((1, 2))) < 1e-3
    assert np.ptp(found[0]) == np.ptp(mrc.read(series)[0])


def test_sections_of_one_mean_are_scaled_together_to_given_extremes(series):
    found = newstack(series, "-float", 4, "-scale", "10,200", "-mode", 2)[:]
    assert (found.min(), found.max()) == pytest.approx((10, 200), abs=1e-3)
    assert np.ptp(found.mean((1, 2))) < 1e-3


def test_extremes_are_those_of_the_whole_file(series):
    found = newstack(series, "-secs", 0, "-scale", "0,100", "-mode", 2)[0]
    data = mrc.read(series).astype(float)
    expected = (data[0] - data.min()) * 100 / np.ptp(data)
    assert np.allclose(found, expected, atol=1e-4)


def test_black_and_white_become_the_ends_of_the_bytes(series):
    data = mrc.read(series)
    shown = (data - data.min()) * 255.0 / np.ptp(data)
    found = newstack(series, "-contrast", "50,200", "-mode", 0)[:].astype(float) + 128
    assert np.allclose(found, np.clip((shown - 50) * 1.7, 0, 255), atol=0.51)


def test_what_a_type_cannot_hold_is_cut_and_counted(series, capsys):
    found = newstack(series, "-multadd", "1000,-90000")
    data = np.clip(mrc.read(series).astype(float) * 1000 - 90000, -32768, 32767)
    assert np.array_equal(found[:], data)
    counts = np.count_nonzero(data == -32768), np.count_nonzero(data == 32767)
    expected = f"WARNING: {counts[0]} densities were cut at -32768 and {counts[1]} at 32767"
    assert expected in capsys.readouterr().out


def test_signed_bytes_survive(series):
    data = np.arange(-128, 128, dtype=np.int8).reshape(1, 16, 16)
    mrc.write(series, data, pixel_size=1.0)
    assert np.array_equal(newstack(series)[:], data)
    assert np.array_equal(newstack(series, "-mode", 2)[:], data)


def test_unsigned_bytes_of_old_files_become_signed_ones_of_the_same_order(series):
    data = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    mrc.write(series, data.view(np.int8), pixel_size=1.0)
    with mrcfile.open(series, "r+") as file:  # as IMOD stamped files before it wrote signed bytes
        extra = bytearray(file.header.extra2.tobytes())
        extra[40:48] = np.array([1146047817, 0], "<i4").tobytes()
        file.header.extra2 = np.frombuffer(bytes(extra), "V84")[0]
    assert np.array_equal(newstack(series)[:].astype(int), data.astype(int) - 128)
    assert np.array_equal(newstack(series, "-mode", 2)[:], data)


def test_half_precision_is_read_and_written(series):
    mrc.write(series, mrc.read(series).astype(np.float16), pixel_size=1.0)
    assert newstack(series, "-bin", 2).dtype == np.float16
    assert newstack(series, "-mode", 1)[0].max() == mrc.read(series)[0].max()


@pytest.mark.parametrize("words", [(), ("-bin", "2"), ("-rotate", "3")])
def test_a_value_that_is_no_number_is_named(series, capsys, words):
    data = mrc.read(series).astype(np.float32)
    data[1, 7, 5] = np.nan
    mrc.write(series, data, pixel_size=1.0)
    text = complaint(capsys, *words, series, series.with_name("b.st"))
    assert "section 1 of" in text
    assert " densities that are not finite numbers, the first at x 5, y 7 (from 0)" in text
    assert not series.with_name("b.st").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-bin", "2", "-shrink", "2"], "BinByFactor and ShrinkByFactor exclude each other"),
        (["-linear", "-nearest"], "LinearInterpolation and NearestNeighbor exclude each other"),
        (["-meansd", "0,1", "-scale", "0,1"], "ScaleMinAndMax exclude each other"),
        (["-float", "1", "-meansd", "0,1"], "and FloatDensities 1 exclude each other"),
        (["-float", "4"], "FloatDensities 4 needs ScaleMinAndMax"),
        (["-exclude", "0-2"], "ExcludeSections leaves no section"),
        (["-offset", "1,2,3,4"], "has 4 numbers; it needs 2, or 6 for 3 sections"),
        (["-size", "0,10"], "SizeToOutputInXandY is (0, 10)"),
        (["-secs", "0", "-secs", "1"], "SectionsToRead is given for 2 of 1 files"),
        (["-uselines", "0,1"], "UseTransformLines needs TransformFile"),
    ],
)
def test_options_that_make_no_sense_are_refused(series, capsys, words, message):
    assert message in complaint(capsys, *words, series, series.with_name("b.st"))


def test_a_transform_file_that_is_too_short_is_named(series, capsys, tmp_path):
    xf.write(tmp_path / "a.xf", [rotation(0)] * 2)
    text = complaint(capsys, "-xform", tmp_path / "a.xf", series, "b")
    assert "a.xf has 2 lines, so none for section 2 counted from 0" in text


def test_a_transform_without_inverse_is_named(series, capsys, tmp_path):
    xf.write(tmp_path / "a.xf", [rotation(0), [[1, 1, 0], [1, 1, 0]], rotation(0)])
    assert "line 2 of" in complaint(capsys, "-xform", tmp_path / "a.xf", series, "b")
