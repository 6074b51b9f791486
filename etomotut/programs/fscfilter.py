"""Denoise a tomogram by the Fourier shell correlation of its halves.

Where the halves agree, frequencies are kept; where they do not, they are taken away: each is
weighed with 2 F / (1 + F), F the correlation of its shell, which is best for the mean of the
halves and for the tomogram of all the data. Halves may also be the even and odd views, but then
the missing wedge of each differs and F is too low. Volumes of any size are done tile by tile. The
last line tells how much was removed, and whether structure went with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs.console import require_file, threads
from etomotut.programs.denoising import half_of_memory, require_content, tell_removed
from etomotut.programs.options import THREADS, Option, Values

if TYPE_CHECKING:
    from etomotut.engine.fourier_shells import Curve
    from etomotut.formats.mrc import Stack

PACKAGE = ""
OPTIONS = (
    Option("FirstHalf", Path, "tomogram of one half of the data, MRC", short="first",
           required=True),
    Option("SecondHalf", Path, "tomogram of the other half", short="second", required=True),
    Option("OutputFile", Path, "tomogram to write", short="output", required=True),
    Option("InputFile", Path, "tomogram to filter (default the mean of the halves)",
           short="input"),
    Option("MaskFile", Path, "volume of 0 to 1 that tells where halves are compared",
           short="mask"),
    Option("FSCFile", Path, "file for a table of the correlation and the filter", short="fsc"),
    Option("Memory", int, "MB that volumes may take in memory (default half of the machine's)",
           low=1),
    THREADS,
)  # fmt: skip
POSITIONAL = ("FirstHalf", "SecondHalf", "OutputFile")

LEVELS = (0.5, 0.143)
_BYTES = 12  # a voxel, while it is filtered


def run(values: Values) -> None:
    """Write the filtered tomogram."""
    from etomotut.engine.fourier_shells import Wiener, correlate
    from etomotut.engine.frequency_filters import filter_array
    from etomotut.formats import mrc
    from etomotut.programs.tiling import filter_volume

    halves = [_open(values[name], "half") for name in ("FirstHalf", "SecondHalf")]
    others = [(name, values[name]) for name in ("InputFile", "MaskFile") if values[name]]
    volumes = {name: _open(path, "volume") for name, path in others}
    for volume in [halves[1], *volumes.values()]:
        _require_same_size(volume, halves[0])
    for volume in [*halves, *(v for name, v in volumes.items() if name == "InputFile")]:
        require_content(volume)
    curve = correlate(*halves, mask=volumes.get("MaskFile"), workers=threads())
    if not (curve.correlation > LEVELS[-1]).any():
        raise SolutionError(
            f"{halves[0].path} and {halves[1].path} correlate at no frequency by {LEVELS[-1]:g} or "
            "more: they are no halves of one tomogram"
        )
    _tell_resolution(curve, halves[0].pixel_size)
    wiener = Wiener(curve)
    if values["FSCFile"]:
        _write_table(values["FSCFile"], curve, wiener, halves[0].pixel_size)
    source: Any = volumes.get("InputFile") or Mean(halves)
    header = volumes.get("InputFile", halves[0])
    names = " and ".join(str(each.path) for each in halves)
    with mrc.create(
        values["OutputFile"],
        source.shape,
        np.float32,
        pixel_size=header.pixel_size or 1.0,
        volume=True,
        origin=header.origin,
        labels=[*header.labels, "etomotut fscfilter"],
    ) as out:
        filter_volume(
            source,
            out,
            lambda box, workers: filter_array(box, wiener, workers=workers),
            reach=wiener.reach,
            largest=_memory(values) // _BYTES,
            name=str(header.path) if volumes.get("InputFile") else f"the mean of {names}",
        )
    print(f"Written to {values['OutputFile']}", flush=True)
    tell_removed(source, mrc.Stack(values["OutputFile"]))


class Mean:
    """The mean of volumes, read where it is indexed."""

    def __init__(self, volumes: List[Stack]) -> None:
        self._volumes = volumes
        self.shape: Tuple[int, int, int] = volumes[0].shape
        self.dtype = np.dtype(np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: Any) -> npt.NDArray[np.float32]:
        total = sum(volume[part].astype(np.float32) for volume in self._volumes)
        return np.asarray(total / np.float32(len(self._volumes)), np.float32)


def _memory(values: Values) -> int:
    return values["Memory"] * 2**20 if values["Memory"] else half_of_memory()


def _open(path: Path, what: str) -> Stack:
    from etomotut.formats import mrc

    return mrc.Stack(require_file(path, what))


def _require_same_size(volume: Stack, half: Stack) -> None:
    if volume.shape != half.shape:
        sizes = [" x ".join(map(str, each.shape[::-1])) for each in (volume, half)]
        raise OptionError(f"{volume.path} has {sizes[0]} voxels; {half.path} has {sizes[1]}")


def _tell_resolution(curve: Curve, pixel_size: float) -> None:
    for level in LEVELS:
        found = curve.falls_below(level)
        where = "nowhere" if found is None else f"at {(pixel_size or 1.0) / found:.1f} Å"
        print(f"Fourier shell correlation falls below {level:g} {where}", flush=True)


def _write_table(path: Path, curve: Curve, wiener: Any, pixel_size: float) -> None:
    """Write frequency (1/voxel and 1/Å), correlation and filter, one shell a line."""
    columns = [curve.frequency, curve.frequency / (pixel_size or 1.0), curve.correlation]
    rows = np.column_stack([*columns, wiener(curve.frequency)])
    np.savetxt(path, rows, "%.6f", header="1/voxel  1/A  correlation  filter")
