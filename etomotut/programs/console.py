"""Running one embedded program from a command line: parsing, errors, threads, progress.

Errors are printed as IMOD prints them, "ERROR: PROGRAM - text" on standard output with exit
status 1, so that whoever watches a log needs to know one form only.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Sequence, TypeVar

from etomotut.errors import EtomotutError
from etomotut.programs import load
from etomotut.programs.options import HELP, parse, usage

Item = TypeVar("Item")


def run_program(name: str, words: Sequence[str]) -> int:
    """Run an embedded program on the words of its command line and give its exit status."""
    try:
        program = load(name)
        positional = getattr(program, "POSITIONAL", ())
        if [word.lstrip("-").lower() for word in words] in [[word] for word in HELP]:
            print(usage(name, _purpose(program.__doc__), program.OPTIONS, positional), flush=True)
            return 0
        values = parse(program.OPTIONS, words, positional=positional, standard_input=sys.stdin)
        limit_threads(values.get("Threads"))
        program.run(values)
        sys.stdout.flush()
    except EtomotutError as error:
        return _fail(name, str(error))
    except BrokenPipeError:  # whoever read the output, `head` for one, has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - stays open to the interpreter's end
        return 1
    except OSError as error:
        return _fail(name, f"{error.filename or 'reading or writing'}: {error.strerror or error}")
    except MemoryError as error:
        return _fail(name, f"not enough memory: {error}")
    except KeyboardInterrupt:
        return _fail(name, "stopped by the user", status=130)
    except Exception as error:  # noqa: BLE001 - a fault of ours still ends in the one ERROR line
        traceback.print_exc()
        return _fail(name, f"internal fault, please report it: {type(error).__name__}: {error}")
    return 0


def limit_threads(count: Optional[int]) -> None:
    """Make compiled loops use `count` cores, else OMP_NUM_THREADS, else all; before numba loads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = count or _positive(os.environ.get("OMP_NUM_THREADS", "")) or cores or 1
    os.environ["OMP_NUM_THREADS"] = str(wanted)
    os.environ["NUMBA_NUM_THREADS"] = str(wanted)


def threads() -> int:
    """Give the number of cores that `limit_threads` settled."""
    return _positive(os.environ.get("OMP_NUM_THREADS", "")) or 1


def keep_freed_memory() -> None:
    """Let memory that large arrays leave be used again, instead of being given back each time.

    The C library raises its limit for giving memory back to the largest block that was freed, up
    to 32 MB. Else a thread that makes arrays of some MB again and again pays for fresh pages.
    """
    import numpy as np

    np.empty((32 << 20) - (1 << 16), np.uint8)


def progress(items: Iterable[Item], label: str, total: Optional[int] = None) -> Iterator[Item]:
    """Yield the items while showing how far they are: a bar on a terminal, a few lines in a log."""
    count = total if total is not None else len(items)  # type: ignore[arg-type]
    meter = _Meter(label, count)
    for done, item in enumerate(items):
        yield item
        meter.show(done + 1)


def require_file(path: Path, what: str) -> Path:
    """Give the path back if a file is there; raises EtomotutError naming what was to be read."""
    if not path.is_file():
        wrong = "is not a file" if path.exists() else "does not exist"
        raise EtomotutError(f"{what} {path} {wrong}")
    return path


class _Meter:
    """Shows a count against its total: a bar on a terminal, at most ten lines in a log."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, max(total, 1)
        self._bar = sys.stdout.isatty()
        self._start = self._last = time.monotonic()
        self._tenth = 0

    def show(self, done: int) -> None:
        """Show that `done` of the total are finished."""
        now = time.monotonic()
        tenth = 10 * done // self._total
        if self._bar and (now - self._last > 0.1 or done == self._total):
            filled = 30 * done // self._total
            bar = "#" * filled + "." * (30 - filled)
            end = "\n" if done == self._total else ""
            print(f"\r{self._label} [{bar}] {done}/{self._total}", end=end, flush=True)
            self._last = now
        elif not self._bar and tenth > self._tenth and now - self._last > 2.0:
            print(f"{self._label}: {done} of {self._total}, {now - self._start:.0f} s", flush=True)
            self._last = now
        self._tenth = tenth


def _positive(text: str) -> Optional[int]:
    first = text.split(",")[0].strip()
    return int(first) if first.isdigit() and int(first) > 0 else None


def _purpose(docstring: Optional[str]) -> str:
    return (docstring or "").strip()


def _fail(name: str, text: str, status: int = 1) -> int:
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    print(f"ERROR: {name.upper()} - {line}", flush=True)
    return status


def word_list(values: Iterable[object]) -> str:
    """Join values for a message: "1, 2 and 5"."""
    words: List[str] = [str(value) for value in values]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
