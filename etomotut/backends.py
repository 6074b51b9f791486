"""Where a program comes from: the user's IMOD or the embedded program of the same name.

Both take the same options and files, so a command is composed here once, from values by full
option name. What an IMOD lacks (an option of ours, or of a newer IMOD) is left out and reported.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from etomotut import __version__
from etomotut.errors import EtomotutError
from etomotut.programs import load
from etomotut.programs.options import Option, arguments

AUTO, IMOD, EMBEDDED = range(3)
CHOICES = ("Auto", "IMOD", "Embedded")
HOW_TO_FIND_IMOD = (
    "set IMOD_HOME to its folder in Scipion's configuration, or put its bin folder on PATH"
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "IMOD_PROCESSORS")


@dataclass(frozen=True)
class Backend:
    """A source of programs: the IMOD in the folder `imod`, or ours where that is None."""

    imod: Optional[Path] = None

    @property
    def is_embedded(self) -> bool:
        """Whether the embedded programs run."""
        return self.imod is None

    def __str__(self) -> str:
        if self.imod is None:
            return f"embedded programs, etomotut {__version__}"
        return f"IMOD {imod_version(self.imod)} in {self.imod}"

    def command(self, name: str, values: Mapping[str, Any]) -> Tuple[List[str], List[str]]:
        """Give the words of a command line, and the options given that this backend lacks.

        Raises OptionError for a name or value that is not in the program's table.
        """
        table, absent = self._take(name, values)
        spelled = {option.name for option in table}
        words = arguments(table, {n: v for n, v in values.items() if n in spelled})
        if self.imod is None:
            python = shlex.split(os.environ.get("SCIPION_PYTHON") or sys.executable)
            return [*python, "-m", "etomotut", name, *words], absent
        loose = [n for n in load(name).POSITIONAL if n not in spelled and _is_set(values.get(n))]
        files = [str(values[each]) for each in loose]
        return [str(self.imod / "bin" / name), *words, *files], [
            n for n in absent if n not in loose
        ]

    def parameters(self, name: str, values: Mapping[str, Any]) -> List[str]:
        """Give the lines of a command file that tells a program its options."""
        table, _ = self._take(name, values)
        lines = [f"${name} -StandardInput"]
        for option in table:
            if _is_set(values.get(option.name)):
                word, *value = arguments([option], {option.name: values[option.name]})
                lines.append("\t".join([word[1:], *value]))
        return lines

    def _take(self, name: str, values: Mapping[str, Any]) -> Tuple[List[Option], List[str]]:
        """Give the options that this backend's program has, and those given that it lacks."""
        table = list(load(name).OPTIONS)
        arguments(table, values)  # a misspelt name is refused here, not left out
        known = known_options(self.imod, name) if self.imod else frozenset()
        if self.imod is not None:
            table = [o for o in table if not o.extra and (not known or o.name in known)]
        names = {option.name for option in table}
        return table, [n for n, v in values.items() if n not in names and _is_set(v)]

    def environment(self, threads: int) -> Dict[str, str]:
        """Give the variables to run a program with, limited to a number of cores."""
        variables = dict(os.environ, PYTHONUNBUFFERED="1")
        variables.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
        if self.imod is not None:
            variables["IMOD_DIR"] = str(self.imod)
            variables["AUTODOC_DIR"] = str(self.imod / "autodoc")
            for name, folder in (("PATH", "bin"), ("LD_LIBRARY_PATH", "lib")):
                paths = [str(self.imod / folder), variables.get(name, "")]
                variables[name] = os.pathsep.join(filter(None, paths))
        return variables


def choose(choice: int, programs: Sequence[str], home: str = "") -> Backend:
    """Give the backend that a form's choice means for these programs.

    `home` is where the user says IMOD is. Raises EtomotutError if IMOD is asked for and absent.
    """
    if choice == EMBEDDED:
        return Backend()
    imod = find_imod(home)
    lacking = [name for name in programs if imod and not (imod / "bin" / name).is_file()]
    if imod is not None and not lacking:
        return Backend(imod)
    if choice == AUTO:
        return Backend()
    if imod is None:
        raise EtomotutError(f"IMOD is not found: {HOW_TO_FIND_IMOD}")
    raise EtomotutError(f"the IMOD in {imod} has no {', '.join(lacking)}: {HOW_TO_FIND_IMOD}")


def find_imod(home: str = "") -> Optional[Path]:
    """Give IMOD's folder: `home`, $IMOD_HOME, $IMOD_DIR or the one on PATH; None without one."""
    on_path = shutil.which("newstack")
    folders = [home, os.environ.get("IMOD_HOME"), os.environ.get("IMOD_DIR")]
    folders += [str(Path(on_path).resolve().parents[1])] if on_path else []
    for folder in filter(None, folders):
        if (Path(folder) / "bin" / "newstack").is_file():
            return Path(folder).absolute()
    return None


@lru_cache(maxsize=None)
def imod_version(folder: Path) -> str:
    """Give the version of the IMOD in a folder, "of unknown version" if it does not say."""
    stated = folder / "VERSION"
    if stated.is_file():
        return stated.read_text().strip()
    try:
        run = subprocess.run(
            [str(folder / "bin" / "imodjoin")],
            env=Backend(folder).environment(1),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
        )
        found = re.search(rb"[Vv]ersion\s+([\d.]+)", run.stdout)
    except (OSError, subprocess.TimeoutExpired):
        found = None
    return found.group(1).decode() if found else "of unknown version"


@lru_cache(maxsize=None)
def known_options(folder: Path, name: str) -> FrozenSet[str]:
    """Give the full names of a program's options in its autodoc; none if it has no autodoc."""
    path = folder / "autodoc" / f"{name}.adoc"
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return frozenset()
    return frozenset(re.findall(r"^\[Field\s*=\s*(\w+)\]", text, re.MULTILINE))


def _is_set(value: Any) -> bool:
    return value is not None and value is not False
