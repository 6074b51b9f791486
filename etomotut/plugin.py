"""The plugin as Scipion sees it: its variables, its programs, what it needs at start."""

from __future__ import annotations

import os
from typing import Any, List, Sequence

import pwem
import pyworkflow.utils as pwutils
from pyworkflow import VarTypes

from etomotut import backends, compat, recipes
from etomotut.packages import PACKAGES, Package, environment_folder

IMOD_HOME = "IMOD_HOME"
HOMES = {each.variables[0]: each.name for each in PACKAGES.values()}

compat.install()


class Plugin(pwem.Plugin):
    """etomotut's door to Scipion."""

    __module__ = "etomotut"  # Scipion takes name and folder of a plugin from here
    _homeVar = IMOD_HOME
    _url = ""
    _supportedVersions: Sequence[str] = ()

    @classmethod
    def _defineVariables(cls) -> None:
        # All plugins share one table of variables: the programs' own may have filled these rows.
        for variable, package in HOMES.items():
            if variable not in cls._vars:
                text = f"Folder of {package}. Optional: without it the embedded programs run."
                cls._defineVar(variable, "", text, VarTypes.FOLDER)

    @classmethod
    def getEnviron(cls) -> Any:
        """Give a copy of this process's variables."""
        return pwutils.Environ(os.environ)

    @classmethod
    def getActiveVersion(cls, home: Any = None, versions: Any = None) -> str:
        """Give what the programs come from when the form says Auto."""
        return str(cls.chooseBackend(backends.AUTO, ("newstack",)))

    @classmethod
    def validateInstallation(cls) -> List[str]:
        """Nothing can be missing: every program has an embedded twin."""
        return []

    @classmethod
    def defineBinaries(cls, env: Any) -> None:
        """Offer what `installb` can install; nothing of it is needed."""
        recipes.add_to(env, cls.getCondaActivationCmd() or "")

    @classmethod
    def chooseBackend(cls, choice: int, programs: Sequence[str]) -> backends.Backend:
        """Give the backend for a form's choice; raises EtomotutError if it is not there."""
        homes = {each.name: cls.home_of(each) for each in PACKAGES.values()}
        return backends.choose(choice, programs, homes)

    @classmethod
    def home_of(cls, package: Package) -> str:
        """Give the folder that Scipion's variables name, its own plugin's command included."""
        home = cls.getVar(package.variables[0])
        activation = cls._vars.get(package.activation, "")
        return home or environment_folder(activation)
