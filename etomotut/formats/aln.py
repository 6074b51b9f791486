"""AreTomo's alignment file (.aln): transforms, tilt angles and dark views of a tilt series.

A row holds SEC, ROT, GMAG, TX, TY, four numbers that are not used, and TILT. TX and TY say, in
pixels of the raw view, how far from its centre the specimen's centre lies, ROT is the angle of the
tilt axis from vertical, counter-clockwise, in degrees. A view is shifted first and then turned:
aligned = R (raw - T), both from the centre, with

    R = [[cos ROT, sin ROT], [-sin ROT, cos ROT]],   so that the .xf is R and -R T.

That is how AreTomo 2 and 3 themselves write .xf files (-OutImod), and how the published
converters (stemia's aln2xf, scipion-em-aretomo) read theirs. TILT has the offset that was
measured where -TiltCor is 1, and is as given where it is 0. Rows ascend in tilt; SEC is the
section of the raw stack, from 0 in AreTomo and AreTomo2, from 1 in AreTomo3. Views taken for dark
stand in the header, as "DarkFrame = rank section tilt". Both headers tell "RawSize = x y sections",
so that all sections together show whether they begin with 0 or 1. Local shifts follow the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError

Array = npt.NDArray[np.float64]

COLUMNS = 10
LOCAL = "# Local Alignment"


@dataclass
class Alignment:
    """`sections` (view,) from 0, `transforms` (view, 2, 3) raw to aligned, `tilt_angles`, degrees.

    `dark` are the sections, from 0, that were left out; `size` is that of the raw stack (x, y,
    sections), `is_local` whether views were bent as well, which transforms do not tell.
    """

    sections: List[int]
    transforms: Array
    tilt_angles: Array
    dark: List[int]
    size: Tuple[int, int, int]
    is_local: bool = False


def read(path: Union[str, Path]) -> Alignment:
    """Give the alignment in a file; raises FormatError."""
    path = Path(path)
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read: {error}") from None
    table, _, local = text.partition(LOCAL)
    header = [line[1:] for line in table.splitlines() if line.startswith("#")]
    size, dark = _read_header(header, path)
    rows = _read_rows(table, path)
    sections = [int(row[0]) for row in rows]
    first = _first_section([*sections, *dark], size[2], path)
    magnified = next((row for row in rows if abs(row[2] - 1) > 1e-4), None)
    if magnified is not None:
        raise FormatError(
            f"section {magnified[0]:.0f} of {path} has GMAG {magnified[2]:g}; only 1 is known"
        )
    turn, shift = np.radians(rows[:, 1]), rows[:, 3:5]
    matrices = np.stack([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    matrices = np.moveaxis(matrices, 2, 0)
    moves = -np.einsum("vij,vj->vi", matrices, shift)
    return Alignment(
        [section - first for section in sections],
        np.concatenate([matrices, moves[:, :, None]], axis=2),
        rows[:, -1],
        [section - first for section in dark],
        size,
        bool(local.strip()),
    )


def write(path: Union[str, Path], alignment: Alignment, *, first: int = 0) -> None:
    """Write an alignment, sections counted from `first`: 0 as AreTomo2 does, 1 as AreTomo3.

    What transforms do besides turning is lost: AreTomo knows no magnification.
    """
    columns, rows, sections = alignment.size
    lines = ["# AreTomo Alignment / Priims bprmMn", f"# RawSize = {columns} {rows} {sections}"]
    lines.append("# NumPatches = 0")
    lines += [f"# DarkFrame = {each:5d} {each + first:4d} {0:8.2f}" for each in alignment.dark]
    names = ("SEC", "ROT", "GMAG", "TX", "TY", "SMEAN", "SFIT", "SCALE", "BASE", "TILT")
    lines.append("# " + "  ".join(names))
    order = np.argsort(alignment.tilt_angles, kind="stable")
    for view in order:
        matrix, move = alignment.transforms[view, :, :2], alignment.transforms[view, :, 2]
        turn = np.degrees(np.arctan2(matrix[0, 1] - matrix[1, 0], matrix[0, 0] + matrix[1, 1]))
        x, y = -np.linalg.solve(matrix, move)
        lines.append(
            f"{alignment.sections[view] + first:5d}  {turn:9.4f}  {1:9.5f}  {x:9.3f}  {y:9.3f}  "
            f"{1:7.2f}  {1:7.2f}  {1:7.2f}  {0:7.2f}  {alignment.tilt_angles[view]:8.2f}"
        )
    Path(path).write_text("\n".join(lines) + "\n")


def _read_header(lines: Sequence[str], path: Path) -> Tuple[Tuple[int, int, int], List[int]]:
    """Give the size of the raw stack and the numbers of its dark sections, as they stand."""
    values: Dict[str, List[str]] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals:
            values.setdefault(name.strip(), []).append(value)
    try:
        columns, rows, sections = (int(word) for word in values["RawSize"][0].split())
        dark = [int(line.split()[1]) for line in values.get("DarkFrame", ())]
    except (KeyError, ValueError, IndexError):
        raise FormatError(f"{path} does not tell RawSize and dark frames as AreTomo does") from None
    return (columns, rows, sections), dark


def _read_rows(table: str, path: Path) -> Array:
    rows = [line.split() for line in table.splitlines() if line.strip() and line[0] != "#"]
    try:
        numbers = np.array(rows, float)
    except ValueError:
        numbers = np.zeros((0, 0))
    if numbers.ndim != 2 or numbers.shape[1] != COLUMNS or not np.isfinite(numbers).all():
        raise FormatError(f"{path} has no table of {COLUMNS} columns of numbers")
    return numbers


def _first_section(sections: Sequence[int], count: int, path: Path) -> int:
    """Give whether sections count from 0 or 1; raises FormatError where they are not those."""
    for first in (0, 1):
        if sorted(sections) == list(range(first, first + count)):
            return first
    raise FormatError(
        f"{path} has {len(set(sections))} sections from {min(sections)} to {max(sections)}; the "
        f"stack has {count}"
    )
