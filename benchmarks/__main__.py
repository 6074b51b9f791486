"""The command `python -m benchmarks`: measure subjects and print a table."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Sequence

from benchmarks.harness import Case, CommandError, Cost, lacks, measure
from benchmarks.limit import Limit

SUBJECTS = (
    "start",
    "tilt",
    "sirt",
    "newstack",
    "tiltxcorr",
    "fiducials",
    "filters",
    "position",
    "tiltalign",
    "refine",
    "ccderaser",
    "denoising",
    "erase",
    "segment",
    "surfaces",
    "ctfphaseflip",
)
_HEAD = f"{'case':<42}{'backend':<10}{'cores':>5}{'CPU s':>8}{'user':>8}{'wall s':>8}{'MB':>7}"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measure what the words ask for; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=[*SUBJECTS, []], help="default: all")
    parser.add_argument("--quick", action="store_true", help="small inputs, once each")
    parser.add_argument("--repeats", type=int, default=3, help="runs after the first, for a median")
    parser.add_argument("--out", type=Path, help="file for a copy of the table")
    parser.add_argument("--folder", type=Path, help="where temporary files go")
    words = parser.parse_args(arguments)
    lines: List[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        print(line, flush=True)
        if words.out is not None:
            words.out.write_text("\n".join(lines) + "\n")

    with tempfile.TemporaryDirectory(prefix="bench-inputs-", dir=words.folder) as folder:
        tell(_machine())
        for subject in words.subjects or SUBJECTS:
            repeats = 1 if words.quick else max(words.repeats, 1)
            for line in _measure_subject(subject, Path(folder), words.quick, repeats):
                tell(line)
    return 0


def _measure_subject(subject: str, folder: Path, is_quick: bool, repeats: int) -> Iterator[str]:
    module = import_module(f"benchmarks.{subject}")
    yield f"\n{subject}: {module.__doc__}\n\n{_HEAD}"
    cases: List[Case] = module.cases(folder, is_quick)
    limit = Limit(folder) if any(case.updates for case in cases) else None
    for case in cases:
        yield from _measure_case(case, limit, repeats)


def _measure_case(case: Case, limit: Optional[Limit], repeats: int) -> Iterator[str]:
    runs = [("embedded", cores) for cores in case.cores]
    for backend, cores in [*runs, *([("imod", 1)] if case.original else [])]:
        missing = lacks(case, backend)
        if missing:
            yield f"{case.name:<42}{backend:<10}      no {missing} here"
            continue
        try:
            before = _between(limit if case.updates else None, cores)
            cost = measure(case, backend, cores, repeats=repeats, before=before)
        except CommandError as error:
            yield f"{case.name:<42}{backend:<10}      failed: {error}"
            continue
        yield _row(case, backend, cores, cost)
        if limit is not None and case.updates:
            yield _against(limit, case.updates, cores, cost)


def _between(limit: Optional[Limit], cores: int) -> Callable[[], None]:
    return (lambda: limit.measure(cores)) if limit is not None else (lambda: None)


def _row(case: Case, backend: str, cores: int, cost: Cost) -> str:
    numbers = f"{cost.cpu:8.2f}{cost.user:8.2f}{cost.wall:8.2f}{cost.memory:7.0f}"
    return f"{case.name:<42}{backend:<10}{cores:5d}{numbers}"


def _against(limit: Limit, updates: float, cores: int, cost: Cost) -> str:
    """Tell how often the back-projection alone, at the rate of the tight loop, goes into a run."""
    cpu, wall = (updates * 1e-9 / rate for rate in limit.rates(cores))
    return (
        f"    {limit.name} alone: CPU {cpu:.2f} s, wall {wall:.2f} s; the program takes "
        f"{cost.cpu / cpu:.2f} x its CPU (user only {cost.user / cpu:.2f} x), "
        f"{cost.wall / wall:.2f} x its wall time"
    )


def _machine() -> str:
    names = ("numba", "llvmlite", "numpy", "scipy")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{_processor()}; Python {platform.python_version()}, {libraries}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return f"{len(models)} x {models[0]}"
    except (OSError, IndexError):
        return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
