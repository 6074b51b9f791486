"""A SerialEM metadata file (.mdoc) for a simulated series: what microscopes leave beside a stack.

Keys and their meaning: SerialEM's help, "About file formats". The header comes first, then one
section a view in the stack's order; when it was acquired is told by its DateTime.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Dict, List, Union

import numpy as np

from etomotut.demo.geometry import Views
from etomotut.demo.parameters import Parameters

_FIRST = datetime(2024, 5, 17, 10, 0, 0)
_SECONDS = 45  # from one view to the next


def write(path: Union[str, Path], image: str, parameters: Parameters, views: Views) -> None:
    """Write the metadata of the stack file named `image`."""
    columns, rows = parameters.size
    header: Dict[str, object] = {
        "PixelSpacing": f"{parameters.pixel_size:g}",
        "Voltage": f"{parameters.voltage_kv:g}",
        "ImageFile": image,
        "ImageSize": f"{columns} {rows}",
        "DataMode": 1,
    }
    axis = _never_zero(parameters.axis_angle)
    lines = [f"{key} = {value}" for key, value in header.items()]
    lines += [
        "",
        "[T = etomotut: simulated tilt series]",
        "",
        f"[T =     Tilt axis angle = {axis:.2f}, binning = 1  spot = 8  camera = 0]",
        "",
    ]
    for view in range(len(views)):
        lines.append(f"[ZValue = {view}]")
        lines += [f"{key} = {value}" for key, value in _section(parameters, views, view).items()]
        lines.append("")
    Path(path).write_text("\n".join(lines))


def frame_names(parameters: Parameters, views: Views) -> List[str]:
    """Give the name that each view's movie would have."""
    return [
        f"{parameters.name}_{order + 1:03d}_{angle:.1f}.tif"
        for order, angle in zip(views.order, views.angles)
    ]


def _section(parameters: Parameters, views: Views, view: int) -> Dict[str, object]:
    started = _FIRST + timedelta(seconds=_SECONDS * int(views.order[view]))
    movie = frame_names(parameters, views)[view]
    return {
        "TiltAngle": f"{views.angles[view]:.2f}",
        "StagePosition": "12.34 -56.78",
        "StageZ": "3.21",
        "Magnification": 42000,
        "Intensity": 0.12,
        "ExposureDose": f"{parameters.dose:g}",
        "PriorRecordDose": f"{views.dose[view]:g}",
        "DoseRate": f"{parameters.dose * parameters.pixel_size**2:.3f}",
        "PixelSpacing": f"{parameters.pixel_size:g}",
        "SpotSize": 8,
        "Defocus": f"{-views.defocus[view].mean() / 1e4:.3f}",
        "TargetDefocus": f"{-parameters.defocus / 1e4:.3f}",
        # SerialEM counts this one from the specimen's Y axis, a quarter turn from the tilt axis
        "RotationAngle": f"{_never_zero(_wrapped(parameters.axis_angle + 90)):.2f}",
        "ExposureTime": 1,
        "Binning": 1,
        "CameraIndex": 0,
        "DividedBy2": 0,
        "Voltage": f"{parameters.voltage_kv:g}",
        "NumSubFrames": 2,
        "SubFramePath": f"X:\\frames\\{movie}",
        "DateTime": started.strftime("%d-%b-%y  %H:%M:%S"),
    }


def _never_zero(angle: float) -> float:
    """Give an angle that readers who take a zero for "missing" accept (scipion-em-tomo does)."""
    return angle if abs(angle) >= 0.005 else 0.01


def _wrapped(angle: float) -> float:
    return float(np.mod(angle + 180, 360) - 180)
