"""Where installed programs are found, and which version they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from etomotut import packages


def program(path: Path, text: str = "") -> Path:
    """Write a program that prints a text, and give its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in packages.PACKAGES.values():
        for name in (*package.variables, package.activation or "-"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CONDA_EXE", raising=False)


@pytest.mark.parametrize("variable", ["IMOD_HOME", "IMOD_DIR"])
def test_imod_is_found_by_its_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    program(tmp_path / "bin" / "newstack")
    monkeypatch.setenv(variable, str(tmp_path))
    assert packages.find_package(packages.IMOD_PACKAGE) == tmp_path


@pytest.mark.parametrize(
    ("package", "inside"),
    [(packages.IMOD_PACKAGE, "bin/newstack"), (packages.TOMO3D_PACKAGE, "tomo3d")],
)
def test_packages_are_found_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: packages.Package, inside: str
) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path / inside).parent))
    assert packages.find_package(package) == tmp_path


def test_fidder_is_found_by_the_command_that_activates_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = program(tmp_path / "conda" / "envs" / "fidder-0.0.8" / "bin" / "fidder").parents[1]
    monkeypatch.setenv("FIDDER_ENV_ACTIVATION", "conda activate fidder-0.0.8")
    assert packages.find_package(packages.FIDDER_PACKAGE) is None
    monkeypatch.setenv("CONDA_EXE", str(program(tmp_path / "conda" / "bin" / "conda")))
    assert packages.find_package(packages.FIDDER_PACKAGE) == folder
    monkeypatch.setenv("FIDDER_ENV_ACTIVATION", f"source {folder}/bin/activate")
    assert packages.find_package(packages.FIDDER_PACKAGE) == folder


@pytest.mark.parametrize(
    ("package", "inside", "text"),
    [
        (packages.IMOD_PACKAGE, "bin/imodjoin", "imodjoin Version 4.8.2 1/1/2017"),
        (packages.ARETOMO3_PACKAGE, "bin/AreTomo3_2.0_Cuda12", "AreTomo3 version: 2.0.5"),
        (packages.FIDDER_PACKAGE, "bin/python", "version 0.0.8"),
    ],
)
def test_a_package_tells_its_version(
    tmp_path: Path, package: packages.Package, inside: str, text: str
) -> None:
    program(tmp_path / inside, text)
    assert packages.version(package, tmp_path) in text.split()


def test_the_version_of_a_distribution_is_asked_of_its_own_python(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    pip = packages.Package("pip", ("PIP_HOME",), "pip", "bin", "pip")
    assert packages.version(pip, tmp_path)[0].isdigit()


def test_what_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert packages.version(packages.TOMO3D_PACKAGE, tmp_path) == ""
