"""Where a program comes from: what the user installed, or the embedded program of the same name.

Both take the same options and files, so a command is composed here once, from values by full
option name. The options of an installed IMOD are read from its autodocs: what it lacks is left out
and reported if it is ours or that program can do without it (`extra`, `newer`), else refused. A
program module says in PACKAGE what its original comes with, if not with IMOD; one that has no
original says "".
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from etomotut import __version__
from etomotut.errors import EtomotutError, OptionError
from etomotut.packages import (
    IMOD_PACKAGE,
    PACKAGES,
    PYTHON_VARIABLES,
    Package,
    find_package,
    imod_variables,
    version,
)
from etomotut.programs import load
from etomotut.programs.options import Option, Several, arguments

AUTO, IMOD, EMBEDDED = range(3)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "IMOD_PROCESSORS")


@dataclass(frozen=True)
class Backend:
    """A source of programs: the IMOD in a folder, `others` by package name; ours for the rest.

    `programs` are those that it is described by.
    """

    imod: Optional[Path] = None
    others: Mapping[str, Path] = field(default_factory=dict)
    programs: Tuple[str, ...] = ("newstack",)

    def __str__(self) -> str:
        sources: Dict[str, List[str]] = {}
        for name in self.programs:
            sources.setdefault(self._source(name), []).append(name)
        if len(sources) == 1:
            return next(iter(sources))
        return "; ".join(f"{', '.join(names)}: {source}" for source, names in sources.items())

    def command(self, name: str, values: Mapping[str, Any]) -> Tuple[List[str], List[str]]:
        """Give the words of a command line, and the options given that this backend lacks.

        Raises OptionError for a name or value that is not in the program's table, and for an option
        that this backend lacks and cannot do without.
        """
        table, absent = self._take(name, values)
        spelled = {option.name for option in table}
        words = arguments(table, {n: v for n, v in values.items() if n in spelled})
        folder = self._folder(name)
        if folder is None:
            python = shlex.split(os.environ.get("SCIPION_PYTHON") or sys.executable)
            return [*python, "-m", "etomotut", name, *words], absent
        loose = [n for n in load(name).POSITIONAL if n not in spelled and _is_set(values.get(n))]
        files = [str(file) for each in loose for file in _each(values[each])]
        # IMOD's programs take files last; those of tomo3d want them first
        package = package_of(name)
        words = [*words, *files] if package is IMOD_PACKAGE else [*files, *words]
        if package is not None and package.apart:
            words = _take_apart(table, words)
        program = package.file(folder, name) if package else None
        return [str(program or folder / name), *words], absent

    def parameters(self, name: str, values: Mapping[str, Any]) -> Tuple[List[str], List[str]]:
        """Give the lines of a command file that tells a program its options, and those it lacks.

        Raises OptionError as `command` does.
        """
        table, absent = self._take(name, values)
        lines = [f"${name} -StandardInput"]
        for option in table:
            if _is_set(values.get(option.name)):
                word, *value = arguments([option], {option.name: values[option.name]})
                lines.append("\t".join([word[1:], *value]))
        return lines, absent

    def environment(self, threads: int, name: str = "") -> Dict[str, str]:
        """Give the variables to run the program `name` with, limited to a number of cores."""
        variables = dict(os.environ, PYTHONUNBUFFERED="1")
        package = package_of(name) if name and self._folder(name) is not None else None
        if package is not None and package.has_own_python:
            for variable in PYTHON_VARIABLES:
                variables.pop(variable, None)
        if package is not None and variables.get(package.libraries):
            paths = [variables[package.libraries], variables.get("LD_LIBRARY_PATH", "")]
            variables["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, paths))
        variables.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
        if self.imod is not None:
            variables.update(imod_variables(self.imod, variables))
        return variables

    def _take(self, name: str, values: Mapping[str, Any]) -> Tuple[List[Option], List[str]]:
        """Give the options that this backend's program has, and those given that it lacks."""
        program = load(name)
        arguments(program.OPTIONS, values)  # a misspelt name is refused here, not left out
        table = self._options(name)
        names = {*program.POSITIONAL, *(option.name for option in table)}
        absent = [o for o in program.OPTIONS if o.name not in names and _is_set(values.get(o.name))]
        needed = [option.name for option in absent if not option.extra and not option.newer]
        if needed:
            raise OptionError(self._tell_lacking(name, needed))
        return table, [option.name for option in absent]

    def _options(self, name: str) -> List[Option]:
        """Give the options that this backend's program takes by name."""
        program = load(name)
        if self._folder(name) is None:
            return list(program.OPTIONS)
        known = known_options(self.imod, name) if self.imod else frozenset()
        if package_of(name) is not IMOD_PACKAGE or not known:  # it takes files without names
            own = (o.name for o in program.OPTIONS if not o.newer)
            known = frozenset(own) - frozenset(program.POSITIONAL)
        return [option for option in program.OPTIONS if not option.extra and option.name in known]

    def _tell_lacking(self, name: str, options: Sequence[str]) -> str:
        """Give the sentence that this backend's program lacks options."""
        return (
            f"the {name} of {self._source(name)} has no {', '.join(options)}: take a newer one, or "
            "the embedded program"
        )

    def _folder(self, name: str) -> Optional[Path]:
        """Give the folder with the installed program, None where the embedded one is meant."""
        package = package_of(name)
        homes = {**self.others, IMOD_PACKAGE.name: self.imod}
        home = homes.get(package.name) if package else None
        return home / package.programs if home and package else None

    def _source(self, name: str) -> str:
        folder = self._folder(name)
        if folder is None:
            return f"embedded programs, etomotut {__version__}"
        package = package_of(name)
        if package is IMOD_PACKAGE and self.imod is not None:
            return f"IMOD {version(package, self.imod) or 'of unknown version'} in {self.imod}"
        return f"{package.name if package else name} in {folder}"


def choices(programs: Sequence[str]) -> List[str]:
    """Give what a form lets choose from for these programs: AUTO, IMOD (installed), EMBEDDED."""
    packages = [name for name, each in PACKAGES.items() if each in map(package_of, programs)]
    return ["Auto", " / ".join(packages) or "Installed", "Embedded"]


def choose(
    choice: int, programs: Sequence[str], homes: Optional[Mapping[str, str]] = None
) -> Backend:
    """Give the backend that a form's choice means for these programs.

    `homes` tells by package where the user says it is. Raises EtomotutError if installed
    programs are asked for and absent.
    """
    if choice == EMBEDDED:
        return Backend(programs=tuple(programs))
    found = {
        name: find_package(each, (homes or {}).get(name, "")) for name, each in PACKAGES.items()
    }
    for name, package in PACKAGES.items():
        folder = found[name]
        absent = lacking(package, folder, programs)
        if absent and choice != AUTO:
            what = f"the {name} in {folder} has no {', '.join(absent)}" if folder else ""
            raise EtomotutError(f"{what or f'{name} is not found'}: {package.how_to_find}")
        if absent:
            found[name] = None
    others = {name: each for name, each in found.items() if each and name != IMOD_PACKAGE.name}
    return Backend(found[IMOD_PACKAGE.name], others, tuple(programs))


def fitting(
    chosen: Backend, choice: int, commands: Sequence[Tuple[str, Mapping[str, Any]]]
) -> Backend:
    """Give the chosen backend if its programs take commands, else, for AUTO, the embedded programs.

    Raises OptionError if installed programs are asked for and refuse one, or all do.
    """
    embedded = Backend(programs=chosen.programs)
    for backend in (chosen, embedded) if choice == AUTO else (chosen,):
        try:
            for name, values in commands:
                backend.command(name, values)
        except OptionError as error:
            refusal = error
        else:
            return backend
    raise refusal


def lacking(package: Package, folder: Optional[Path], programs: Sequence[str]) -> List[str]:
    """Give those of the programs that belong to a package, but are not in its folder."""
    own = [program for program in programs if package_of(program) is package]
    return [each for each in own if folder is None or not package.file(folder, each)]


def package_of(name: str) -> Optional[Package]:
    """Give the package that the original of a program comes with, None where there is none."""
    return PACKAGES.get(getattr(load(name), "PACKAGE", "IMOD"))


@lru_cache(maxsize=None)
def known_options(folder: Path, name: str) -> FrozenSet[str]:
    """Give the full names of a program's options in its autodoc; none if it has no autodoc."""
    path = folder / "autodoc" / f"{name}.adoc"
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return frozenset()
    return frozenset(re.findall(r"^\[Field\s*=\s*(\w+)\]", text, re.MULTILINE))


def _take_apart(table: Sequence[Option], words: Sequence[str]) -> List[str]:
    """Make the numbers of an option words of their own."""
    several = {f"-{option.name}" for option in table if isinstance(option.kind, Several)}
    apart: List[str] = []
    for before, word in zip(["", *words], words):
        apart += word.split(",") if before in several else [word]
    return apart


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _is_set(value: Any) -> bool:
    return value is not None and value is not False
