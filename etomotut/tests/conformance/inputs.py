"""The files that conformance cases read: those of the reference, and some made here."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Optional, Sequence

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import model, mrc, tlt
from etomotut.programs.options import read_parameters
from etomotut.tests.engine import phantoms

SOLUTION = {  # what tiltalign writes, by the option that names it
    "OutputTransformFile": "a.tltxf",
    "OutputTiltFile": "a.tlt",
    "OutputXAxisTiltFile": "a.xtilt",
    "OutputResidualFile": "a.resid",
    "OutputFidXYZFile": "a.xyz",
    "OutputModelFile": "a.3dmod",
}
TRACKING = """\
TiltDefaultGrouping 7
MagDefaultGrouping 5
RotDefaultGrouping 1
FillGaps 1
MaxGapSize 5
MinViewsForTiltalign 4
MaxBeadsToAverage 4
PointsToFitMaxAndMin 7,3
DensityRescueFractionAndSD 0.6,1
DistanceRescueCriterion 10
RescueRelaxationDensityAndDistance 0.7,0.9
PostFitRescueResidual 2.5
DensityRelaxationPostFit 0.9
MaxRescueDistance 2.5
ResidualsToAnalyzeMaxAndMin 9,5
DeletionCriterionMinAndSD 0.04,2
"""
MARGIN = 3  # pixels at the border of an image that IMOD 4.8 may fill though it has data for them


class Inputs:
    """Input files by name, made when they are first asked for.

    `reference` is the folder of stored outputs of IMOD, None where it is absent.
    """

    def __init__(self, folder: Path, reference: Optional[Path]) -> None:
        self._folder, self.reference = folder, reference

    def get(self, name: str) -> Path:
        """Give the file of this name; skips the test if it is of the reference, and that absent."""
        path = self._folder / name
        if not path.exists():
            (MADE.get(name) or (_parameters if name.endswith(".in") else _stored))(self, path)
        return path

    def stored(self, name: str) -> Path:
        """Give a file of the reference as it is stored; skips the test if that is absent."""
        if self.reference is None:
            pytest.skip("the input is a stored one, and no folder reference is beside the checkout")
        return self.reference / name


def _stored(inputs: Inputs, path: Path) -> None:
    """Lay a file of the reference; images of half precision are younger than IMOD 4.8."""
    stored = inputs.stored(path.name)
    if path.suffix in (".mrc", ".st") and mrc.Stack(stored).dtype == np.float16:
        mrc.write(path, mrc.read(stored).astype(np.float32), pixel_size=11.04)
    else:
        path.symlink_to(stored)


def _marks(inputs: Inputs, path: Path) -> None:
    path.symlink_to(inputs.stored(f"variants/{path.name}"))


def _parameters(inputs: Inputs, path: Path) -> None:
    """Write the options of a stored run of tiltalign, with the files here and no beam tilt."""
    place = "" if path.stem == "tiltalign" else "variants/tiltalign/"
    lines = inputs.stored(f"{place}{path.name}").read_text().splitlines()
    away = ("Output", "ImageFile", "ModelFile", "TiltFile", "BeamTiltOption")
    kept = [f"{name}\t{v}" for name, v in read_parameters(lines) if not name.startswith(away)]
    kept += ["ImageSizeXandY\t256,360", f"ModelFile\t{inputs.get('beadtrack.fid')}"]
    kept += [f"TiltFile\t{inputs.get('ref.rawtlt')}"]
    path.write_text("\n".join([*kept, *(f"{option}\t{file}" for option, file in SOLUTION.items())]))


def _tracking(inputs: Inputs, path: Path) -> None:
    """Write the options with which the beads of the reference were tracked, with the files here."""
    values = dict(read_parameters(inputs.stored("track.com").read_text().splitlines()))
    values.update(ImageFile=inputs.get("prealigned.st"), InputSeedModel="autofidseed.seed")
    for option, name in (("PrealignTransformFile", "xftoxg.prexg"), ("TiltFile", "ref.rawtlt")):
        values[option] = inputs.get(name)
    text = "\n".join(f"{option}\t{value}" for option, value in values.items())
    path.write_text(f"$beadtrack -StandardInput\n{text}\n")


def _tracking_of_seeds(inputs: Inputs, path: Path) -> None:
    seed = inputs.get("autofidseed.seed")
    text = inputs.get("track.com").read_text()
    text = text.replace(seed.name, str(seed)).replace("beadtrack.fid", "out.fid")
    path.write_text(text.partition("\n")[2])


def _beads(inputs: Inputs, path: Path) -> None:
    """Write tilted views of ten beads."""
    marks = phantoms.geometry(beads=10).marks
    mrc.write(path, phantoms.images(marks), pixel_size=11.0)


def _bead_options(inputs: Inputs, path: Path) -> None:
    tlt.write(path.with_suffix(".rawtlt"), phantoms.ANGLES)
    values = {
        "ImageFile": inputs.get("beads.st"),
        "InputSeedModel": path.with_suffix(".seed"),
        "OutputModel": "out.fid",
        "TiltFile": path.with_suffix(".rawtlt"),
        "RotationAngle": 5,
        "BeadDiameter": 8,
        "BoxSizeXandY": "32,32",
        "RoundsOfTracking": 2,
        **dict(line.split() for line in TRACKING.splitlines()),
    }
    text = "".join(f"{option}\t{value}\n" for option, value in values.items())
    path.write_text(text)
    path.with_suffix(".com").write_text(f"$beadtrack -StandardInput\n{text}")
    words = ["-track", str(path.with_suffix(".com")), "-number", "8"]
    assert main(["autofidseed", *words, "-output", str(values["InputSeedModel"])]) == 0


def _bead_commands(inputs: Inputs, path: Path) -> None:
    inputs.get("beads.txt")


def _prealigned(inputs: Inputs, path: Path) -> None:
    lines = str(inputs.get("xftoxg.prexg"))
    words = ["-xform", lines, "-mode", "2", str(inputs.get("ccderaser.st"))]
    assert main(["newstack", *words, str(path)]) == 0


def _ones(inputs: Inputs, path: Path) -> None:
    """Write views of 1 where IMOD surely has data."""
    ones = np.zeros((41, 360, 256), np.float32)
    ones[:, MARGIN:-MARGIN, MARGIN:-MARGIN] = 1
    mrc.write(path, ones, pixel_size=1.0)


def _series(inputs: Inputs, path: Path) -> None:
    """Write three views of different level and contrast, of the type in the name."""
    views = np.random.default_rng(0).normal(size=(3, 46, 60))
    views = 200 + 10 * np.arange(3)[:, None, None] + views * [[[10]], [[20]], [[5]]]
    views = np.rint(views).astype(path.stem)
    mrc.write(path, views, pixel_size=2.0, origin=(10, 20, 30))


def _volume(inputs: Inputs, path: Path) -> None:
    """Write a volume in which every voxel differs."""
    data = np.random.default_rng(0).permutation(11 * 14 * 17).reshape(11, 14, 17)
    about = {"pixel_size": 2.0, "volume": True, "origin": (10, 20, 30)}
    mrc.write(path, data.astype(np.float32), **about)


def _smooth(inputs: Inputs, path: Path) -> None:
    """Write a volume of noise that is smooth along y."""
    random = np.random.default_rng(0)
    volume = 100 + np.cumsum(random.normal(size=(60, 120, 140)), axis=1).astype(np.float32)
    mrc.write(path, volume, pixel_size=4.0, volume=True)


def _shifted(inputs: Inputs, path: Path) -> None:
    """Write five views of one image, each moved by whole pixels."""
    noise = np.random.default_rng(0).normal(size=(160, 180))
    image = 100 + 10 * np.fft.irfft2(np.fft.rfft2(noise) * _falling(noise.shape), noise.shape)
    moves = [(0, 0), (3, -2), (1, 4), (-5, 6), (2, 2)]
    views = [np.roll(image, move, (0, 1))[10:-10, 10:-10] for move in moves]
    mrc.write(path, np.array(views, np.float32), pixel_size=5.0)


def _falling(shape: Sequence[int]) -> np.ndarray:
    """Give weights of frequencies (y, x) that fall as a Gaussian."""
    y, x = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])
    return np.exp(-(x**2 + y**2) / (2 * 0.1**2))


def _patches(inputs: Inputs, path: Path) -> None:
    """Write tracks of patches: two through 41 views, one through 20."""
    views = np.concatenate([np.arange(41), np.arange(41), np.arange(20)])
    tracks = np.repeat([0, 1, 2], [41, 41, 20])
    rows = np.column_stack([50.0 + 40 * tracks + views, 60.0 + 0 * views, views])
    model.write(path, model.from_tracks(rows, tracks, size=(256, 360, 41), pixel_size=11.04))


MADE: Dict[str, Callable[[Inputs, Path], None]] = {
    "int16.st": _series,
    "uint16.st": _series,
    "float32.st": _series,
    "ones.st": _ones,
    "prealigned.st": _prealigned,
    "volume.rec": _volume,
    "smooth.rec": _smooth,
    "tracks.fid": _patches,
    "track.com": _tracking,
    "shifted.st": _shifted,
    "beads_aligned.mod": _marks,
    "beads.st": _beads,
    "beads.txt": _bead_options,
    "beads.com": _bead_commands,
    "beadtrack.com": _tracking_of_seeds,
}
