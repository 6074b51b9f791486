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


def read_angles(values: Values, views: int) -> npt.NDArray[np.float64]:
    """Give the tilt angles (view,) in degrees; raises OptionError unless told one way for each."""
    from etomotut.formats import tlt

    offset = values.get("AngleOffset") or 0.0
    if values["TiltFile"] is not None:
        return tlt.read(values["TiltFile"], views=views) + offset
    if values["TiltAngles"] is not None:
        if len(values["TiltAngles"]) != views:
            raise OptionError(
                f"option TiltAngles has {len(values['TiltAngles'])} angles for {views} views"
            )
        return np.array(values["TiltAngles"]) + offset
    if values["FirstTiltAngle"] is None or values["TiltIncrement"] is None:
        raise OptionError("tilt angles are needed: TiltFile, or FirstTiltAngle and TiltIncrement")
    first, step = values["FirstTiltAngle"], values["TiltIncrement"]
    return first + step * np.arange(views) + offset
