"""Fiducial models: IMOD's files and Scipion's landmark models and 3D coordinates.

Positions stay as they are, in pixels of the prealigned stack of the used views; a view of that
stack counts from 0 in tables and from 1 in Scipion. A filled point was predicted, not measured.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError
from etomotut.formats import model as models
from etomotut.formats.fiducials import Positions, same_places
from etomotut.formats.model import Model

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Views = Tuple[Array, Array]

MOST = 0.5  # of the points of a model; alignments fill fewer gaps than that
FIELDS = ("xCoor", "yCoor", "tiltIm", "chainId", "xResid", "yResid")


def write_landmarks(path: str, rows: Array, tracks: Numbers, residuals: Array) -> None:
    """Write Scipion's table of landmarks (.sfid).

    `rows` (point, 3) are x, y as array index and view, `residuals` (point, 2) pixels or NaN;
    the file has positions as IMOD models have them, views and tracks from 1.
    """
    lines = ["\t".join(FIELDS)]
    for (x, y, view), track, (dx, dy) in zip(rows, tracks, residuals):
        place = f"{x + 0.5:.3f}\t{y + 0.5:.3f}\t{round(view) + 1}\t{track + 1}"
        lines.append(f"{place}\t{dx:.3f}\t{dy:.3f}")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def read_landmarks(path: str) -> Tuple[Array, Numbers, Array]:
    """Give points (point, 3), their tracks and residuals (point, 2) from a table of landmarks.

    They are as `write_landmarks` takes them. Raises EtomotutError if the file cannot be read.
    """
    rows: List[List[float]] = []
    try:
        with open(path, newline="") as file:
            for line in csv.DictReader(file, delimiter="\t"):
                rows.append([_number(line.get(name)) for name in FIELDS])
    except OSError as error:
        raise EtomotutError(f"{path} cannot be read: {error.strerror}") from None
    table = np.array(rows, float).reshape(-1, len(FIELDS))
    table = table[np.isfinite(table[:, :4]).all(axis=1)]
    points = table[:, :3] - (0.5, 0.5, 1.0)
    return points, table[:, 3].astype(np.int64) - 1, table[:, 4:]


def measured_model(landmarks: Any) -> Model:
    """Give IMOD's model of a Scipion landmark model, without the points that were only predicted.

    Those are what has no residual in a table where most have one: scipion-em-imod loses count of
    them after a gap, and gives residuals to few. Raises EtomotutError if there is no such model.
    """
    if not landmarks.getModelName():
        raise EtomotutError(f"{landmarks.getTsId()}: there is no IMOD model of it")
    made = models.read(landmarks.getModelName())
    residuals = _carried_residuals(landmarks, *models.tracks(made))
    is_known = np.isfinite(residuals[:, 0])
    if is_known.sum() > MOST * len(is_known):
        start = 0
        for _, _, contour in made.contours():
            end = start + len(contour.points)
            contour.points = contour.points[is_known[start:end]]
            start = end
    return made


def is_table_old(landmarks: Any) -> bool:
    """Tell whether IMOD's model of a Scipion landmark model was written after its table."""
    if not landmarks.getModelName():
        return False
    model, table = Path(landmarks.getModelName()), Path(landmarks.getFileName())
    if not model.is_file():
        return False
    return not table.is_file() or model.stat().st_mtime_ns > table.stat().st_mtime_ns


def refresh_table(landmarks: Any) -> Tuple[Array, Numbers]:
    """Write the table of a Scipion landmark model anew from IMOD's model, and count its beads.

    Residuals are those against the predictions that the old table knows. Gives points (point, 3)
    and tracks.
    The table gets the time of the model as it was read, so that one saved meanwhile is newer.
    """
    path, table = landmarks.getModelName(), landmarks.getFileName()
    written = Path(path).stat().st_mtime_ns
    rows, tracks = models.tracks(models.read(path))
    partial = f"{table}.partial"
    write_landmarks(partial, rows, tracks, _carried_residuals(landmarks, rows, tracks))
    os.utime(partial, ns=(written, written))
    os.replace(partial, table)
    landmarks.setCount(len(np.unique(tracks)))
    return rows, tracks


def landmark_model(ts_id: str, table: str, model: str, diameter: float, residuals: bool) -> Any:
    """Give the Scipion object of a fiducial model; `diameter` of a bead in Å."""
    from tomo.objects import LandmarkModel

    with open(table) as file:
        chains = {line.split("\t")[3] for line in list(file)[1:]}
    landmarks = LandmarkModel(
        tsId=ts_id,
        fileName=table,
        modelName=model,
        size=round(diameter),
        applyTSTransformation=True,
        hasResidualInfo=residuals,
    )
    landmarks.setCount(len(chains))
    return landmarks


def positions_of_tracks(model: Model, positions: Positions) -> Tuple[Array, Numbers]:
    """Give solved 3D positions (fiducial, 3), from the image centre, and their track numbers.

    Positions are pixels; tracks are numbered as `formats.model.tracks` does.
    """
    places = {(each, contour): n for n, (each, contour, _) in enumerate(model.contours())}
    numbers = np.array([places[each, contour] for each, contour in positions.numbers], int)
    return positions.xyz - np.array([*positions.size, 0.0]) / 2, numbers


def fill_gaps(
    rows: Array, tracks: Numbers, solution: Tuple[Array, Numbers], views: Views
) -> Tuple[Array, Numbers]:
    """Complete every solved track with the points that it lacks, where its bead must be seen.

    `rows` (point, 3) are x and y from the centre of the view, and the view; `solution` is what
    `positions_of_tracks` gives; `views` are the transforms (view, 2, 3) to the aligned frame and
    the tilt angles in degrees. Tracks that were not solved are left out. Points come sorted by
    track and view, measured ones as they were; tracks are numbered anew.
    """
    positions, solved = solution
    transforms, angles = views[0], np.radians(views[1])[:, None]
    x, y, z = positions.T
    aligned = np.stack([x * np.cos(angles) + z * np.sin(angles), y + 0 * angles], axis=-1)
    shifted = aligned - transforms[:, None, :, 2]
    seen = np.einsum("vij,vpj->vpi", np.linalg.inv(transforms[:, :, :2]), shifted)
    kept = np.isin(tracks, solved)
    number = np.searchsorted(solved, tracks[kept])
    seen[np.rint(rows[kept, 2]).astype(int), number] = rows[kept, :2]
    fiducial, view = np.indices((len(solved), len(transforms))).reshape(2, -1)
    return np.column_stack([seen[view, fiducial], view]), fiducial


def coordinates(ts_id: str, positions: Positions, pixel_size: float) -> Iterator[Any]:
    """Yield the 3D positions of a series as Scipion's tilt-series coordinates."""
    from tomo.objects import TiltSeriesCoordinate

    centre = np.array([*positions.size, 0.0]) / 2
    for position in positions.xyz - centre:
        coordinate = TiltSeriesCoordinate(tsId=ts_id)
        coordinate.setPosition(*map(float, position), sampling_rate=pixel_size)
        yield coordinate


def positions_of(items: Any, ts_id: str) -> Array:
    """Give the 3D positions (n, 3) of a series among Scipion's tilt-series coordinates, in Å.

    Those of the other series, which may be hundreds, are not read.
    """
    mapper = items._getMapper()
    found = mapper.selectBy(_tsId=ts_id) if mapper.db.hasTable("Objects") else []
    places = [each.getPosition() for each in found]
    items.close()
    return np.array(places, float).reshape(-1, 3)


def count_gaps(rows: Array, tracks: Numbers, views: int) -> int:
    """Give how many points are missing for every track to be marked in every view."""
    tracked: List[int] = np.unique(tracks).tolist()
    return len(tracked) * views - len({(t, round(v)) for t, v in zip(tracks, rows[:, 2])})


def counts(rows: Array, tracks: Numbers, views: int) -> Dict[str, int]:
    """Give the numbers of beads, points and gaps of a model of so many views."""
    gaps = count_gaps(rows, tracks, views)
    return {"beads": len(np.unique(tracks)), "points": len(rows), "gaps": gaps}


def _carried_residuals(landmarks: Any, rows: Array, tracks: Numbers) -> Array:
    """Give points their residuals (point, 2) after a model was edited, NaN where unknown.

    A point that was moved keeps its prediction, and so does one that was only predicted; its bead
    is known from those of its track that stayed where they were, as tracks may be counted anew.
    """
    if not Path(landmarks.getFileName()).is_file():
        return np.full((len(rows), 2), np.nan)
    points, chains, residuals = read_landmarks(landmarks.getFileName())
    places = same_places(rows, points)
    stayed = places >= 0
    found = np.full((len(rows), 2), np.nan)
    found[stayed] = residuals[places[stayed]]
    if not np.isfinite(residuals).any():
        return found
    predicted = points[:, :2] - np.nan_to_num(residuals)
    known = {(c, v): each for c, v, each in zip(chains, np.rint(points[:, 2]), predicted)}
    for track in np.unique(tracks[stayed]):
        chain = np.bincount(chains[places[stayed & (tracks == track)]]).argmax()
        for index in np.flatnonzero(~stayed & (tracks == track)):
            if (chain, np.rint(rows[index, 2])) in known:
                found[index] = rows[index, :2] - known[chain, np.rint(rows[index, 2])]
    return found


def _number(word: Optional[str]) -> float:
    try:
        return float(word or "nan")
    except ValueError:
        return float("nan")
