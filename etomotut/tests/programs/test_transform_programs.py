"""xfproduct and xftoxg through their command line."""

from etomotut.__main__ import main
from etomotut.formats import xf


def test_xfproduct_applies_the_first_file_first(tmp_path):
    xf.write(tmp_path / "a", [[[2, 0, 1], [0, 2, 0]]])
    xf.write(tmp_path / "b", [[[0, -1, 0], [1, 0, 5]]] * 2)
    assert main(["xfproduct", *[str(tmp_path / name) for name in "abc"]]) == 0
    assert xf.read(tmp_path / "c").tolist() == [[[0, -2, 0], [2, 0, 6]]] * 2


def test_xfproduct_names_files_of_different_length(tmp_path, capsys):
    xf.write(tmp_path / "a", [[[1, 0, 0], [0, 1, 0]]] * 2)
    xf.write(tmp_path / "b", [[[1, 0, 0], [0, 1, 0]]] * 3)
    assert main(["xfproduct", *[str(tmp_path / name) for name in "abc"]]) == 1
    out = capsys.readouterr().out
    assert out.startswith("ERROR: XFPRODUCT - ")
    assert "a has 2 transforms" in out
    assert "b 3" in out


def test_xftoxg_refuses_to_guess_what_imod_does_unless_told(tmp_path, capsys):
    xf.write(tmp_path / "a.prexf", [[[1, 0, 0], [0, 1, 0]]] * 3)
    assert main(["xftoxg", str(tmp_path / "a.prexf")]) == 1
    assert "option NumberToFit is needed" in capsys.readouterr().out


def test_an_unknown_program_is_refused(capsys):
    assert main(["tiltxcor"]) == 1
    assert "no embedded program 'tiltxcor'; there are " in capsys.readouterr().out
