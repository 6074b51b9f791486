"""What tilt is asked for, checked and in the engine's terms: views, geometry, filters, slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError, OptionError
from etomotut.programs import angles
from etomotut.programs.options import Values

if TYPE_CHECKING:
    from etomotut.engine.reconstruction import Geometry
    from etomotut.formats.mrc import Stack

Slab = Tuple[int, range]  # index of the first slice, rows of the views
_TYPES = {0: np.int8, 1: np.int16, 2: np.float32}
_BYTE_SHIFT = -128.0  # bytes 0 to 255 are stored as signed ones
_FLAT = 0.4555  # of the columns: a constant filter with the densities of IMOD's
_SLAB_BYTES = 1 << 26  # of densities that a thread holds at a time, if it can be so little
_LOG_FLOOR = 1e-3  # of the range of densities; what is less after the addition is raised to that


@dataclass(frozen=True)
class Plan:
    """What the making of slices needs to know.

    `views` are those used, from 0, `response` their filters (view, frequency) and `low_pass`
    these without the weights; `rows` the rows of the views that get a slice, `factor` and
    `addend` what densities are multiplied with and what is then added when they are stored;
    `logarithm` what is added before taking it and the least that it is taken of.
    """

    views: npt.NDArray[np.int64]
    geometry: Geometry
    response: npt.NDArray[np.float64]
    low_pass: npt.NDArray[np.float64]
    rows: List[int]
    dtype: npt.DTypeLike
    factor: float
    addend: float
    logarithm: Optional[Tuple[float, float]]

    @property
    def shape(self) -> Tuple[int, int, int]:
        """Slices, thickness and width of the tomogram."""
        return len(self.rows), self.geometry.thickness, self.geometry.width

    def slabs(self) -> List[Slab]:
        """Split the rows into pieces of consecutive ones."""
        rows = self.rows
        voxels = self.geometry.thickness * self.geometry.width
        most = 32 if np.any(self.geometry.x_tilts) else 8
        size = min(max(_SLAB_BYTES // (4 * voxels), 1), most)
        if len(rows) > 1 and rows[1] - rows[0] > 1:
            size = 1
        starts = range(0, len(rows), size)
        return [(k, range(rows[k], rows[min(k + size, len(rows)) - 1] + 1)) for k in starts]

    def read(self, stack: Stack, rows: range) -> npt.NDArray[Any]:
        """Give rows (view, row, x) of the views used, their logarithm if that is asked for."""
        return self._prepare(stack[:, rows.start : rows.stop][self.views])

    def read_view(self, stack: Stack, number: int) -> npt.NDArray[Any]:
        """Give the same of one of the views used, whole (y, x)."""
        return self._prepare(stack[int(self.views[number])])

    def _prepare(self, densities: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self.logarithm is None:
            return densities
        base, least = self.logarithm
        return np.asarray(np.log10(np.maximum(densities + np.float32(base), np.float32(least))))


def make_plan(values: Values, stack: Stack) -> Plan:
    """Check what is asked for against the tilt series; raises EtomotutError."""
    from etomotut.engine import filters

    views = _included(values, len(stack))
    tilts = _tilts(values, len(stack))[views]
    geometry = _geometry(values, stack, tilts, _x_tilts(values, len(stack))[views])
    add, factor = values["SCALE"]
    length = filters.padded_length(geometry.columns)
    return Plan(
        views,
        geometry,
        _response(values, geometry, _weights(values, length, geometry)),
        _low_pass(values, np.ones(length // 2 + 1), geometry.columns),
        _rows(values, stack),
        _TYPES[values["MODE"]],
        factor,
        add * factor + (_BYTE_SHIFT if values["MODE"] == 0 else 0.0),
        _logarithm(values["LOG"], stack),
    )


def _included(values: Values, count: int) -> npt.NDArray[np.int64]:
    include = [view for views in values["INCLUDE"] for view in views]
    exclude = [view for views in values["EXCLUDELIST2"] for view in views]
    if include and exclude:
        raise OptionError("options INCLUDE and EXCLUDELIST2 cannot be given together")
    beyond = [view for view in include + exclude if not 1 <= view <= count]
    if beyond:
        raise OptionError(f"there is no view {beyond[0]}; the views are 1 to {count}")
    kept = sorted(set(include) or set(range(1, count + 1)) - set(exclude))
    if not kept:
        raise OptionError(f"option EXCLUDELIST2 leaves none of the {count} views")
    return np.array(kept) - 1


def _tilts(values: Values, count: int) -> npt.NDArray[np.float64]:
    """Give the tilt angles of all views in degrees, offset included; raises if they are unfit."""
    from etomotut.engine.reconstruction import STEEPEST
    from etomotut.formats import tlt

    listed = [angle for row in values["ANGLES"] for angle in row]
    if listed:
        if len(listed) != count:
            raise OptionError(f"option ANGLES has {len(listed)} angles for {count} views")
        tilts = np.array(listed)
    elif values["TILTFILE"] is not None:
        tilts = tlt.read(values["TILTFILE"], views=count)
    else:
        raise OptionError("tilt angles are needed: option TILTFILE or ANGLES")
    tilts = tilts + (values["OFFSET"] or (0.0,))[0]
    angles.require_different(tilts, str(values["TILTFILE"] or "option ANGLES"))
    steep = np.flatnonzero(np.abs(tilts) > STEEPEST)
    if len(steep):
        first = steep[0]
        raise EtomotutError(
            f"view {first + 1} has tilt angle {tilts[first]:g}; allowed is +-{STEEPEST:g}"
        )
    return tilts


def _x_tilts(values: Values, count: int) -> npt.NDArray[np.float64]:
    from etomotut.formats import tlt

    file = values["XTILTFILE"]
    return values["XAXISTILT"] - (tlt.read(file, views=count) if file else np.zeros(count))


def _geometry(
    values: Values, stack: Stack, tilts: npt.ArrayLike, x_tilts: npt.ArrayLike
) -> Geometry:
    from etomotut.engine.reconstruction import Geometry

    rows, columns = stack.shape[1:]
    binning = values["IMAGEBINNED"]
    shift = [each / binning for each in values["SHIFT"] or ()] + [0.0, 0.0]
    full = [size // binning for size in values["FULLIMAGE"] or ()] or [columns, rows]
    start = [place // binning for place in values["SUBSETSTART"]]
    width = (values["WIDTH"] // binning if values["WIDTH"] else columns) or 1
    thickness = values["THICKNESS"] // binning or 1
    _require_inside("SHIFT", shift, columns + width + thickness)
    _require_inside("OFFSET", [_axis_offset(values)], columns)
    if values["FULLIMAGE"] is None and any(start):
        raise OptionError("option SUBSETSTART needs FULLIMAGE")
    return Geometry(
        tilts=tilts,
        x_tilts=x_tilts,
        columns=columns,
        rows=rows,
        axis_x=full[0] / 2 - start[0] - 0.5 + _axis_offset(values),
        axis_y=full[1] / 2 - start[1] - 0.5,
        width=width,
        thickness=thickness,
        shift_x=shift[0],
        shift_depth=shift[1],
    )


def _require_inside(name: str, moves: Sequence[float], most: int) -> None:
    for move in moves:
        if not abs(move) <= most:
            raise OptionError(
                f"option {name} moves by {move:g}, so that nothing is left of views and tomogram; "
                f"it may be up to {most}"
            )


def _axis_offset(values: Values) -> float:
    """Give how many pixels the tilt axis is told to lie beside the centre of the views."""
    return float((*(values["OFFSET"] or ()), 0.0, 0.0)[1]) / float(values["IMAGEBINNED"])


def _rows(values: Values, stack: Stack) -> List[int]:
    rows, binning = stack.shape[1], values["IMAGEBINNED"]
    if values["SLICE"] is None:
        return list(range(rows))
    if len(values["SLICE"]) not in (2, 3):
        raise OptionError("option SLICE needs 2 or 3 whole numbers")
    first, last, step = (*values["SLICE"], 1)[:3]
    first, last = first // binning, last // binning
    if not 0 <= first <= last < rows or step < 1:
        raise OptionError(
            f"option SLICE is {first},{last},{step}; the rows of the views are 0 to {rows - 1}"
        )
    return list(range(first, last + 1, step))


def _weights(values: Values, length: int, geometry: Geometry) -> npt.NDArray[np.float64]:
    """Give the filter (frequency,) of all views: linear, or constant, or a mixture, cut off."""
    from etomotut.engine import filters

    weights = filters.ramp(length)
    flat = values["FlatFilterFraction"]
    if flat is None:
        flat = 1.0 if values["SIRTIterations"] else 0.0
    if flat:
        constant = np.full(len(weights), _FLAT * geometry.columns)
        constant[0] *= weights[0]
        weights = (1 - flat) * weights + flat * constant
    weights = _low_pass(values, weights, geometry.columns)
    if values["FakeSIRTiterations"]:
        tilts, thickness = geometry.tilts, geometry.thickness
        weights = filters.sirt_like(weights, values["FakeSIRTiterations"], thickness, tilts)
    return weights


def _low_pass(
    values: Values, weights: npt.NDArray[np.float64], columns: int
) -> npt.NDArray[np.float64]:
    from etomotut.engine import filters

    if values["HammingLikeFilter"] is not None:
        return filters.hamming_end(weights, values["HammingLikeFilter"])
    if values["RADIAL"] is None:
        return weights
    cutoff, falloff = values["RADIAL"]
    if not cutoff:
        raise OptionError(f"option RADIAL is 0,{falloff:g}; the cutoff must be above 0")
    unit = columns if cutoff > 1 else 1
    return filters.gaussian_end(
        weights, cutoff / unit, falloff / unit, is_true_sigma=values["FalloffIsTrueSigma"]
    )


def _response(
    values: Values, geometry: Geometry, weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Give the filter of each view (view, frequency), weighted and divided by their number."""
    from etomotut.engine import filters

    count, *shares = values["DENSWEIGHT"] or (2,)
    if shares and len(shares) != int(count):
        raise OptionError(f"option DENSWEIGHT has {len(shares)} shares for {count:g} steps")
    views = filters.view_weights(geometry.tilts, neighbours=int(count), shares=shares or None)
    return np.outer(views / len(views), weights)


def _logarithm(base: Optional[float], stack: Stack) -> Optional[Tuple[float, float]]:
    """Give what is added before taking a logarithm, and the least to take it of."""
    if base is None:
        return None
    ends = [(float(stack[view].min()), float(stack[view].max())) for view in range(len(stack))]
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    if base + highest <= 0:
        raise OptionError(
            f"option LOG is {base:g}; added to the densities of {stack.path}, {lowest:g} to "
            f"{highest:g}, it leaves none above 0"
        )
    return base, max(_LOG_FLOOR * (highest - lowest), 1e-30)


def origin(values: Values, stack: Stack, plan: Plan) -> Tuple[float, float, float]:
    """Give the header's origin (x, depth, y) in the length unit of the pixel size, as IMOD does."""
    geometry, unit = plan.geometry, stack.pixel_size or 1.0
    depth = geometry.thickness / 2 * unit
    if not values["AdjustOrigin"]:
        return (geometry.width / 2 + _axis_offset(values)) * unit, depth, -float(plan.rows[0])
    x = stack.origin[0] + ((geometry.width - geometry.columns) / 2 + geometry.shift_x) * unit
    return x, depth + geometry.shift_depth * unit, stack.origin[1] - plan.rows[0] * unit
