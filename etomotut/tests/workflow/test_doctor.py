"""`etomotut doctor` tells what is installed, what stages run, and what is set up wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from etomotut.packages import PACKAGES
from etomotut.workflow import doctor


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in PACKAGES.values():
        for name in (*package.variables, package.activation or "-"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")


def test_without_anything_installed_every_stage_runs_embedded_programs(capsys) -> None:
    assert doctor.main([]) == 0
    told = capsys.readouterr().out
    assert "IMOD      not found: scipion3 installb etomotut_imod" in told
    assert "tomo3d    not found: by hand: get it from https://" in told
    assert "then set TOMO3D_HOME to its folder" in told
    stages = told.split("What stages run")[1].splitlines()[1:-1]
    assert len(stages) > 20
    assert all("embedded programs" in line for line in stages if line)


def test_an_imod_that_lacks_programs_serves_the_stages_whose_programs_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "VERSION").write_text("4.12.1")
    for name in ("newstack", "ccderaser"):
        (tmp_path / "bin" / name).touch(0o755)
    monkeypatch.setenv("IMOD_HOME", str(tmp_path))
    assert doctor.main([]) == 0
    told = capsys.readouterr().out
    assert f"4.12.1 in {tmp_path}" in told
    lines = {line[2:30].strip(): line for line in told.splitlines()}
    assert lines["X-ray eraser"].endswith(f"IMOD 4.12.1 in {tmp_path}")
    assert f"the IMOD in {tmp_path} has no tilt, trimvol" in lines["tomogram reconstruction"]


def test_a_variable_that_names_a_folder_without_the_program_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("TARDIS_HOME", str(tmp_path))
    assert doctor.main([]) == 1
    wrong = f"WRONG: TARDIS_HOME is {tmp_path}, which has no bin/tardis_mem"
    assert wrong in capsys.readouterr().out


def test_a_folder_that_another_plugin_would_install_into_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    from etomotut.plugin import Plugin

    monkeypatch.setitem(Plugin._vars, "TOMO3D_HOME", str(tmp_path / "tomo3d-1"))
    assert doctor.main([]) == 0
    assert "WRONG" not in capsys.readouterr().out


def test_a_program_that_may_not_be_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    (tmp_path / "tomo3d").touch(0o644)
    monkeypatch.setenv("TOMO3D_HOME", str(tmp_path))
    assert doctor.main([]) == 1
    assert f"WRONG: {tmp_path / 'tomo3d'} may not be run" in capsys.readouterr().out


def test_words_that_it_does_not_know_are_answered_with_its_usage(capsys) -> None:
    assert doctor.main(["--help"]) == 0
    assert doctor.main(["now"]) == 2
    assert "Usage: etomotut doctor" in capsys.readouterr().out
