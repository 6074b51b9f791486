"""Correct an aligned tilt series for the contrast transfer function by flipping phases.

At positive tilt angles the right side of a view, whose tilt axis is vertical, has more underfocus;
if it has less, the tilt angles are to be inverted. Strips are as wide as the transfer function
spreads details and never limited; the lines between which corrections are mixed lie farther apart
than InterpolationWidth where the defocus then still changes by less than a tenth of DefocusTol.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import keep_freed_memory, progress, require_file, threads
from etomotut.programs.options import THREADS, Kind, Option, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.ctf import Defocus, Microscope
    from etomotut.formats.mrc import Stack

_IGNORED: Dict[str, Tuple[Kind, str, str]] = {
    "MaximumStripWidth": (int, "maxWidth", "strips are as wide as the spread of details needs"),
    "UseGPU": (int, "gpu", "the embedded program computes without a GPU"),
    "ActionIfGPUFails": (Several(int, 2), "action", "it computes without a GPU"),
}
_REFUSED: Dict[str, Tuple[Kind, str, str]] = {
    "TotalViews": (Several(int, 2), "totalViews", "one run corrects all views, in threads"),
    "BoundaryInfoFile": (Path, "boundary", "one run corrects all views, in threads"),
    "AxisAngle": (float, "aAngle", "the tilt axis has to be vertical; IMOD does not support it"),
}
OPTIONS = (
    Option("InputStack", Path, "aligned tilt series, MRC", short="input", required=True),
    Option("OutputFileName", Path, "file for the corrected views", short="output", required=True),
    Option("AngleFile", Path, "file of tilt angles, one a view (default: none is tilted)",
           short="angleFn"),
    Option("InvertTiltAngles", bool, "change the sign of the tilt angles", short="invert"),
    Option("DefocusFile", Path, "defocus of views, as from ctfplotter; nm, underfocus positive",
           short="defFn", required=True),
    Option("TransformFile", Path, "transforms of the views that were applied: the defocus holds "
           "for where their centre went, the axis of astigmatism turns with them", short="xform"),
    Option("DefocusTol", int, "change of defocus that a strip may have, nm", short="defTol", low=1,
           required=True),
    Option("InterpolationWidth", int, "least distance between the centre lines of strips, pixels",
           15, short="iWidth", low=1),
    Option("PixelSize", float, "size of a pixel, nm", short="pixelSize", low=1e-3,
           high=100, required=True),
    Option("Voltage", int, "of the microscope, kV", short="volt", low=1, high=3000, required=True),
    Option("SphericalAberration", float, "of the microscope, mm", short="cs", low=0,
           required=True),
    Option("AmplitudeContrast", float, "share of the contrast that comes from amplitudes",
           short="ampContrast", low=0, high=1, required=True),
    Option("StartingEndingViews", Several(int, 2), "first and last view to correct and write, "
           "from 1", short="views"),
    THREADS,
    *(Option(name, kind, f"ignored: {why}", short=short)
      for name, (kind, short, why) in _IGNORED.items()),
    *(Option(name, kind, f"refused: {why}", short=short)
      for name, (kind, short, why) in _REFUSED.items()),
)  # fmt: skip
POSITIONAL = ("InputStack", "OutputFileName")

_TYPES = {np.dtype(np.int8): np.int16, np.dtype(np.uint8): np.int16}  # no bytes: they would clip
_STEEPEST = 89.0  # degrees


@dataclass(frozen=True)
class View:
    """A view to correct: its number from 0, tilt in degrees, shift of its centre in pixels."""

    number: int
    tilt: float
    shift: float
    defocus: Defocus


def run(values: Values) -> None:
    """Write the corrected views."""
    from etomotut.formats import mrc
    from etomotut.programs.streaming import in_order

    _refuse(values)
    keep_freed_memory()
    stack = mrc.Stack(require_file(values["InputStack"], "aligned tilt series"))
    views = _chosen_views(values, stack)
    dtype = np.dtype(_TYPES.get(stack.dtype, stack.dtype))

    def corrected(view: View) -> npt.NDArray[Any]:
        return _stored(_correct(stack, view, values), dtype)

    with mrc.create(
        values["OutputFileName"],
        (len(views), *stack.shape[1:]),
        dtype,
        pixel_size=stack.pixel_size or 10 * values["PixelSize"],
        origin=stack.origin,
        labels=[*stack.labels, "etomotut ctfphaseflip: phases flipped"],
    ) as out:
        images = in_order(corrected, views, threads())
        for index, image in enumerate(progress(images, "Views", len(views))):
            out[index] = image
    print(f"{len(views)} views corrected, written to {values['OutputFileName']}")


def _refuse(values: Values) -> None:
    for name, (_, _, why) in _REFUSED.items():
        if values[name] is not None:
            raise OptionError(f"option {name} is not embedded: {why}")
    for name, (_, _, why) in _IGNORED.items():
        if values[name] is not None:
            print(f"Option {name} is ignored: {why}")


def _chosen_views(values: Values, stack: Stack) -> List[View]:
    """Put together what is known of each view that is to be corrected, and tell it."""
    views = read_views(values, len(stack))
    first, last = values["StartingEndingViews"] or (1, len(stack))
    if not 1 <= first <= last <= len(stack):
        raise OptionError(
            f"option StartingEndingViews is {first},{last}; the stack has views 1 to {len(stack)}"
        )
    for view in views[first - 1 : last]:
        about = f"View {view.number + 1} at {view.tilt:.2f} degrees: {_describe(view.defocus)}"
        print(about + (f", centre moved by {view.shift:.1f} pixels" if view.shift else ""))
    return views[first - 1 : last]


def read_views(values: Values, count: int) -> List[View]:
    """Read tilt angles, defocus and transforms of the views of a stack; raises EtomotutError."""
    from etomotut.formats import defocus, tlt, xf

    path = values["AngleFile"]
    angles = np.zeros(count) if path is None else tlt.read(path, views=count)
    table = defocus.at_views(defocus.read(values["DefocusFile"]), angles)
    tilts = -angles if values["InvertTiltAngles"] else angles
    if np.any(np.abs(tilts) > _STEEPEST):
        raise OptionError(f"{path} has a tilt angle beyond {_STEEPEST:g} degrees")
    shifts, turns = np.zeros(count), np.zeros(count)
    if values["TransformFile"] is not None:
        transforms = xf.read(values["TransformFile"])
        if len(transforms) != count:
            raise OptionError(
                f"{values['TransformFile']} has {len(transforms)} transforms for {count} views"
            )
        shifts = transforms[:, 0, 2]
        turns = np.degrees(np.arctan2(transforms[:, 1, 0], transforms[:, 0, 0]))
    return [
        View(n, float(tilts[n]), float(shifts[n]), _defocus(table, n, float(turns[n])))
        for n in range(count)
    ]


def microscope(values: Values) -> Microscope:
    """Give the microscope that the options tell of."""
    from etomotut.engine.ctf import Microscope

    return Microscope(values["Voltage"], values["SphericalAberration"], values["AmplitudeContrast"])


def _defocus(table: Any, row: int, turn: float) -> Defocus:
    """Give a row of a defocus table, its axis turned by as much as the view, degrees."""
    from etomotut.engine.ctf import Defocus

    u, v = (float(value) for value in table.defocus[row])
    axis = 0.0 if table.axis is None else float(table.axis[row] + turn) % 180
    phase_shift = 0.0 if table.phase_shift is None else float(table.phase_shift[row])
    cut_on = None if table.cut_on is None else float(table.cut_on[row])
    return Defocus(u, v, axis, phase_shift, cut_on)


def _describe(defocus: Defocus) -> str:
    text = f"defocus {defocus.mean / 10:.1f} nm"
    if defocus.u != defocus.v:
        text += f", astigmatism {(defocus.u - defocus.v) / 10:.1f} nm at {defocus.axis:.1f} degrees"
    if defocus.phase_shift:
        text += f", phase shift {defocus.phase_shift:.1f} degrees"
    return text


def _correct(stack: Stack, view: View, values: Values) -> npt.NDArray[np.float32]:
    from etomotut.engine.phase_flipping import Strips, flip_phases
    from etomotut.programs.streaming import require_numbers

    image = stack[view.number]
    require_numbers(image, f"view {view.number + 1} of {stack.path}")
    pixel_size = 10 * values["PixelSize"]
    return flip_phases(
        image,
        view.defocus,
        microscope(values),
        pixel_size=pixel_size,
        slope=pixel_size * float(np.tan(np.radians(view.tilt))),
        middle=(stack.shape[2] - 1) / 2 + view.shift,
        strips=Strips(10.0 * values["DefocusTol"], values["InterpolationWidth"]),
    )


def _stored(image: npt.NDArray[np.float32], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Round densities to a whole-number type, within its limits."""
    if dtype.kind == "f":
        return image.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(image), limits.min, limits.max).astype(dtype)
