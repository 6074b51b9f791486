"""The packages that a user's own programs come in: how each is found, which version it is.

Their folders are named by the variables that Scipion's other plugins use, or are on PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence, Tuple

PYTHON_VARIABLES = ("PYTHONPATH", "PYTHONHOME")  # they would mix another Python's libraries in
PATIENCE = 60  # seconds to wait for a program to tell its version; a network's libraries load long


@dataclass(frozen=True)
class Package:
    """Programs that are installed together.

    Its folder is named by `variables`, and has the program `sign` in its subfolder `programs`.
    One that is a `distribution` of pip lives in an environment with a Python of its own, which the
    variable `activation` may name by a command like "conda activate NAME". Where the variable
    `executable` is given, it may name the file of the program, else that begins with `sign`; it
    may also lie in bin/. `libraries` is the variable of a folder that it needs. Numbers of one
    option may be `apart`. `source` is where it is to be had. What a recipe installs is in the
    subfolder `installed` of the recipe's folder; without it there is no recipe (recipes.py).
    """

    name: str
    variables: Tuple[str, ...]
    sign: str
    programs: str = ""
    distribution: str = ""
    activation: str = ""
    executable: str = ""
    libraries: str = ""
    apart: bool = False
    source: str = ""
    installed: str = ""

    @property
    def has_own_python(self) -> bool:
        """Whether it must not see the libraries of this Python."""
        return bool(self.distribution)

    def file(self, folder: Path, name: str) -> Optional[Path]:
        """Give the file of a program of this package in a folder, None if it is not there."""
        if not self.executable:
            files = [folder / self.programs / name]
        else:
            stated = os.environ.get(self.executable, "") or f"{self.sign}*"
            files = [each for place in (folder, folder / "bin") for each in place.glob(stated)]
        return next((each for each in sorted(files) if each.is_file()), None)

    @property
    def how_to_find(self) -> str:
        """Tell a user what to do so that it is found."""
        return (
            f"set {self.variables[0]} to its folder in Scipion's configuration, or put "
            f"{self.sign} on PATH"
        )

    @property
    def how_to_install(self) -> str:
        """Tell a user how to come by it."""
        if self.installed:
            return f"scipion3 installb {self.recipe} ({self.source})"
        return f"by hand: get it from {self.source}, then {self.how_to_find}"

    @property
    def recipe(self) -> str:
        """What its recipe is called: not as those of other plugins, which make other folders."""
        return f"etomotut_{self.name.lower()}"


IMOD_PACKAGE = Package(
    "IMOD",
    ("IMOD_HOME", "IMOD_DIR"),
    "newstack",
    "bin",
    source="https://bio3d.colorado.edu/imod",
    installed="IMOD",
)
TOMO3D_PACKAGE = Package(
    "tomo3d",
    ("TOMO3D_HOME",),
    "tomo3d",
    source="https://sites.google.com/site/3demimageprocessing/tomo3d",
)
FIDDER_PACKAGE = Package(
    "fidder",
    ("FIDDER_HOME",),
    "fidder",
    "bin",
    "fidder",
    activation="FIDDER_ENV_ACTIVATION",
    libraries="FIDDER_CUDA_LIB",
    source="https://teamtomo.org/fidder",
    installed="env",
)
TARDIS_PACKAGE = Package(
    "TARDIS",
    ("TARDIS_HOME",),
    "tardis_mem",
    "bin",
    "tardis-em",
    activation="TARDIS_ENV_ACTIVATION",
    source="https://github.com/SMLC-NYSBC/TARDIS",
    installed="env",
)
MEMBRAIN_PACKAGE = Package(
    "MemBrain",
    ("MEMBRAIN_SEG_HOME",),
    "membrain",
    "bin",
    "membrain-seg",
    activation="MEMBRAIN_SEG_ENV_ACTIVATION",
    source="https://github.com/teamtomo/membrain-seg",
    installed="env",
)
ARETOMO2_PACKAGE = Package(
    "AreTomo2",
    ("ARETOMO_HOME", "ARETOMO2_HOME"),
    "AreTomo2",
    executable="ARETOMO_BIN",
    libraries="ARETOMO_CUDA_LIB",
    apart=True,
    source="https://github.com/czimaginginstitute/AreTomo2",
)
ARETOMO3_PACKAGE = Package(
    "AreTomo3",
    ("ARETOMO3_HOME", "ARETOMO_HOME"),
    "AreTomo3",
    executable="ARETOMO3_BIN",
    libraries="ARETOMO_CUDA_LIB",
    apart=True,
    source="https://github.com/czimaginginstitute/AreTomo3",
)
PACKAGES = {
    each.name: each
    for each in (
        IMOD_PACKAGE,
        TOMO3D_PACKAGE,
        FIDDER_PACKAGE,
        TARDIS_PACKAGE,
        MEMBRAIN_PACKAGE,
        ARETOMO2_PACKAGE,
        ARETOMO3_PACKAGE,
    )
}


def find_package(package: Package, home: str = "") -> Optional[Path]:
    """Give a package's folder: `home`, its variables', its recipe's or the one on PATH, or None."""
    on_path = shutil.which(package.sign)
    folders = [home, *(os.environ.get(name) for name in package.variables)]
    folders.append(environment_folder(os.environ.get(package.activation, "")))
    if package.installed:
        found = software_folder().glob(f"{package.recipe}-*/{package.installed}")
        folders += map(str, sorted(found, key=os.path.getmtime, reverse=True))  # the latest first
    if on_path:
        folders.append(str(Path(on_path).resolve().parents[1 if package.programs else 0]))
    for folder in filter(None, folders):
        if package.file(Path(folder), package.sign):
            return Path(folder).absolute()
    return None


def software_folder() -> Path:
    """Give the folder into which Scipion installs the programs that plugins have recipes for."""
    home = Path(os.environ.get("SCIPION_HOME") or ".")
    software = home / (os.environ.get("SCIPION_SOFTWARE") or "software")
    return home / (os.environ.get("EM_ROOT") or software / "em")


def environment_folder(command: str) -> str:
    """Give the folder of the environment that a command like "conda activate NAME" names, or "".

    NAME may be a folder; else conda is asked by its variables and its place where environments
    are.
    """
    words = command.split()
    if len(words) < 2 or words[-2] not in ("activate", "source", "."):
        return ""
    name = words[-1].replace("/bin/activate", "")
    conda = os.environ.get("CONDA_EXE") or shutil.which("conda")
    homes = os.environ.get("CONDA_ENVS_PATH", "").split(os.pathsep)
    if conda:
        homes.append(str(Path(conda).resolve().parents[1] / "envs"))
    found = [Path(name), *(Path(home) / name for home in homes if home)]
    return next((str(each) for each in found if each.is_absolute() and each.is_dir()), "")


@lru_cache(maxsize=None)
def version(package: Package, folder: Path) -> str:
    """Give the version of a package in a folder, "" if it does not say."""
    if (folder / "VERSION").is_file():
        return (folder / "VERSION").read_text().strip()
    name = package.distribution
    if name:
        asked = f"import importlib.metadata as m; print('version', m.version({name!r}))"
        words = [str(folder / package.programs / "python"), "-c", asked]
    elif package is IMOD_PACKAGE:
        words = [str(folder / "bin" / "imodjoin")]
    else:
        words = [str(package.file(folder, package.sign)), "--version"]
    variables = {n: v for n, v in os.environ.items() if n not in PYTHON_VARIABLES}
    if package is IMOD_PACKAGE:
        variables.update(imod_variables(folder, variables))
    found = re.search(r"version\D{0,3}(\d[\w.]*)", _told(words, variables), re.IGNORECASE)
    return found.group(1) if found else ""


def imod_variables(folder: Path, variables: Mapping[str, str]) -> Dict[str, str]:
    """Give the variables that IMOD's programs need beside those that there are."""
    own = {"IMOD_DIR": str(folder), "AUTODOC_DIR": str(folder / "autodoc")}
    for name, place in (("PATH", "bin"), ("LD_LIBRARY_PATH", "lib")):
        own[name] = os.pathsep.join(filter(None, [str(folder / place), variables.get(name, "")]))
    return own


def _told(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """Give what a program prints that is asked for its version, "" if it does not run."""
    try:
        run = subprocess.run(
            words,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.decode(errors="replace")
