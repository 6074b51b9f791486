"""What bad looks like: a good series treated wrong in one way at a time, drawn as stages draw it.

Everything is made by the programs that stages run, from the results of a good run of the series.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Sequence, Tuple

import numpy as np
from PIL import Image

from docs_pictures.saving import save
from etomotut.engine.transforms import rotation
from etomotut.formats import fiducials, model, tlt, xf
from etomotut.formats.mrc import Stack
from etomotut.report import sections

SERIES, BINNING, THICKNESS = "TS_01", 2, 190
AXIS_ERROR = 6.0  # degrees
JUMPS = 3  # beads that are lost
BESIDE = 3.0  # pixels that a mark lies beside the bead that it is not of
GOOD = "As it should be"
PROGRAM = [sys.executable, "-m", "etomotut"]


class Treatment:
    """A series in `data`, and the files that a good run left in `results`; ours go to `scratch`."""

    def __init__(self, data: Path, results: Path, scratch: Path, pictures: Path) -> None:
        self._raw, self._results = data / f"{SERIES}.mrc", results
        self._scratch, self._pictures = scratch, pictures
        scratch.mkdir(parents=True, exist_ok=True)
        stack = Stack(str(self._raw))
        self._shape, self.pixel_size = stack.shape, stack.pixel_size
        self.transforms = xf.read(results / f"{SERIES}.xf")
        self.angles = tlt.read(results / f"{SERIES}.tlt")

    def tomogram(
        self,
        name: str,
        about: str,
        transforms: Any,
        angles: Any,
    ) -> None:
        """Reconstruct with transforms (view, 2, 3) and angles, and draw three planes."""
        files = {what: str(self._scratch / f"{name}.{what}") for what in _FILES}
        xf.write(files["xf"], transforms)
        tlt.write(files["tlt"], angles)
        height, width = self._shape[1] // BINNING, self._shape[2] // BINNING
        size = f"{height},{width}"  # the tilt axis is along the longer side
        _run(
            *("newstack", "-in", str(self._raw), "-ou", files["ali"], "-xform", files["xf"]),
            *("-bin", str(BINNING), "-size", size),
        )
        words = ["-InputProjections", files["ali"], "-OutputFile", files["slices"]]
        words += ["-TILTFILE", files["tlt"], "-THICKNESS", str(THICKNESS), "-PERPENDICULAR"]
        _run("tilt", *words, "-RADIAL", "0.35,0.035", "-MODE", "2")
        _run("trimvol", "-rx", files["slices"], files["mrc"])
        volume = Stack(files["mrc"])
        pixel_size = self.pixel_size * BINNING
        point = self._bead(volume.shape)
        figure = sections.draw_sections(volume, pixel_size=pixel_size, name=about, point=point)
        self._write(f"{name}_tomogram", figure)

    def _bead(self, shape: Sequence[int]) -> Tuple[int, int, int]:
        """Give the voxel (x, y, z) of a bead in the middle of the upper surface."""
        depth, height, width = shape
        beads = fiducials.read_positions(self._results / f"{SERIES}.xyz").xyz / BINNING
        upper = beads[beads[:, 2] > np.median(beads[:, 2])]
        aside = np.hypot(upper[:, 0] - width / 2, upper[:, 1] - height / 2)
        x, y, z = upper[aside.argmin()]
        return round(x), round(y), round(float(np.clip(z + depth / 2, 0, depth - 1)))

    def solve(self, rows: Any, beads: Any, name: str) -> Any:
        """Give the transforms (view, 2, 3) of an alignment by tracks (point, 3), as they are."""
        files = {what: str(self._scratch / f"{name}.{what}") for what in _FILES}
        views, height, width = self._shape
        made = model.from_tracks(
            rows, beads, size=(width, height, views), pixel_size=self.pixel_size / 10
        )
        model.write(files["fid"], made)
        tlt.write(files["tlt"], self.angles)
        _run(
            *("tiltalign", "-ModelFile", files["fid"], "-ImageSizeXandY", f"{width},{height}"),
            *("-OutputTransformFile", files["xf"], "-RotationAngle", f"{self.axis_angle:.2f}"),
            *("-TiltFile", files["tlt"], "-RotOption", "-1", "-TiltOption", "0"),
            *("-MagOption", "0", "-UnbinnedPixelSize", f"{self.pixel_size / 10}"),
        )
        return xf.read(files["xf"])

    @property
    def axis_angle(self) -> float:
        """The angle of the tilt axis, degrees."""
        first = self.transforms[len(self.transforms) // 2]
        return float(-np.degrees(np.arctan2(first[1, 0], first[0, 0])))

    def tracks(self) -> Tuple[Any, Any]:
        """Give the good run's tracks: points (point, 3) as x, y, view, and their beads."""
        return model.tracks(model.read(self._results / f"{SERIES}.fid"))

    def _write(self, name: str, figure: Any) -> None:
        path = self._scratch / f"{name}.png"
        figure.savefig(path)
        with Image.open(path) as drawn:
            save(self._pictures / f"{name}.png", drawn)


_FILES = ("xf", "tlt", "ali", "slices", "mrc", "fid")


def draw_failures(treatment: Treatment) -> None:
    """Draw the good series, and the same with one thing wrong at a time."""
    transforms, angles = treatment.transforms, treatment.angles
    treatment.tomogram("good", GOOD, transforms, angles)
    turned = rotation(AXIS_ERROR)[:, :2] @ transforms
    about = f"The tilt axis is wrong by {AXIS_ERROR:g} degrees"
    treatment.tomogram("bad_axis", about, turned, angles)
    rows, beads = treatment.tracks()
    lost = treatment.solve(mistrack(rows, beads), beads, "bad_tracking")
    treatment.tomogram("bad_tracking", "Beads lost on the way", lost, angles)


def mistrack(rows: Any, beads: Any) -> Any:
    """Give tracks in which some beads go on, from the middle view, on their neighbour's marks."""
    wrong = rows.copy()
    middle = np.median(rows[:, 2])
    for lost in np.unique(beads)[:JUMPS]:
        own = (beads == lost) & (rows[:, 2] > middle)
        start = rows[(beads == lost) & (rows[:, 2] == middle), :2]
        others = (beads != lost) & (rows[:, 2] == middle)
        if not len(start) or not others.any():
            continue
        distances = np.hypot(*(rows[others, :2] - start[0]).T)
        neighbour = beads[others][distances.argmin()]
        theirs = {int(v): (x + BESIDE, y) for x, y, v in rows[beads == neighbour]}
        for point in np.flatnonzero(own):
            wrong[point, :2] = theirs.get(int(rows[point, 2]), wrong[point, :2])
    return wrong


def _run(*words: str) -> None:
    subprocess.run([*PROGRAM, *words], check=True, stdout=subprocess.DEVNULL)
