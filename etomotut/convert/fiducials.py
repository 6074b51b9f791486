"""Fiducial models: IMOD's files and Scipion's landmark models and 3D coordinates.

Positions stay as they are, in pixels of the prealigned stack of the used views; a view of that
stack counts from 0 in tables and from 1 in Scipion. A filled point was predicted, not measured.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.formats.fiducials import Positions
from etomotut.formats.model import Model

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Views = Tuple[Array, Array]

FIELDS = ("xCoor", "yCoor", "tiltIm", "chainId", "xResid", "yResid")
ROUNDING = 0.02  # pixels; a residual file has positions to a hundredth


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


def match_residuals(rows: Array, measured: Array) -> Array:
    """Give each point (x, y, view) its residual (point, 2), NaN where none is at its place.

    `measured` (n, 5) are x, y, view, dx, dy as a residual file has them.
    """
    found = np.full((len(rows), 2), np.nan)
    for view in np.unique(measured[:, 2]):
        points = np.flatnonzero(np.rint(rows[:, 2]) == view)
        given = measured[measured[:, 2] == view]
        if not len(points):
            continue
        distance = np.abs(rows[points, None, :2] - given[None, :, :2]).max(axis=2)
        nearest = distance.argmin(axis=1)
        close = distance[np.arange(len(points)), nearest] < ROUNDING
        found[points[close]] = given[nearest[close], 3:5]
    return found


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
