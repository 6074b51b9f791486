"""Cut a part out of a volume, and turn it so that its sections are those of the specimen.

Coordinates count from 1 unless IndexCoordinates, and both ends belong to the part. RotateX turns
the volume by -90 degrees about x: the rows of a reconstruction by tilt become its sections, with
their handedness kept. FlipYZ exchanges y and z, which mirrors the structure. The output may be the
input file; volumes larger than the memory are done slab by slab.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Sequence, Tuple

import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import progress
from etomotut.programs.options import Option, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.densities import Scaling
    from etomotut.formats.mrc import Stack

OPTIONS = (
    Option("InputFile", Path, "volume to read", short="input", required=True),
    Option("OutputFile", Path, "volume to write", short="output", required=True),
    Option("XStartAndEnd", Several(int, 2), "first and last x", short="x"),
    Option("YStartAndEnd", Several(int, 2), "first and last y", short="y"),
    Option("ZStartAndEnd", Several(int, 2), "first and last z", short="z"),
    Option("XSize", int, "voxels about the centre in x", short="nx", low=1),
    Option("YSize", int, "voxels about the centre in y", short="ny", low=1),
    Option("ZSize", int, "voxels about the centre in z", short="nz", low=1),
    Option("RotateX", bool, "turn by -90 degrees about x", short="rx"),
    Option("FlipYZ", bool, "exchange y and z, which inverts the handedness", short="yz"),
    Option("IndexCoordinates", bool, "coordinates count from 0", short="i"),
    Option("FlippedCoordinates", bool, "y and z are those of the volume turned about x", short="f"),
    Option(
        "OldFlippedCoordinates",
        int,
        "1 if z of FlippedCoordinates counts as with y and z exchanged",
        0,
        "old",
        choices=(0, 1, 2, 3),
    ),
    Option("KeepOrigin", bool, "do not let the origin follow the part", short="k"),
    Option(
        "ContrastBlackWhite",
        Several(float, 2),
        "scale to bytes as 3dmod shows these black and white values",
        short="c",
    ),
    Option(
        "IntegerMinMax",
        Several(float, 2),
        "scale to 16-bit integers, the volume's extremes to these",
        short="mm",
    ),
)
POSITIONAL = ("InputFile", "OutputFile")

SLAB_BYTES = 64 * 2**20
AXES = "ZYX"
Part = Tuple[slice, slice, slice]  # indices in z, y and x


def run(values: Values) -> None:
    """Write the part."""
    from etomotut.engine.densities import round_to
    from etomotut.formats import mrc

    if values["RotateX"] and values["FlipYZ"]:
        raise OptionError("options RotateX and FlipYZ exclude each other")
    volume = mrc.Stack(values["InputFile"])
    part = choose_part(values, volume.shape)
    scaling, dtype = _scaling(values, volume)
    depth, height, width = (piece.stop - piece.start for piece in part)
    is_turned = values["RotateX"] or values["FlipYZ"]
    shape = (height, depth, width) if is_turned else (depth, height, width)
    slabs = list(_slabs(part, volume.dtype.itemsize, axis=1 if is_turned else 0))
    if values["RotateX"]:
        slabs.reverse()
    with mrc.create(
        values["OutputFile"],
        shape,
        dtype,
        pixel_size=volume.pixel_size,
        volume=True,
        origin=_origin(values, volume, part),
        labels=[*volume.labels, "etomotut trimvol"],
    ) as out:
        done = cut = 0
        for slab in progress(slabs, "Slabs"):
            turned = _turn(values, volume[slab])
            piece, below, above = round_to(scaling(turned), dtype)
            out[done] = piece
            done, cut = done + len(piece), cut + below + above
    if cut:
        print(f"WARNING: {cut} densities were beyond what the data type holds, and were cut")
    print(f"{width} x {shape[1]} x {shape[0]} voxels written to {values['OutputFile']}")


def choose_part(values: Values, shape: Sequence[int]) -> Part:
    """Give the part of a volume (z, y, x) that the options ask for; raises OptionError."""
    flipped = values["FlippedCoordinates"]
    sources = {"Z": "Y", "Y": "Z", "X": "X"} if flipped else {axis: axis for axis in AXES}
    pieces = []
    for axis, length in zip(AXES, shape):
        source = sources[axis]  # the axis as the user sees it
        first, last = _range(values, source, length)
        is_range = values[f"{source}StartAndEnd"] is not None
        if flipped and source == "Z" and is_range and not values["OldFlippedCoordinates"] & 1:
            first, last = length - 1 - last, length - 1 - first
        pieces.append(slice(first, last + 1))
    return pieces[0], pieces[1], pieces[2]


def _range(values: Values, axis: str, length: int) -> Tuple[int, int]:
    """Give the first and last index along an axis of a length."""
    name, size = f"{axis}StartAndEnd", f"{axis}Size"
    if values[name] is not None and values[size] is not None:
        raise OptionError(f"options {name} and {size} exclude each other")
    if values[size] is not None:
        if values[size] > length:
            raise OptionError(f"option {size} is {values[size]}; the volume has {length}")
        first = length // 2 - values[size] // 2
        return first, first + values[size] - 1
    if values[name] is None:
        return 0, length - 1
    base = 0 if values["IndexCoordinates"] else 1
    first, last = (number - base for number in values[name])
    if not 0 <= first <= last < length:
        raise OptionError(
            f"option {name} is {first + base} to {last + base}; the volume has "
            f"{base} to {length - 1 + base}"
        )
    return first, last


def _slabs(part: Part, itemsize: int, *, axis: int) -> Iterator[Part]:
    """Give the part as slabs along z (axis 0) or y (1) that are small in memory."""
    sizes = [piece.stop - piece.start for piece in part]
    plane = sizes[0] * sizes[1] * sizes[2] // sizes[axis] * itemsize
    step = max(SLAB_BYTES // plane, 1)
    pieces = list(part)
    for start in range(part[axis].start, part[axis].stop, step):
        pieces[axis] = slice(start, min(start + step, part[axis].stop))
        yield pieces[0], pieces[1], pieces[2]


def _turn(values: Values, slab: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values["RotateX"]:
        return slab[:, ::-1].swapaxes(0, 1)  # np.rot90(slab, axes=(0, 1))
    return slab.swapaxes(0, 1) if values["FlipYZ"] else slab


def _origin(values: Values, volume: Stack, part: Part) -> Tuple[float, float, float]:
    """Give the origin as IMOD counts it; with FlipYZ its y and z change places, too."""
    starts = [0, 0, 0] if values["KeepOrigin"] else [part[axis].start for axis in (2, 1, 0)]
    x, y, z = (place - volume.pixel_size * start for place, start in zip(volume.origin, starts))
    if values["RotateX"]:
        return x, z, volume.pixel_size * (part[1].stop - part[1].start) - y
    return (x, z, y) if values["FlipYZ"] else (x, y, z)


def _scaling(values: Values, volume: Stack) -> Tuple[Scaling, npt.DTypeLike]:
    """Give the scaling of densities and the data type to write."""
    from etomotut.engine.densities import Scaling, to_range

    wanted, shown = values["IntegerMinMax"], values["ContrastBlackWhite"]
    if wanted and shown:
        raise OptionError("options IntegerMinMax and ContrastBlackWhite exclude each other")
    if not wanted and not shown:
        # unsigned bytes of an old file do not fit in a byte of today's files
        return Scaling(), "uint16" if volume.dtype == "uint8" else volume.dtype
    low, high = _extremes(volume)
    if wanted:
        return to_range(low, high, wanted), "int16"
    black, white = shown
    signed = Scaling(1.0, -128.0)  # bytes stand for 0 to 255, as in IMOD
    scaling = to_range(low, high, (0.0, 255.0)).then(to_range(black, white, (0.0, 255.0)))
    return scaling.then(signed), "int8"


def _extremes(volume: Stack) -> Tuple[float, float]:
    from etomotut.engine.densities import summarize

    found = [summarize(volume[z]) for z in progress(range(len(volume)), "Extremes")]
    return min(s.low for s in found), max(s.high for s in found)
