"""Small Scipion objects in memory, as plugins make them; files are real but tiny."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from etomotut.formats import mrc
from etomotut.tests import scipion_home  # noqa: F401 - Scipion's variables, before its classes


def acquisition(axis_angle: Optional[float] = 85.3) -> Any:
    """Give an acquisition of a 300 kV microscope."""
    from tomo.objects import TomoAcquisition

    made = TomoAcquisition(
        angleMin=-60.0, angleMax=60.0, step=3.0, accumDose=120.0, tiltAxisAngle=axis_angle
    )
    made.setVoltage(300.0)
    made.setMagnification(50000)
    made.setSphericalAberration(2.7)
    made.setAmplitudeContrast(0.1)
    made.setDosePerFrame(3.0)
    return made


def tilt_series(
    folder: Path,
    angles: Sequence[float],
    *,
    disabled: Sequence[int] = (),
    transforms: Optional[Sequence[Any]] = None,
    halves: bool = False,
    axis_angle: Optional[float] = 85.3,
    size: Tuple[int, int] = (8, 6),
    pixel_size: float = 5.0,
) -> Tuple[Any, List[Any]]:
    """Give a tilt series and its images, one for each tilt angle in the order of the file.

    Views were acquired from the least tilted outwards; `disabled` names sections from 1, `size`
    is (x, y), `transforms` are 3 x 3, one a section.
    """
    from pwem.objects import Transform
    from tomo.objects import TiltImage, TiltSeries

    names = {part: folder / f"TS_1{part}.mrcs" for part in ("", "_odd", "_even")}
    for number, name in enumerate(names.values()):
        stack = np.zeros((len(angles), size[1], size[0]), np.float32)
        stack += np.arange(len(angles), dtype=np.float32)[:, None, None] + 100 * number
        mrc.write(name, stack, pixel_size=pixel_size)
    series = TiltSeries(tsId="TS_1")
    series.setAcquisition(acquisition(axis_angle))
    series.setSamplingRate(pixel_size)
    series.setAnglesCount(len(angles))
    order = np.argsort(np.argsort(np.abs(angles), kind="stable"), kind="stable") + 1
    images = []
    for section, angle in enumerate(angles, 1):
        image = TiltImage((section, str(names[""])), tiltAngle=float(angle), tsId="TS_1")
        image.setAcquisitionOrder(int(order[section - 1]))
        image.setSamplingRate(pixel_size)
        image.setAcquisition(acquisition(axis_angle))
        image.setEnabled(section not in disabled)
        if transforms is not None:
            image.setTransform(Transform(matrix=np.array(transforms[section - 1], float)))
        if halves:
            image.setOddEven([f"{section}@{names['_odd']}", f"{section}@{names['_even']}"])
        image.setObjId(section)
        images.append(image)
    return series, images


def turn(degrees: float, dx: float = 0.0, dy: float = 0.0) -> Any:
    """Give the 3 x 3 transform that Scipion and IMOD count as a rotation by an axis angle."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, s, dx], [-s, c, dy], [0.0, 0.0, 1.0]])
