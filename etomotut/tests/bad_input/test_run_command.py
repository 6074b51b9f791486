"""`etomotut run` names each series that it cannot take, and goes on with the others."""

from __future__ import annotations

import shutil

import pytest

from etomotut.errors import EtomotutError
from etomotut.formats import mrc, tlt
from etomotut.tests.bad_input import files
from etomotut.tests.bad_input.series_cases import CASES
from etomotut.workflow import inputs, run

WILD = (
    "a b", "a'b", 'a"b', "a;touch x", "$(touch x)", "`touch x`", "..", "-rf", "ü", "日本", "&&",
    "a\nb", "x" * 200, "a.b", "A-B",
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give the user's folder, in which series a is alone with its tilt angles."""
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.chdir(own)
    files.write_stack()
    tlt.write("a.tlt", files.ANGLES)
    return own


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_bad_series_is_named_and_the_other_is_taken(case, folder):
    if not case.words:
        shutil.copy("a.mrc", "good.mrc")
        shutil.copy("a.tlt", "good.tlt")
    case.spoil()
    before = files.listing(folder.parent)
    if case.words:
        with pytest.raises(EtomotutError) as told:
            inputs.gather(["a.mrc"], **case.words)
        problems = [str(told.value)]
    else:
        found, problems = inputs.gather(["a.mrc", "good.mrc"])
        assert [each.name for each in found] == ["good"]
    assert len(problems) == 1
    assert case.sentence in problems[0]
    assert "\n" not in problems[0]
    assert files.listing(folder.parent) == before


def test_wild_names_become_different_plain_ones(folder):
    for name in WILD:
        shutil.copy("a.mrc", f"{name}.mrc")
    found, problems = inputs.gather(["."], tilt_angles="a.tlt")
    names = [each.name for each in found]
    assert not problems
    assert len({name.lower() for name in names}) == len(WILD) + 1
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in names)
    inputs.stage(found, folder.parent / "staged")
    assert {path.name for path in folder.parent.iterdir()} == {"own", "staged"}
    assert not (folder / "x").exists()


def test_a_folder_that_is_only_read_stays_as_it_is(folder):
    before = files.listing(folder)
    inputs.stage(inputs.gather(["a.mrc"])[0], folder.parent / "staged")
    assert files.listing(folder) == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--tilt-series none*", "ERROR: RUN - there is no tilt series none*"),
        ("--tilt-series a.mrc --axis-angle 85 --pixel-size -3", "--pixel-size is -3; it must be"),
        ("--tilt-series a.mrc --axis-angle 85 --binning 0", "--binning is 0; it must be"),
        ("--tilt-series a.mrc --axis-angle 85 --thickness -1", "--thickness is -1; it must be"),
        ("--tilt-series a.mrc --axis-angle nan", "--axis-angle is nan; it must be"),
        ("--tilt-series a.mrc --axis-angle 85 --voltage 0", "--voltage is 0; it must be"),
        ("--tilt-series a.mrc --axis-angle 85 --beads 0", "--beads is 0; it must be"),
        ("--tilt-series a.mrc --axis-angle 85 --bead-diameter 0", "--bead-diameter is 0; it must"),
        ("--tilt-series a.mrc --axis-angle 85 --dose -1", "--dose is -1; it must be"),
        ("--tilt-series a.mrc", "no file tells the angle of the tilt axis: give --axis-angle"),
    ],
)
def test_what_is_typed_is_checked_before_anything_is_made(words, sentence, folder, capsys):
    before = files.listing(folder.parent)
    assert run.main(words.split()) == 1
    assert sentence in capsys.readouterr().out
    assert files.listing(folder.parent) == before


def test_a_stack_without_a_pixel_size_asks_for_it(capsys):
    mrc.write("a.mrc", mrc.read("a.mrc"), pixel_size=0)
    assert run.main(["--tilt-series", "a.mrc", "--axis-angle", "85"]) == 1
    assert "does not tell its pixel size, or series differ: give --pixel" in capsys.readouterr().out
