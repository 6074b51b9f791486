"""Find the specimen in a tilt series or a tomogram: its thickness, its middle, and how it leans.

An aligned series tells it by the parallax of all its detail, with beads or without, and no
tomogram is needed; 3D positions of beads that tiltalign solved make it more precise. In a tomogram
(beam along z, with room to spare) the beads on the two faces of the specimen are looked for.
Options have the names of IMOD's program; where surfaces are looked for, and what is printed, is our
own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs.console import require_file
from etomotut.programs.options import Option, Several, Values
from etomotut.programs.streaming import require_numbers

if TYPE_CHECKING:
    from etomotut.engine.parallax import Detail
    from etomotut.engine.slab import Slab
    from etomotut.formats.mrc import Stack

PACKAGE = ""  # what IMOD's program of this name prints cannot be applied without a person

_SURFACES = "beads and energy tell the surfaces, not deviations in boxes"
_MODELS = "the result is numbers, not a model"
_REFUSED: Dict[str, Tuple[Any, str]] = {
    "SurfaceModel": (Path, _MODELS),
    "TomoPitchModel": (Path, _MODELS),
    "SeparatePitchLineFits": (bool, _MODELS),
    "VolumeRootname": (str, _MODELS),
    "PointRootname": (str, _MODELS),
    "BeadModelFile": (Path, "give positions that tiltalign wrote as PositionFile"),
    "NumberOfSamples": (int, "the whole tomogram is looked at"),
    "SampleExtentInY": (int, "the whole tomogram is looked at"),
    "XMinAndMax": (Several(int, 2), "the whole tomogram is looked at"),
    "YMinAndMax": (Several(int, 2), "the whole tomogram is looked at"),
    "ZMinAndMax": (Several(int, 2), "the whole tomogram is looked at"),
    "TiltSeriesSizeXY": (Several(int, 2), "the whole tomogram is looked at"),
    "AxisRotationAngle": (float, "the whole tomogram is looked at"),
    "HighSDboxCriterion": (float, _SURFACES),
    "BoostHighSDThickness": (float, _SURFACES),
    "LowestSDforEdges": (bool, _SURFACES),
    "NumberOfDefaultScales": (int, _SURFACES),
    "BinningInXYZ": (Several(int, 3), _SURFACES),
    "SizeOfBoxesInXYZ": (Several(int, 3), _SURFACES),
    "SpacingInXYZ": (Several(int, 3), _SURFACES),
    "BlockSize": (int, _SURFACES),
    "EdgeExtentInXYZ": (Several(int, 3), _SURFACES),
    "CenterExtentInXYZ": (Several(int, 3), _SURFACES),
    "ControlValue": (Several(float, 2), _SURFACES),
}
OPTIONS = (
    Option("TomogramFile", Path, "tomogram, its sections across the beam", short="tomo"),
    Option("BeadDiameter", float, "diameter of a bead, voxels (default: that of 10 nm)",
           short="diameter", low=3),
    Option("ThickDimensionIsY", int, "0: the thickness is z", 0, short="flipped", choices=(0,)),
    Option("SeriesFile", Path, "aligned tilt series, its axis vertical", extra=True),
    Option("TiltFile", Path, "tilt angles of the series, degrees (.tlt)", extra=True),
    Option("PositionFile", Path, "3D positions of beads (.xyz) to tell the faces by", extra=True),
    Option("PixelSize", float, "pixel size in Å, if the files lack it", extra=True, low=0.01),
    Option("ResultFile", Path, "write the result as JSON, lengths in Å", extra=True),
    Option("EvidenceFile", Path, "write densities and beads as JSON, lengths in Å", extra=True),
    *(Option(name, kind, f"refused: {why}") for name, (kind, why) in _REFUSED.items()),
)  # fmt: skip
POSITIONAL = ("TomogramFile",)
_INPUTS = ("SeriesFile", "PositionFile", "TomogramFile")

BEAD = 100.0  # Å
_FINEST = 7.0  # voxels; larger beads are binned to no less
_LEAST = 3.0  # voxels; smaller details cannot be told from noise
_PIXEL = 5.5  # Å; views of finer pixels are binned to no more
_DECIMALS = 4
UNKNOWN = 90.0  # degrees, the error of an angle that could not be found


class Binned:
    """A tomogram in blocks of voxels averaged, read as it is indexed by slices of z."""

    def __init__(self, stack: Stack, factor: int) -> None:
        self._stack, self.factor = stack, factor
        depth, height, width = (size // factor for size in stack.shape)
        self.shape = depth, height, width

    def __getitem__(self, sections: slice) -> npt.NDArray[np.float32]:
        return np.stack([self._section(z) for z in range(sections.start, sections.stop)])

    def middle(self) -> npt.NDArray[np.float64]:
        """Give where its centre lies from that of the tomogram, in voxels of that (x, y, z)."""
        sizes = zip(self.shape[::-1], self._stack.shape[::-1])
        return np.array([(size * self.factor - whole) / 2 for size, whole in sizes])

    def _section(self, z: int) -> npt.NDArray[np.float32]:
        block = self._stack[z * self.factor : (z + 1) * self.factor]
        for number, section in enumerate(block, z * self.factor):
            require_numbers(section, f"section {number} of {self._stack.path}")
        return np.asarray(_binned(block, self.factor).mean(axis=0))


def run(values: Values) -> None:
    """Find the slab, print it and write it."""
    for name, (_, why) in _REFUSED.items():
        if values[name] not in (None, False):
            raise OptionError(f"option {name} is not embedded: {why}")
    inputs = [name for name in _INPUTS if values[name] is not None]
    if not inputs:
        raise OptionError(f"one of the options {', '.join(_INPUTS)} is needed")
    found = _find(values)
    result = _describe(found.slab, found.source)
    _report(result)
    if values["ResultFile"]:
        _write(values["ResultFile"], result)
    if values["EvidenceFile"]:
        _write(values["EvidenceFile"], _tables(found))


@dataclass
class _Found:
    """A slab, by what it is known, and the `beads` (n, 3) and `detail` that were looked at, Å."""

    slab: Slab
    source: str
    beads: npt.NDArray[np.float64]
    detail: Optional[Detail] = None


def _find(values: Values) -> _Found:
    """Find the slab by all that there is."""
    beads = _on_positions(values) if values["PositionFile"] is not None else None
    if beads is None and values["TomogramFile"] is not None:
        beads = _in_tomogram(values)
    if values["SeriesFile"] is None:
        if beads is None:
            raise SolutionError(
                f"{values['PositionFile']} has no beads on two faces, and there is no tomogram or "
                "series to ask"
            )
        return beads
    return _in_series(values, beads)


def _in_series(values: Values, beads: Optional[_Found]) -> _Found:
    """Find the slab by the parallax of the series, joined with what beads tell."""
    from etomotut.engine.detail_slab import slab_of_views
    from etomotut.engine.slab import joined
    from etomotut.formats import mrc, tlt

    stack = mrc.Stack(require_file(values["SeriesFile"], "tilt series"))
    if values["TiltFile"] is None:
        raise OptionError("option SeriesFile needs TiltFile")
    angles = tlt.read(require_file(values["TiltFile"], "file of tilt angles"))
    if len(angles) != len(stack):
        raise OptionError(
            f"{values['TiltFile']} has {len(angles)} tilt angles for {len(stack)} views"
        )
    pixel = values["PixelSize"] or stack.pixel_size
    if not pixel:
        raise OptionError(f"{stack.path} has no pixel size; give it as option PixelSize")
    for view in range(len(stack)):
        require_numbers(stack[view], f"view {view + 1} of {stack.path}")
    factor = max(int(_PIXEL / pixel + 0.1), 1)
    views = np.stack([_binned(stack[view : view + 1], factor)[0] for view in range(len(stack))])
    slab, looks = slab_of_views(views, angles, factor * pixel)
    if beads is None:
        return _Found(slab, "density", np.zeros((0, 3)), looks[0])
    together = joined(beads.slab, slab, beads.beads)
    return _Found(together, f"{beads.source} and density", beads.beads, looks[0])


def _binned(views: npt.NDArray[Any], factor: int) -> npt.NDArray[np.float32]:
    """Give views (view, y, x) in blocks of pixels averaged."""
    count, height, width = views.shape
    rows, columns = height // factor, width // factor
    part = views[:, : rows * factor, : columns * factor].astype(np.float32)
    blocks = part.reshape(count, rows, factor, columns, factor)
    return np.asarray(blocks.mean(axis=(2, 4)))


def _in_tomogram(values: Values) -> _Found:
    """Find the slab by the beads that a tomogram shows."""
    from etomotut.engine.details import find_details
    from etomotut.engine.slab import choose_beads, slab_of_beads
    from etomotut.formats import mrc

    stack = mrc.Stack(require_file(values["TomogramFile"], "tomogram"))
    pixel = values["PixelSize"] or stack.pixel_size
    if not pixel:
        raise OptionError(f"{stack.path} has no pixel size; give it as option PixelSize")
    diameter = values["BeadDiameter"] or max(BEAD / pixel, _LEAST)
    volume = Binned(stack, max(int(diameter / _FINEST), 1))
    if min(volume.shape) < 4 * diameter / volume.factor:
        size = " x ".join(str(side) for side in stack.shape[::-1])
        raise OptionError(
            f"{stack.path} of {size} voxels is too small for beads of {diameter:.1f}; "
            f"{4 * diameter:.0f} voxels in each direction are needed"
        )
    points, strengths = find_details(volume, volume.shape, diameter / volume.factor)
    points = (points * volume.factor + volume.middle()) * pixel
    slab = slab_of_beads(points, strengths, diameter * pixel)
    return _Found(slab, "beads", points[choose_beads(strengths)])


def _on_positions(values: Values) -> Optional[_Found]:
    """Find the slab by positions of beads; nothing, and a word of why, if they do not tell."""
    from etomotut.engine.slab import slab_of_points

    points = _positions(values)
    try:
        return _Found(slab_of_points(points, BEAD), "positions", points)
    except SolutionError as error:
        print(f"{error}: they are not used")
        return None


def _positions(values: Values) -> npt.NDArray[np.float64]:
    """Give the positions in a file of tiltalign, Å from the centre."""
    from etomotut.formats import fiducials

    path = require_file(values["PositionFile"], "file of positions")
    positions = fiducials.read_positions(path)
    pixel = values["PixelSize"] or positions.pixel_size
    if not pixel:
        raise OptionError(f"{path} has no pixel size; give it as option PixelSize")
    return pixel * (positions.xyz - np.array([*positions.size, 0.0]) / 2)


def _describe(slab: Slab, source: str) -> Dict[str, Any]:
    """Give the result: lengths in Å, heights above the centre along the beam, angles in degrees."""
    planes, (x_error, y_error) = slab.planes, slab.errors
    numbers = {
        "thickness": slab.thickness,
        "height": slab.height,
        "bottom": planes.heights[0],
        "top": planes.heights[1],
        "slope_x": planes.slope_x,
        "slope_y": planes.slope_y,
        "tilt_offset": planes.tilt_offset,
        "x_axis_tilt": planes.x_axis_tilt,
        "tilt_offset_error": x_error,
        "x_axis_tilt_error": y_error,
        "spread": planes.spread,
    }
    rounded = {name: round(float(value), _DECIMALS) for name, value in numbers.items()}
    on_face = int(np.sum(planes.surface >= 0))
    return {"source": source, **rounded, "points": len(planes.surface), "on_faces": on_face}


def _report(result: Dict[str, Any]) -> None:
    nm = {name: result[name] / 10 for name in ("thickness", "height", "spread")}
    side = "above" if nm["height"] >= 0 else "below"
    print(
        f"Specimen {nm['thickness']:.1f} nm thick, its middle {abs(nm['height']):.1f} nm {side} "
        "the centre"
    )
    if result["points"]:
        told = f"{result['on_faces']} of {result['points']} beads lie on its faces"
        print(f"{told}, {nm['spread']:.1f} nm from them (rms)")
    else:
        print("It is bounded by where the detail of the views ends")
    if result["tilt_offset_error"] >= UNKNOWN:
        print("WARNING: how it leans cannot be told; it is taken as level")
        return
    print(
        f"Tilt angle offset {result['tilt_offset']:.2f} +- {result['tilt_offset_error']:.2f}, "
        f"X-axis tilt {result['x_axis_tilt']:.2f} +- {result['x_axis_tilt_error']:.2f} degrees"
    )


def _tables(found: _Found) -> Dict[str, Any]:
    """Give the beads, and the density of detail: its mean over the slab, and that of the tiles."""
    tables: Dict[str, Any] = {"beads": np.round(found.beads, 2).tolist()}
    if found.detail is not None:
        from etomotut.engine.detail_slab import mean_density

        detail, planes = found.detail, found.slab.planes
        profile = mean_density(detail, (planes.slope_x, planes.slope_y))
        tables["heights"] = detail.z.tolist()
        tables["profile"] = _shares(profile, profile)
        tables["tiles"] = [
            {"x": round(x, 1), "y": round(y, 1), "profile": _shares(density, profile)}
            for x, y, density in zip(detail.x, detail.y, detail.density)
        ]
    return tables


def _shares(density: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> List[float]:
    shares: List[float] = (density / whole.max()).round(_DECIMALS).tolist()
    return shares


def _write(path: Path, content: Dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
