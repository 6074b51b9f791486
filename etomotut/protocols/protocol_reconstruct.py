"""Stage 5: tomograms are reconstructed from aligned tilt series."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, FloatParam, IntParam
from tomo.objects import SetOfTomograms

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import new_tomogram, stamp
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, add_weighting, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import FILES


class ProtEtomotutReconstruct(EtomotutProtocol):
    """Reconstruct tomograms by weighted back-projection, or with a filter that imitates SIRT.

    The alignment is applied first. Sections of the result lie across the beam.
    """

    _label = "tomogram reconstruction"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = ("newstack", "tilt", "trimvol")
    papers = ("Kremer1996", "Radermacher2006", "Zeng2012")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "tomoThickness",
            IntParam,
            default=300,
            validators=[GE(2)],
            label="Thickness (voxels)",
            help="Of the tomogram, along the beam. Take more than the specimen needs at first, "
            f"and crop. See {man('tilt')}",
        )
        form.addParam(
            "tomoWidth",
            IntParam,
            default=0,
            validators=[GE(0)],
            expertLevel=LEVEL_ADVANCED,
            label="Width (voxels)",
            help="Across the tilt axis; 0: that of the aligned images.",
        )
        shifts = form.addLine(
            "Shift (voxels)",
            expertLevel=LEVEL_ADVANCED,
            help="What the content is moved by: along x, and along z upwards in the slices "
            "that tilt writes.",
        )
        shifts.addParam("tomoShiftX", FloatParam, default=0.0, label="in x")
        shifts.addParam("tomoShiftZ", FloatParam, default=0.0, label="in z")
        offsets = form.addLine(
            "Offset",
            expertLevel=LEVEL_ADVANCED,
            help="Added to all tilt angles, which turns the tomogram about the tilt axis; and how "
            "far the axis lies beside the middle of the views.",
        )
        offsets.addParam("angleOffset", FloatParam, default=0.0, label="of tilt angles (degrees)")
        offsets.addParam("tiltAxisOffset", FloatParam, default=0.0, label="of the axis (pixels)")
        add_weighting(form)
        add_halves(form)
        add_running(form, self.programs)

    @staticmethod
    def commands(form: Any, files: Mapping[str, str]) -> List[Command]:
        """Give the commands that reconstruct one volume and turn it.

        `files` has the names "stack" (aligned), "angles", "slices" and "tomogram".
        """
        values = {
            "InputProjections": files["stack"],
            "OutputFile": files["slices"],
            "TILTFILE": files["angles"],
            "THICKNESS": form.tomoThickness,
            "WIDTH": form.tomoWidth or None,
            "SHIFT": (form.tomoShiftX, form.tomoShiftZ),
            "OFFSET": (form.angleOffset, form.tiltAxisOffset),
            "RADIAL": (form.radialFirstParameter, form.radialSecondParameter),
            "FalloffIsTrueSigma": True,
            "FakeSIRTiterations": form.fakeInteractionsSIRT or None,
            "MODE": 2,
            "PERPENDICULAR": True,
            "AdjustOrigin": True,
        }
        turn = {
            "InputFile": files["slices"],
            "OutputFile": files["tomogram"],
            "RotateX": True,
        }
        return [("tilt", values), ("trimvol", turn)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the commands for any stack."""
        return cls.commands(form, FILES)

    def process(self, job: Job) -> Result:
        """Reconstruct the full tomogram and its halves alike."""
        tomograms: Dict[str, str] = {}
        pixel_size = job.series.pixel_size
        files = {"angles": job.write_angles()}
        for part in job.source:
            files["stack"] = job.prepared(part)
            files["slices"] = job.temporary(f"{part}_slices.mrc")
            files["tomogram"] = job.temporary(f"{part}.mrc")
            job.run(self.commands(job.form, files))
            tomograms[part] = job.keep(f"{part}.mrc", image=True)
            stamp(tomograms[part], pixel_size, volume=True)
            job.discard(files["slices"])
        shift = job.form.tomoShiftX, job.form.tomoShiftZ
        numbers = {
            "size": Stack(tomograms[FULL]).shape[::-1],
            "views": len(job.series.used),
            "pixel_size": pixel_size,
        }
        return Result({TOMOGRAMS: new_tomogram(job.item.object, tomograms, shift)}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the size of the tomogram."""
        size = " x ".join(map(str, numbers["size"]))
        nanometres = numbers["size"][2] * numbers["pixel_size"] / 10
        return f"{size} from {numbers['views']} views, {nanometres:.0f} nm thick"

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse a volume that nobody can want."""
        side = max(facts.size[:2])
        if side and form.tomoThickness > 2 * side:
            return [
                f"A thickness of {form.tomoThickness} voxels is more than twice the width of the "
                f"images, {side}."
            ]
        return []

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of odd and large thicknesses, and of series that are not aligned."""
        found = []
        if form.tomoThickness % 2:
            found.append(f"The thickness {form.tomoThickness} is odd: other programs want it even.")
        side = min(facts.size[:2])
        if side and form.tomoThickness > side:
            found.append(f"The thickness {form.tomoThickness} exceeds the image's side of {side}.")
        if not facts.is_aligned and not facts.is_interpolated:
            found.append("The input has no alignment: the tomogram will be blurred.")
        return found

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the tomograms and of what lies beside one while it is made."""
        volume = 4.0 * facts.size[0] * facts.size[1] * form.tomoThickness
        return volume * (3 if form.processOddEven else 1) + (volume + facts.bytes) / max(
            facts.items, 1
        )
