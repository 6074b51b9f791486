"""A tiny tilt series with all that belongs to it, in the current folder, and ways to spoil it.

What spoils is a function without arguments, so that a table can hold it.
"""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from etomotut.formats import defocus, fiducials, model, mrc, tlt, xf

Spoil = Callable[[], Any]

ANGLES = np.arange(-50.0, 51.0, 10.0)
VIEWS, SIDE = len(ANGLES), 64
BIG_ENDIAN = b"\x11\x11\0\0"
MDOC = "PixelSpacing = 10\nVoltage = 300\n\n[T = Tilt axis angle = 85, binning = 1]\n\n" + "".join(
    f"[ZValue = {view}]\nTiltAngle = {angle}\nPriorRecordDose = {2 * view}\nExposureDose = 2\n"
    for view, angle in enumerate(ANGLES)
)
TRACK = """$beadtrack -StandardInput
ImageFile a.mrc
InputSeedModel s.fid
OutputModel o.fid
TiltFile a.tlt
BeadDiameter 9
RotationAngle 85
"""


def make_all() -> None:
    """Write a series without gold, and files that fit it."""
    write_stack()
    tlt.write("a.tlt", ANGLES)
    xf.write("a.xf", np.repeat(np.eye(3)[None, :2], VIEWS, axis=0))
    defocus.write("a.defocus", defocus.single(np.full(VIEWS, 30000.0), ANGLES))
    Path("a.dose").write_text("".join(f"{3 * view} 3\n" for view in range(VIEWS)))
    place = fiducials.Positions(np.full((1, 3), SIDE / 2.0), np.ones((1, 2), int), 10.0, (64, 64))
    fiducials.write_positions("a.xyz", place)
    write_model()
    Path("track.com").write_text(TRACK)


def write_stack(
    name: str = "a.mrc",
    views: int = VIEWS,
    side: int = SIDE,
    pixel_size: float = 10.0,
    values: Optional[Dict[Any, float]] = None,
) -> None:
    """Write a stack of noise; `values` are densities put at places (view, y, x)."""
    stack = np.random.default_rng(1).normal(100, 10, (views, side, side)).astype(np.float32)
    for place, value in (values or {}).items():
        stack[place] = value
    mrc.write(name, stack, pixel_size=pixel_size)


def write_model(beads: int = 6, views: int = VIEWS, scale: float = 1.0) -> None:
    """Write a model a.fid of beads in a plane that tilts."""
    places = np.random.default_rng(2).uniform(-24, 24, (beads, 1, 2))
    x = places[..., 0] * np.cos(np.radians(np.resize(ANGLES, views)))
    rows = np.stack([x + 32, places[..., 1] + 32 + 0 * x, np.arange(views) + 0 * x], axis=-1) * (
        scale,
        scale,
        1,
    )
    tracks = np.repeat(np.arange(beads), views)
    made = model.from_tracks(rows.reshape(-1, 3), tracks, size=(SIDE, SIDE, views), pixel_size=10.0)
    model.write("a.fid", made)


def stack(**changes: Any) -> Spoil:
    """Write another stack instead."""
    return lambda: write_stack(**changes)


def beads(**changes: Any) -> Spoil:
    """Write another model instead."""
    return lambda: write_model(**changes)


def text(name: str, content: Any) -> Spoil:
    """Write something else into a file."""
    data = content if isinstance(content, bytes) else str(content).encode()
    return lambda: Path(name).write_bytes(data)


def angles(values: Any) -> Spoil:
    """Give the series other tilt angles."""
    return lambda: tlt.write("a.tlt", values)


def mdoc(content: Any) -> Spoil:
    """Give the series an mdoc file, and no tilt angles beside it."""
    return all_of(gone("a.tlt"), text("a.mrc.mdoc", content))


def mdoc_with(old: str, new: str) -> Spoil:
    """Give the series an mdoc file in which something is replaced."""
    assert old in MDOC
    return mdoc(MDOC.replace(old, new))


def gone(name: str) -> Spoil:
    """Remove a file."""
    return lambda: os.remove(name)


def folder(name: str) -> Spoil:
    """Let a folder stand where a file should."""
    return all_of(gone(name), lambda: os.mkdir(name))


def cut(name: str, size: int) -> Spoil:
    """Keep the first bytes of a file."""
    return lambda: os.truncate(name, size)


def longer(name: str) -> Spoil:
    """Add bytes to a file."""
    return lambda: Path(name).write_bytes(Path(name).read_bytes() + bytes(500))


def header(*changes: Tuple[int, Any]) -> Spoil:
    """Write whole numbers, or bytes, into the header of a.mrc: pairs of place and value."""

    def write() -> None:
        data = bytearray(Path("a.mrc").read_bytes())
        for place, value in changes:
            piece = value if isinstance(value, bytes) else struct.pack("<i", value)
            data[place : place + len(piece)] = piece
        Path("a.mrc").write_bytes(bytes(data))

    return write


def swapped() -> None:
    """Write a.mrc as a machine of the other byte order would."""
    data = np.fromfile("a.mrc", np.uint8)
    words = data.reshape(-1, 4)[:, ::-1].copy()
    words[52:54] = np.frombuffer(b"MAP " + BIG_ENDIAN, np.uint8).reshape(2, 4)
    words.tofile("a.mrc")


def zipped() -> None:
    """Compress a.mrc and keep its name."""
    Path("a.mrc").write_bytes(gzip.compress(Path("a.mrc").read_bytes()))


def replaced(name: str, old: bytes, new: bytes) -> Spoil:
    """Replace bytes of a file."""

    def write() -> None:
        data = Path(name).read_bytes()
        assert old in data
        Path(name).write_bytes(data.replace(old, new))

    return write


def all_of(*spoils: Spoil) -> Spoil:
    """Do several things."""

    def write() -> None:
        for spoil in spoils:
            spoil()

    return write


def nothing() -> None:
    """Spoil nothing: what is asked for is bad."""


def listing(root: Path) -> Dict[str, bytes]:
    """Give the files below a folder with their contents."""
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}
