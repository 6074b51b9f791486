"""IMOD models (.fid, .seed, .mod): objects of contours of points, big-endian chunks.

Points are (x, y, z) as the file has them: x and y = array index + 0.5, z = view or section
counted from 0. Chunks that this package has no use for are skipped when read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import FormatError

Points = npt.NDArray[np.float64]

OPEN_CONTOURS = 1 << 3  # flags of an object
SCATTERED_POINTS = 1 << 9
_MODEL_FLAGS = 0x3800  # the image scale is known (bit 13), and two that any new model has
_POINT_LIMIT = 100_000_000

# id, name, size x y z, objects, flags, 4 display settings, offset, scale, current object contour
# point, resolution, threshold, pixel size, its unit (a power of ten of a metre), sum, 3 angles
_MODEL = ">8s128s3iiI4i3f3f3i2ifii3f"
# name, spare, contours, flags, axis, drawing mode, colour, point radius, 8 bytes of symbols,
# meshes, surfaces
_OBJECT = ">64s16IiIii3fi8Bii"
_CONTOUR = ">iIii"  # points, flags, time, surface


@dataclass
class Contour:
    """Points (n, 3) as x, y, z, the surface they were assigned to (0: none), and the time index."""

    points: Points
    surface: int = 0
    time: int = 0


@dataclass
class ModelObject:
    """Contours drawn alike; `symbol_size` is the radius in pixels of the circle around a point."""

    contours: List[Contour] = field(default_factory=list)
    name: str = ""
    flags: int = OPEN_CONTOURS
    colour: Tuple[float, float, float] = (0.0, 1.0, 0.0)
    symbol_size: int = 7
    point_radius: int = 0


@dataclass
class Model:
    """An IMOD model; `size` is (x, y, z) of its image, `pixel_size` in Å (0: unknown)."""

    objects: List[ModelObject]
    size: Tuple[int, int, int]
    pixel_size: float = 0.0
    origin: Tuple[float, float, float] = (0.0, 0.0, 0.0)

    def contours(self) -> Iterator[Tuple[int, int, Contour]]:
        """Give every contour with the numbers of its object and of itself, from 1."""
        for object_number, each in enumerate(self.objects, 1):
            for contour_number, contour in enumerate(each.contours, 1):
                yield object_number, contour_number, contour


def read(path: Union[str, Path]) -> Model:
    """Give the model in a file; raises FormatError."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    if data[:8] not in (b"IMODV1.2", b"IMODV1.1"):
        raise FormatError(f"{path} is not an IMOD model: it does not begin with IMODV1.2")
    try:
        model = _read_chunks(data)
    except (struct.error, ValueError, IndexError):
        raise FormatError(f"{path} is not a whole IMOD model: it ends too early") from None
    for number, (_, _, contour) in enumerate(model.contours(), 1):
        if not np.isfinite(contour.points).all():
            raise FormatError(f"{path}: contour {number} has a point that is no number")
    return model


def write(path: Union[str, Path], model: Model) -> None:
    """Write a model so that 3dmod and IMOD's programs read it."""
    parts = [_pack_header(model)]
    for each in model.objects:
        parts.append(b"OBJT" + _pack_object(each))
        for contour in each.contours:
            points = np.asarray(contour.points, float).reshape(-1, 3)
            head = struct.pack(_CONTOUR, len(points), 0, contour.time, contour.surface)
            parts += [b"CONT", head, points.astype(">f4").tobytes()]
        parts.append(_chunk(b"IMAT", bytes([102, 255, 127, 4] + [0] * 12)))
    scale = model.pixel_size or 1.0
    image = (1.0,) * 3 + (0.0,) * 6 + (scale,) * 3 + tuple(-o for o in model.origin) + (0.0,) * 3
    parts += [_chunk(b"MINX", struct.pack(">18f", *image)), b"IEOF"]
    Path(path).write_bytes(b"".join(parts))


def tracks(model: Model) -> Tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Give all points as a table (point, 3) of x, y, view and their track numbers (point,).

    x and y count from the centre of the image's first pixel (array index), views and tracks from
    0; a track is a contour, counted through all objects.
    """
    contours = [contour.points for _, _, contour in model.contours()]
    rows = np.concatenate([np.zeros((0, 3)), *contours])
    numbers = np.repeat(np.arange(len(contours)), [len(points) for points in contours])
    rows = rows - (0.5, 0.5, 0.0)
    rows[:, 2] = np.rint(rows[:, 2])
    return rows, numbers


def from_tracks(
    rows: npt.ArrayLike,
    numbers: npt.ArrayLike,
    *,
    size: Sequence[int],
    pixel_size: float,
    surfaces: Sequence[int] = (),
    symbol_size: int = 7,
) -> Model:
    """Make a model with one contour a track from a table as `tracks` gives it.

    `size` is (x, y, views) of the stack, `surfaces` the surface of each track. Points are
    sorted by view.
    """
    table, labels = np.asarray(rows, float).reshape(-1, 3), np.asarray(numbers, int)
    contours = []
    for track in np.unique(labels):
        points = table[labels == track]
        points = points[np.argsort(points[:, 2], kind="stable")] + (0.5, 0.5, 0.0)
        contours.append(Contour(points, surface=surfaces[track] if len(surfaces) else 0))
    beads = ModelObject(contours, symbol_size=symbol_size)
    return Model([beads], (int(size[0]), int(size[1]), int(size[2])), pixel_size)


def _read_chunks(data: bytes) -> Model:
    header = struct.unpack_from(_MODEL, data)
    model = Model([], (header[2], header[3], header[4]))
    place = struct.calcsize(_MODEL)
    while place < len(data):
        name = data[place : place + 4]
        place += 4
        if name == b"IEOF":
            break
        if name == b"OBJT":
            place = _read_object(data, place, model)
        elif name == b"CONT":
            place = _read_contour(data, place, model)
        elif name == b"MESH":
            vertices, indices = struct.unpack_from(">II", data, place)
            place += 20 + 12 * vertices + 4 * indices
        else:
            (length,) = struct.unpack_from(">I", data, place)
            if name == b"MINX":
                values = struct.unpack_from(">18f", data, place + 4)
                model.pixel_size = values[9]
                model.origin = (-values[12], -values[13], -values[14])
            place += 4 + length
        if place > len(data):
            raise ValueError
    return model


def _read_object(data: bytes, place: int, model: Model) -> int:
    values = struct.unpack_from(_OBJECT, data, place)
    each = ModelObject(name=values[0].split(b"\0")[0].decode("ascii", "replace"))
    each.flags, each.colour = values[18], (values[21], values[22], values[23])
    each.point_radius, each.symbol_size = values[24], values[26]
    model.objects.append(each)
    return place + struct.calcsize(_OBJECT)


def _read_contour(data: bytes, place: int, model: Model) -> int:
    count: int
    count, _, time, surface = struct.unpack_from(_CONTOUR, data, place)
    place += struct.calcsize(_CONTOUR)
    if not 0 <= count <= _POINT_LIMIT:
        raise ValueError
    points = np.frombuffer(data, ">f4", 3 * count, place).reshape(-1, 3).astype(np.float64)
    model.objects[-1].contours.append(Contour(points, surface, time))
    return place + 12 * count


def _pack_header(model: Model) -> bytes:
    pixel_nm, unit = (model.pixel_size / 10, -9) if model.pixel_size else (1.0, 0)
    return struct.pack(
        _MODEL,
        b"IMODV1.2",
        b"etomotut",
        *model.size,
        len(model.objects),
        _MODEL_FLAGS,
        *(1, 2, 0, 255),
        *(0.0, 0.0, 0.0, 1.0, 1.0, 1.0),
        *(0, -1, -1, 3, 128),
        pixel_nm,
        unit,
        *(0, 0.0, 0.0, 0.0),
    )


def _pack_object(each: ModelObject) -> bytes:
    surfaces = max([contour.surface for contour in each.contours], default=0)
    return struct.pack(
        _OBJECT,
        each.name.encode("ascii", "replace")[:63],
        *[0] * 16,
        len(each.contours),
        each.flags,
        *(0, 1),
        *each.colour,
        each.point_radius,
        *(1, each.symbol_size, 1, 1, 0, 0, 0, 0),  # symbol, its size, 2D and 3D line widths
        *(0, surfaces),
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">i", len(body)) + body
