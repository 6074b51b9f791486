"""One number a view: tilt angles (.tlt, .rawtlt) and x-axis tilts (.xtilt), in degrees."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError, quoted

Angles = npt.NDArray[np.float64]


def read(path: Union[str, Path], *, views: Optional[int] = None) -> Angles:
    """Give the angles (view,) of a file, in the stack's order.

    Numbers may stand in lines or beside each other. Raises FormatError for a word that is no
    number, an angle beyond 180 degrees, or a count other than `views`.
    """
    path = Path(path)
    try:
        words = path.read_text(errors="replace").replace(",", " ").split()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    angles = np.array([_number(word, path) for word in words])
    if not len(angles):
        raise FormatError(f"{path} holds no angles")
    if views is not None and len(angles) != views:
        raise FormatError(f"{path} has {len(angles)} angles for {views} views")
    beyond = np.flatnonzero(~(np.abs(angles) <= 180))
    if len(beyond):
        first = beyond[0]
        raise FormatError(f"{path}: view {first + 1} has angle {angles[first]}; allowed is +-180")
    return angles


def write(path: Union[str, Path], angles: npt.ArrayLike) -> None:
    """Write angles (view,), one a line, to a thousandth of a degree."""
    lines = [f"{angle:9.3f}\n" for angle in np.asarray(angles, float)]
    Path(path).write_text("".join(lines))


def _number(word: str, path: Path) -> float:
    try:
        return float(word)
    except ValueError:
        raise FormatError(f"{path}: {quoted(word)} is no number") from None
