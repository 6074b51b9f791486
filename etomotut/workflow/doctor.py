"""What is installed, and what each stage would therefore run: `etomotut doctor`.

Programs are looked for as the stages do: in Scipion's configuration, its variables, on PATH.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional, Sequence, Tuple

from etomotut import __version__, backends, headless
from etomotut.packages import PACKAGES, Package, find_package, version

Row = Tuple[str, str]
LIBRARIES = ("scipion-pyworkflow", "scipion-em", "scipion-em-tomo", "numpy", "scipy", "numba")
TREE = Path(backends.__file__).with_name("protocols.conf")  # it has the stages in their order
USAGE = """Usage: etomotut doctor

Lists each program that a stage can run: where it was found, its version, what the stages use.
The exit status is 1 if something that was set up does not work."""


def main(words: Optional[Sequence[str]] = None) -> int:
    """Print what was found; gives the exit status."""
    arguments = list(sys.argv[1:] if words is None else words)
    if arguments:
        print(USAGE)
        return 0 if arguments[0] in ("-h", "-help", "--help") else 2
    with tempfile.TemporaryDirectory() as folder:
        headless.prepare(folder)
        return _examine()


def _examine() -> int:
    from etomotut.plugin import Plugin

    _show("This machine", _machine())
    _show("Your own programs", _programs(Plugin))
    _show("What stages run where their form says Auto", _stages(Plugin))
    faults = list(_faults(Plugin))
    for fault in faults:
        print(f"WRONG: {fault}")
    return 1 if faults else 0


def _machine() -> Iterator[Row]:
    yield "etomotut", f"{__version__} on Python {sys.version.split()[0]}"
    yield "libraries", ", ".join(f"{name} {_library(name)}" for name in LIBRARIES)
    yield "cores", str(len(os.sched_getaffinity(0)))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    yield "memory", f"{memory / 1e9:.1f} GB"
    yield "free disk", f"{shutil.disk_usage('.').free / 1e9:.0f} GB here"
    yield "window", _window()


def _window() -> str:
    if importlib.util.find_spec("tkinter") is None:
        return "none: this Python lacks tkinter (Debian: python3-tk)"
    shown = os.environ.get("DISPLAY")
    return f"on {shown}" if shown else "none: DISPLAY is not set; etomotut run needs none"


def _programs(plugin: Any) -> Iterator[Row]:
    for package in PACKAGES.values():
        folder = find_package(package, plugin.home_of(package))
        if folder is None:
            yield package.name, f"not found: {package.how_to_install}"
        else:
            yield package.name, f"{version(package, folder) or 'unknown version'} in {folder}"
    from etomotut.viewers.imod import imod_with_3dmod
    from etomotut.viewers.surfaces import CHIMERA_HOME, chimerax

    imod = imod_with_3dmod(plugin.home_of(PACKAGES["IMOD"]))
    yield "3dmod", f"in {imod.imod}" if imod else "not found: it comes with IMOD"
    found = chimerax()
    absent = f"not found: set {CHIMERA_HOME} to its folder (https://www.cgl.ucsf.edu/chimerax)"
    yield "ChimeraX", found or absent


def _stages(plugin: Any) -> Iterator[Row]:
    protocols = import_module("etomotut.protocols")
    for name in sorted(protocols.__all__, key=TREE.read_text().find):
        protocol = getattr(protocols, name)
        if protocol.programs:
            chosen = str(plugin.chooseBackend(backends.AUTO, protocol.programs))
            yield protocol._label, "; ".join([chosen, *_lacking(plugin, protocol.programs)])


def _lacking(plugin: Any, programs: Sequence[str]) -> Iterator[str]:
    """Give why a package that is there does not serve a stage."""
    for package in PACKAGES.values():
        folder = find_package(package, plugin.home_of(package))
        absent = backends.lacking(package, folder, programs) if folder else ()
        if absent:
            yield f"the {package.name} in {folder} has no {', '.join(absent)}"


def _faults(plugin: Any) -> Iterator[str]:
    """Give what a user set up and does not work: it would be passed over without a word."""
    for package in PACKAGES.values():
        for variable, value in _settings(package):
            if package.file(Path(value), package.sign) is None:
                where = "/".join(filter(None, [package.programs, package.sign]))
                yield f"{variable} is {value}, which has no {where}"
        folder = find_package(package, plugin.home_of(package))
        file = package.file(folder, package.sign) if folder else None
        if file is not None and not os.access(file, os.X_OK):
            yield f"{file} may not be run"


def _settings(package: Package) -> Iterator[Tuple[str, str]]:
    for variable in package.variables:  # Scipion's configuration ends there, defaults do not
        if os.environ.get(variable):
            yield variable, os.environ[variable]


def _library(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(absent)"


def _show(title: str, rows: Iterable[Row]) -> None:
    table = list(rows)
    width = max(len(name) for name, _ in table) + 2
    print("\n".join([title, *(f"  {name:{width}}{text}" for name, text in table), ""]))
