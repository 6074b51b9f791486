"""Numbered points in text: a header, then number, x, y and z a line, with commas, in Å.

TARDIS's form: places count from the middle of the first voxel.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError


def read(path: Union[str, Path]) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Give the numbers (n,) and the places (n, 3), x, y, z in Å; raises FormatError."""
    try:
        with warnings.catch_warnings():  # a file with a header alone holds no points
            warnings.simplefilter("ignore", UserWarning)
            rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise FormatError(f"{path} is no table of points: {error}") from None
    if not rows.size:
        return np.zeros(0, np.int64), np.zeros((0, 3))
    if rows.shape[1] < 4:
        raise FormatError(f"{path} has {rows.shape[1]} columns; number, x, y and z are needed")
    return rows[:, 0].astype(np.int64), rows[:, 1:4]


def write(path: Union[str, Path], numbers: npt.ArrayLike, places: npt.ArrayLike) -> None:
    """Write numbers (n,) and places (n, 3) in Å so that `read` gives them back."""
    np.savetxt(
        path,
        np.column_stack([numbers, places]),
        fmt=("%d", "%.1f", "%.1f", "%.1f"),
        delimiter=",",
        comments="",
        header="IDs,X [A],Y [A],Z [A]",
    )
