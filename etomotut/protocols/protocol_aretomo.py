"""Stage 4 without gold, by AreTomo: a series aligned in one run, its .aln made our transforms."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, EnumParam, FloatParam, IntParam, StringParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.quality import without_marks
from etomotut.convert.series import IDENTITY, Changes, near, rotation_of
from etomotut.formats import aln, tlt
from etomotut.objects import SetOfAlignmentQuality
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_series_input
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.judged import JudgedProtocol, note_quality
from etomotut.protocols.outputs import QUALITY, TILT_SERIES, Result

PROGRAMS = ("aretomo2", "aretomo3")
ARETOMO2, ARETOMO3 = range(2)
THICKNESS = 1200.0  # Å, where the form does not say
NO, MEASURED, CORRECTED = range(3)


class ProtEtomotutAreTomo(JudgedProtocol):
    """Align tilt series without gold by AreTomo, or by the embedded program of its options.

    Gives the series with transforms; views that AreTomo takes for dark are disabled. The embedded
    program is another method: correlation, then each view matched to reprojections of the others.
    """

    _label = "AreTomo alignment"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries, QUALITY: SetOfAlignmentQuality}
    programs = PROGRAMS
    papers = ("Zheng2022",)

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "program",
            EnumParam,
            default=ARETOMO2,
            choices=["AreTomo2", "AreTomo3"],
            display=EnumParam.DISPLAY_HLIST,
            label="Program",
            help="Either has to be installed, and needs a GPU.",
        )
        form.addParam(
            "alignZ",
            IntParam,
            default=0,
            validators=[GE(0)],
            label="Thickness for alignment (pixels)",
            help="Of the tomogram that AreTomo makes for itself: close to that of the specimen. "
            f"0: {THICKNESS / 10:g} nm. The embedded program finds depths itself.",
        )
        form.addParam(
            "refineTiltAxis",
            EnumParam,
            default=1,
            choices=["no", "one for all", "each view"],
            label="Refine the tilt axis?",
            help="AreTomo3 knows the first two only.",
        )
        form.addParam(
            "refineTiltAngles",
            EnumParam,
            default=MEASURED,
            choices=["no", "measure only", "measure and correct"],
            label="Offset of tilt angles",
            help="Measured, it serves the alignment only; corrected, it is added to the tilt "
            "angles. The embedded program cannot do the last.",
        )
        form.addParam(
            "darkTol",
            FloatParam,
            default=0.7,
            validators=[GE(0.0)],
            expertLevel=LEVEL_ADVANCED,
            label="Tolerance for dark views",
            help="Views whose mean over SD is below this share of that of the least tilted view "
            "are disabled. 0: none.",
        )
        form.addParam(
            "gpuList",
            StringParam,
            default="0",
            expertLevel=LEVEL_ADVANCED,
            label="GPU numbers",
            help="Which GPUs the program may use, counted from 0, with spaces between them.",
        )
        add_running(form, self.programs)

    @classmethod
    def programs_for(cls, form: Any) -> Sequence[str]:
        """Give the version that the form chooses."""
        return (PROGRAMS[form.program],)

    @staticmethod
    def commands(
        form: Any, pixel_size: float, voltage: float, axis_angle: float, files: Mapping[str, Any]
    ) -> List[Command]:
        """Give the command that aligns a series.

        `files` has the names "stack", "angles" (beside it, as NAME.rawtlt), "aligned" and "folder".
        """
        axis = (axis_angle, float(form.refineTiltAxis - 1))
        shared = {
            "AlignZ": form.alignZ or max(round(THICKNESS / pixel_size), 1),
            "TiltCor": (float(form.refineTiltAngles - 1),),
            "DarkTol": form.darkTol,
            "PixSize": pixel_size,
            "VolZ": 0,
            "Gpu": tuple(int(word) for word in form.gpuList.replace(",", " ").split()),
        }
        if form.program == ARETOMO3:
            values = {
                "InPrefix": str(Path(files["stack"]).with_suffix("")),
                "InSuffix": "mrc",
                "OutDir": files["folder"],
                "Cmd": 1,
                "kV": voltage,
                "SplitSum": 0,
                "TiltAxis": axis[:1] if form.refineTiltAxis else axis,
            }
            return [("aretomo3", {**values, **shared})]
        values = {
            "InMrc": files["stack"],
            "OutMrc": files["aligned"],
            "AngFile": files["angles"],
            "OutBin": 1.0,
            "Kv": voltage,
            "TiltAxis": axis,
        }
        return [("aretomo2", {**values, **shared})]

    def process(self, job: Job) -> Result:
        """Run it on the views in use and turn its .aln into transforms of the input's views."""
        series = job.series
        files = _lay_out(job)
        axis_angle = series.axis_after_transforms()
        voltage = float(job.item.object.getAcquisition().getVoltage() or 300.0)
        commands = self.commands(job.form, series.pixel_size, voltage, axis_angle, files)
        job.run(commands, log="_aretomo.log")
        written = Path(files["folder"]) / f"{job.name}.aln"
        if not written.is_file():
            raise ProgramError(f"{PROGRAMS[job.form.program]} wrote no {written.name}")
        written.rename(job.temporary(".aln"))
        found = aln.read(job.keep(".aln"))
        transforms, angles, dark = in_order(found, series.tilt_angles())
        whole = series.then(transforms)
        whole[dark] = IDENTITY[:2]
        rotation = near(rotation_of(whole[~dark]), series.axis_angle)
        shifts = np.hypot(*transforms[~dark, :, 2].T)
        numbers = {
            "views": int((~dark).sum()),
            "dark": int(dark.sum()),
            "rotation": rotation,
            "largest_shift": float(shifts.max()),
            "offset": float(np.mean((angles - series.tilt_angles())[~dark])),
            "is_local": found.is_local,
        }
        changes = Changes(
            transforms=whole, tilt_angles=angles, axis_angle=rotation, is_left_out=dark
        )
        quality = without_marks(
            PROGRAMS[job.form.program],
            series,
            whole,
            angles,
            reasons=reasons_of(numbers),
            is_left_out=dark,
        )
        judged, verdict = note_quality(job, quality)
        return Result({TILT_SERIES: changes, **judged}, {**numbers, **verdict})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell what was found."""
        text = (
            f"{numbers['views']} views aligned, largest shift {numbers['largest_shift']:.1f} px, "
            f"tilt axis at {numbers['rotation']:.2f} degrees"
        )
        if abs(numbers["offset"]) > 0.005:
            text += f", tilt angles moved by {numbers['offset']:.2f} degrees"
        if numbers["dark"]:
            text += f"; *{numbers['dark']} dark views disabled*"
        return text + ("; local shifts are not used" if numbers["is_local"] else "")

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse what the programs would."""
        found = []
        if facts.axis_angle is None:
            found.append("The angle of the tilt axis is not known.")
        if facts.is_interpolated:
            found.append("The input is interpolated: give the series as it was before.")
        if form.program == ARETOMO3 and form.refineTiltAxis == 2:
            found.append("AreTomo3 does not refine the tilt axis of each view.")
        if not form.gpuList.replace(",", " ").replace(" ", "").isdigit():
            found.append(f"'{form.gpuList}' is no list of GPU numbers.")
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn where an alignment exists already."""
        if facts.is_aligned:
            return ["The input has an alignment: it is applied first, the new one follows it."]
        return []


def reasons_of(numbers: Mapping[str, Any]) -> List[str]:
    """Give what is known of how good an alignment is, in sentences, the most important first."""
    reasons = [
        "Views were aligned by what they show, and no marks tell how far they are from the truth: "
        "look at the tomogram."
    ]
    if numbers["dark"]:
        reasons.append(
            f"{numbers['dark']} views were taken for dark and disabled: look whether they are."
        )
    return reasons


def in_order(
    found: aln.Alignment, tilt_angles: npt.NDArray[np.float64]
) -> Tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Give transforms, tilt angles and which are dark of all views, in the order of the stack.

    Dark views keep their `tilt_angles` and have the identity. Raises ProgramError if the file is
    of another number of views.
    """
    views = len(tilt_angles)
    if found.size[2] != views:
        raise ProgramError(f"the .aln file is of {found.size[2]} views, the series has {views}")
    transforms = np.repeat(IDENTITY[None, :2], views, axis=0)
    angles, dark = np.array(tilt_angles, float), np.zeros(views, bool)
    transforms[found.sections] = found.transforms
    angles[found.sections] = found.tilt_angles
    dark[found.dark] = True
    return transforms, angles, dark


def _lay_out(job: Job) -> Mapping[str, Any]:
    """Put stack and angles of the views in use beside each other, as AreTomo3 finds them."""
    inside, outside = Path(job.temporary("_in")), Path(job.temporary("_out"))
    for folder in (inside, outside):
        folder.mkdir()
    stack = inside / f"{job.name}.mrc"
    stack.symlink_to(Path(job.prepared()).absolute())
    angles = inside / f"{job.name}.rawtlt"
    tlt.write(angles, job.series.tilt_angles())
    return {
        "stack": str(stack),
        "angles": str(angles),
        "aligned": str(outside / f"{job.name}_aligned.mrc"),
        "folder": str(outside),
    }
