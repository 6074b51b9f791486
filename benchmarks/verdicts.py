"""Whether alignquality's verdicts are true: `python -m benchmarks.verdicts [--out FILE]`.

Simulated series are tracked by the embedded programs, spoilt in ways that happen, solved and
judged. Beside each verdict stands how far the alignment really is from the truth.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.__main__ import main as etomotut
from etomotut.demo import HARD, series_of, truth
from etomotut.demo.series import simulate, write
from etomotut.engine import transforms
from etomotut.formats import model, tlt, xf

Rows = npt.NDArray[np.float64]  # x, y, view of each mark
Beads = npt.NDArray[np.int64]
Marks = Tuple[Rows, Beads]
Spoil = Callable[[Rows, Beads, np.random.Generator], Marks]

WHOLE = ("small", *HARD)
SPOILT = ("small", "low-dose", "thick")
EVERY = ("-EveryView", "1")
SOLVED = {"TransformFile": "a.tltxf", "ResidualFile": "a.resid", "TiltFile": "a.tlt"}
HEADS = (
    *("series", "what was done", "px from the truth", "expected", "residual", "leave-one-out"),
    *("all marks", "ratio", "verdict", "first reason"),
)
ABOUT = (
    "# Verdicts against the truth",
    "",
    "Simulated series were tracked by the embedded programs, spoilt in ways that happen, solved",
    "and judged by `alignquality`. How far the alignment really is from the truth stands beside",
    "what is expected, in pixels of 11 Å; residual and leave-one-out error are means over marks.",
    "A mirrored solution, of tilt angles with the wrong sign, fits marks as well as the true one.",
    "Made by `python -m benchmarks.verdicts --out docs/verdicts.md`.",
    "",
)


@dataclass(frozen=True)
class Case:
    """A way to spoil an alignment: its marks, the options, or what is known of the tilt axis."""

    what: str
    spoil: Optional[Spoil] = None
    options: Sequence[str] = EVERY
    axis_off: float = 0.0
    flipped: bool = False


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measure and print a table; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one series only")
    parser.add_argument("--out", type=Path, help="file for the table, Markdown")
    words = parser.parse_args(arguments)
    out = words.out.absolute() if words.out else None
    lines = [*ABOUT, f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for preset in WHOLE[:1] if words.quick else WHOLE:
        for case in CASES if preset in SPOILT else CASES[:1]:
            lines += _judge_in_a_folder(preset, case)
    for off in (10.0,) if words.quick else (10.0, 20.0):
        lines += _judge_in_a_folder("small", Case(f"tracked with the axis {off:g}° off"), off)
    print("\n".join(lines))
    if out is not None:
        out.write_text("\n".join(lines) + "\n")
    return 0


def track(preset: str, axis_off: float = 0.0) -> None:
    """Simulate a series and track its beads, in the current folder."""
    parameters = series_of(preset)[0]
    write(simulate(parameters), Path())
    known = truth.read(f"{parameters.name}_truth.json")
    axis = known.axis_angle + axis_off
    for ending in ("mrc", "rawtlt"):
        os.replace(f"{parameters.name}.{ending}", f"raw.{ending}")
    os.replace(f"{parameters.name}_truth.json", "truth.json")
    _run("ccderaser", "-find", "raw.mrc", "clean.mrc")
    words = ["-tiltfile", "raw.rawtlt", "-rotation", axis, "-cumulative"]
    _run("tiltxcorr", "clean.mrc", "a.prexf", *words)
    _run("xftoxg", "-nfit", 0, "a.prexf", "a.prexg")
    _run("newstack", "-xform", "a.prexg", "-mode", 2, "clean.mrc", "preali.mrc")
    lines = ["ImageFile preali.mrc", "InputSeedModel a.seed", "OutputModel tracked.fid"]
    lines += [f"RotationAngle {axis}", "TiltFile raw.rawtlt"]
    lines += [f"BeadDiameter {known.bead_diameter / known.pixel_size}"]
    Path("a.com").write_text("\n".join(lines))
    _run("autofidseed", "-track", "a.com", "-number", 40, "-two")
    _run("beadtrack", "-ParameterFile", "a.com")


def judge(case: Case) -> Tuple[float, Dict[str, Any]]:
    """Spoil, solve and judge what was tracked; gives pixels from the truth, and what is said."""
    known, tracked = truth.read("truth.json"), model.read("tracked.fid")
    marks = model.tracks(tracked)
    if case.spoil is not None:
        marks = case.spoil(*marks, np.random.default_rng(3))
    kept = np.bincount(marks[1])[marks[1]] >= 3
    _, beads = np.unique(marks[1][kept], return_inverse=True)
    made = model.from_tracks(
        marks[0][kept], beads, size=tracked.size, pixel_size=tracked.pixel_size
    )
    model.write("a.fid", made)
    tlt.write("a.rawtlt", tlt.read("raw.rawtlt") * (-1 if case.flipped else 1))
    words = ["-ModelFile", "a.fid", "-TiltFile", "a.rawtlt", "-RobustFitting", 1, *case.options]
    words += ["-RotationAngle", round(known.axis_angle) + case.axis_off, "-ImagesAreBinned", 1]
    _run("tiltalign", *words, *_files("Output", SOLVED))
    solved = {**SOLVED, "SolvedTiltFile": SOLVED["TiltFile"]}
    del solved["TiltFile"]
    _run("alignquality", *words, *_files("", solved), "-OutputFile", "a.json")
    whole = transforms.then(xf.read("a.prexg"), xf.read("a.tltxf"))
    error = truth.alignment_error(whole, tlt.read("a.tlt"), known)
    with open("a.json") as file:
        return error, json.load(file)


def _judge_in_a_folder(preset: str, case: Case, tracked_off: float = 0.0) -> List[str]:
    """Give the row of the table for a case."""
    before = Path.cwd()
    folder = _FOLDERS.setdefault(
        (preset, tracked_off), tempfile.TemporaryDirectory(prefix="verdicts-")
    )
    os.chdir(folder.name)
    try:
        if not Path("tracked.fid").is_file():
            track(preset, tracked_off)
        error, found = judge(case)
    finally:
        os.chdir(before)
    names = "expected_error_px", "residual_mean_px", "leave_one_out_px", "leave_one_out_all_px"
    numbers = [found["values"][name] for name in (*names, "ratio")]
    shown = ["-" if number is None else f"{number:.2f}" for number in (error, *numbers)]
    row = [preset, case.what, *shown, found["verdict"], found["reasons"][0]]
    return [f"| {' | '.join(row)} |"]


def _files(start: str, names: Dict[str, str]) -> List[str]:
    return [word for name, file in names.items() for word in (f"-{start}{name}", file)]


def _run(*words: object) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = etomotut([str(word) for word in words])
    if status != 0:
        raise RuntimeError(said.getvalue())


def wander(share: float, step: float) -> Spoil:
    """Let a share of the beads wander off from view to view."""

    def spoil(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
        rows, count = rows.copy(), int(beads.max()) + 1
        for bead in random.permutation(count)[: round(share * count)]:
            own = np.flatnonzero(beads == bead)
            own = own[np.argsort(rows[own, 2])]
            rows[own, :2] += np.cumsum(random.normal(0, step, (len(own), 2)), axis=0)
        return rows, beads

    return spoil


def displace(share: float, pixels: float) -> Spoil:
    """Put a share of the marks somewhere else."""

    def spoil(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
        rows, wrong = rows.copy(), random.random(len(rows)) < share
        rows[wrong, :2] += random.normal(0, pixels, (int(wrong.sum()), 2))
        return rows, beads

    return spoil


def shuffle(count: int) -> Spoil:
    """Take views for each other."""

    def spoil(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
        rows, views = rows.copy(), np.arange(int(rows[:, 2].max()) + 1)
        chosen = random.choice(views, min(count, len(views)), replace=False)
        views[chosen] = np.roll(chosen, 1)
        rows[:, 2] = views[rows[:, 2].astype(int)]
        return rows, beads

    return spoil


def exchange(pairs: int) -> Spoil:
    """Take beads for each other in the second half of the views."""

    def spoil(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
        late, mixed = rows[:, 2] > np.median(rows[:, 2]), beads.copy()
        for one, other in random.permutation(int(beads.max()) + 1)[: 2 * pairs].reshape(-1, 2):
            mixed[(beads == one) & late], mixed[(beads == other) & late] = other, one
        return rows, mixed

    return spoil


def keep_beads(count: int) -> Spoil:
    """Keep those few beads that have most marks."""

    def spoil(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
        kept = np.isin(beads, np.argsort(-np.bincount(beads))[:count])
        return rows[kept], beads[kept]

    return spoil


def keep_marks(share: float) -> Spoil:
    """Keep a share of the marks."""

    def spoil(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
        kept = random.random(len(rows)) < share
        return rows[kept], beads[kept]

    return spoil


def keep_low_tilts(rows: Rows, beads: Beads, random: np.random.Generator) -> Marks:
    """Keep marks near the middle view only."""
    kept = np.abs(rows[:, 2] - np.median(rows[:, 2])) <= 7
    return rows[kept], beads[kept]


_FOLDERS: Dict[Tuple[str, float], tempfile.TemporaryDirectory[str]] = {}
CASES = (
    Case("nothing"),
    Case("axis 10° off, solved", axis_off=10),
    Case("axis 10° off, fixed", options=(), axis_off=10),
    Case("axis 3° off, fixed", options=(), axis_off=3),
    Case("axis 1° off, fixed", options=(), axis_off=1),
    Case("one rotation, tilts in groups", options=("-RotOption", "-1", "-TiltOption", "5")),
    Case("one rotation only", options=("-RotOption", "-1")),
    Case("sign of tilt angles flipped", flipped=True),
    Case("20% of the beads wander by 0.5 px a view", wander(0.2, 0.5)),
    Case("all beads wander by 0.2 px a view", wander(1.0, 0.2)),
    Case("all beads wander by 0.5 px a view", wander(1.0, 0.5)),
    Case("10% of the marks are wrong", displace(0.1, 8.0)),
    Case("30% of the marks are wrong", displace(0.3, 8.0)),
    Case("marks 1 px off", displace(1.0, 1.0)),
    Case("marks 2 px off", displace(1.0, 2.0)),
    Case("2 views exchanged", shuffle(2)),
    Case("10 views shuffled", shuffle(10)),
    Case("all views shuffled", shuffle(1000)),
    Case("3 pairs of beads exchanged", exchange(3)),
    Case("2 beads", keep_beads(2)),
    Case("3 beads", keep_beads(3)),
    Case("4 beads", keep_beads(4)),
    Case("6 beads", keep_beads(6)),
    Case("half of the marks", keep_marks(0.5)),
    Case("a fifth of the marks", keep_marks(0.2)),
    Case("15 views only", keep_low_tilts),
)


if __name__ == "__main__":
    sys.exit(main())
