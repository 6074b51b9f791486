"""How programs of others are installed: `scipion3 installb NAME`, each into a folder of its own.

None is installed unasked: every program has an embedded twin. Networks get an environment with
their own Python, made by conda where Scipion has it, else by the Python that runs Scipion.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple

from etomotut.packages import (
    FIDDER_PACKAGE,
    IMOD_PACKAGE,
    MEMBRAIN_PACKAGE,
    TARDIS_PACKAGE,
    Package,
)

IMOD_FILE = "imod_{version}_RHEL8-64_CUDA12.0.sh"
IMOD_PLACE = "https://bio3d.colorado.edu/imod/AMD64-RHEL5/"
OLDEST = 3, 10  # Python of the networks' current libraries
CONDA_PYTHON = "3.11"
CLEAN = "env -u PYTHONPATH -u PYTHONHOME"  # of Scipion's own libraries


@dataclass(frozen=True)
class Recipe:
    """What installs a version of a package in an empty folder.

    `commands` come with the file that each leaves; without any, the package's distribution goes
    into an environment of its own. `needs` are programs that must be there.
    """

    package: Package
    version: str
    commands: Tuple[Tuple[str, str], ...] = ()
    needs: Tuple[str, ...] = ()

    def steps(self, activation: str = "") -> List[Tuple[str, str]]:
        """Give the commands; `activation` is what makes a shell know conda, with its "&&"."""
        program = "/".join([self.package.installed, self.package.programs, self.package.sign])
        if self.commands:
            pairs = [[text.format(version=self.version) for text in pair] for pair in self.commands]
            return [(line, left) for line, left in pairs]
        folder, wanted = self.package.installed, f"{self.package.distribution}=={self.version}"
        if has_conda(activation):
            make = (
                f"{activation} conda create -y -p ./{folder} -c conda-forge python={CONDA_PYTHON}"
            )
        else:
            make = f"{CLEAN} {shlex.quote(sys.executable)} -m venv {folder}"
        fill = f"{CLEAN} {folder}/bin/python -m pip install {wanted}"
        return [(make, f"{folder}/bin/python"), (fill, program)]

    def requirements(self, activation: str = "") -> List[str]:
        """Give the programs that must be there."""
        too_old = sys.version_info[:2] < OLDEST and not has_conda(activation)
        return [*self.needs, "conda"] if too_old and not self.commands else list(self.needs)


RECIPES = (
    Recipe(
        IMOD_PACKAGE,
        "5.1.9",
        (
            (f"wget -nv --continue {IMOD_PLACE}{IMOD_FILE}", IMOD_FILE),
            # without the startup files, which go where only root may write
            (f"sh {IMOD_FILE} -dir . -yes -skip", "IMOD/bin/newstack"),
        ),
        ("wget",),
    ),
    Recipe(FIDDER_PACKAGE, "0.0.8"),
    Recipe(TARDIS_PACKAGE, "0.3.36"),
    Recipe(MEMBRAIN_PACKAGE, "0.0.10"),
)


def has_conda(activation: str) -> bool:
    """Tell whether conda can be called."""
    return bool(activation or shutil.which("conda"))


def add_to(environment: Any, activation: str = "", recipes: Sequence[Recipe] = RECIPES) -> None:
    """Tell Scipion's installer of the recipes."""
    for recipe in recipes:
        options: Dict[str, Any] = {
            "version": recipe.version,
            "tar": "void.tgz",  # Scipion's word for nothing to unpack
            "commands": recipe.steps(activation),
            "neededProgs": recipe.requirements(activation),
            "default": False,
        }
        environment.addPackage(recipe.package.recipe, **options)
