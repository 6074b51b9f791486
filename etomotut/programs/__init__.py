"""The embedded programs: IMOD's names, options and files, one module a program.

A program module holds OPTIONS (its table), POSITIONAL (options that words without a name fill),
a docstring (its help) and run(values). Engine and libraries are imported inside run, because
Scipion imports every table when it starts.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from etomotut.errors import OptionError

PROGRAMS = (
    "alignquality",
    "aretomo2",
    "aretomo3",
    "autofidseed",
    "beadmask",
    "beadtrack",
    "ccderaser",
    "ctfhandedness",
    "ctfphaseflip",
    "curatebeads",
    "fidder",
    "fscfilter",
    "findsection",
    "imodchopconts",
    "maskcompare",
    "masknumbers",
    "membrain",
    "membranemesh",
    "mtffilter",
    "nad_eed_3d",
    "newstack",
    "refinealign",
    "tardis_mem",
    "tilt",
    "tiltalign",
    "tiltxcorr",
    "tomo3d",
    "tomobflow",
    "tomoeed",
    "trimvol",
    "volumefilter",
    "xfproduct",
    "xftoxg",
)


def load(name: str) -> ModuleType:
    """Give the module of the embedded program `name`; raises OptionError if there is none."""
    if name not in PROGRAMS:
        raise OptionError(f"no embedded program '{name}'; there are {', '.join(PROGRAMS)}")
    return importlib.import_module(f"{__name__}.{name}")
