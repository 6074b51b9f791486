"""Doses of the views of a tilt series (IMOD's dose files), electrons per square Å.

A line a view, in the order of the stack. The kinds of file are those of mtffilter: 1 holds the
dose of each view, 2 the dose before it and its own, 3 the dose before it and that after it.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError, quoted

Array = npt.NDArray[np.float64]
_HIGHEST = 10_000.0  # electrons per square Å: nothing would be left


def read(path: Union[str, Path], *, kind: int, views: int) -> Array:
    """Give the numbers (view, 1) of a file of kind 1, else the dose before and the own (view, 2).

    Raises FormatError for a line without its numbers, a negative dose, or too few lines.
    """
    path = Path(path)
    try:
        lines = path.read_text(errors="replace").replace(",", " ").splitlines()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    kept = [line for line in lines if line.strip()][:views]
    if len(kept) < views:
        raise FormatError(f"{path} has doses of {len(kept)} views; there are {views}")
    numbers = np.array([_numbers(line, min(kind, 2), path) for line in kept])
    if kind == 3:
        numbers[:, 1] -= numbers[:, 0]
    wrong = np.argwhere(~((numbers >= 0) & (numbers <= _HIGHEST)))
    if len(wrong):
        view, column = wrong[0]
        raise FormatError(
            f"{path}: view {view + 1} has the dose {numbers[view, column]:g}; allowed are 0 to "
            f"{_HIGHEST:g}"
        )
    return numbers


def write(path: Union[str, Path], before: npt.ArrayLike, own: npt.ArrayLike) -> None:
    """Write the dose before each view and its own, a file of kind 2."""
    rows = zip(np.asarray(before, float), np.asarray(own, float))
    Path(path).write_text("".join(f"{first:.4f} {second:.4f}\n" for first, second in rows))


def _numbers(line: str, count: int, path: Path) -> List[float]:
    words = line.split()
    try:
        numbers = [float(word) for word in words[:count]]
    except ValueError:
        numbers = []
    if len(numbers) < count:
        raise FormatError(f"{path}: {quoted(line)} is not {count} number{'s' * (count > 1)}")
    return numbers
