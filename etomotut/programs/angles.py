"""The options by which several programs are told the tilt angles, and reading them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.options import Option, Several, Values

OPTIONS = (
    Option("FirstTiltAngle", float, "tilt angle of the first view, degrees", short="first"),
    Option("TiltIncrement", float, "tilt angle from view to view, degrees", short="increment"),
    Option("TiltFile", Path, "file of tilt angles, one a view", short="tiltfile"),
    Option("TiltAngles", Several(float), "tilt angles of all views", short="angles"),
)


STEEPEST = 89.0  # degrees


def read_angles(values: Values, views: int) -> npt.NDArray[np.float64]:
    """Give the tilt angles (view,) in degrees; raises OptionError unless told for each view."""
    found = _read(values, views) + (values.get("AngleOffset") or 0.0)
    require_different(found, str(values["TiltFile"] or "the option"))
    steep = np.flatnonzero(np.abs(found) > STEEPEST)
    if len(steep):
        raise OptionError(
            f"view {steep[0] + 1} has tilt angle {found[steep[0]]:g}; allowed is +-{STEEPEST:g}"
        )
    return found


def require_different(tilt_angles: npt.NDArray[np.float64], source: str) -> None:
    """Raise OptionError if all of several views have one tilt angle; `source` tells it."""
    if len(tilt_angles) > 1 and np.ptp(tilt_angles) == 0:
        raise OptionError(
            f"{source} gives all {len(tilt_angles)} views the tilt angle {tilt_angles[0]:g}; a "
            "tilt series has different ones"
        )


def _read(values: Values, views: int) -> npt.NDArray[np.float64]:
    from etomotut.formats import tlt

    if values["TiltFile"] is not None:
        return tlt.read(values["TiltFile"], views=views)
    if values["TiltAngles"] is not None:
        if len(values["TiltAngles"]) != views:
            raise OptionError(
                f"option TiltAngles has {len(values['TiltAngles'])} angles for {views} views"
            )
        return np.array(values["TiltAngles"])
    if values["FirstTiltAngle"] is None or values["TiltIncrement"] is None:
        raise OptionError("tilt angles are needed: TiltFile, or FirstTiltAngle and TiltIncrement")
    first, step = values["FirstTiltAngle"], values["TiltIncrement"]
    return first + step * np.arange(views)
