"""One series going through one stage: its files, its programs, what it reports.

A job knows no Scipion. It works in a scratch folder and moves what is finished into the folder
that is kept, so that a half-written file is never found there.
"""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from threadpoolctl import threadpool_limits

from etomotut.backends import Backend
from etomotut.convert.series import EVEN, FULL, IDENTITY, ODD, Series
from etomotut.errors import EtomotutError
from etomotut.formats import tlt, xf
from etomotut.formats.mrc import Stack
from etomotut.programs import load

Say = Callable[[str], None]
Command = Tuple[str, Mapping[str, Any]]
Execute = Callable[[Sequence[str], Mapping[str, str], Say], int]
ERROR_LINE = re.compile(r"^\s*ERROR: *(\S+) *- *(.+)", re.IGNORECASE)
OUTPUT = re.compile(r"Output\w*(File|FileName|Model)$")  # options that name what is written
FEWEST_VIEWS = 2
FAR = 2.0  # sides of an image by which no alignment moves a view
STOPPING = 2.0  # seconds within which a run is stopped whose programs were; they are first
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl
TURNED = 45.0, 135.0  # rotations between these exchange width and height


class ProgramError(EtomotutError):
    """A program ended with an error or without its result."""


@dataclass
class Job:
    """The work on one item, named `ts_id`, with the values of the form as attributes of `form`.

    `folder` is kept and `scratch` is not; both end with a folder for this item alone. `source`
    holds the item's files by part: FULL, and ODD and EVEN where they are to be processed too.
    """

    ts_id: str
    form: Any
    folder: Path
    scratch: Path
    source: Mapping[str, str]
    backend: Backend = field(default_factory=Backend)
    threads: int = 1
    series: Optional[Series] = None
    item: Any = None
    say: Say = print
    execute: Optional[Execute] = None
    seen: Dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What this item's files are called."""
        return self.folder.name

    def start(self) -> None:
        """Make both folders, without what an earlier attempt left in them."""
        for folder in (self.folder, self.scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)

    def temporary(self, ending: str) -> str:
        """Give the name of a scratch file of this item."""
        return str(self.scratch / f"{self.name}{ending}")

    def keep(self, ending: str, *, image: bool = False) -> str:
        """Move a finished scratch file to where it stays and give its name there.

        Raises ProgramError if the file is missing or, for an `image`, cannot be read whole.
        """
        path = Path(self.temporary(ending))
        if not path.is_file() or not path.stat().st_size:
            raise ProgramError(f"no program wrote {path}")
        if image:
            Stack(path)
        partial = self.folder / f"{path.name}.partial"
        shutil.move(str(path), str(partial))
        os.replace(partial, self.folder / path.name)
        return str(self.folder / path.name)

    def run(
        self,
        commands: Sequence[Command],
        *,
        log: str = "",
        variables: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Run programs one after another; raises ProgramError with the reason that one gives.

        What they print goes to the run's log, and into the kept file with the ending `log`.
        `variables` are set in their environment.
        """
        for name, values in commands:
            words, absent = self.backend.command(name, values)
            self._tell_absent(name, absent)
            self.say("$ " + " ".join(shlex.quote(word) for word in words))
            lines: List[str] = []
            environment = {**self.backend.environment(self.threads, name), **(variables or {})}
            status = (self.execute or execute)(words, environment, self._listen(lines))
            if log:
                (self.folder / f"{self.name}{log}").write_text("\n".join(lines) + "\n")
            problem = find_problem(name, status, lines) or find_unwritten(name, values, absent)
            if problem:
                raise ProgramError(f"{name}: {problem}")

    def prepared(self, part: str = FULL) -> str:
        """Give the stack of the used views with their transforms applied, written if need be."""
        if part not in self.seen:
            self.seen[part] = self._prepare(part)
        return self.seen[part]

    def resample(self, part: str, ending: str, options: Optional[Mapping[str, Any]] = None) -> str:
        """Write the used views, in their order and with their transforms applied.

        Gives the name of the scratch file with this ending; `options` are more of newstack's.
        """
        series, shape = self._series(), Stack(self.source[part]).shape
        result = self.temporary(ending)
        values = resampling(series, shape, (options or {}).get("BinByFactor", 1))
        if "SizeToOutputInXandY" in values:
            values["TransformFile"] = self.temporary("_sections.xf")
            write_section_transforms(values["TransformFile"], series, shape[0])
        values.update({"InputFile": [self.source[part]], "OutputFile": result, **(options or {})})
        self.run([("newstack", values)])
        Stack(result)
        return result

    def excluded(self) -> int:
        """Give how many views are disabled."""
        return len(self._series().views) - len(self._series().used)

    def discard(self, path: str) -> None:
        """Remove a scratch file that is not needed any more."""
        Path(path).unlink()

    def shape(self, part: str = FULL) -> Tuple[int, int, int]:
        """Give (views, y, x) of the prepared stack."""
        return Stack(self.prepared(part)).shape

    def write_angles(self) -> str:
        """Write the tilt angles of the used views and give the file's name."""
        path = self.temporary(".rawtlt")
        tlt.write(path, self._series().tilt_angles())
        return path

    def write_transforms(self) -> str:
        """Write the transforms of the used views and give the file's name."""
        path = self.temporary(".prexg")
        xf.write(path, self._series().transforms())
        return path

    def write_command_file(self, name: str, values: Mapping[str, Any], path: str) -> None:
        """Write the command file that tells a program its options on standard input."""
        lines, absent = self.backend.parameters(name, values)
        self._tell_absent(name, absent)
        Path(path).write_text("".join(f"{line}\n" for line in lines))

    def _tell_absent(self, name: str, options: Sequence[str]) -> None:
        if options:
            self.say(f"this {name} has no {', '.join(options)}: left out")

    def _series(self) -> Series:
        assert self.series is not None
        return self.series

    def _prepare(self, part: str) -> str:
        series, path = self._series(), self.source[part]
        is_moved = any(view.transform is not None for view in series.used)
        if not is_moved and series.is_stack_usable(len(Stack(path))):
            return path
        return self.resample(part, f"{part}_prepared.mrc")

    def _listen(self, lines: List[str]) -> Say:
        def note(line: str) -> None:
            lines.append(line)
            self.say(f"  {line}")

        return note


def resampling(series: Series, shape: Sequence[int], binning: int = 1) -> Dict[str, Any]:
    """Give newstack's values that bring the used views, in their order, into one stack.

    `shape` is (section, y, x) of the source. The sides change places where the views turn by
    about a right angle, and are made even, as back-projection wants them.
    """
    height, width = (side // binning for side in shape[1:])
    values: Dict[str, Any] = {}
    if not series.is_stack_usable(shape[0]):
        values["SectionsToRead"] = [[view.section - 1 for view in series.used]]
    if any(view.transform is not None for view in series.used):
        if TURNED[0] < abs(series.rotation()) < TURNED[1]:
            height, width = width, height
        values["SizeToOutputInXandY"] = (width + width % 2, height + height % 2)
        values["TaperAtFill"] = (1, 1)
    return values


def write_section_transforms(path: str, series: Series, sections: int) -> None:
    """Write a transform for every section of a file: newstack takes the line of the section."""
    lines = [IDENTITY[:2]] * sections
    for view in series.used:
        if view.transform is not None:
            lines[view.section - 1] = view.transform
    xf.write(path, lines)


def parts_of(files: Mapping[str, str], halves: bool) -> Dict[str, str]:
    """Give the files to process: the full one, and the halves if they are wanted."""
    wanted = (FULL, ODD, EVEN) if halves else (FULL,)
    return {part: files[part] for part in wanted if part in files}


def require_fitting(source: Mapping[str, str], series: Optional[Series] = None) -> None:
    """Raise EtomotutError unless the files of an item are of one size, and hold its views."""
    shape = Stack(source[FULL]).shape
    for path in source.values():
        own = Stack(path).shape
        if own != shape:
            sizes = [" x ".join(map(str, each[::-1])) for each in (own, shape)]
            raise EtomotutError(f"{path} is {sizes[0]}, but {source[FULL]} is {sizes[1]}")
    if series is None:
        return
    last = max(view.section for view in series.views)
    if last > shape[0]:
        raise EtomotutError(f"a view is section {last} of {source[FULL]}, which has {shape[0]}")
    for view in series.used:
        if view.transform is not None and np.abs(view.transform[:, 2]).max() > FAR * max(shape[1:]):
            raise EtomotutError(
                f"the alignment moves view {view.section} by "
                f"{np.abs(view.transform[:, 2]).max():g} pixels, out of its image of {shape[2]} x "
                f"{shape[1]}"
            )
    if len(series.used) < FEWEST_VIEWS:
        raise EtomotutError(
            f"{len(series.used)} of its {len(series.views)} views is enabled; {FEWEST_VIEWS} or "
            "more make a tilt series"
        )


def safe_name(ts_id: str) -> str:
    """Give a name for files made from an identifier that may hold anything."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", ts_id).lstrip(".-") or "series"
    if safe == ts_id and len(safe) <= 100:
        return safe
    return f"{safe[:80]}_{sum(ord(c) * 31**i for i, c in enumerate(ts_id)) % 16**8:08x}"


def find_problem(name: str, status: int, lines: Sequence[str]) -> str:
    """Give what a program's end and its last lines say went wrong, or nothing."""
    said = [match for match in map(ERROR_LINE.match, lines) if match]
    own = [match for match in said if match.group(1).lower() == name.lower()]
    if status == 0:
        return own[-1].group(2).strip() if own else ""
    if said:
        inner = [match for match in said if match not in own]
        causes = [f"{match.group(1)}: {match.group(2).strip()}" for match in inner[-1:] if own]
        return " - ".join([(own or said)[-1].group(2).strip(), *causes])
    if status < 0:
        return f"it was stopped by signal {-status}"
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return f"it ended with status {status}: {last}"


def find_unwritten(name: str, values: Mapping[str, Any], absent: Sequence[str] = ()) -> str:
    """Give what a program should have written of the files that its options name, or nothing."""
    for option in load(name).OPTIONS:
        value = values.get(option.name)
        if not OUTPUT.search(option.name) or option.name in absent or value is None:
            continue
        for path in map(Path, value if isinstance(value, (list, tuple)) else [value]):
            if not path.is_file() or not path.stat().st_size:
                return f"it ended without an error, but did not write {path}"
    return ""


def execute(words: Sequence[str], environment: Mapping[str, str], say: Say) -> int:
    """Run a command without a shell, telling each line that it prints; gives its exit status.

    The program does not outlive this process, and if it was killed, we may be next: what would
    follow it, or be told about it, waits for that.
    """
    try:
        process = subprocess.Popen(
            list(words),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=_end_with_parent if _PRCTL else None,
        )
    except OSError as error:
        say(f"{words[0]}: {error.strerror}")
        return 127
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            say(line.rstrip())
    if process.returncode == -signal.SIGKILL:
        time.sleep(STOPPING)
    return process.returncode


def compute_in_own_thread() -> None:
    """Keep the linear algebra of this process in the threads that ask for it.

    Starting a program forks, and at a fork OpenBLAS ends its own threads, also in the middle of
    work: the thread that waits for that work would wait for ever.
    """
    threadpool_limits(1, user_api="blas")


# looked up here: between fork and exec of a process with threads little is safe
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)


def _end_with_parent() -> None:
    """Let Linux kill this process when the thread that started it, and waits for it, ends."""
    _PRCTL(DIE_WITH_PARENT, int(signal.SIGKILL))
