"""Inputs of the measurements, made on the fly: noise where content does not matter, else a demo.

They are made in processes of their own: a program that is measured starts as a copy of the
process that measures it, and the memory of that counts as the program's.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Tuple

VIEWS = 41
_PIXEL_SIZE = 11.04  # of specimens


@dataclass(frozen=True)
class Bare:
    """A simulated series, and what its prealignment would have made."""

    stack: Path
    angles: Path
    prealigned: Path
    prexg: Path
    axis_angle: float


@dataclass(frozen=True)
class Tracked(Bare):
    """A simulated series with gold beads, and what the steps before a program would have made."""

    fiducials: Path
    bead_pixels: float


@lru_cache(maxsize=None)
def noise(folder: Path, columns: int, rows: int) -> Path:
    """Write a stack (view, y, x) of 16-bit noise, with its tilt angles beside it as .tlt."""
    return _apart(_write_noise, folder, columns, rows)


@lru_cache(maxsize=None)
def volume(folder: Path, size: int, depth: int, seed: int) -> Path:
    """Write a volume (z, y, x) of 32-bit noise over waves that are the same for every seed."""
    return _apart(_write_volume, folder, size, depth, seed)


@lru_cache(maxsize=None)
def membranes(folder: Path, size: int, depth: int) -> Path:
    """Write a mask (z, y, x) of the membranes of a simulated specimen: 0 and 1."""
    return _apart(_write_membranes, folder, size, depth)


@lru_cache(maxsize=None)
def specimen(folder: Path, size: int, depth: int) -> Path:
    """Write a simulated specimen (z, y, x), dark in noise, as a tomogram of 11.04 Å a voxel."""
    return _apart(_write_specimen, folder, size, depth)


@lru_cache(maxsize=None)
def transforms(folder: Path) -> Path:
    """Write transforms as an alignment gives them: a turn by some degrees, shifts, a stretch."""
    return _apart(_write_transforms, folder)


@lru_cache(maxsize=None)
def tracked(folder: Path, size: Tuple[int, int]) -> Tracked:
    """Simulate a series of a size (columns, rows), and prealign and track it by its truth."""
    return _apart(_simulate, folder, size)


@lru_cache(maxsize=None)
def bare(folder: Path, size: Tuple[int, int]) -> Bare:
    """Simulate a series of a size (columns, rows) without gold, prealigned to two pixels or so."""
    return _apart(_simulate_bare, folder, size)


@lru_cache(maxsize=None)
def aligned(folder: Path, size: Tuple[int, int]) -> Path:
    """Simulate a series of a size (columns, rows) and align it by its truth: columns become rows.

    Its true tilt angles lie beside it as .tlt.
    """
    return _apart(_align, folder, size)


def _apart(function: Callable[..., Any], *arguments: object) -> Any:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def _write_noise(folder: Path, columns: int, rows: int) -> Path:
    import numpy as np

    from etomotut.formats import mrc, tlt

    path = folder / f"noise-{columns}x{rows}.mrc"
    rng = np.random.default_rng(0)
    with mrc.create(path, (VIEWS, rows, columns), np.int16, pixel_size=5.52) as out:
        for view in range(VIEWS):
            image = rng.standard_normal((rows, columns), np.float32)
            out[view] = (200 + 30 * image).astype(np.int16)
    tlt.write(path.with_suffix(".tlt"), np.linspace(-60.0, 60.0, VIEWS))
    return path


def _write_volume(folder: Path, size: int, depth: int, seed: int) -> Path:
    import numpy as np

    from etomotut.formats import mrc

    path = folder / f"volume-{size}x{depth}-{seed}.mrc"
    rng = np.random.default_rng(seed)
    waves = 40 * np.sin(np.arange(size, dtype=np.float32) / 9)
    with mrc.create(path, (depth, size, size), np.float32, pixel_size=5.52, volume=True) as out:
        for z in range(depth):
            out[z] = waves * waves[:, None] / 40 + 50 * rng.standard_normal(
                (size, size), np.float32
            )
    return path


def _write_membranes(folder: Path, size: int, depth: int) -> Path:
    import numpy as np

    from etomotut.demo.volume import membranes

    path, shape = folder / f"membranes-{size}x{depth}.mrc", (depth, size, size)
    return _write_whole(path, membranes(_specimen(size), shape, _PIXEL_SIZE).astype(np.int8))


def _write_specimen(folder: Path, size: int, depth: int) -> Path:
    import numpy as np

    from etomotut.demo.volume import potential

    path, shape = folder / f"specimen-{size}x{depth}.mrc", (depth, size, size)
    made = potential(_specimen(size), shape, _PIXEL_SIZE)
    noise = np.random.default_rng(0).standard_normal(shape, np.float32)
    return _write_whole(path, noise - made / made.std())


def _specimen(size: int) -> Any:
    from etomotut.demo.parameters import Parameters
    from etomotut.demo.series import prepare

    return prepare(Parameters(size=(size, size), pixel_size=_PIXEL_SIZE))[1]


def _write_whole(path: Path, volume: Any) -> Path:
    from etomotut.formats import mrc

    about = {"pixel_size": _PIXEL_SIZE, "volume": True}
    with mrc.create(path, volume.shape, volume.dtype, **about) as out:
        out[0] = volume
    return path


def _write_transforms(folder: Path) -> Path:
    import numpy as np

    from etomotut.formats import xf

    rng = np.random.default_rng(1)
    turn, scale = np.radians(4.2 + rng.normal(0, 0.1, VIEWS)), 1 + rng.normal(0, 0.002, VIEWS)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shifts = rng.normal(0, 8, (VIEWS, 2, 1))
    path = folder / "transforms.xf"
    xf.write(path, np.concatenate([np.moveaxis(matrix, -1, 0), shifts], axis=-1))
    return path


def _simulate(folder: Path, size: Tuple[int, int]) -> Tracked:
    from etomotut.demo.parameters import Parameters
    from etomotut.demo.series import simulate

    series = simulate(Parameters(name="beads", halves=False, size=size, pixel_size=11.04))
    made, shifts = _prealign(folder, series, spread=0.0)
    truth, fiducials = series.truth, folder / "beads.fid"
    _write_tracks(fiducials, truth.track + shifts[:, None], truth.pixel_size, size)
    return Tracked(
        **vars(made), fiducials=fiducials, bead_pixels=truth.bead_diameter / truth.pixel_size
    )


def _simulate_bare(folder: Path, size: Tuple[int, int]) -> Bare:
    from etomotut.demo.parameters import Parameters
    from etomotut.demo.series import simulate

    wish = Parameters(name="bare", halves=False, size=size, pixel_size=11.04)
    series = simulate(replace(wish, beads=0, beads_beyond=0, pairs=0))
    return _prealign(folder, series, spread=1.5)[0]


def _prealign(folder: Path, series: Any, *, spread: float) -> Tuple[Bare, Any]:
    """Write a series and prealign it by its truth, off by a spread; gives its shifts (view, 2)."""
    import numpy as np

    from etomotut.demo.series import write
    from etomotut.formats import xf

    files, truth = write(series, folder), series.truth
    inverse = np.linalg.inv(truth.transforms[:, :, :2])
    shifts = inverse @ truth.transforms[:, :, 2:]
    shifts += np.random.default_rng(3).normal(0, spread, shifts.shape)
    moves = np.concatenate([np.broadcast_to(np.eye(2), (len(shifts), 2, 2)), shifts], axis=-1)
    prexg, prealigned = (files["stack"].with_suffix(end) for end in (".prexg", ".preali"))
    xf.write(prexg, moves)
    words = [str(files["stack"]), str(prealigned), "-xform", str(prexg), "-mode", "1"]
    start = [sys.executable, "-m", "etomotut", "newstack"]
    subprocess.run([*start, *words], check=True, stdout=subprocess.DEVNULL)
    made = Bare(files["stack"], files["angles"], prealigned, prexg, truth.axis_angle)
    return made, shifts[:, :, 0]


def _align(folder: Path, size: Tuple[int, int]) -> Path:
    from etomotut.demo.parameters import Parameters
    from etomotut.demo.series import simulate, write
    from etomotut.formats import tlt, xf

    series = simulate(Parameters(name="turned", halves=False, size=size, pixel_size=11.04))
    source, path = write(series, folder)["stack"], folder / "aligned.mrc"
    xf.write(folder / "turned.xf", series.truth.transforms)
    tlt.write(path.with_suffix(".tlt"), series.truth.true_angles)
    words = ["-xform", str(folder / "turned.xf"), "-size", f"{size[1]},{size[0]}", "-mode", "1"]
    start = [sys.executable, "-m", "etomotut", "newstack"]
    command = [*start, str(source), str(path), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def _write_tracks(path: Path, track: Any, pixel_size: float, size: Tuple[int, int]) -> None:
    """Write tracks (view, bead, 2) about the centre as a model, with marks 0.3 pixels off."""
    import numpy as np

    from etomotut.formats import model

    marks = track + np.random.default_rng(2).normal(0, 0.3, track.shape)
    views, beads = track.shape[:2]
    view, bead = np.mgrid[:views, :beads]
    rows = np.dstack([marks + (np.array(size) - 1) / 2, view])
    inside = (np.abs(track) < np.array(size) / 2 - 10).all(axis=2)
    made = model.from_tracks(rows[inside], bead[inside], size=(*size, views), pixel_size=pixel_size)
    model.write(path, made)
