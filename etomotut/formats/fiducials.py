"""Results of a fiducial alignment: residuals (.resid) and 3D positions (.xyz).

A residual stands at x, y in the view as a model has them (array index + 0.5); in arrays both are
indices. 3D positions are in pixels of the aligned image: x and y from its lower left corner, z
from the tilt axis, positive towards the viewer of the tomogram's last section.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError, quoted

Array = npt.NDArray[np.float64]
PathLike = Union[str, Path]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
ROUNDING = 0.02  # pixels; a residual file has positions to a hundredth


@dataclass
class Positions:
    """3D positions (fiducial, 3) as x, y, z; their object and contour numbers (fiducial, 2) from 1.

    `pixel_size` in Å and `size` (x, y) are those of the aligned image; zero where unknown.
    """

    xyz: Array
    numbers: npt.NDArray[np.int64]
    pixel_size: float = 0.0
    size: Tuple[int, int] = (0, 0)


def read_residuals(path: PathLike) -> Array:
    """Give residuals (point, 5) as x, y (array index), view (from 0), dx, dy (pixels)."""
    lines = _lines(path)
    try:
        count = int(lines[0].split()[0])
        rows = np.array([_numbers(line) for line in lines[1 : count + 1]])
    except (ValueError, IndexError):
        raise FormatError(
            f"{path} is no residual file: it begins with {quoted(lines[0])}"
        ) from None
    if rows.shape != (count, 5):
        raise FormatError(f"{path} announces {count} residuals of 5 numbers and holds {len(rows)}")
    return rows - (0.5, 0.5, 0.0, 0.0, 0.0)


def write_residuals(path: PathLike, rows: npt.ArrayLike) -> None:
    """Write residuals (point, 5) as `read_residuals` gives them."""
    table = np.asarray(rows, float).reshape(-1, 5)
    lines = [f"{len(table):6d} residuals\n"]
    for x, y, view, dx, dy in table:
        lines.append(f"{x + 0.5:10.2f}{y + 0.5:10.2f}{round(view):5d} {dx:7.3f} {dy:7.3f}\n")
    Path(path).write_text("".join(lines))


def match_residuals(rows: Array, measured: Array) -> Array:
    """Give each point (x, y, view) its residual (point, 2), NaN where none is at its place.

    `measured` (n, 5) are x, y, view, dx, dy as a residual file has them.
    """
    places = same_places(rows, measured)
    found = np.full((len(rows), 2), np.nan)
    found[places >= 0] = measured[places[places >= 0], 3:5]
    return found


def same_places(rows: Array, others: Array) -> npt.NDArray[np.int64]:
    """Give for each point (x, y, view) the number of the other one at its place, -1 for none."""
    found = np.full(len(rows), -1)
    for view in np.unique(others[:, 2]):
        points = np.flatnonzero(np.rint(rows[:, 2]) == view)
        given = np.flatnonzero(others[:, 2] == view)
        if not len(points):
            continue
        distance = np.abs(rows[points, None, :2] - others[None, given, :2]).max(axis=2)
        nearest = distance.argmin(axis=1)
        close = distance[np.arange(len(points)), nearest] < ROUNDING
        found[points[close]] = given[nearest[close]]
    return found


def read_positions(path: PathLike) -> Positions:
    """Give the 3D positions of a .xyz file; raises FormatError."""
    lines = _lines(path)
    words = [line.split() for line in lines]
    try:
        table = np.array([[float(word) for word in row[:6]] for row in words]).reshape(-1, 6)
        found = Positions(table[:, 1:4], table[:, 4:6].astype(np.int64))
        if "Pix:" in words[0]:
            place = words[0].index("Pix:")
            found.pixel_size = float(words[0][place + 1])
            found.size = (int(words[0][place + 3]), int(words[0][place + 4]))
    except (ValueError, IndexError):
        raise FormatError(f"{path} is no file of fiducial positions: {quoted(lines[0])}") from None
    wrong = np.flatnonzero(~np.isfinite(found.xyz).all(axis=1))
    if len(wrong):
        raise FormatError(f"{path}: fiducial {wrong[0] + 1} has a position that is no number")
    return found


def write_positions(path: PathLike, positions: Positions) -> None:
    """Write 3D positions, pixel size and image size on the first line, as tiltalign does."""
    lines = []
    for index, ((x, y, z), (number, contour)) in enumerate(zip(positions.xyz, positions.numbers)):
        lines.append(f"{index + 1:4d}{x:10.2f}{y:10.2f}{z:10.2f}{number:7d}{contour:5d}")
    if lines:
        width, height = positions.size
        lines[0] += f" Pix:{positions.pixel_size:11.5f} Dim:{width:6d}{height:6d}"
    Path(path).write_text("".join(line + "\n" for line in lines))


def _numbers(line: str) -> List[float]:
    """Give the numbers of a line; IMOD leaves no space before a residual of -100 or less."""
    words = line.split()
    return [float(word) for word in (words if len(words) == 5 else _NUMBER.findall(line))]


def _lines(path: PathLike) -> list[str]:
    try:
        text = Path(path).read_text(errors="replace")
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise FormatError(f"{path} is empty")
    return lines
