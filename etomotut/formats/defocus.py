"""IMOD's defocus files: what ctfplotter writes and ctfphaseflip reads.

A line holds the first and last view of a range (from 1), the range's tilt angles, and its
defocus in nm, positive for underfocus. Version 2 has no more than that and says 2 at the end of
its first line; every IMOD reads it. Version 3 begins with a line "flags 0 0 0 0 3"; its flags
tell which columns follow and in which unit. See the manual pages of ctfplotter and ctfphaseflip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError, quoted

Array = npt.NDArray[np.float64]

ASTIGMATISM = 1
AXIS_IN_RADIANS = 2
PHASE_SHIFT = 4
SHIFT_IN_RADIANS = 8
ANGLES_INVERTED = 16
CUT_ON = 32
_ALL_FLAGS = 63
_SAME_ANGLE = 0.5  # degrees
_MOST_VIEWS = 10_000
_STRONGEST = 1e6  # Å of defocus


@dataclass
class Defocus:
    """One row a view or a range of views.

    `views` (row, 2) first and last view, from 0; `angles` (row, 2) degrees; `defocus` (row, 2)
    along the major and the minor axis (U, V), Å, underfocus positive; `axis` (row,) degrees from
    x to the major axis, counter-clockwise; `phase_shift` (row,) degrees; `cut_on` (row,) 1/nm.
    What a file lacks is None, and V = U. `inverted` tells that the tilt angles must change sign.
    """

    views: npt.NDArray[np.int64]
    angles: Array
    defocus: Array
    axis: Optional[Array] = None
    phase_shift: Optional[Array] = None
    cut_on: Optional[Array] = None
    inverted: bool = False


def single(defocus: npt.ArrayLike, angles: npt.ArrayLike, axis: float = 0.0) -> Defocus:
    """Give a table with a row a view from defocus (view,) or (view, 2) in Å and angles (view,).

    Astigmatism is kept only where U and V differ, so that a plain file results without it.
    """
    values, tilts = np.asarray(defocus, float), np.asarray(angles, float)
    values = values.reshape(len(tilts), -1) * np.ones(2)
    views = np.arange(len(tilts))
    table = Defocus(np.stack([views, views], 1), np.stack([tilts, tilts], 1), values)
    if not np.array_equal(values[:, 0], values[:, 1]):
        table.axis = np.full(len(tilts), float(axis))
    return table


def at_views(table: Defocus, angles: npt.ArrayLike) -> Defocus:
    """Give the table with one row for each view of a stack with these tilt angles (view,), degrees.

    A view that has a row of its own takes that. Others lie between the middles of rows, linearly
    in the tilt angle, and have the nearest row's values beyond them, as in ctfphaseflip.
    """
    tilts = np.asarray(angles, float)
    middles = table.angles.mean(axis=1) * (-1 if table.inverted else 1)
    order = np.argsort(middles, kind="stable")
    own = _own_rows(table, middles, tilts)

    def spread(values: Array) -> Array:
        between = np.interp(tilts, middles[order], values[order])
        return np.where(own >= 0, values[own], between)

    mean, half = table.defocus.mean(axis=1), 0.5 * (table.defocus[:, 0] - table.defocus[:, 1])
    twice = 2 * np.radians(np.zeros(len(mean)) if table.axis is None else table.axis)
    along, across = spread(half * np.cos(twice)), spread(half * np.sin(twice))
    size = np.hypot(along, across)
    values = np.stack([spread(mean) + size, spread(mean) - size], axis=1)
    found = single(values, tilts)
    found.axis = None if table.axis is None else np.degrees(np.arctan2(across, along)) / 2 % 180
    found.phase_shift = None if table.phase_shift is None else spread(table.phase_shift)
    found.cut_on = None if table.cut_on is None else spread(table.cut_on)
    return found


def read(path: Union[str, Path]) -> Defocus:
    """Give the rows of a defocus file of any version; raises FormatError.

    Views numbered from 0 (a fault of ctfplotter before IMOD 4.0.29) are recognised by a 0.
    """
    path = Path(path)
    rows = _rows(path)
    flags = 0
    if _begins_with_flags(rows[0]):
        flags = _flags(rows.pop(0), path)
        if not rows:
            raise FormatError(f"{path} holds no defocus values")
    elif len(rows[0]) == 6:
        rows[0].pop()
    columns = _columns(flags)
    width = 5 + len(columns)
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise FormatError(f"{path}, row {number} has {len(row)} numbers; expected are {width}")
    table = _table(np.array(rows), columns, flags)
    _require_possible(np.array(rows), table, path)
    return table


def write(path: Union[str, Path], table: Defocus) -> None:
    """Write rows: version 2 where defocus is all there is, else version 3 with its flags."""
    columns, flags = _present(table)
    lines = [f"{flags} 0 0.0 0.0 0.0 3\n"] if flags else []
    for row, ((first, last), (low, high)) in enumerate(zip(table.views, table.angles)):
        words = [f"{first + 1} {last + 1} {low:7.2f} {high:7.2f} {table.defocus[row, 0] / 10:8.1f}"]
        words += [f"{values[row]:8.{digits}f}" for values, digits in columns]
        version = " 2" if not flags and row == 0 else ""
        lines.append(" ".join(words) + version + "\n")
    Path(path).write_text("".join(lines))


def _own_rows(table: Defocus, middles: Array, tilts: Array) -> npt.NDArray[np.int64]:
    """Give for each view the number of the row that is its alone, by number and angle, or -1."""
    own = np.full(len(tilts), -1)
    for row, (first, last) in enumerate(table.views):
        is_there = first == last and 0 <= first < len(tilts)
        if is_there and abs(tilts[first] - middles[row]) < _SAME_ANGLE:
            own[first] = row
    return own


def _rows(path: Path) -> List[List[float]]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = [float(word) for word in line.split()]
        except ValueError:
            row = [np.nan]
        if not np.isfinite(row).all():
            raise FormatError(f"{path}, line {number}: {quoted(line)} is not a row of numbers")
        if row:
            rows.append(row)
    if not rows:
        raise FormatError(f"{path} holds no defocus values")
    return rows


def _begins_with_flags(first: List[float]) -> bool:
    return len(first) == 6 and first[5] >= 3 and not any(first[1:5])


def _flags(first: List[float], path: Path) -> int:
    flags = int(first[0])
    if flags != first[0] or not 0 <= flags <= _ALL_FLAGS:
        raise FormatError(f"{path} has flags {first[0]:g}; allowed is a sum of 1, 2, 4, 8, 16, 32")
    return flags


def _columns(flags: int) -> List[str]:
    astigmatism = ["minor", "axis"] if flags & ASTIGMATISM else []
    shift = ["phase_shift"] if flags & PHASE_SHIFT else []
    return astigmatism + shift + (["cut_on"] if flags & CUT_ON else [])


def _table(rows: Array, names: List[str], flags: int) -> Defocus:
    columns: Dict[str, Array] = {name: rows[:, 5 + place] for place, name in enumerate(names)}
    if flags & AXIS_IN_RADIANS and "axis" in columns:
        columns["axis"] = np.degrees(columns["axis"])
    if flags & SHIFT_IN_RADIANS and "phase_shift" in columns:
        columns["phase_shift"] = np.degrees(columns["phase_shift"])
    views = rows[:, :2].astype(np.int64)
    views -= 0 if (views == 0).any() else 1
    major = rows[:, 4]
    defocus = 10 * np.stack([major, columns.pop("minor", major)], axis=1)
    inverted = bool(flags & ANGLES_INVERTED)
    return Defocus(views, rows[:, 2:4], defocus, inverted=inverted, **columns)


def _require_possible(rows: Array, table: Defocus, path: Path) -> None:
    """Raise FormatError for views and values that nobody can mean."""
    for number, (row, values) in enumerate(zip(rows, table.defocus), 1):
        if not ((row[:2] >= 0) & (row[:2] <= _MOST_VIEWS)).all():
            raise FormatError(
                f"{path}, row {number} is of views {row[0]:g} to {row[1]:g}; allowed are 0 to "
                f"{_MOST_VIEWS}"
            )
        if (np.abs(values) > _STRONGEST).any():
            raise FormatError(
                f"{path}, row {number} has a defocus of {values.max() / 10:g} nm; allowed is "
                f"+-{_STRONGEST / 10:g}"
            )


def _present(table: Defocus) -> Tuple[List[Tuple[Array, int]], int]:
    """Give the columns after the fifth, each with its decimal places, and the flags for them."""
    columns: List[Tuple[Array, int]] = []
    flags = ANGLES_INVERTED if table.inverted else 0
    if table.axis is not None:
        columns += [(table.defocus[:, 1] / 10, 1), (table.axis, 2)]
        flags |= ASTIGMATISM
    if table.phase_shift is not None:
        columns.append((table.phase_shift, 2))
        flags |= PHASE_SHIFT
    if table.cut_on is not None:
        columns.append((table.cut_on, 4))
        flags |= CUT_ON
    return columns, flags
