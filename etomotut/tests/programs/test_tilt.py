"""tilt through its command line: known answers and refusals."""

import mrcfile
import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc
from etomotut.tests.programs.tilted import ANGLES, run, write, write_ball


@pytest.fixture()
def series(tmp_path):
    """Write the views of a ball."""
    return write_ball(tmp_path)


def brightest(volume):
    return np.unravel_index(volume.argmax(), volume.shape)


def test_a_ball_appears_at_its_place_and_is_bright(series):
    volume = run(series)
    assert volume.shape == (25, 21, 49)
    around = volume[10:15, 5:10, 28:33].mean()
    assert around > volume.mean() + 5 * volume.std()
    weights = np.maximum(volume - 0.5 * volume.max(), 0)
    middle = [(weights * at).sum() / weights.sum() for at in np.indices(volume.shape)]
    assert np.allclose(middle, [12, 7, 30], atol=0.3)


@pytest.mark.parametrize("columns", [48, 49])
def test_mirrored_views_give_the_mirrored_tomogram(tmp_path, columns):
    views = np.random.default_rng(0).random((13, 12, columns))
    plain = run(write(tmp_path, views, ANGLES), "-XAXISTILT", "5")
    mirrored = run(write(tmp_path, views[:, ::-1, ::-1], -ANGLES), "-XAXISTILT", "-5")
    assert np.abs(mirrored - plain[::-1, :, ::-1]).max() < 0.05 * plain.std()


def test_shifts_and_sizes_move_the_ball_as_they_say(series):
    y, depth, x = brightest(run(series))
    assert brightest(run(series, "-SHIFT", "4,2")) == (y, depth + 2, x + 4)
    assert brightest(run(series, "-WIDTH", "39")) == (y, depth, x - 5)
    assert brightest(run(series, "-SLICE", "8,20")) == (y - 8, depth, x)
    assert brightest(run(series, thickness=31)) == (y, depth + 5, x)


def test_a_slice_alone_equals_the_same_in_the_whole(series):
    whole = run(series)
    for words in (["-SLICE", "3,23,4"], ["-SLICE", "12,12"], ["-XAXISTILT", "0", "-SLICE", "0,1"]):
        first, last, step = (*map(int, words[-1].split(",")), 1)[:3]
        assert np.allclose(run(series, *words), whole[first : last + 1 : step], atol=1e-4)


def test_slices_do_not_depend_on_the_number_of_threads(series):
    one, two = (run(series, "-Threads", str(count)) for count in (1, 2))
    assert np.array_equal(one, two)


def test_excluded_views_count_for_nothing(series):
    views = mrc.read(series / "in.mrc")
    kept = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    without = run(series, "-EXCLUDELIST2", "4,13")
    views[[3, 12]] = 1e6
    assert np.array_equal(run(write(series, views, ANGLES), "-EXCLUDELIST2", "4,13"), without)
    (series / "part").mkdir()
    fewer = run(write(series / "part", views[kept], ANGLES[kept]))
    assert np.allclose(fewer, without, atol=1e-4)
    included = run(series, "-INCLUDE", ",".join(str(view + 1) for view in kept))
    assert np.array_equal(included, without)


def test_one_view_of_one_row_gives_one_slice(tmp_path):
    volume = run(write(tmp_path, np.eye(1, 33, 16)[None], [0.0]), thickness=1)
    assert volume.shape == (1, 1, 33)
    assert volume[0, 0].argmax() == 16
    assert volume[0, 0, 16] == pytest.approx(48 / 4, rel=0.01)  # a quarter of the padded length


def test_scale_adds_then_multiplies(series):
    plain = run(series)
    assert np.allclose(run(series, "-SCALE", "100,2"), (plain + 100) * 2, atol=1e-2)
    assert np.allclose(run(series, "-MODE", "1"), np.rint(plain), atol=1)
    assert mrc.Stack(series / "out.rec").dtype == np.int16
    bytes_ = run(series, "-MODE", "0", "-SCALE", "0,1e6")
    assert (bytes_.dtype, bytes_.min(), bytes_.max()) == (np.int8, -128, 127)


def test_a_logarithm_is_taken_of_the_densities_plus_the_base(series):
    views = mrc.read(series / "in.mrc")
    logarithm = run(series, "-LOG", "20")
    assert np.allclose(run(write(series, np.log10(views + 20), ANGLES)), logarithm, atol=1e-4)


def test_the_logarithm_of_nothing_is_finite(series):
    assert np.isfinite(run(series, "-LOG", "-100")).all()


def test_whole_numbers_are_read_as_they_are(series):
    views = np.rint(mrc.read(series / "in.mrc"))
    real = run(write(series, views, ANGLES))
    mrc.write(series / "in.mrc", views.astype(np.int16), pixel_size=2.0)
    assert np.allclose(run(series), real, atol=1e-4)


def test_lengths_are_divided_by_the_binning(series):
    plain = run(series, "-SHIFT", "3,2", "-SLICE", "4,9")
    options = ["-IMAGEBINNED", "2", "-SHIFT", "6,4", "-SLICE", "8,19"]
    assert np.array_equal(run(series, *options, thickness=42), plain)


def test_a_part_of_the_views_is_turned_about_the_axis_of_the_whole(series):
    views = mrc.read(series / "in.mrc")
    whole = run(series, "-XAXISTILT", "3", "-SLICE", "8,16")
    write(series, views[:, 5:20, 3:], ANGLES)
    part = run(series, "-XAXISTILT", "3", "-FULLIMAGE", "49,25", "-SUBSETSTART", "3,5")
    first, second = whole[:, :, 16:41], part[3:12, :, 13:38]
    assert np.allclose(first, second, atol=1e-3)


def test_a_tomogram_is_the_mean_of_its_views_not_their_sum(series):
    views = mrc.read(series / "in.mrc")
    once = run(series)
    twice = run(
        write(series, np.repeat(views, 2, axis=0), np.repeat(ANGLES, 2)), "-DENSWEIGHT", "0"
    )
    assert np.allclose(twice, once, atol=1e-2)


def test_x_axis_tilts_of_views_are_undone(series):
    (series / "x.tilt").write_text("2.0\n" * len(ANGLES))
    file = ["-XTILTFILE", str(series / "x.tilt")]
    assert np.array_equal(run(series, *file), run(series, "-XAXISTILT", "-2"))
    assert np.allclose(run(series, *file, "-XAXISTILT", "2"), run(series), atol=1e-4)


def test_the_header_has_imods_origin_and_all_labels(tmp_path):
    write(tmp_path, np.ones((3, 50, 60)), [-1, 0, 1], origin=(10, 20, 30), labels=["first"])
    run(tmp_path, "-AdjustOrigin", "-SHIFT", "3,4", "-WIDTH", "40", "-SLICE", "5,9", thickness=20)
    with mrcfile.open(tmp_path / "out.rec") as file:
        assert file.header.origin.tolist() == (10 - 20 + 6, 20 + 8, 20 - 10)
        assert file.voxel_size.tolist() == (2, 2, 2)
        assert file.is_volume()
    assert mrc.Stack(tmp_path / "out.rec").labels[0] == "first"
    assert mrc.Stack(tmp_path / "out.rec").labels[1].startswith("TILT: Tomographic recon")
    run(tmp_path, "-OFFSET", "0,3", thickness=20)
    assert mrc.Stack(tmp_path / "out.rec").origin == (66, 20, 0)


def test_the_header_knows_the_densities(series):
    volume = run(series)
    with mrcfile.open(series / "out.rec") as file:
        assert file.header.dmin == volume.min()
        assert file.header.dmax == volume.max()
        assert file.header.dmean == pytest.approx(volume.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-SLICE", "5,25"], "option SLICE is 5,25,1; the rows of the views are 0 to 24"),
        (["-EXCLUDELIST2", "14"], "there is no view 14; the views are 1 to 13"),
        (["-EXCLUDELIST2", "1-13"], "leaves none of the 13 views"),
        (["-INCLUDE", "1", "-EXCLUDELIST2", "2"], "cannot be given together"),
        (["-OFFSET", "30"], "view 13 has tilt angle 90; allowed is +-89"),
        (["-ANGLES", "1,2"], "option ANGLES has 2 angles for 13 views"),
        (["-DENSWEIGHT", "2,1"], "option DENSWEIGHT has 1 shares for 2 steps"),
        (["-SUBSETSTART", "1,1"], "option SUBSETSTART needs FULLIMAGE"),
        (["-LOCALFILE", "a"], "option LOCALFILE is not embedded: local alignments need IMOD"),
        (["-SIRTIterations", "5", "-XAXISTILT", "2"], "with x-axis tilts is not embedded"),
        (["-SIRTIterations", "0"], "option SIRTIterations is 0; it must be at least 1"),
        (["-SIRTIterations", "5", "-KeepIterations", "3,6"], "no iteration 6 to keep"),
        (["-KeepIterations", "3"], "option KeepIterations needs SIRTIterations"),
        (["-SIRTSubtraction"], "SIRTIterations does all iterations in one run"),
        (["-PARALLEL"], "turn them with trimvol"),
        (["-MODE", "6"], "option MODE is 6; allowed are 0, 1, 2"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(series, capsys, words, message):
    files = [str(series / "in.mrc"), str(series / "out.rec")]
    tilts = [] if words[0] == "-ANGLES" else ["-TILTFILE", str(series / "in.tlt")]
    assert main(["tilt", *files, *tilts, *words]) == 1
    out = capsys.readouterr().out.splitlines()[-1]
    assert out.startswith("ERROR: TILT - ")
    assert message in out
    assert not (series / "out.rec").exists()


def test_tilt_angles_are_needed(series, capsys):
    assert main(["tilt", str(series / "in.mrc"), str(series / "out.rec")]) == 1
    assert "tilt angles are needed: option TILTFILE or ANGLES" in capsys.readouterr().out


def test_a_fault_in_every_slab_ends_the_program(series, capsys, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "no space left on device", "out.rec")

    monkeypatch.setattr(mrc.Writer, "put", fail)
    words = ["-TILTFILE", str(series / "in.tlt"), "-Threads", "2"]
    assert main(["tilt", str(series / "in.mrc"), str(series / "out.rec"), *words]) == 1
    assert "ERROR: TILT - out.rec: no space left on device" in capsys.readouterr().out


def test_a_gpu_is_politely_done_without(series, capsys):
    run(series, "-UseGPU", "0", "-ActionIfGPUFails", "1,2")
    assert "Option UseGPU is ignored: the embedded program computes" in capsys.readouterr().out


def test_a_constant_filter_blurs_the_ball(series):
    plain, flat, half = (run(series, "-FlatFilterFraction", each) for each in ("0", "1", "0.5"))
    assert flat.std() > 3 * plain.std()
    assert np.allclose(half, (plain + flat) / 2, atol=1e-3 * flat.std())


@pytest.mark.reference()
def test_the_sirt_like_filter_resembles_imods_sirt(reference, tmp_path):
    source, angles = reference / "aligned_linear.mrc", reference / "tiltalign.tlt"
    files = [str(source), str(tmp_path / "out.rec"), "-TILTFILE", str(angles)]
    options = ["-THICKNESS", "120", "-RADIAL", ".4,.05", "-SLICE", "170,179"]
    likeness = []
    for iterations in ("0", "10"):
        assert main(["tilt", *files, *options, "-FakeSIRTiterations", iterations]) == 0
        made = mrc.read(tmp_path / "out.rec")[:, 8:-8, 30:-30]
        theirs = mrc.read(reference / "variants/tilt_sirt10.mrc")[:, 8:-8, 30:-30]
        likeness.append(np.corrcoef(made.ravel(), theirs.ravel().astype(float))[0, 1])
    assert likeness[0] < 0.92
    assert likeness[1] > 0.96
