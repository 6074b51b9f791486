"""Commands are composed from the option tables, for our programs and for the user's IMOD."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Sequence

import pytest

from etomotut import backends
from etomotut.backends import Backend
from etomotut.errors import EtomotutError, OptionError
from etomotut.packages import FIDDER_PACKAGE
from etomotut.programs.options import Option

MODEL = {
    "InputSeedModel": "seed.fid",
    "OutputModel": "out.fid",
    "ImageFile": "a.st",
    "BeadDiameter": 9.06,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an IMOD that has newstack and beadtrack, and an autodoc that lacks FillGaps."""
    return imod(tmp_path, "4.12.1", beadtrack=(*MODEL, "RotationAngle"), newstack=())


def imod(place: Path, version: str, **programs: Sequence[str]) -> Path:
    """Make an IMOD of a version, whose programs have the options given; none: no autodoc."""
    (place / "bin").mkdir(parents=True)
    (place / "autodoc").mkdir()
    (place / "VERSION").write_text(f"{version}\n")
    for name, options in programs.items():
        (place / "bin" / name).touch()
        fields = "".join(f"[Field = {each}]\ntype = FN\n" for each in options)
        if fields:
            (place / "autodoc" / f"{name}.adoc").write_text(fields)
    return place


@pytest.fixture(autouse=True)
def no_imod(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMOD_HOME", "IMOD_DIR", "SCIPION_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")


def test_an_embedded_program_runs_in_this_python() -> None:
    words, absent = Backend().command("beadtrack", MODEL)
    assert words[:4] == [sys.executable, "-m", "etomotut", "beadtrack"]
    assert words[-2:] == ["-BeadDiameter", "9.06"]
    assert absent == []


def test_scipions_python_is_taken_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIPION_PYTHON", "/opt/envs/scipion/bin/python -X utf8")
    words, _ = Backend().command("beadtrack", MODEL)
    assert words[:4] == ["/opt/envs/scipion/bin/python", "-X", "utf8", "-m"]


NEWER = {"LowPassCutoffInverseNm": 0.3}  # an option of beadtrack that IMOD 4.8.2 lacks


def test_options_that_an_old_imod_lacks_are_left_out_and_named(folder: Path) -> None:
    words, absent = Backend(folder).command("beadtrack", {**MODEL, **NEWER, "Threads": 2})
    assert words[0] == str(folder / "bin" / "beadtrack")
    assert absent == [*NEWER, "Threads"]
    assert not {"-LowPassCutoffInverseNm", "-Threads"} & set(words)


def test_a_newer_imod_gets_them(tmp_path: Path) -> None:
    newer = imod(tmp_path / "newer", "5.1.1", beadtrack=(*MODEL, *NEWER))
    words, absent = Backend(newer).command("beadtrack", {**MODEL, **NEWER})
    assert words[-2:] == ["-LowPassCutoffInverseNm", "0.3"]
    assert absent == []


def test_an_imod_without_autodocs_is_taken_for_an_old_one(tmp_path: Path) -> None:
    bare = imod(tmp_path / "bare", "4.9.0", beadtrack=())
    words, absent = Backend(bare).command("beadtrack", {**MODEL, **NEWER, "FillGaps": True})
    assert (absent, words[-1]) == ([*NEWER], "-FillGaps")


def test_an_option_that_an_imod_lacks_and_needs_is_refused_before_it_runs(folder: Path) -> None:
    message = f"the beadtrack of IMOD 4.12.1 in {folder} has no FillGaps: take a newer one"
    for compose in (Backend(folder).command, Backend(folder).parameters):
        with pytest.raises(OptionError, match=message):
            compose("beadtrack", {**MODEL, "FillGaps": True})


def test_a_backend_that_refuses_a_command_is_replaced_or_refused(folder: Path) -> None:
    chosen = Backend(folder, programs=("beadtrack",))
    known, unknown = [("beadtrack", MODEL)], [("beadtrack", {**MODEL, "FillGaps": True})]
    assert backends.fitting(chosen, backends.IMOD, known) is chosen
    assert backends.fitting(chosen, backends.AUTO, unknown).imod is None
    with pytest.raises(EtomotutError, match="has no FillGaps"):
        backends.fitting(chosen, backends.IMOD, unknown)


def test_a_value_that_no_backend_takes_is_refused_by_all(folder: Path) -> None:
    chosen = Backend(folder, programs=("beadtrack",))
    absurd = [("beadtrack", {**MODEL, "BeadDiameter": -1.0})]
    with pytest.raises(OptionError, match="BeadDiameter"):
        backends.fitting(chosen, backends.AUTO, absurd)


def test_an_option_that_is_not_set_is_not_missed(folder: Path) -> None:
    assert Backend(folder).command("beadtrack", {**MODEL, "FillGaps": False})[1] == []


def test_a_misspelt_option_is_refused_with_either_backend(folder: Path) -> None:
    for backend in (Backend(), Backend(folder)):
        with pytest.raises(OptionError, match="BeadDiametre"):
            backend.command("beadtrack", {**MODEL, "BeadDiametre": 9.0})


def test_files_without_an_option_name_stand_at_the_end(folder: Path) -> None:
    (folder / "autodoc" / "xfproduct.adoc").write_text("[Field = ScaleShifts]\n")
    values = {"InputFile1": "a.xf", "InputFile2": "b.xf", "OutputFile": "c.xf"}
    words, absent = Backend(folder).command("xfproduct", {**values, "ScaleShifts": (1.0, 2.0)})
    assert words[1:] == ["-ScaleShifts", "1,2", "a.xf", "b.xf", "c.xf"]
    assert absent == []


def test_a_command_file_has_a_line_an_option(folder: Path) -> None:
    values = {**MODEL, "RotationAngle": -95.0, **NEWER}
    lines, absent = Backend(folder).parameters("beadtrack", values)
    assert lines == [
        "$beadtrack -StandardInput",
        "InputSeedModel\tseed.fid",
        "OutputModel\tout.fid",
        "ImageFile\ta.st",
        "RotationAngle\t-95",
        "BeadDiameter\t9.06",
    ]
    assert absent == [*NEWER]
    assert "LowPassCutoffInverseNm\t0.3" in Backend().parameters("beadtrack", values)[0]


def test_auto_takes_imod_where_it_has_all_programs(folder: Path) -> None:
    homes = {"IMOD": str(folder)}
    assert backends.choose(backends.AUTO, ["newstack"], homes).imod == folder
    assert backends.choose(backends.AUTO, ["newstack", "tilt"], homes).imod is None
    assert backends.choose(backends.AUTO, ["newstack"]).imod is None


def test_embedded_is_embedded_even_beside_an_imod(folder: Path) -> None:
    chosen = backends.choose(backends.EMBEDDED, ["newstack"], {"IMOD": str(folder)})
    assert str(chosen).startswith("embedded programs")


def test_imod_that_is_not_there_is_refused_with_a_way_out(folder: Path) -> None:
    with pytest.raises(EtomotutError, match="IMOD is not found: set IMOD_HOME"):
        backends.choose(backends.IMOD, ["newstack"])
    with pytest.raises(EtomotutError, match="has no tilt"):
        backends.choose(backends.IMOD, ["newstack", "tilt"], {"IMOD": str(folder)})


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a tomo3d, and let there be an embedded program that stands for it."""
    module = ModuleType("tomo3d")
    module.PACKAGE, module.POSITIONAL = "tomo3d", ("InputFile", "OutputFile")  # type: ignore
    module.OPTIONS = (  # type: ignore[attr-defined]
        Option("InputFile", Path, "what goes in"),
        Option("OutputFile", Path, "what comes out"),
        Option("g", float, "smoothing"),
        Option("Ours", float, "of ours", extra=True),
    )
    known = backends.load
    monkeypatch.setattr(backends, "load", lambda n: module if n == "tomo3d" else known(n))
    (tmp_path / "t3").mkdir()
    (tmp_path / "t3" / "tomo3d").touch()
    (tmp_path / "t3" / "tomo3d").chmod(0o755)
    return tmp_path / "t3"


def test_a_program_is_looked_for_in_its_own_package(folder: Path, other: Path) -> None:
    homes = {"IMOD": str(folder), "tomo3d": str(other)}
    chosen = backends.choose(backends.IMOD, ["tomo3d"], homes)
    assert (chosen.imod, chosen.others) == (folder, {"tomo3d": other})
    assert str(chosen) == f"tomo3d in {other}"
    assert backends.choose(backends.AUTO, ["tomo3d"], {"IMOD": str(folder)}).others == {}
    with pytest.raises(EtomotutError, match="tomo3d is not found: set TOMO3D_HOME"):
        backends.choose(backends.IMOD, ["tomo3d"])


def test_files_come_first_and_without_names_for_programs_of_tomo3d(other: Path) -> None:
    values = {"InputFile": "a", "OutputFile": "b", "g": 0.5, "Ours": 1.0}
    words, absent = Backend(others={"tomo3d": other}).command("tomo3d", values)
    assert words == [str(other / "tomo3d"), "a", "b", "-g", "0.5"]
    assert absent == ["Ours"]


def test_a_backend_of_several_sources_names_each(folder: Path, other: Path) -> None:
    chosen = Backend(imod=folder, programs=("newstack", "tomo3d"))
    assert str(chosen).startswith(f"newstack: IMOD 4.12.1 in {folder}; tomo3d: embedded programs")


def test_the_backend_says_what_it_is(folder: Path) -> None:
    assert str(Backend(folder)) == f"IMOD 4.12.1 in {folder}"
    assert str(Backend()).startswith("embedded programs, etomotut ")


def test_programs_are_limited_to_their_cores_and_see_their_imod(folder: Path) -> None:
    variables = Backend(folder).environment(3)
    assert [variables[name] for name in backends.THREAD_VARIABLES] == ["3", "3", "3"]
    assert variables["IMOD_DIR"] == str(folder)
    assert variables["PATH"].startswith(str(folder / "bin"))


def test_a_program_with_its_own_python_gets_none_of_our_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setattr(backends, "package_of", {"fidder": FIDDER_PACKAGE}.get)
    backend = Backend(others={"fidder": tmp_path})
    monkeypatch.setenv("FIDDER_CUDA_LIB", "/cuda/lib")
    assert "PYTHONPATH" not in backend.environment(1, "fidder")
    assert backend.environment(1, "fidder")["LD_LIBRARY_PATH"].startswith("/cuda/lib")
    assert backend.environment(1, "newstack")["PYTHONPATH"] == "/ours"
    assert Backend().environment(1, "fidder")["PYTHONPATH"] == "/ours"
