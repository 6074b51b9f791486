"""Running command lines and measuring them: CPU time with that of children, wall time, memory."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from etomotut.programs import PROGRAMS


@dataclass(frozen=True)
class Step:
    """A program and the words after it; `lines` go to its standard input."""

    program: str
    words: Sequence[str]
    lines: str = ""


@dataclass(frozen=True)
class Case:
    """Steps that are measured together, run in a folder of their own.

    `updates` is the number of voxels times views of a back-projection: such a case is set against
    the rate of the tight loop. `cores` beyond 1 are tried with the embedded programs only.
    `memory` is roughly how many bytes a run fills, files included, where these are many. Where
    `original` is false, IMOD's program of that name does something else.
    """

    name: str
    steps: Sequence[Step]
    updates: float = 0.0
    cores: Tuple[int, ...] = (1,)
    memory: int = 0
    original: bool = True


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds of user, system and wall time, and the largest process in MB."""

    user: float
    system: float
    wall: float
    memory: float

    @property
    def cpu(self) -> float:
        """User and system time."""
        return self.user + self.system


class CommandError(Exception):
    """A program ended with an error; the text is its last words."""


def measure(
    case: Case, backend: str, cores: int, *, repeats: int, before: Callable[[], None]
) -> Cost:
    """Run a case once to warm up, then `repeats` times, and give the median of each cost.

    `before` is called before each of the repeats, to measure something else in between. Raises
    CommandError.
    """
    costs = []
    for turn in range(repeats + 1):
        if turn:
            before()
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            _have_memory_at_hand(case.memory, Path(folder))
            parts = [_run(step, backend, cores, Path(folder)) for step in case.steps]
        costs.append(
            Cost(
                sum(part.user for part in parts),
                sum(part.system for part in parts),
                sum(part.wall for part in parts),
                max(part.memory for part in parts),
            )
        )
    kept = costs[1:]
    return Cost(*(statistics.median(_column(kept, name)) for name in Cost.__dataclass_fields__))


def lacks(case: Case, backend: str) -> str:
    """Give the first program of a case that a backend does not have, or nothing."""
    for step in case.steps:
        if command(step.program, backend) is None:
            return step.program
    return ""


def command(program: str, backend: str) -> Optional[List[str]]:
    """Give the words that start a program of a backend, or None if it is not there."""
    if backend == "embedded":
        return [sys.executable, "-m", "etomotut", program] if program in PROGRAMS else None
    path = shutil.which(program)
    return [path] if path and "IMOD_DIR" in os.environ else None


def _have_memory_at_hand(size: int, folder: Path) -> None:
    """Use memory for a file and free it.

    Where the machine is a virtual one, its host takes freed memory back within seconds, and to get
    it again may take longer than to compute what goes into it.
    """
    path, piece = folder / "memory", bytes(1 << 24)
    with path.open("wb") as file:
        for _ in range(0, size, len(piece)):
            file.write(piece)
    path.unlink()


def _run(step: Step, backend: str, cores: int, folder: Path) -> Cost:
    start = command(step.program, backend)
    assert start is not None
    environment: Dict[str, str] = {**os.environ, "OMP_NUM_THREADS": str(cores)}
    environment.pop("NUMBA_NUM_THREADS", None)
    with (folder / "log").open("w+") as log, (folder / "lines").open("w+") as lines:
        lines.write(step.lines)
        lines.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(
            [*start, *step.words],
            stdin=lines,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
        if process.returncode:
            log.seek(0)
            raise CommandError(f"{step.program}: {(log.read().strip().splitlines() or [''])[-1]}")
    return Cost(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss / 1024)


def _column(costs: Sequence[Cost], name: str) -> List[float]:
    return [getattr(cost, name) for cost in costs]
