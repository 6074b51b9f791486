"""A small tilt series with beads to be seen, and marks on them that are to be corrected."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Tuple

import numpy as np

from etomotut.convert import fiducials
from etomotut.convert.series import FULL, Series, View
from etomotut.formats import model, mrc
from etomotut.report.findings import Frame, Marks
from etomotut.tests.scipion_objects import acquisition, tilt_series, turn
from etomotut.viewers.editor_model import EditorModel
from etomotut.viewers.editor_points import Points
from etomotut.viewers.editor_solution import Geometry, Solved, solve

SIZE = 150, 120
RADIUS = 4.0
NOISE = 0.1  # pixels, of marks
ANGLES = np.arange(-50.0, 51.0, 10.0)
EXCLUDED = 2  # section, from 1
USED = [n for n in range(len(ANGLES)) if n + 1 != EXCLUDED]
SHIFTS = np.array([[1.5 - 0.25 * n, 0.5 * (n % 3)] for n in range(len(ANGLES))])
BEADS = np.array(
    [
        [-45, 30, 8],
        [-20, -35, -9],
        [5, 5, 10],
        [40, 38, -6],
        [48, -20, 4],
        [-48, -8, -3],
        [20, 28, 9],
    ]
)  # x, y, z from the centre of the frame
SPOILED, OFF = (2, 6), (7.0, -4.0)  # bead and used view of a mark, and how far off it is
GAP = (4, 3)  # bead and used view


def places(section: int) -> np.ndarray:
    """Give where (bead, 2) the beads are in the frame that the transforms lead to."""
    tilt = np.radians(ANGLES[section])
    x = BEADS[:, 0] * np.cos(tilt) + BEADS[:, 2] * np.sin(tilt)
    return np.column_stack([x, BEADS[:, 1]]) + (np.array(SIZE) - 1) / 2


def truth() -> np.ndarray:
    """Give where (bead, used view, 2) the beads are."""
    return np.stack([places(section) for section in USED], axis=1)


def write_stack(path: Path) -> None:
    """Write the views as they were recorded: before the shifts, dark beads in noise."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    stack = random.normal(100, 6, (len(ANGLES), SIZE[1], SIZE[0])).astype(np.float32)
    for section, view in enumerate(stack):
        for bx, by in places(section) - SHIFTS[section]:
            view -= 60 * np.clip(RADIUS + 0.5 - np.hypot(x - bx, y - by), 0, 1)
    mrc.write(path, stack, pixel_size=5.0)


def tracks() -> Tuple[np.ndarray, np.ndarray]:
    """Give marks (point, 3) and their beads: one is off, one is missing."""
    bead, view = np.indices((len(BEADS), len(USED))).reshape(2, -1)
    rows = np.column_stack([truth()[bead, view], view])
    rows[:, :2] += np.random.default_rng(6).normal(0, NOISE, (len(rows), 2))
    rows[(bead == SPOILED[0]) & (view == SPOILED[1]), :2] += OFF
    there = ~((bead == GAP[0]) & (view == GAP[1]))
    return rows[there], bead[there]


def imod_model() -> model.Model:
    """Give the marks as IMOD's model; the beads are assigned to surfaces 1 and 2 in turn."""
    rows, beads = tracks()
    size, surfaces = (*SIZE, len(USED)), [1 + n % 2 for n in range(len(BEADS))]
    return model.from_tracks(rows, beads, size=size, pixel_size=5.0, surfaces=surfaces)


def editor(folder: Path) -> EditorModel:
    """Give the editor's model of all this; the views are written where they are not yet."""
    if not (folder / "a.mrc").is_file():
        write_stack(folder / "a.mrc")
    views = [
        View(n + 1, n + 1, angle, n + 1 != EXCLUDED, np.column_stack([np.eye(2), SHIFTS[n]]))
        for n, angle in enumerate(ANGLES)
    ]
    series = Series("TS_1", {FULL: str(folder / "a.mrc")}, views, 5.0, 0.0)
    frame = Frame(series.transforms(), SIZE)
    rows, beads = tracks()
    unknown = np.full((len(rows), 2), np.nan)
    marks = Marks(rows, beads, unknown, frame, 2 * RADIUS, is_solved=False)
    return EditorModel(series, marks, imod_model())


@functools.lru_cache(maxsize=None)
def solution() -> Solved:
    """Give the solution of the marks, solved once."""
    return solve(Points(*tracks()), Geometry(ANGLES[USED], 0.0, SIZE))


def solve_now(made: EditorModel) -> None:
    """Solve the marks as they are."""
    made.take(solve(made.points, made.geometry), made.points)


def model_set(folder: Path) -> Any:
    """Give Scipion's set with the model, made on a set with the series."""
    from tomo.objects import SetOfLandmarkModels, SetOfTiltSeries

    matrices = [turn(0.0, *shift) for shift in SHIFTS]
    series, images = tilt_series(
        folder, ANGLES, disabled=[EXCLUDED], transforms=matrices, size=SIZE, axis_angle=0.0
    )
    write_stack(folder / "TS_1.mrcs")
    series.setAlignment2D()
    start = SetOfTiltSeries.create(str(folder), prefix="series")
    start.setSamplingRate(5.0)
    start.setAcquisition(acquisition(0.0))
    start.append(series)
    for image in images:
        image.setObjId(None)
        series.append(image)
    series.write()
    start.update(series)
    start.write()
    start.close()
    rows, beads = tracks()
    model.write(folder / "a.fid", imod_model())
    fiducials.write_landmarks(str(folder / "a.sfid"), rows, beads, np.full((len(rows), 2), np.nan))
    made = SetOfLandmarkModels.create(str(folder), prefix="models")
    made.setSetOfTiltSeries(start)
    files = str(folder / "a.sfid"), str(folder / "a.fid")
    made.append(fiducials.landmark_model("TS_1", *files, 10 * RADIUS, False))
    made.write()
    made.close()
    return made
