"""mtffilter through its command line: known answers and refusals."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.engine.frequency_filters import Edges
from etomotut.formats import doses, mrc
from etomotut.programs import mtffilter as program

SIZE = 96
PIXEL = 4.0


@pytest.fixture
def stack(tmp_path):
    """Write 5 views of noise about 100."""
    views = np.random.default_rng(0).normal(100, 10, (5, SIZE, SIZE)).astype(np.float32)
    mrc.write(tmp_path / "in.mrc", views, pixel_size=PIXEL, origin=(1, 2, 3))
    return tmp_path / "in.mrc"


def run(path, *words, output="out.mrc"):
    result = path.with_name(output)
    assert main(["mtffilter", *map(str, words), str(path), str(result)]) == 0
    return mrc.read(result)


def refused(capsys, path, *words):
    assert main(["mtffilter", *words, str(path), str(path.with_name("no.mrc"))]) == 1
    assert not path.with_name("no.mrc").exists()
    return capsys.readouterr().out


def amplitudes(image):
    """Give frequencies (cycles a pixel) and amplitudes of an image without its mean."""
    window = np.hanning(len(image))
    spectrum = np.fft.fft2((image - image.mean()) * window[:, None] * window)
    radius = np.hypot(*np.meshgrid(*[np.fft.fftfreq(len(image))] * 2))
    return radius, np.abs(spectrum)


def ratio(before, after, low, high):
    """Give by what the amplitudes between two frequencies changed."""
    radius, old = amplitudes(before)
    ring = (radius >= low) & (radius < high)
    return np.sqrt((amplitudes(after)[1][ring] ** 2).sum() / (old[ring] ** 2).sum())


def test_a_low_pass_leaves_low_and_takes_high_frequencies(stack):
    before, after = mrc.read(stack)[0], run(stack, "-lowpass", "0.15,0.05")[0]
    assert ratio(before, after, 0.05, 0.12) == pytest.approx(1, abs=0.02)
    known = Edges(low_pass=(0.15, 0.05))(np.array(0.25))
    assert ratio(before, after, 0.245, 0.255) == pytest.approx(known, rel=0.05)
    assert after.mean() == pytest.approx(before.mean(), rel=1e-3)


def test_a_band_pass_is_a_low_and_a_high_pass(stack):
    after = run(stack, "-lowpass", "0.15,0.05", "-highpass", "0.03")
    one = run(stack, "-lowpass", "0.15,0.05", output="low.mrc")
    two = run(stack.with_name("low.mrc"), "-highpass", "0.03")
    assert np.allclose(after, two, atol=0.2)
    assert np.abs(after - one).std() > 0.5


def test_densities_may_be_scaled_and_types_changed(stack):
    plain = run(stack, "-lowpass", "0.15,0.05")
    assert np.allclose(run(stack, "-lowpass", "0.15,0.05", "-denscale", 3), 3 * plain, rtol=1e-5)
    whole = run(stack, "-lowpass", "0.15,0.05", "-mode", 1)
    assert whole.dtype == np.int16
    assert np.array_equal(whole, np.rint(plain))


def test_densities_that_do_not_fit_are_told(stack, capsys):
    run(stack, "-lowpass", "0.15,0.05", "-denscale", 1e4, "-mode", 1)
    assert f"WARNING: {5 * SIZE * SIZE} densities were beyond" in capsys.readouterr().out


def test_some_sections_make_a_smaller_file(stack):
    whole = run(stack, "-lowpass", "0.15,0.05")
    assert np.array_equal(run(stack, "-lowpass", "0.15,0.05", "-zrange", "2,3"), whole[1:3])


def test_without_an_output_the_input_is_rewritten_and_other_sections_stay(stack):
    before, whole = mrc.read(stack), run(stack, "-lowpass", "0.15,0.05")
    words = ["-lowpass", "0.15,0.05", "-zrange", "2,3"]
    assert main(["mtffilter", *words, "-input", str(stack)]) == 0
    after = mrc.read(stack)
    assert np.array_equal(after[[0, 3, 4]], before[[0, 3, 4]])
    assert np.array_equal(after[1:3], whole[1:3])


def test_a_point_in_a_volume_becomes_a_ball(tmp_path):
    volume = np.zeros((41, 43, 45), np.float32)
    volume[20, 21, 22] = 1000
    mrc.write(tmp_path / "in.mrc", volume, pixel_size=PIXEL, volume=True, origin=(1, 2, 3))
    found = run(tmp_path / "in.mrc", "-3dfilter", "-lowpass", "0.1,0.03")
    lines = found[20, 21, 12:33], found[20, 11:32, 22], found[10:31, 21, 22]
    assert all(np.allclose(line, lines[0], atol=2e-3 * found.max()) for line in lines)
    assert mrc.Stack(tmp_path / "out.mrc").origin == (1, 2, 3)
    assert run(tmp_path / "in.mrc", "-lowpass", "0.1,0.03")[19].max() == 0  # in its section only


def test_tiles_of_a_volume_show_no_seams(tmp_path, monkeypatch):
    volume = np.random.default_rng(0).normal(size=(50, 70, 60)).astype(np.float32)
    mrc.write(tmp_path / "in.mrc", volume, pixel_size=PIXEL, volume=True)
    words = ["-3dfilter", "-lowpass", "0.1,0.1", "-highpass", "0.06"]
    whole = run(tmp_path / "in.mrc", *words)
    monkeypatch.setattr(program, "_VOXELS_AT_ONCE", 200_000)
    for threads in (1, 3):
        found = run(tmp_path / "in.mrc", *words, "-Threads", threads)
        assert 0 < np.abs(found - whole).max() < 5e-3 * whole.std()


@pytest.mark.parametrize("voltage", [300, 200])
def test_doses_weigh_noise_as_published(stack, voltage):
    doses.write(stack.with_name("d.txt"), [30, 0, 10, 20, 40], [10] * 5)
    words = ["-dtype", 2, "-dfile", stack.with_name("d.txt"), "-volt", voltage]
    before, after = mrc.read(stack), run(stack, *words)
    for view, dose in ((0, 40), (1, 10), (4, 50)):
        for k in (0.1, 0.2, 0.4):
            critical = 0.24499 * (k / PIXEL) ** -1.6649 + 2.8141
            known = np.exp(-dose / (2 * critical * (0.8 if voltage == 200 else 1)))
            found = ratio(before[view], after[view], k - 0.01, k + 0.01)
            assert found == pytest.approx(known, rel=0.06, abs=2e-3)


def test_doses_are_told_in_several_ways(stack):
    def weigh(*lines, kind, more=()):
        text = "".join(f"{line}\n" for line in lines)
        stack.with_name("d.txt").write_text(text)
        return run(stack, "-dtype", kind, "-dfile", stack.with_name("d.txt"), *more)

    known = weigh("9 3", "6 3", "5 3", "11 3", "14 3", kind=2)
    last_first = weigh(1, 1, 1, 1, 1, kind=1)
    assert np.array_equal(weigh("9 12", "6 9", "5 8", "11 14", "14 17", kind=3), known)
    assert np.array_equal(weigh(*[f"{n} 1" for n in range(5)], kind=2), last_first)
    assert np.array_equal(run(stack, "-dfixed", 1), last_first)
    two = weigh(1, 1, 1, 1, 1, kind=1, more=["-bidir", 3, "-initial", 2])
    assert np.array_equal(weigh("4 1", "3 1", "2 1", "5 1", "6 1", kind=2), two)


def test_critical_doses_may_be_changed(stack):
    half = run(stack, "-dfixed", 2, "-optimal", 2)
    assert np.allclose(half, run(stack, "-dfixed", 1), atol=1e-4)
    given = run(stack, "-dfixed", 1, "-critical", "0.48998,0,5.6282")
    assert np.allclose(given, run(stack, "-dfixed", 1, "-optimal", 2), atol=1e-4)
    finer = run(stack, "-dfixed", 1, "-pixel", PIXEL / 20)
    assert not np.allclose(finer, run(stack, "-dfixed", 1), atol=0.1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "there is nothing to do"),
        (["-mtf", "a.txt"], "option MtfFile is not embedded: inverting a detector's transfer"),
        (["-lowpass", "0.2,0"], "the sigma of option LowPassRadiusSigma is 0; it must be above 0"),
        (["-lowpass", "0.2,-0.1"], "LowPassRadiusSigma is -0.1; it must be above 0"),
        (["-radius1", "0.1"], "a FilterRadius1 above 0 needs the sigma of LowPassRadiusSigma"),
        (["-radius1", "-0.1"], "a FilterRadius1 below 0 needs HighPassSigma"),
        (["-lowpass", "0.2,0.1", "-zrange", "3,6"], "is 3 to 6; the file has 1 to 5"),
        (["-lowpass", "0.2,0.1", "-zrange", "3,4", "-3dfilter"], "exclude each other"),
        (["-lowpass", "0.2,0.1", "-dfixed", "3"], "LowPassRadiusSigma and those of doses exclude"),
        (["-3dfilter", "-dfixed", "3"], "doses are those of views"),
        (["-dfile", "a.txt"], "option DoseWeightingFile needs TypeOfDoseFile"),
        (["-dfile", "a.txt", "-dfixed", "3", "-dtype", "2"], "exclude each other"),
        (["-dfixed", "3", "-bidir", "6"], "BidirectionalNumViews is 6; there are 5 views"),
        (["-dfixed", "3", "-volt", "120"], "Voltage is 120; allowed are 200, 300"),
    ],
)
def test_what_makes_no_sense_is_refused(stack, capsys, words, message):
    assert message in refused(capsys, stack, *words)


def test_what_is_not_a_number_is_found(stack, capsys):
    views = mrc.read(stack)
    views[3, 7, 9] = np.nan
    mrc.write(stack, views, pixel_size=PIXEL)
    assert "section 3 of" in refused(capsys, stack, "-lowpass", "0.2,0.1")
    assert "section 3 of" in refused(capsys, stack, "-lowpass", "0.2,0.1", "-3dfilter")
