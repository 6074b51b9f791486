"""tomo3d through its command line: the same tomograms as tilt's, by other names."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc, tlt
from etomotut.programs.options import parse
from etomotut.programs.tomo3d import OPTIONS

ANGLES = np.arange(-60.0, 61.0, 10.0)


@pytest.fixture()
def series(tmp_path):
    """Write 13 views of 20 x 40 pixels with some structure, and their angles."""
    views = np.random.default_rng(0).random((13, 20, 40)).astype(np.float32)
    mrc.write(tmp_path / "in.mrc", views, pixel_size=2.0)
    tlt.write(tmp_path / "in.tlt", ANGLES)
    return tmp_path


def run(folder, *words, name="out.rec"):
    files = ["-a", str(folder / "in.tlt"), "-i", str(folder / "in.mrc")]
    assert main(["tomo3d", *files, "-o", str(folder / name), "-z", "12", *words]) == 0
    return mrc.read(folder / name)


def tilt(folder, *words):
    files = [str(folder / "in.mrc"), str(folder / "tilt.rec"), "-TILTFILE", str(folder / "in.tlt")]
    assert main(["tilt", *files, "-THICKNESS", "12", *words]) == 0
    return mrc.read(folder / "tilt.rec")


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ([], []),
        (["-x", "30", "-y", "3,9"], ["-WIDTH", "30", "-SLICE", "3,9"]),
        (["-m", "0.25", "-A", "2"], ["-HammingLikeFilter", "0.25", "-OFFSET", "2"]),
        (["-w", "off"], ["-FlatFilterFraction", "1"]),
        (["-S", "-l", "4"], ["-SIRTIterations", "4", "-StartEmpty"]),
        (["-S"], ["-SIRTIterations", "30", "-StartEmpty"]),
    ],
)
def test_its_options_are_tilts_by_other_names(series, words, same):
    assert np.array_equal(run(series, *words), tilt(series, *same))


def test_letters_differ_by_their_case():
    given = ["-a", "a.tlt", "-i", "a.st", "-o", "a.rec", "-A", "3", "-S", "-H", "-f"]
    values = parse(OPTIONS, given)
    assert (str(values["a"]), values["A"], values["S"], values["H"]) == ("a.tlt", 3, True, True)


def test_the_thickness_is_the_width_unless_it_is_told(series):
    files = ["-a", str(series / "in.tlt"), "-i", str(series / "in.mrc")]
    assert main(["tomo3d", *files, "-o", str(series / "out.rec")]) == 0
    assert mrc.Stack(series / "out.rec").shape == (20, 40, 40)


def test_a_tomogram_is_replaced_only_if_told(series, capsys):
    run(series)
    words = ["-a", "x.tlt", "-i", str(series / "in.mrc"), "-o", str(series / "out.rec")]
    assert main(["tomo3d", *words]) == 1
    assert "out.rec exists; option f lets it be replaced" in capsys.readouterr().out
    run(series, "-f")


def test_iterations_are_kept_beside_the_last(series):
    run(series, "-S", "-l", "3", "-KeepIterations", "1")
    assert np.array_equal(mrc.read(series / "out_it01.rec"), run(series, "-f", "-S", "-l", "1"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-y", "3,20"], "option y is 3,20; the rows of the views are 0 to 19"),
        (["-w", "yes"], "option w is yes; allowed are on, off"),
        (["-m", "0.6"], "option m is 0.6; it must be at most 0.5"),
        (["-S", "-m", "0.3"], "option m is for back-projection"),
        (["-KeepIterations", "2"], "option KeepIterations is for SIRT: it needs option S"),
        (["-a", "no.tlt"], "file of tilt angles no.tlt does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(series, capsys, words, message):
    files = ["-a", str(series / "in.tlt"), "-i", str(series / "in.mrc")]
    assert main(["tomo3d", *files, "-o", str(series / "out.rec"), *words]) == 1
    out = capsys.readouterr().out.splitlines()[-1]
    assert out.startswith("ERROR: TOMO3D - ")
    assert message in out
    assert not (series / "out.rec").exists()
