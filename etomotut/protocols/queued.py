"""A program as a job of a queue: how many cores to ask for, what to run, how it ended.

A queue gets a text for a shell and tells nothing but that the job has left it. So every word is
quoted, the variables are part of the text (a queue may not pass them on), and the job leaves what
it printed, and at its very end its status, in files.
"""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from etomotut.errors import EtomotutError
from etomotut.protocols.job import Say

LATE = 10.0  # seconds that a file of another node may take to be seen here


def cores_needed(threads: int, cores_of_program: int, *, is_step: bool) -> int:
    """Give the cores that a job uses: a program's, times the programs that run at once in it.

    One of Scipion's threads only waits for the others; a step is one program.
    """
    return cores_of_program * (1 if is_step else max(1, threads - 1))


def submit(
    run_job: Callable[..., Any],
    stem: Path,
    words: Sequence[str],
    environment: Mapping[str, str],
    say: Say,
) -> int:
    """Run a command by `run_job`, which returns when the job has left the queue.

    Tells what it printed, gives its exit status. Files of the name `stem` are made and removed.
    Raises EtomotutError if the job did not reach its end.
    """
    log, status = stem.with_suffix(".log"), stem.with_suffix(".status")
    text = " ".join(map(shlex.quote, [*_variables(environment), *words]))
    files = [shlex.quote(str(each)) for each in (log, status)]
    text += " < /dev/null > {} 2>&1; echo $? > {}".format(*files)
    run_job("env", text, env=None, numberOfThreads=1)
    until = time.monotonic() + LATE
    while not (status.is_file() and status.stat().st_size):
        if time.monotonic() > until:
            raise EtomotutError(
                f"{Path(words[0]).name} left the queue before its end, cancelled or out of time or "
                f"memory: see {stem.parent}"
            )
        time.sleep(LATE / 50)
    for line in log.read_text(errors="replace").splitlines():
        say(line)
    ended = int(status.read_text())
    for path in (log, status):
        path.unlink()
    return ended


def _variables(environment: Mapping[str, str]) -> Sequence[str]:
    """Give the words by which env makes these variables out of those of this process."""
    gone = [word for name in os.environ if name not in environment for word in ("-u", name)]
    new = [f"{n}={value}" for n, value in environment.items() if os.environ.get(n) != value]
    return [*gone, *new]
