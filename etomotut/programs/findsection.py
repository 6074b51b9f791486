"""Find the specimen in a tomogram: its thickness, its middle, and how it leans.

Beads on the two faces of the specimen tell it best: they are found in the density, or given as
the 3D positions that tiltalign solved. A tomogram without beads is bounded by where its structure
ends. The tomogram must have the beam along z (trimvol -rx) and hold the specimen with room to
spare. Options have the names of IMOD's program; where surfaces are looked for, and what is
printed, is our own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs.console import require_file
from etomotut.programs.options import Option, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.slab import Evidence, Slab
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
    Option("PositionFile", Path, "3D positions of beads (.xyz) to tell the faces by", extra=True),
    Option("PixelSize", float, "pixel size in Å, if the files lack it", extra=True, low=0.01),
    Option("ResultFile", Path, "write the result as JSON, lengths in Å", extra=True),
    Option("EvidenceFile", Path, "write profile and beads as JSON, lengths in Å", extra=True),
    *(Option(name, kind, f"refused: {why}") for name, (kind, why) in _REFUSED.items()),
)  # fmt: skip
POSITIONAL = ("TomogramFile",)

BEAD = 100.0  # Å
_FINEST = 7.0  # voxels; larger beads are binned to no less
_LEAST = 3.0  # voxels; smaller details cannot be told from noise
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
        factor, (_, height, width) = self.factor, self.shape
        block = self._stack[z * factor : (z + 1) * factor]
        block = block[:, : height * factor, : width * factor].astype(np.float32)
        blocks = block.reshape(factor, height, factor, width, factor)
        return np.asarray(blocks.mean(axis=(0, 2, 4)))


def run(values: Values) -> None:
    """Find the slab, print it and write it."""
    for name, (_, why) in _REFUSED.items():
        if values[name] not in (None, False):
            raise OptionError(f"option {name} is not embedded: {why}")
    if values["TomogramFile"] is None and values["PositionFile"] is None:
        raise OptionError("option TomogramFile or PositionFile is needed")
    if values["TomogramFile"] is None and values["EvidenceFile"] is not None:
        raise OptionError("option EvidenceFile needs TomogramFile")
    evidence, diameter = _look(values) if values["TomogramFile"] else (None, BEAD)
    slab, source = _find(values, evidence, diameter)
    result = _describe(slab, source)
    _report(result)
    if values["ResultFile"]:
        _write(values["ResultFile"], result)
    if values["EvidenceFile"] and evidence is not None:
        _write(values["EvidenceFile"], _tables(slab, evidence))


def _look(values: Values) -> Tuple[Evidence, float]:
    """Give what the tomogram shows and the diameter of a bead, in Å."""
    from etomotut.engine.details import collect
    from etomotut.formats import mrc

    stack = mrc.Stack(require_file(values["TomogramFile"], "tomogram"))
    pixel = values["PixelSize"] or stack.pixel_size
    if not pixel:
        raise OptionError(f"{stack.path} has no pixel size; give it as option PixelSize")
    diameter = values["BeadDiameter"] or max(BEAD / pixel, _LEAST)
    volume = Binned(stack, max(int(diameter / _FINEST), 1))
    if min(volume.shape) < 4 * diameter / volume.factor:
        size = " x ".join(str(side) for side in stack.shape[::-1])
        raise OptionError(f"{stack.path} of {size} voxels is too small for beads of {diameter:.1f}")
    found = collect(volume, volume.shape, diameter / volume.factor)
    return found.scaled(volume.factor * pixel, volume.middle() * pixel), diameter * pixel


def _find(values: Values, evidence: Optional[Evidence], diameter: float) -> Tuple[Slab, str]:
    """Give the slab, and what told it: positions, beads or density."""
    from etomotut.engine.slab import find_slab, slab_of_points

    if values["PositionFile"] is not None:
        try:
            return slab_of_points(_positions(values), diameter), "positions"
        except SolutionError as error:
            if evidence is None:
                raise
            print(f"{error}: the tomogram is asked instead")
    assert evidence is not None
    slab = find_slab(evidence, diameter)
    return slab, "beads" if slab.is_on_beads else "density"


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
    if result["source"] != "density":
        told = f"{result['on_faces']} of {result['points']} beads lie on its faces"
        print(f"{told}, {nm['spread']:.1f} nm from them (rms)")
    else:
        print("No beads on both faces: it is bounded by where its structure ends")
    if result["tilt_offset_error"] >= UNKNOWN:
        print("WARNING: how it leans cannot be told; it may reach beyond what was found")
        return
    print(
        f"Tilt angle offset {result['tilt_offset']:.2f} +- {result['tilt_offset_error']:.2f}, "
        f"X-axis tilt {result['x_axis_tilt']:.2f} +- {result['x_axis_tilt_error']:.2f} degrees"
    )


def _tables(slab: Slab, evidence: Evidence) -> Dict[str, Any]:
    """Give the profile of levelled heights, and the beads that were looked at, lengths in Å."""
    from etomotut.engine.slab import choose_beads, levelled_profile

    heights, profile = levelled_profile(evidence, slab.planes)
    return {
        "heights": np.round(heights, 2).tolist(),
        "profile": (profile / profile.max()).round(_DECIMALS).tolist(),
        "beads": np.round(evidence.points[choose_beads(evidence.strengths)], 2).tolist(),
    }


def _write(path: Path, content: Dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
