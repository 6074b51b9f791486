"""MRC stacks and volumes: whole, by slices, or written piece by piece without holding them.

Arrays are (section, y, x): view or z first. Pixel size is in Å. Bytes written by old IMOD
without the "signed" flag are unsigned; everything else follows MRC2014. A file is written under
a temporary name and takes its own when it is complete, so that half a file is never found.
"""

from __future__ import annotations

import math
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Union

import mrcfile
import numpy as np
import numpy.typing as npt
from mrcfile.dtypes import HEADER_DTYPE

from etomotut.errors import FormatError

PathLike = Union[str, Path]
Index = Union[int, slice]

MODES: Dict[int, npt.DTypeLike] = {
    0: np.int8,
    1: np.int16,
    2: np.float32,
    6: np.uint16,
    12: np.float16,
}
HEADER_BYTES = 1024
LABEL_LIMIT = 10
_IMOD_STAMP = 1146047817  # "IMOD" in the header's bytes 153-156, then its flags
_SIGNED_FLAG = 1
_STAMP, _BIG_ENDIAN = 212, b"\x11"  # where the header tells its byte order, and how
_LARGEST = 1 << 20  # pixels in a direction: more is no header
_PIECE = 1 << 16


class Stack:
    """An MRC file open for reading; sections are read when they are indexed.

    `shape` is (section, y, x), `pixel_size` Å (0 where the header has none), `origin` the
    header's (x, y, z) in Å, `dtype` that of the values given.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._array, header = _open(self.path)
        self.shape: Tuple[int, int, int] = _shape(header)
        self.pixel_size = _pixel_size(header)
        self.origin = float(header.origin.x), float(header.origin.y), float(header.origin.z)
        self.labels = tuple(str(label) for label in header.label[: int(header.nlabl)])
        self.labels = tuple(label.strip("b'\" ") for label in self.labels)
        self._unsigned = _has_unsigned_bytes(self._array, header)
        self.dtype = np.dtype(np.uint8) if self._unsigned else self._array.dtype.newbyteorder("=")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        piece = self._array[index]
        if self._unsigned:
            return np.asarray(piece).view(np.uint8)
        return np.asarray(piece).astype(self.dtype, copy=False)


class Writer:
    """Sections of an MRC file under construction; put them in any order, each once.

    Several threads may put sections at the same time.
    """

    def __init__(self, path: Path, shape: Sequence[int], dtype: npt.DTypeLike) -> None:
        self.shape = tuple(int(size) for size in shape)
        self.dtype = np.dtype(dtype)
        self._path = path
        self._section_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        self._file = path.open("r+b", buffering=0)
        self._lock = threading.Lock()
        self._low, self._high, self._sum, self._count = np.inf, -np.inf, 0.0, 0

    def __setitem__(self, index: Index, sections: npt.ArrayLike) -> None:
        start = index.start or 0 if isinstance(index, slice) else index
        self.put(start, np.asarray(sections, self.dtype))

    def put(
        self,
        start: int,
        sections: npt.NDArray[Any],
        statistics: Optional[Tuple[float, float, float]] = None,
    ) -> None:
        """Write sections (section, y, x) from number `start` on.

        `statistics` are their lowest and highest density and the sum, if they are known already.
        """
        data = np.ascontiguousarray(sections, self.dtype).reshape((-1, *self.shape[1:]))
        if start < 0 or start + len(data) > self.shape[0]:
            raise IndexError(f"sections {start} to {start + len(data)} of {self.shape[0]}")
        _write_at(self._file.fileno(), data, HEADER_BYTES + start * self._section_bytes)
        if data.size:
            self._count_in(data, statistics or _statistics(data))

    def put_part(self, part: Tuple[slice, ...], box: npt.NDArray[Any]) -> None:
        """Write a box (section, y, x) to a part of the sections, given by three slices."""
        data = np.ascontiguousarray(box, self.dtype)
        sizes = tuple(p.stop - p.start for p in part)
        is_inside = all(p.start >= 0 and p.stop <= n for p, n in zip(part, self.shape))
        if data.shape != sizes or not is_inside:
            raise IndexError(f"a box {data.shape} for {part} of {self.shape}")
        _, rows, columns = self.shape
        is_whole = sizes[2] == columns  # then the rows of a section follow each other in the file
        for z, section in enumerate(data, part[0].start):
            for y, piece in enumerate(section[None] if is_whole else section, part[1].start):
                place = ((z * rows + y) * columns + part[2].start) * self.dtype.itemsize
                _write_at(self._file.fileno(), piece, HEADER_BYTES + place)
        if data.size:
            self._count_in(data, _statistics(data))

    def _count_in(self, data: npt.NDArray[Any], statistics: Tuple[float, float, float]) -> None:
        low, high, total = statistics
        with self._lock:
            self._low, self._high = min(self._low, low), max(self._high, high)
            self._sum, self._count = self._sum + total, self._count + data.size

    @property
    def statistics(self) -> Tuple[float, float, float]:
        """The lowest, highest and mean density of what was put so far."""
        return self._low, self._high, self._sum / max(self._count, 1)

    def close(self) -> None:
        """Write the header's density statistics and close the file."""
        self._file.close()
        with mrcfile.mmap(self._path, "r+", permissive=True) as file:
            if self._count:
                header = file.header
                header.dmin, header.dmax, header.dmean = self.statistics
                header.rms = -1.0


def read(path: PathLike) -> npt.NDArray[Any]:
    """Give a whole file as an array (section, y, x); raises FormatError."""
    return np.array(Stack(path)[:])


def write(path: PathLike, data: npt.NDArray[Any], **about: Any) -> None:
    """Write an array (section, y, x); `about` are the named arguments of `create`."""
    sections = data.reshape((-1, *data.shape[-2:]))
    with create(path, sections.shape, data.dtype, **about) as out:
        out[0] = sections


@contextmanager
def create(
    path: PathLike,
    shape: Sequence[int],
    dtype: npt.DTypeLike,
    *,
    pixel_size: float,
    volume: bool = False,
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    labels: Sequence[str] = (),
) -> Iterator[Writer]:
    """Open a file for writing sections; it takes its name when the block ends without an error.

    `shape` is (section, y, x), `origin` the header's (x, y, z) in Å, `labels` the newest last.
    Raises FormatError for a type that MRC lacks, a size beyond reason, and where the disk or the
    folder do not take the file.
    """
    path = Path(path)
    _require_room(path, shape, np.dtype(dtype))
    partial = path.with_name(path.name + ".partial")
    try:
        _write_header(partial, shape, np.dtype(dtype), pixel_size, volume, origin, labels)
        writer = Writer(partial, shape, dtype)
        try:
            yield writer
        finally:
            writer.close()
        os.replace(partial, path)
    except OSError as error:
        if error.filename not in (None, str(partial), str(path)):  # it is about another file
            raise
        raise FormatError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if partial.exists():
            partial.unlink()


def set_origin(path: PathLike, origin: Sequence[float]) -> None:
    """Write the origin (x, y, z) in Å into the header of a file that is there."""
    with mrcfile.mmap(path, mode="r+", permissive=True) as file:
        file.header.origin.x, file.header.origin.y, file.header.origin.z = origin


def mode_of(dtype: npt.DTypeLike) -> int:
    """Give the MRC mode that stores a data type as it is; raises FormatError if none does."""
    for mode, stored in MODES.items():
        if np.dtype(stored) == np.dtype(dtype):
            return mode
    raise FormatError(f"MRC files cannot hold values of type {np.dtype(dtype)}")


def _require_room(path: Path, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raise FormatError before anything is computed for a file that there is no place for."""
    sizes = [int(size) for size in shape]
    if path.is_dir() or not path.parent.is_dir():
        wrong = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise FormatError(f"{path} cannot be written: {wrong}")
    if not _is_possible(sizes):
        size = " x ".join(map(str, sizes[::-1]))
        raise FormatError(
            f"{path} cannot be written with {size} pixels; allowed are 1 to {_LARGEST} in a "
            "direction"
        )
    state, needed = os.statvfs(path.parent), math.prod(sizes) * dtype.itemsize
    free = state.f_bavail * state.f_frsize
    if needed > free:
        raise FormatError(
            f"{path} cannot be written: it needs {needed / 1e9:.3g} GB, and the disk has "
            f"{free / 1e9:.3g} GB left"
        )


def _write_at(handle: int, data: npt.NDArray[Any], position: int) -> None:
    """Write an array at a place in a file without moving its pointer, so that threads may."""
    left = data.data.cast("B")
    while left:
        count = os.pwrite(handle, left, position)
        left, position = left[count:], position + count


def _statistics(data: npt.NDArray[Any]) -> Tuple[float, float, float]:
    """Give the lowest and highest density and the sum, in pieces that stay in the cache."""
    flat = data.reshape(-1)
    kind = np.float64 if data.dtype.kind == "f" and data.dtype.itemsize < 4 else None
    low, high, total = np.inf, -np.inf, 0.0
    for start in range(0, len(flat), _PIECE):
        piece = flat[start : start + _PIECE]
        low, high = min(low, float(piece.min())), max(high, float(piece.max()))
        total += float(piece.sum(dtype=kind))
    return low, high, total


def _open(path: Path) -> Tuple[npt.NDArray[Any], Any]:
    """Give the data (section, y, x), as they lie in the file, and the header."""
    header = _read_header(path)
    shape, mode = _shape(header), int(header.mode)
    if not _is_possible(shape):
        size = " x ".join(map(str, shape[::-1]))
        raise FormatError(
            f"{path} is not an MRC file: its header says {size} pixels; allowed are 1 to "
            f"{_LARGEST} in a direction"
        )
    if mode not in MODES:
        raise FormatError(f"{path} has MRC mode {mode}; allowed are {_list_modes()}")
    dtype = np.dtype(MODES[mode]).newbyteorder(header.mode.dtype.byteorder)
    start = HEADER_BYTES + int(header.nsymbt)
    if start < HEADER_BYTES:
        raise FormatError(f"{path} is not an MRC file: it has {header.nsymbt} bytes of more header")
    there, needed = path.stat().st_size, start + int(np.prod(shape)) * dtype.itemsize
    if there < needed:
        raise FormatError(
            f"{path} is no whole MRC file: its data end before its header says, after {there} of "
            f"{needed} bytes"
        )
    return np.memmap(path, dtype, "r", start, shape), header


def _read_header(path: Path) -> Any:
    """Give the header in the byte order in which it makes sense, that of its stamp if in both."""
    if not path.is_file():
        raise FormatError(f"{path} " + ("is not a file" if path.exists() else "does not exist"))
    try:
        with path.open("rb") as file:
            data = file.read(HEADER_BYTES)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    if path.stat().st_size <= HEADER_BYTES:
        raise FormatError(
            f"{path} is not an MRC file: it has {path.stat().st_size} bytes, and the header alone "
            f"takes {HEADER_BYTES}"
        )
    orders = "><" if data[_STAMP : _STAMP + 1] == _BIG_ENDIAN else "<>"
    headers = [
        np.frombuffer(data, HEADER_DTYPE.newbyteorder(order)).reshape(()).view(np.recarray)
        for order in orders
    ]
    possible = [header for header in headers if _is_possible(_shape(header))]
    known = [header for header in possible if int(header.mode) in MODES]
    return (known or possible or headers)[0]


def _shape(header: Any) -> Tuple[int, int, int]:
    return int(header.nz), int(header.ny), int(header.nx)


def _is_possible(shape: Sequence[int]) -> bool:
    return all(0 < size <= _LARGEST for size in shape)


def _list_modes() -> str:
    return ", ".join(str(mode) for mode in MODES)


def _pixel_size(header: Any) -> float:
    columns, width = int(header.mx), float(header.cella.x)
    return width / columns if columns > 0 and 0 < width < np.inf else 0.0


def _has_unsigned_bytes(array: npt.NDArray[Any], header: Any) -> bool:
    if array.dtype != np.int8:
        return False
    stamp, flags = np.frombuffer(header.extra2.tobytes()[40:48], "<i4")
    return bool(stamp == _IMOD_STAMP and not flags & _SIGNED_FLAG)


def _write_header(
    path: Path,
    shape: Sequence[int],
    dtype: np.dtype[Any],
    pixel_size: float,
    volume: bool,
    origin: Sequence[float],
    labels: Sequence[str],
) -> None:
    sections = tuple(int(size) for size in shape)
    with mrcfile.new_mmap(path, sections, mode_of(dtype), overwrite=True) as file:
        file.set_volume() if volume else file.set_image_stack()
        file.voxel_size = pixel_size
        file.header.origin.x, file.header.origin.y, file.header.origin.z = origin
        _write_labels(file.header, labels)


def _write_labels(header: Any, labels: Sequence[str]) -> None:
    kept = [label[:80] for label in labels][-LABEL_LIMIT:]
    header.nlabl = len(kept)
    header.label[:] = b""
    header.label[: len(kept)] = [label.encode("ascii", "replace") for label in kept]
