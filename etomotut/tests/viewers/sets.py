"""Small Scipion sets on disk, as our stages leave them, and the plain values behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Sequence, Tuple

import numpy as np

from etomotut.convert import fiducials
from etomotut.formats import model, mrc
from etomotut.tests.report.marked import ANGLES, BEADS, RESIDUAL
from etomotut.tests.scipion_objects import acquisition, tilt_series, turn

SIZE = 60, 40
EXCLUDED = 3  # section, from 1
USED = [n for n in range(len(ANGLES)) if n + 1 != EXCLUDED]


def series_set(
    folder: Path,
    *,
    axis: float = 0.0,
    prefix: str = "series",
    excluded: Sequence[int] = (EXCLUDED,),
) -> Any:
    """Give a set with the series TS_1, whose views a transform turns by the axis angle."""
    from tomo.objects import SetOfTiltSeries

    matrices = [turn(axis, 0.5 * n, -1.0) for n in range(len(ANGLES))]
    series, images = tilt_series(
        folder, ANGLES, disabled=excluded, transforms=matrices, size=SIZE, axis_angle=axis
    )
    series.setAlignment2D()
    made = SetOfTiltSeries.create(str(folder), prefix=prefix)
    made.setSamplingRate(5.0)
    made.setAcquisition(acquisition(axis))
    made.append(series)
    for image in images:
        image.setObjId(None)
        series.append(image)
    series.write()
    made.update(series)
    made.write()
    made.close()
    return made


def model_set(folder: Path, of: Any, *, is_solved: bool = True) -> Any:
    """Give a set with the model of TS_1; bead 2 was not measured in the fourth used view."""
    from tomo.objects import SetOfLandmarkModels

    rows, tracks = points()
    residuals = np.tile(RESIDUAL if is_solved else np.nan, (len(rows), 1))
    residuals[(tracks == 1) & (rows[:, 2] == 3)] = np.nan
    size = (*SIZE, len(USED))
    model.write(folder / "a.fid", model.from_tracks(rows, tracks, size=size, pixel_size=5.0))
    fiducials.write_landmarks(str(folder / "a.sfid"), rows, tracks, residuals)
    made = SetOfLandmarkModels.create(str(folder), prefix="models")
    made.setSetOfTiltSeries(of)
    files = str(folder / "a.sfid"), str(folder / "a.fid")
    made.append(fiducials.landmark_model("TS_1", *files, 40.0, is_solved))
    made.write()
    made.close()
    return made


def points() -> Tuple[np.ndarray, np.ndarray]:
    """Give marks (point, 3) of the beads in the prealigned used views, and their beads."""
    bead, view = np.indices((len(BEADS), len(USED))).reshape(2, -1)
    tilt = np.radians(ANGLES[USED][view])
    x = BEADS[bead, 0] * np.cos(tilt) + BEADS[bead, 2] * np.sin(tilt)
    middle = (np.array(SIZE) - 1) / 2
    return np.column_stack([np.column_stack([x, BEADS[bead, 1]]) + middle, view]), bead


def tomogram_set(folder: Path) -> Any:
    """Give a set with the tomogram of TS_1, ten voxels thick."""
    from tomo.objects import SetOfTomograms, Tomogram

    path = folder / "tomo.mrc"
    volume = np.zeros((10, SIZE[1], SIZE[0]), np.float32)
    mrc.write(path, volume, pixel_size=5.0, volume=True)
    tomogram = Tomogram(tsId="TS_1")
    tomogram.setSamplingRate(5.0)
    tomogram.setFileName(str(path))
    tomogram.setAcquisition(acquisition())
    tomogram.setOrigin()
    made = SetOfTomograms.create(str(folder), prefix="tomograms")
    made.setSamplingRate(5.0)
    made.append(tomogram)
    made.write()
    made.close()
    return made


def coordinate_set(folder: Path, of: Any) -> Any:
    """Give the 3D positions of the beads of TS_1."""
    from tomo.objects import SetOfTiltSeriesCoordinates, TiltSeriesCoordinate

    made = SetOfTiltSeriesCoordinates.create(str(folder), prefix="coordinates")
    made.setSetOfTiltSeries(of)
    for name, place in [("TS_1", each) for each in BEADS] + [("TS_2", BEADS[0])]:
        coordinate = TiltSeriesCoordinate(tsId=name)
        coordinate.setPosition(*map(float, place), sampling_rate=5.0)
        made.append(coordinate)
    made.write()
    made.close()
    return made


def names(items: Sequence[Any]) -> List[str]:
    """Give the names of items."""
    return [item.name for item in items]


def ctf_set(folder: Path, of: Any) -> Any:
    """Give CTF estimates of TS_1, 1 nm more a degree; the view that is excluded has none."""
    from tomo.objects import CTFTomo, CTFTomoSeries, SetOfCTFTomoSeries

    made = SetOfCTFTomoSeries.create(str(folder), prefix="ctfs")
    made.setSetOfTiltSeries(of)
    series = CTFTomoSeries(tsId="TS_1")
    made.append(series)
    for image in of[{"_tsId": "TS_1"}].iterItems(iterate=False):
        mean = 30000.0 + 10 * image.getTiltAngle()
        ctf = CTFTomo(index=image.getIndex(), acqOrder=image.getAcquisitionOrder())
        ctf.setStandardDefocus(mean + 100, mean - 100, 20.0)
        ctf.setResolution(8.5)
        if image.getIndex() == EXCLUDED:
            ctf.setWrongDefocus()
            ctf.setEnabled(False)
        series.append(ctf)
    series.write()
    made.update(series)
    made.write()
    made.close()
    of.close()
    return made
