"""Number the membranes of a mask: by numbered points near its voxels, or as the mask says.

With points, each voxel of the mask gets the number of the nearest one. Numbers become consecutive,
from a first one on, so that those of several tomograms can be told apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import progress, require_file, threads
from etomotut.programs.options import THREADS, Option, Values

if TYPE_CHECKING:
    from etomotut.formats.mrc import Stack

PACKAGE = ""
OPTIONS = (
    Option("InputFile", Path, "mask, MRC: what is above 0 is membrane", required=True),
    Option("OutputFile", Path, "mask to write, with a number a membrane", required=True),
    Option(
        "PointsFile",
        Path,
        "points, CSV: number, x, y, z in Å (the first voxel's are 0) after a header",
    ),
    Option("FirstNumber", int, "number of the first membrane", 1, low=1),
    Option("PixelSize", float, "Å (default the header's)", low=0.01),
    THREADS,
)
POSITIONAL = ("InputFile", "OutputFile")
_LARGEST = np.iinfo(np.int16).max
Masks = npt.NDArray[Any]


def run(values: Values) -> None:
    """Write the numbered mask."""
    from etomotut.formats import mrc

    mask = mrc.Stack(require_file(values["InputFile"], "mask"))
    pixel_size = values["PixelSize"] or mask.pixel_size or 1.0
    number, count = _numbering(values, mask, pixel_size)
    first = values["FirstNumber"]
    if first + count - 1 > _LARGEST:
        raise OptionError(
            f"{mask.path} has {count} membranes; numbers from {first} to {_LARGEST} are too few"
        )
    with mrc.create(
        values["OutputFile"],
        mask.shape,
        np.int16,
        pixel_size=pixel_size,
        volume=True,
        origin=mask.origin,
        labels=mask.labels,
    ) as out:
        for z in progress(range(len(mask)), "Sections"):
            found = number(z, np.asarray(mask[z]))
            out[z] = np.where(found > 0, found + first - 1, 0)
    if not count:
        print("WARNING: there is no membrane in the mask")
    print(f"{count} membranes, numbered from {first} on, written to {values['OutputFile']}")


def _numbering(
    values: Values, mask: Stack, pixel_size: float
) -> Tuple[Callable[[int, Masks], Masks], int]:
    """Give what numbers a section from 1 on, and how many numbers there are."""
    from scipy.spatial import cKDTree

    from etomotut.formats import points

    if values["PointsFile"] is None:
        seen = np.unique(np.concatenate([np.unique(mask[z]) for z in range(len(mask))]))
        seen = seen[seen > 0]
        return lambda _, section: np.where(section > 0, np.searchsorted(seen, section) + 1, 0), len(
            seen
        )
    numbers, places = points.read(require_file(values["PointsFile"], "file of points"))
    known, order = np.unique(numbers, return_inverse=True)
    tree = cKDTree(places) if len(places) else None

    def by_points(z: int, section: Masks) -> Masks:
        found = np.zeros(section.shape, np.int64)
        y, x = np.nonzero(section > 0)
        if tree is not None and len(x):
            voxels = np.stack([x, y, np.full(len(x), z)], axis=1) * pixel_size
            found[y, x] = order[tree.query(voxels, workers=threads())[1]] + 1
        return found

    return by_points, len(known)
