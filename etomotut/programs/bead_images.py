"""What programs that look for beads share: views with dark beads, and how to track these."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs import angles
from etomotut.programs.console import threads
from etomotut.programs.options import Values
from etomotut.programs.streaming import require_numbers

if TYPE_CHECKING:
    from etomotut.engine.locating import Setting
    from etomotut.formats.model import Model

Array = npt.NDArray[np.float64]
Views = npt.NDArray[np.float32]

DEPTH_SD = 1200.0  # Å; the spread of depths to expect, generous for ice of up to 4000
GOLD = 100.0  # Å; the bead diameter to assume where an image has no pixel size
SAMPLE = 3  # views in which the size of beads is measured
LARGEST_STEP = 0.12  # of the width or height of a view, from view to view
SMALLEST_DIAMETER = 2.0  # pixels
LARGEST_DIAMETER = 0.25  # of the width or height of a view
WHAT_MODELS_ARE = {"InputSeedModel": "seed model", "InputModel": "fiducial model"}


def read(values: Values) -> Tuple[Views, float]:
    """Give the views (view, y, x), beads dark, and their pixel size in Å (0: unknown)."""
    from etomotut.formats.mrc import Stack

    stack = Stack(values["ImageFile"])
    views = stack[:].astype(np.float32)
    for number, view in enumerate(views, 1):
        require_numbers(view, f"view {number} of {stack.path}")
    return (-views if values["LightBeads"] else views), stack.pixel_size


def setting(values: Values, views: Views, pixel_size: float, *, wanted: int) -> Setting:
    """Give the setting for tracking, with the bead radius measured near the one that was typed."""
    from etomotut.engine import beads
    from etomotut.engine.locating import Setting

    tilt_angles = angles.read_angles(values, len(views))
    typed = values["BeadDiameter"] / values["ImagesAreBinned"]
    shortest = min(views.shape[1:])
    if shortest < SMALLEST_DIAMETER / LARGEST_DIAMETER:
        raise OptionError(
            f"{values['ImageFile']} has views of {views.shape[2]} x {views.shape[1]} pixels, too "
            f"small to find beads in; {SMALLEST_DIAMETER / LARGEST_DIAMETER:g} a side are needed"
        )
    if not SMALLEST_DIAMETER <= typed <= LARGEST_DIAMETER * shortest:
        raise OptionError(
            f"option BeadDiameter is {typed:.1f} pixels in these images of {views.shape[2]} x "
            f"{views.shape[1]}; it must be {SMALLEST_DIAMETER:g} to "
            f"{LARGEST_DIAMETER * shortest:.0f}"
        )
    level = np.argsort(np.abs(tilt_angles), kind="stable")[:SAMPLE]
    radius = beads.measure_radius([views[view] for view in level], typed / 2, wanted=wanted)
    print(f"Beads stand out most at a diameter of {2 * radius:.1f} pixels ({typed:.1f} typed)")
    angstroms = pixel_size or GOLD / typed
    return Setting(
        tilt_angles,
        values["RotationAngle"],
        radius,
        depth_sd=DEPTH_SD / angstroms,
        search=max(LARGEST_STEP * shortest, 20.0),
        limit=max(150, 3 * wanted),
        threads=threads(),
    )


def read_marks(values: Values, name: str, shape: Tuple[int, ...]) -> Tuple[Model, Array]:
    """Give the model that an option names, and its marks (contour, view, 2), NaN where none is.

    Marks count from the centre of the view; `shape` is (view, y, x) of the images.
    """
    from etomotut.formats import model

    what = WHAT_MODELS_ARE[name]
    found = model.read(values[name])
    rows, contours = model.tracks(found)
    view = rows[:, 2].astype(np.int64)
    if not len(rows):
        raise OptionError(f"{what} {values[name]} has no points")
    outside = view[(view < 0) | (view >= shape[0])]
    if len(outside):
        raise OptionError(
            f"{what} {values[name]} has points on view {outside[0] + 1}; "
            f"{values['ImageFile']} has {shape[0]} views"
        )
    marks = np.full((contours.max() + 1, shape[0], 2), np.nan)
    marks[contours, view] = rows[:, :2] - centre(shape)
    return found, marks


def centre(shape: Tuple[int, ...]) -> Array:
    """Give the centre (x, y) of views of a shape (view, y, x), as array index."""
    return (np.array(shape[:0:-1], float) - 1) / 2


@contextmanager
def named_in_errors(values: Values, setting: Setting) -> Iterator[None]:
    """Let a SolutionError from within say which images and which bead size it is about."""
    try:
        yield
    except SolutionError as error:
        raise SolutionError(
            f"{values['ImageFile']}, beads of {2 * setting.radius:.1f} pixels: {error}"
        ) from error


def parse_command_file(path: Path) -> Values:
    """Give the values of a command file for beadtrack; raises OptionError."""
    from etomotut.programs import beadtrack
    from etomotut.programs.options import PARAMETER_FILE, parse

    return parse(beadtrack.OPTIONS, [f"-{PARAMETER_FILE[0]}", str(path)])
