"""What many series cost in a Scipion project: `python -m benchmarks.many_series --out FILE`.

Small simulated series, in sets of several sizes, go through stages 1 to 5 with the embedded
programs, one series after another. The time of each stage is told a series, and apart for the
programs (their start included) and for the rest: Scipion and our layer, from the launch to the
end. If the rest grows with the size of the set, something is done for all series each time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from benchmarks.__main__ import _machine
from etomotut import headless
from etomotut.demo.parameters import PRESETS
from etomotut.demo.series import simulate, write

COUNTS = (10, 25, 50, 100, 200)
MOST = 1.5  # seconds a series and stage that Scipion and our layer may take
RUNNER = "pw_protocol_run.py"  # Scipion's script, in which a protocol runs
# Python imports a module of this name when it starts: every process tells at its end what it took.
HOOK = """
import atexit, json, os, re, resource, sys, time

begun = time.monotonic()

def tell():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
    row = {"name": os.path.basename(sys.argv[0]), "cpu": usage.ru_utime + usage.ru_stime,
           "wall": time.monotonic() - begun, "kilobytes": int(peak.group(1))}
    with open(os.environ["BENCH_PROCESSES"], "a") as file:
        file.write(json.dumps(row) + "\\n")

atexit.register(tell)
"""
_HEAD = (
    f"{'series':>6}  {'stage':<20}{'runs':>5}{'programs CPU':>14}{'wall':>7}"
    f"{'rest CPU':>11}{'wall':>7}{'MB':>6}"
)


@dataclass(frozen=True)
class Cost:
    """What a stage took a series: seconds in programs and outside of them; MB of its process.

    `runs` is how often a program was started for a series.
    """

    runs: float
    program_cpu: float
    program_wall: float
    rest_cpu: float
    rest_wall: float
    memory: float


def main(words: Optional[Sequence[str]] = None) -> int:
    """Measure and print a table; gives 1 if a stage's overhead is above what it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS, help="sizes of the sets")
    parser.add_argument("--out", type=Path, help="file for a copy of the table")
    parser.add_argument("--folder", type=Path, help="where temporary files go")
    arguments = parser.parse_args(words)
    out = arguments.out.absolute() if arguments.out else None
    lines: List[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        print(line, flush=True)
        if out is not None:
            out.write_text("\n".join(lines) + "\n")

    came_from = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="bench-many-", dir=arguments.folder) as folder:
        tell(f"{_machine()}; seconds a series\n\n{_HEAD}")
        try:
            costs = list(_measure_sets(Path(folder).absolute(), arguments.counts, tell))
        finally:
            os.chdir(came_from)
    cpu, wall = max(cost.rest_cpu for cost in costs), max(cost.rest_wall for cost in costs)
    tell(
        f"\nAt most {cpu:.2f} s of CPU and {wall:.2f} s of wall time a series and stage outside of "
        f"programs; {MOST} s are allowed."
    )
    return 0 if max(cpu, wall) < MOST else 1


def _measure_sets(
    folder: Path, counts: Sequence[int], tell: Callable[[str], None]
) -> Iterator[Cost]:
    log = _install_hook(folder)
    headless.prepare(folder)
    for count in counts:
        data = _write_series(folder / "data", count)
        project = headless.open_project(f"{count}_series", folder / "projects")
        source = _import_series(project, data)
        for label, (stage, output), values in _stages():
            protocol = _new(project, stage, source, values)
            cost = _measure(project, protocol, count, log)
            tell(f"{count:>6}  {label:<20}{_row(cost)}")
            source = (protocol, output)
            yield cost
        os.chdir(folder)
        shutil.rmtree(project.path)
        shutil.rmtree(data)


def _install_hook(folder: Path) -> Path:
    """Let all Python processes that are started from here tell what they take in a file."""
    log, hook = folder / "processes", folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK)
    paths = [str(hook), os.environ.get("PYTHONPATH", "")]
    os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, paths)), BENCH_PROCESSES=str(log))
    return log


def _write_series(folder: Path, count: int) -> Path:
    """Write the same small series under many names."""
    tiny = replace(PRESETS["tiny"][0], angles=(-50.0, 50.0, 10.0), hot_pixels=0, dead_pixels=0)
    made = simulate(tiny)
    for number in range(1, count + 1):
        write(replace(made, parameters=replace(tiny, name=f"TS_{number:03d}")), folder)
    return folder


def _stages() -> Iterator[Tuple[str, Tuple[Any, str], Dict[str, Any]]]:
    """Give for each stage its name, its class and output, and values of its form."""
    from etomotut import protocols

    yield "preprocess", (protocols.ProtEtomotutPreprocess, "TiltSeries"), {"binning": 1}
    yield "prealignment", (protocols.ProtEtomotutPrealign, "TiltSeries"), {}
    values: Dict[str, Any] = {"numberFiducial": 9}
    yield "fiducial model", (protocols.ProtEtomotutFiducialModel, "FiducialModelGaps"), values
    yield "fiducial alignment", (protocols.ProtEtomotutFiducialAlignment, "TiltSeries"), {}
    values = {"tomoThickness": 32}
    yield "reconstruction", (protocols.ProtEtomotutReconstruct, "Tomograms"), values


def _import_series(project: Any, data: Path) -> Tuple[Any, str]:
    from tomo.protocols import ProtImportTs

    protocol = project.newProtocol(ProtImportTs, filesPath=str(data), filesPattern="*.mdoc")
    protocol.tiltAxisAngle.set(PRESETS["tiny"][0].axis_angle)
    project.saveProtocol(protocol)
    _finish(project, protocol)
    return protocol, "outputTiltSeries"


def _new(project: Any, stage: Any, source: Tuple[Any, str], values: Dict[str, Any]) -> Any:
    from etomotut.backends import EMBEDDED

    protocol = project.newProtocol(stage, backend=EMBEDDED, numberOfThreads=2, **values)
    is_model = hasattr(protocol, "inputSetOfLandmarkModels")
    name = "inputSetOfLandmarkModels" if is_model else "inputSetOfTiltSeries"
    pointer = getattr(protocol, name)
    pointer.set(source[0])
    pointer.setExtended(source[1])
    project.saveProtocol(protocol)
    return protocol


def _measure(project: Any, protocol: Any, count: int, log: Path) -> Cost:
    log.write_text("")
    cpu, wall = _own_cpu(), time.monotonic()
    _finish(project, protocol)
    cpu, wall = _own_cpu() - cpu, time.monotonic() - wall
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    (own,) = [row for row in rows if row["name"] == RUNNER]
    programs = [row for row in rows if row["name"] != RUNNER]
    program_wall = sum(row["wall"] for row in programs)
    return Cost(
        len(programs) / count,
        sum(row["cpu"] for row in programs) / count,
        program_wall / count,
        (own["cpu"] + cpu) / count,
        (wall - program_wall) / count,
        own["kilobytes"] / 1024,
    )


def _finish(project: Any, protocol: Any) -> None:
    project.launchProtocol(protocol, wait=True)
    output = [each for _, each in protocol.iterOutputAttributes()]
    if not protocol.isFinished() or not output:
        raise SystemExit(f"{protocol.getRunName()} failed: {protocol.getErrorMessage()}")
    failed = [line for line in protocol.summary() if "Failed" in line]
    if failed:
        raise SystemExit(f"{protocol.getRunName()}: {failed[0]}")


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _row(cost: Cost) -> str:
    return (
        f"{cost.runs:5.0f}{cost.program_cpu:14.2f}{cost.program_wall:7.2f}"
        f"{cost.rest_cpu:11.2f}{cost.rest_wall:7.2f}{cost.memory:6.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
