"""How long viewers take to open: `python -m benchmarks.viewers`.

41 views of 1440 x 1024 pixels, tomograms of 1440 x 1024 x 200 voxels. Needs Scipion and Xvfb, or a
display. A window is open when its first picture is on the screen; the plane on a tomogram's side,
which is across the rows of the file, fills up afterwards and is told apart. *cold*: the first
window of a process, its files not in memory, also in CPU time; *warm*: the second one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from etomotut.formats import mrc

VIEWS, DEPTH = 41, 200
SIZE, QUICK = (1440, 1024), (144, 102)
BEADS, PICKED = 40, 500
PIXEL = 5.0  # Å
LIMIT = 2.0  # seconds that a window may take


def main(words: Optional[Sequence[str]] = None) -> int:
    """Make the data, open every viewer, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the pixels")
    parser.add_argument("--folder", type=Path, help="where temporary files go, 2 GB")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    size = QUICK if given.quick else SIZE
    if given.one:
        return _open_twice(given.one[0], Path(given.one[1]), size)
    if not os.environ.get("DISPLAY"):
        xvfb = shutil.which("xvfb-run")
        if xvfb is None:
            print("there is no display, and no xvfb-run to make one")
            return 1
        again = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "benchmarks.viewers",
            *(words or sys.argv[1:]),
        ]
        return subprocess.run([xvfb, "-a", "-s", "-screen 0 1600x1000x24", *again]).returncode
    print(f"{'viewer':<28}{'cold s':>8}{'CPU s':>8}{'warm s':>8}{'side s':>8}")
    with tempfile.TemporaryDirectory(prefix="bench-viewers-", dir=given.folder) as folder:
        slow = [name for name in VIEWERS if not _measure(name, Path(folder), given.quick)]
    print(f"slower than {LIMIT:g} s: {', '.join(slow) or 'none'}")
    return 0


def _measure(name: str, folder: Path, is_quick: bool) -> bool:
    """Open a viewer in a process of its own; gives whether it was fast enough."""
    words = [sys.executable, "-W", "ignore", "-m", "benchmarks.viewers", "--one", name, str(folder)]
    quick = ["--quick"] if is_quick else []
    done = subprocess.run([*words, *quick], stdout=subprocess.PIPE, text=True, check=True)
    cold, cpu, warm, side = map(float, done.stdout.split()[-4:])
    print(f"{name:<28}{cold:8.2f}{cpu:8.2f}{warm:8.2f}{side:8.2f}", flush=True)
    return max(cold, warm) <= LIMIT


# ---------------------------------------------------------------------- one viewer
def _open_twice(name: str, folder: Path, size: Tuple[int, int]) -> int:
    """Print how long the first and the second window took, and the plane on the side."""
    from etomotut.tests import scipion_home

    if not scipion_home.HAS_SCIPION:
        raise SystemExit("Scipion is not installed here")
    from etomotut import viewers

    kind, make = VIEWERS[name]
    place = folder / name.replace(" ", "_").replace(",", "")
    place.mkdir()
    made = make(place, size)
    for path in place.glob("*"):
        _forget(path)
    project = SimpleNamespace(getTmpPath=lambda *names: str(place.joinpath(*names)), getRuns=list)
    found = {each.__name__: each for each in vars(viewers).values() if isinstance(each, type)}
    taken = [_open(found[kind], project, made) for _ in range(2)]
    shutil.rmtree(place)
    (cold, cpu, side), (warm, _, _) = taken
    print(cold, cpu, warm, side)
    return 0


def _open(kind: Any, project: Any, made: Any) -> Tuple[float, float, float]:
    """Give the seconds and CPU seconds until a window shows its picture, and until it shows all."""
    start, used = time.perf_counter(), time.process_time()
    import tkinter

    root = tkinter.Tk()
    root.withdraw()
    (view,) = kind(project=project)._visualize(made)
    window = view._make(root)
    while not _has_drawn(window):
        root.update()
    first, cpu = time.perf_counter() - start, time.process_time() - used
    while not getattr(window.model, "is_side_full", True):
        root.update()
    whole = time.perf_counter() - start
    root.destroy()
    return first, cpu, whole


def _has_drawn(window: Any) -> bool:
    if hasattr(window, "canvases") and not hasattr(window, "figures"):
        return window.canvases["x-y"]._photo is not None
    if hasattr(window, "figures"):
        return bool(window._photos)
    return window.canvas._photo is not None


def _forget(path: Path) -> None:
    """Let the system drop a file from memory."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# ---------------------------------------------------------------------- what is looked at
def _series(folder: Path, size: Tuple[int, int]) -> Any:
    from tomo.objects import SetOfTiltSeries

    from etomotut.tests.scipion_objects import acquisition, tilt_series, turn

    angles = np.linspace(-60, 60, VIEWS)
    matrices = [turn(85.3, 3.0, -2.0) for _ in angles]
    series, images = tilt_series(folder, angles, transforms=matrices, size=size, halves=True)
    _fill(Path(images[0].getFileName()), (VIEWS, size[1], size[0]))
    series.setAlignment2D()
    made = SetOfTiltSeries.create(str(folder), prefix="series")
    made.setSamplingRate(PIXEL)
    made.setAcquisition(acquisition())
    made.append(series)
    for image in images:
        image.setObjId(None)
        series.append(image)
    return _closed(made, series)


def _models(folder: Path, size: Tuple[int, int]) -> Any:
    from tomo.objects import SetOfLandmarkModels

    from etomotut.convert import fiducials
    from etomotut.formats import model

    random = np.random.default_rng(1)
    bead, view = np.indices((BEADS, VIEWS)).reshape(2, -1)
    rows = np.column_stack([random.uniform(0, each, len(bead)) for each in size] + [view])
    model.write(
        folder / "a.fid", model.from_tracks(rows, bead, size=(*size, VIEWS), pixel_size=PIXEL)
    )
    fiducials.write_landmarks(
        str(folder / "a.sfid"), rows, bead, random.normal(size=(len(bead), 2))
    )
    made = SetOfLandmarkModels.create(str(folder), prefix="models")
    made.setSetOfTiltSeries(_series(folder, size))
    files = str(folder / "a.sfid"), str(folder / "a.fid")
    made.append(fiducials.landmark_model("TS_1", *files, 100.0, True))
    return _closed(made)


def _ctfs(folder: Path, size: Tuple[int, int]) -> Any:
    from tomo.objects import CTFTomo, CTFTomoSeries, SetOfCTFTomoSeries

    series = _series(folder, size)
    made = SetOfCTFTomoSeries.create(str(folder), prefix="ctfs")
    made.setSetOfTiltSeries(series)
    ctfs = CTFTomoSeries(tsId="TS_1")
    made.append(ctfs)
    for number in range(1, VIEWS + 1):
        ctf = CTFTomo(index=number, acqOrder=number)
        ctf.setStandardDefocus(31000.0 + 10 * number, 30000.0, 20.0)
        ctf.setResolution(8.0)
        ctfs.append(ctf)
    return _closed(made, ctfs)


def _tomograms(folder: Path, size: Tuple[int, int], mask: bool = False) -> Any:
    from tomo.objects import SetOfTomograms, SetOfTomoMasks, Tomogram, TomoMask

    path = folder / "tomogram.mrc"
    _fill(path, (DEPTH, size[1], size[0]), is_volume=True)
    kind, holder = (TomoMask, SetOfTomoMasks) if mask else (Tomogram, SetOfTomograms)
    item = kind(tsId="TS_1")
    item.setSamplingRate(PIXEL)
    if mask:
        _fill(folder / "mask.mrc", (DEPTH, size[1], size[0]), np.int8, is_volume=True)
        item.setVolName(str(path))
    item.setFileName(str(folder / "mask.mrc" if mask else path))
    item.setOrigin()
    made = holder.create(str(folder), prefix="tomograms")
    made.setSamplingRate(PIXEL)
    made.append(item)
    return _closed(made)


def _masks(folder: Path, size: Tuple[int, int]) -> Any:
    return _tomograms(folder, size, mask=True)


def _coordinates(folder: Path, size: Tuple[int, int]) -> Any:
    from tomo.constants import BOTTOM_LEFT_CORNER
    from tomo.objects import Coordinate3D, SetOfCoordinates3D

    tomograms = _tomograms(folder, size)
    tomogram, random = tomograms.getFirstItem().clone(), np.random.default_rng(2)
    made = SetOfCoordinates3D.create(str(folder), prefix="picked")
    made.setPrecedents(tomograms)
    made.setSamplingRate(PIXEL)
    made.setBoxSize(20)
    for place in random.uniform(0, 1, (PICKED, 3)) * (*size, DEPTH):
        coordinate = Coordinate3D()
        coordinate.setVolume(tomogram)
        coordinate.setPosition(*map(float, place), BOTTOM_LEFT_CORNER)
        made.append(coordinate)
    tomograms.close()
    return _closed(made)


def _closed(made: Any, *parts: Any) -> Any:
    for part in parts:
        part.write()
        made.update(part)
    made.write()
    made.close()
    return made


def _fill(
    path: Path, shape: Tuple[int, int, int], kind: Any = np.float32, is_volume: bool = False
) -> None:
    """Write noise, section by section."""
    random = np.random.default_rng(3)
    noise = random.normal(100, 10, (2, *shape[1:])) / (100 if kind == np.int8 else 1)
    with mrc.create(path, shape, kind, pixel_size=PIXEL, volume=is_volume) as stack:
        for section in range(shape[0]):
            stack[section] = np.roll(noise[section % 2], 7 * section).astype(kind)


VIEWERS: Dict[str, Tuple[str, Callable[[Path, Tuple[int, int]], Any]]] = {
    "tilt series": ("EtomotutSeriesViewer", _series),
    "fiducial model": ("EtomotutFiducialViewer", _models),
    "CTF curves": ("EtomotutCtfViewer", _ctfs),
    "tomogram": ("EtomotutTomogramViewer", _tomograms),
    "mask over tomogram": ("EtomotutTomogramViewer", _masks),
    "coordinates in tomogram": ("EtomotutCoordinatesViewer", _coordinates),
}

if __name__ == "__main__":
    sys.exit(main())
