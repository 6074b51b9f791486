"""Transforms of the views of a tilt series: IMOD's .xf, .prexf, .prexg and .tltxf files.

A transform (2, 3) takes a point p of the input view to A p + d in the output, both measured from
the centre of their image in pixels; a file has one line "a11 a12 a21 a22 dx dy" a view.
"""

from __future__ import annotations

from pathlib import Path
from typing import Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError, quoted

Transforms = npt.NDArray[np.float64]


def read(path: Union[str, Path]) -> Transforms:
    """Give the transforms (view, 2, 3) of a file; raises FormatError."""
    rows = []
    for number, line in enumerate(_lines(Path(path)), 1):
        try:
            row = [float(word) for word in line.split()]
        except ValueError:
            row = []
        if len(row) != 6 or not np.isfinite(row).all():
            raise FormatError(f"{path}, line {number}: {quoted(line)} is not 6 finite numbers")
        rows.append(row)
    if not rows:
        raise FormatError(f"{path} holds no transforms")
    values = np.array(rows)
    return np.stack([values[:, [0, 1, 4]], values[:, [2, 3, 5]]], axis=1)


def write(path: Union[str, Path], transforms: npt.ArrayLike) -> None:
    """Write transforms (view, 2, 3), shifts to a thousandth of a pixel."""
    lines = []
    for (a11, a12, dx), (a21, a22, dy) in np.asarray(transforms, float):
        matrix = "".join(f"{value:12.7f}" for value in (a11, a12, a21, a22))
        lines.append(f"{matrix}{dx:12.3f}{dy:12.3f}\n")
    Path(path).write_text("".join(lines))


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
