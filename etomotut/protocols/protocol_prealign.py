"""Stage 2: the views of a tilt series are shifted onto each other by cross-correlation."""

from __future__ import annotations

from typing import Any, List, Mapping

import numpy as np
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import BooleanParam, FloatParam, IntParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.series import Changes
from etomotut.formats import xf
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_series_input, man
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import TILT_SERIES, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import AXIS_ANGLE, FILES

SUSPICIOUS = 0.25  # of the shorter side; a view shifted further has seldom been found


class ProtEtomotutPrealign(EtomotutProtocol):
    """Find the shifts between the views of tilt series by cross-correlation.

    Only transforms are written, the images stay as they are. A wrong tilt axis shows as shifts
    that jump.
    """

    _label = "coarse prealignment"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries}
    programs = ("newstack", "tiltxcorr", "xftoxg")
    papers = ("Kremer1996", "Guckenberger1982")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "cumulativeCorr",
            BooleanParam,
            default=True,
            label="Cumulative correlation?",
            help="Correlate each view with the sum of all that are aligned already, not only "
            f"with its neighbour. See {man('tiltxcorr')}",
        )
        form.addParam(
            "tiltAxisAngle",
            FloatParam,
            allowsNull=True,
            label="Tilt axis angle (degrees)",
            help="Angle from vertical to the tilt axis, counter-clockwise positive. Empty: the "
            "one that the series were imported with, which the wizard shows. An angle typed here "
            "is kept in the output.",
        )
        radii = form.addLine(
            "Filter radii (1/pixel)",
            expertLevel=LEVEL_ADVANCED,
            help="Frequencies between the two are correlated; 0 switches the lower one off.",
        )
        radii.addParam("filterRadius1", FloatParam, default=0.0, label="low")
        radii.addParam("filterRadius2", FloatParam, default=0.25, label="high")
        sigmas = form.addLine(
            "Filter fall-offs (1/pixel)",
            expertLevel=LEVEL_ADVANCED,
            help=f"How the filter rises and falls at its radii. See {man('tiltxcorr')}",
        )
        sigmas.addParam("filterSigma1", FloatParam, default=0.03, label="low")
        sigmas.addParam("filterSigma2", FloatParam, default=0.05, label="high")
        for axis in "xy":
            line = form.addLine(
                f"Range in {axis} (pixels)",
                expertLevel=LEVEL_ADVANCED,
                help="The part of the views that is correlated. Empty: all of it.",
            )
            line.addParam(f"{axis}min", IntParam, allowsNull=True, label="from")
            line.addParam(f"{axis}max", IntParam, allowsNull=True, label="to")
        add_running(form, self.programs)

    @staticmethod
    def commands(
        form: Any, axis_angle: float, stack: str, files: Mapping[str, str]
    ) -> List[Command]:
        """Give the commands that find shifts and turn them into one frame.

        `files` has the names "angles", "steps" (.prexf) and "frame" (.prexg).
        """
        values = {
            "InputFile": stack,
            "OutputFile": files["steps"],
            "TiltFile": files["angles"],
            "RotationAngle": axis_angle,
            "FilterRadius1": form.filterRadius1 or None,
            "FilterRadius2": form.filterRadius2,
            "FilterSigma1": form.filterSigma1,
            "FilterSigma2": form.filterSigma2,
            "CumulativeCorrelation": form.cumulativeCorr,
        }
        for name, limits in (
            ("XMinAndMax", (form.xmin, form.xmax)),
            ("YMinAndMax", (form.ymin, form.ymax)),
        ):
            if None not in limits:
                values[name] = limits
        frame = {"InputFile": files["steps"], "GOutputFile": files["frame"], "NumberToFit": 0}
        return [("tiltxcorr", values), ("xftoxg", frame)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the commands for any stack."""
        return cls.commands(form, AXIS_ANGLE, "stack", FILES)

    def process(self, job: Job) -> Result:
        """Find the shifts and add them to the transforms that the views have."""
        typed = job.form.tiltAxisAngle
        series = job.series if typed is None else job.series.with_axis(typed)
        files = {"angles": job.write_angles()}
        files.update(steps=job.temporary(".prexf"), frame=job.temporary(".prexg"))
        axis_angle = series.axis_after_transforms()
        job.run(self.commands(job.form, axis_angle, job.prepared(), files))
        new = xf.read(job.keep(".prexg"))
        if len(new) != len(series.used):
            raise ProgramError(f"{len(new)} transforms for {len(series.used)} views")
        shifts = np.hypot(*new[:, :, 2].T)
        worst = int(shifts.argmax())
        numbers = {
            "largest_shift": float(shifts[worst]),
            "at_angle": float(series.tilt_angles()[worst]),
            "pixel_size": series.pixel_size,
            "is_suspicious": bool(shifts[worst] > SUSPICIOUS * min(job.shape()[1:])),
        }
        changes = Changes(transforms=series.then(new), axis_angle=typed)
        return Result({TILT_SERIES: changes}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the largest shift."""
        shift = numbers["largest_shift"]
        text = (
            f"largest shift {shift:.1f} px ({shift * numbers['pixel_size'] / 10:.1f} nm) "
            f"at {numbers['at_angle']:.1f} degrees"
        )
        return text + (": suspicious, check the tilt axis" if numbers["is_suspicious"] else "")

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse to guess the tilt axis, and half ranges."""
        found = []
        if form.tiltAxisAngle is None and facts.axis_angle is None:
            found.append("The angle of the tilt axis is not known: type it.")
        for axis, (low, high) in {
            "x": (form.xmin, form.xmax),
            "y": (form.ymin, form.ymax),
        }.items():
            if (low is None) != (high is None):
                found.append(f"The range in {axis} needs both its ends.")
            elif low is not None and not 0 <= low < high:
                found.append(f"The range in {axis} from {low} to {high} is empty.")
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn where a coarse alignment replaces a better one."""
        if facts.is_aligned:
            return ["The input is aligned already: the new shifts are added to its transforms."]
        if facts.is_interpolated:
            return ["The input is interpolated: its views should lie on each other already."]
        return []
