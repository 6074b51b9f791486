"""`tools/docs-pictures SCRATCH PICTURES`: demo data, Scipion's window used on it, what goes wrong.

What is in the scratch folder already (data, a finished project, a good run) is used again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List

from docs_pictures import mistakes, results, stages
from docs_pictures.failures import SERIES, Treatment, draw_failures
from docs_pictures.scipion_window import PROJECT, ScipionWindow
from docs_pictures.screen import Screen

PARTS = ["window", "results", "failures", "mistakes", "stages"]
PRESET, BINNING = "demo", 2
VALUES = {"binning": f"{BINNING}", "thickness": "210", "kept_thickness": "190"}
PYTHON = [sys.executable, "-W", "ignore"]
PREPARE = """
import sys
from etomotut import headless
headless.prepare(sys.argv[1])
headless.open_project(sys.argv[2], sys.argv[1])
"""
# Scipion reads how far a run is, then looks for it: one that ended in between counts as failed
# until it is read again. Gives what has not finished.
READ_AGAIN = """
import sys
from etomotut import headless
headless.prepare(sys.argv[1])
project = headless.open_project(sys.argv[2], sys.argv[1])
for run in project.getRuns():
    run.lastUpdateTimeStamp.set(None)
    project._updateProtocol(run)
    if run.getStatus() != headless.FINISHED:
        print(f"{run.getRunName()}: {run.getStatus()}")
"""


def main(words: List[str]) -> int:
    """Make all pictures, or those parts that further words name."""
    scratch, pictures = (Path(word).absolute() for word in words[:2])
    parts = words[2:] or PARTS
    scratch.mkdir(parents=True, exist_ok=True)
    data = scratch / "data"
    if not (data / f"{SERIES}.mrc").is_file():
        _run("-m", "etomotut", "demo-data", str(data), "--preset", PRESET)
    if "window" in parts:
        _use_window(scratch, pictures, data)
    if "results" in parts:
        _look_at_results(scratch, pictures)
    if "failures" in parts:
        good = _results_of_run(scratch / "good", data)
        draw_failures(Treatment(data, good, scratch / "failures", pictures))
    if "mistakes" in parts:
        mistakes.main(pictures)
    if "stages" in parts:
        _picture_stages(scratch / "stages", pictures)
    return 0


def _picture_stages(folder: Path, pictures: Path) -> None:
    """Run every branch on small data, and take over the pictures that its stages leave."""
    if not (folder / "pictures").is_dir():
        _run("-m", "etomotut", "demo-data", str(folder / "data"), "--preset", "small")
        _run(
            *("-m", "etomotut", "run", "--tilt-series", str(folder / "data" / "*.mrc")),
            *("--all-branches", "--project", str(folder / "project")),
            *("--pictures", str(folder / "pictures")),
        )
    stages.main(folder / "project", folder / "pictures", pictures)


def _use_window(scratch: Path, pictures: Path, data: Path) -> None:
    """Make a project from the template and run it."""
    _run("-c", PREPARE, str(scratch / "gui"), PROJECT)
    values = {**VALUES, "path": str(data), "ctf_path": str(data), "final_thickness": "190"}
    screen = Screen(scratch)
    try:
        window = ScipionWindow(screen, pictures)
        window.open(scratch / "gui" / PROJECT)
        window.choose_template()
        window.fill_template(values)
        window.run_all()
    finally:
        screen.close()


def _look_at_results(scratch: Path, pictures: Path) -> None:
    words = [*PYTHON, "-c", READ_AGAIN, str(scratch / "gui"), PROJECT]
    left = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    unfinished = [line for line in left if ": " in line]
    if unfinished:
        raise SystemExit(f"not finished in Scipion's window: {', '.join(unfinished)}")
    screen = Screen(scratch)
    try:
        window = ScipionWindow(screen, pictures)
        window.open(scratch / "gui" / PROJECT)
        window.zoom_out()
        results.show_all(window)
    finally:
        screen.close()


def _results_of_run(folder: Path, data: Path) -> Path:
    """Give the folder with the results of a run of one series without Scipion's window."""
    if not (folder / "results" / f"{SERIES}.xf").is_file():
        sizes = ["--thickness", VALUES["thickness"], "--kept-thickness", VALUES["kept_thickness"]]
        _run(
            *("-m", "etomotut", "run", "--tilt-series", str(data / f"{SERIES}.mrc"), *sizes),
            *("--binning", str(BINNING), "--project", str(folder / "project")),
            *("--export", str(folder / "results")),
        )
    return folder / "results"


def _run(*words: str) -> None:
    subprocess.run([*PYTHON, *words], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
