"""Stages killed at random moments and continued: `python -m etomotut.tests.killing --kills 36`.

The template's main branch runs undisturbed in one project. In another each stage is killed, with
its programs, at random moments of its run, and continued. Both projects must hold the same:
the same items with the same values, the same files with the same content. Scipion's importer is
left in peace.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from etomotut import headless
from etomotut.demo.series import simulate, write
from etomotut.workflow import branches

START = 0.8  # seconds that a stage takes before its own work begins
OURS = "ProtEtomotut"
TIMED = ("series.json",)  # tells when, and how long; so do all logs
HEADER = 1024  # bytes of an MRC file, whose labels hold dates
VALUES = {
    "pattern": "*.mdoc",
    "binning": 1,
    "thickness": 60,
    "kept_thickness": 50,
    "final_thickness": 40,
}


def main(words: Optional[Sequence[str]] = None) -> int:
    """Kill and continue; gives 1 if anything differs in the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--folder", type=Path, help="is kept; else a temporary one is used")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).absolute()
        kills, faults = disturb(folder, arguments.kills, arguments.seed, arguments.preset)
    print(f"{sum(kills.values())} kills: {', '.join(f'{n} in {k}' for k, n in kills.items())}")
    print("\n".join(faults) or "The outputs equal those of the undisturbed run.")
    return 1 if faults else 0


def disturb(folder: Path, kills: int, seed: int, preset: str) -> Tuple[Dict[str, int], List[str]]:
    """Run the template undisturbed and disturbed; gives kills by stage, and what differs."""
    from etomotut.demo import series_of

    for each in series_of(preset):
        write(simulate(each), folder / "data")
    headless.prepare(folder)
    calm, stages = _project(folder, "calm")
    lasted: Dict[str, float] = {}
    for stage in stages:
        begun = time.monotonic()
        failures = headless.run(calm, [stage], report=lambda line: None)
        assert not failures, failures
        lasted[stage.getObjLabel()] = time.monotonic() - begun
    expected = {stage.getObjLabel(): dict(contents(stage)) for stage in stages}

    project, stages = _project(folder, "disturbed")
    dice, done, faults = random.Random(seed), Counter(), []
    ours = [each for each in stages if type(each).__name__.startswith(OURS)]
    for number, stage in enumerate(stages):
        label = stage.getObjLabel()
        if stage in ours:
            share = kills * (ours.index(stage) + 1) // len(ours) - sum(done.values())
            done[label] = kill_often(project, stage, share, lasted[label], dice)
        faults += headless.run(project, [stage], report=lambda line: None)
        print(f"[{number + 1}/{len(stages)}] {label}: {done[label]} kills", flush=True)
        faults += _differences(label, expected[label], dict(contents(stage)))
    return dict(done), faults


def _project(folder: Path, name: str) -> Tuple[Any, List[Any]]:
    """Give a new project with the template's main branch, in the order in which it runs."""
    project = headless.open_project(name, folder)
    template = headless.TEMPLATES / "fiducial_exosome.json.template"
    values = {**VALUES, "path": folder / "data", "ctf_path": folder / "data"}
    text = branches.choose(headless.fill_template(template, values))
    return project, headless.in_order(list(headless.load_workflow(project, text).values()))


def kill_often(project: Any, stage: Any, kills: int, lasts: float, dice: random.Random) -> int:
    """Start a stage and kill it, again and again; gives how often it was killed while it ran."""
    from pyworkflow.protocol.constants import MODE_RESUME

    done = 0
    for _ in range(3 * kills):
        if done >= kills:
            break
        project.launchProtocol(stage, wait=False)
        time.sleep(dice.uniform(START, max(lasts, 2 * START)))
        done += _kill(stage.getPid())
        project._updateProtocol(stage)
        stage.setFailed("killed")
        stage.runMode.set(MODE_RESUME)
        project.mapper.store(stage)
        project.mapper.commit()
    return done


def _kill(pid: int) -> bool:
    """Kill a process and all that it started; gives whether it was still running."""
    import psutil

    try:
        process = psutil.Process(pid)
        running = process.status() != psutil.STATUS_ZOMBIE
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return False
    for each in family:
        each.kill()
    psutil.wait_procs(family, timeout=10)
    return running


def contents(stage: Any) -> Iterator[Tuple[str, Any]]:
    """Give what a stage made: values of its items and hashes of its files, each with a name."""
    for name, output in stage.iterOutputAttributes():
        counts: Counter = Counter()
        for item in output.iterItems():
            ts_id = item.getTsId()  # series come in the order in which they were ready
            counts[ts_id] += 1
            yield f"{name} {ts_id} {counts[ts_id]}", _values(item)
            for row in item.iterItems() if hasattr(item, "iterItems") else ():
                yield f"{name} {ts_id} view {row.getObjId()}", _values(row)
        output.close()
    folder = Path(stage._getExtraPath())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in TIMED and path.suffix not in (".sqlite", ".log"):
            skipped = HEADER if path.suffix in (".mrc", ".mrcs") else 0
            yield str(path.relative_to(folder)), sha256(path.read_bytes()[skipped:]).hexdigest()


def _values(item: Any) -> Dict[str, Any]:
    values = item.getObjDict(includeClass=False)
    return {name: value for name, value in values.items() if "creation" not in name}


def _differences(label: str, expected: Dict[str, Any], found: Dict[str, Any]) -> Iterator[str]:
    for name in sorted({*expected, *found}):
        made, other = expected.get(name), found.get(name)
        if isinstance(made, dict) and isinstance(other, dict):
            made = {key: value for key, value in made.items() if other.get(key) != value}
            other = {key: other.get(key) for key in made}
        if made != other:
            yield f"{label}: {name}: {other} instead of {made}"


if __name__ == "__main__":
    sys.exit(main())
