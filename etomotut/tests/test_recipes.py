"""What `installb` installs is found afterwards without any variable being set."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from etomotut import packages, recipes
from etomotut.tests.test_packages import nothing_installed, program

assert nothing_installed  # a fixture of all tests here
BY_NAME = {each.package.name: each for each in recipes.RECIPES}


@pytest.fixture
def software(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder into which Scipion installs."""
    for name in ("EM_ROOT", "SCIPION_SOFTWARE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCIPION_HOME", str(tmp_path))
    return tmp_path / "software" / "em"


class Recorder:
    """Takes recipes as Scipion's installer does."""

    def __init__(self) -> None:
        self.packages: Dict[str, Dict[str, Any]] = {}

    def addPackage(self, name: str, **options: Any) -> None:  # noqa: N802
        self.packages[name] = options


def folder_of(recipe: recipes.Recipe, software: Path) -> Path:
    return software / f"{recipe.package.recipe}-{recipe.version}"


def test_what_has_a_recipe_says_so_and_nothing_is_installed_unasked() -> None:
    recorder = Recorder()
    recipes.add_to(recorder)
    told = [each.recipe for each in packages.PACKAGES.values() if each.installed]
    assert sorted(recorder.packages) == sorted(told)
    assert not any(options["default"] for options in recorder.packages.values())
    assert packages.FIDDER_PACKAGE.how_to_install.startswith("scipion3 installb etomotut_fidder")
    assert packages.TOMO3D_PACKAGE.how_to_install.startswith("by hand: get it from https://")


def test_scipions_installer_takes_the_recipes(software: Path, monkeypatch: Any) -> None:
    funcs = pytest.importorskip("scipion.install.funcs")
    monkeypatch.setattr(sys, "argv", ["scipion", "installb", "--help"])
    environment = funcs.Environment()
    recipes.add_to(environment)
    names = {target.getName() for target in environment.getTargetList()}
    assert {f"{r.package.recipe}-{r.version}" for r in recipes.RECIPES} <= names


@pytest.mark.parametrize("name", ["fidder", "TARDIS", "MemBrain"])
def test_a_network_is_found_in_its_environment(software: Path, name: str) -> None:
    recipe = BY_NAME[name]
    (_, python), (fill, left) = recipe.steps()
    assert python == "env/bin/python"
    assert fill.endswith(f"pip install {recipe.package.distribution}=={recipe.version}")
    file = program(folder_of(recipe, software) / left)
    assert packages.find_package(recipe.package) == file.parents[1]


@pytest.mark.parametrize("activation", ["", ". /conda's/conda.sh &&"])
def test_an_environment_is_made_by_conda_where_scipion_has_it(activation: str) -> None:
    (make, _), _ = BY_NAME["fidder"].steps(activation)
    assert make.startswith(activation or "env -u PYTHONPATH")
    assert ("conda create -y -p ./env" in make) == bool(activation)


@pytest.mark.slow
def test_an_environment_is_made_with_a_python_and_pip_of_its_own(tmp_path: Path) -> None:
    (make, python), _ = BY_NAME["fidder"].steps()
    subprocess.run(["/bin/sh", "-c", make], cwd=tmp_path, check=True, env={"PATH": "/usr/bin:/bin"})
    asked = [tmp_path / python, "-c", "import sys, pip; print(sys.prefix)"]
    prefix = subprocess.check_output(asked, universal_newlines=True).strip()
    assert Path(prefix) == tmp_path / "env"


def test_imod_is_downloaded_and_installs_itself(software: Path) -> None:
    recipe = BY_NAME["IMOD"]
    folder = folder_of(recipe, software)
    folder.mkdir(parents=True)
    tools = program(folder / "tools" / "wget").parent
    installer = "mkdir -p imod/bin; ln -s imod IMOD; touch IMOD/bin/newstack; echo $* > words"
    (tools / "wget").write_text(f"#!/bin/sh\necho '{installer}' > ${{3##*/}}\n")
    for command, left in recipe.steps():
        path = {"PATH": f"{tools}:/usr/bin:/bin"}
        subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True, env=path)
        assert (folder / left).is_file()
    assert (folder / "words").read_text() == "-dir . -yes -skip\n"
    assert packages.find_package(packages.IMOD_PACKAGE) == folder / "IMOD"


def test_a_users_variable_goes_before_what_was_installed(
    software: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(folder_of(BY_NAME["fidder"], software) / "env" / "bin" / "fidder")
    own = program(tmp_path / "own" / "bin" / "fidder").parents[1]
    monkeypatch.setenv("FIDDER_HOME", str(own))
    assert packages.find_package(packages.FIDDER_PACKAGE) == own


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "software/em"),
        ({"SCIPION_SOFTWARE": "/opt/software"}, "/opt/software/em"),
        ({"EM_ROOT": "programs"}, "programs"),
    ],
)
def test_scipion_says_where_it_installs(
    software: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: Any, folder: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert packages.software_folder() == tmp_path / folder
