"""Stage 6: aligned tilt series are corrected for the contrast transfer function."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, BooleanParam, EnumParam, IntParam, PointerParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.ctf import read_ctf, table_for
from etomotut.convert.series import FULL, Changes, View, read_series
from etomotut.convert.tomograms import stamp
from etomotut.errors import EtomotutError
from etomotut.formats import defocus
from etomotut.packages import IMOD_PACKAGE, version
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, man
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import TILT_SERIES, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import FILES, PIXEL_SIZE

CTF = "CTF estimation"
KEEP, LEAVE_OUT = range(2)
WITHOUT_CTF = ["keep uncorrected", "leave out"]
FLAGS_SINCE = 4, 9  # the IMOD whose ctfphaseflip reads defocus files with astigmatism
UPRIGHT = 1.0  # degrees that a tilt axis may be off the vertical


class ProtEtomotutCtfCorrection(EtomotutProtocol):
    """Correct tilt series for the contrast transfer function by flipping phases.

    The alignment is applied first. Estimations belong to views by their acquisition order. The
    views themselves tell on which side of the axis the defocus grows; the summary says whether the
    correction took it so.
    """

    _label = "CTF correction"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries}
    programs = ("ctfphaseflip", "newstack")
    papers = ("Kremer1996", "Xiong2009")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "inputSetOfCtfTomoSeries",
            PointerParam,
            pointerClass="SetOfCTFTomoSeries",
            important=True,
            label="CTF estimation",
            help="Of the same series, from any plugin; views are matched by the order in which "
            "they were taken.",
        )
        form.addParam(
            "viewsWithoutCtf",
            EnumParam,
            default=KEEP,
            choices=WITHOUT_CTF,
            display=EnumParam.DISPLAY_HLIST,
            label="Views without an estimation",
            help="Whether views that have no estimation, or one that is disabled, go into the "
            "result as they are or not at all. The summary names them.",
        )
        form.addParam(
            "defocusTol",
            IntParam,
            default=200,
            validators=[GE(1)],
            label="Defocus tolerance (nm)",
            help=f"The change of defocus within a strip. See {man('ctfphaseflip')}",
        )
        form.addParam(
            "interpolationWidth",
            IntParam,
            default=15,
            validators=[GE(1)],
            label="Interpolation width (pixels)",
            help="Distance of the lines between which the corrections of strips are mixed.",
        )
        form.addParam(
            "invertTiltAngles",
            BooleanParam,
            default=False,
            label="Does the defocus fall to the right?",
            help="Of an aligned view at a positive tilt angle. No is usual: the right side has "
            "more underfocus. Tilt angles are inverted for the correction if it has less.",
        )
        form.addParam(
            "checkHandedness",
            BooleanParam,
            default=True,
            expertLevel=LEVEL_ADVANCED,
            label="Measure where the defocus grows?",
            help="Compares the rings in power spectra of both sides of tilted views. It needs "
            "pixels so fine that two zeros of the transfer function can be seen.",
        )
        add_halves(form)
        add_running(form, self.programs)

    def partners(self) -> Dict[str, Any]:
        """Every series needs an estimation."""
        return {CTF: self.inputSetOfCtfTomoSeries.get()}

    def read_partner(self, found: Any) -> Any:
        """Give the estimations of a series as plain values."""
        return read_ctf(found)

    @staticmethod
    def options(form: Any, about: Mapping[str, Any], files: Mapping[str, str]) -> Dict[str, Any]:
        """Give what both programs are told of a series.

        `files` has the names "stack", "angles", "defocus" and, if the views were moved,
        "transforms"; `about` "pixel_size" (Å), "voltage" (kV), "aberration" (mm), "amplitude".
        """
        return {
            "InputStack": files["stack"],
            "AngleFile": files["angles"],
            "DefocusFile": files["defocus"],
            "TransformFile": files.get("transforms"),
            "InvertTiltAngles": form.invertTiltAngles,
            "PixelSize": about["pixel_size"] / 10,
            "Voltage": round(about["voltage"]),
            "SphericalAberration": about["aberration"],
            "AmplitudeContrast": about["amplitude"],
        }

    @staticmethod
    def commands(form: Any, about: Mapping[str, Any], files: Mapping[str, str]) -> List[Command]:
        """Give the command that corrects one stack into the file "result"."""
        values = {
            **ProtEtomotutCtfCorrection.options(form, about, files),
            "OutputFileName": files["result"],
            "DefocusTol": form.defocusTol,
            "InterpolationWidth": form.interpolationWidth,
        }
        return [("ctfphaseflip", values)]

    @staticmethod
    def merging(count: int, kept: Sequence[int], files: Mapping[str, str]) -> List[Command]:
        """Give the command that puts views of "stack" in place of those of "result", by number.

        Numbers count from 0; the new stack is the file "merged".
        """
        runs: List[List[int]] = []
        for view in range(count):
            if runs and (view in kept) == (runs[-1][-1] in kept):
                runs[-1].append(view)
            else:
                runs.append([view])
        inputs = [files["stack" if run[0] in kept else "result"] for run in runs]
        values = {"InputFile": inputs, "SectionsToRead": runs, "OutputFile": files["merged"]}
        return [("newstack", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any stack."""
        about = {"voltage": 300.0, "aberration": 2.7, "amplitude": 0.1, "pixel_size": PIXEL_SIZE}
        return cls.commands(form, about, FILES)

    def process(self, job: Job) -> Result:
        """Correct the full stack and its halves alike."""
        if job.item.object.ctfCorrected():
            raise EtomotutError("it is corrected for the CTF already")
        table, lacking = table_for(job.series.used, job.item.partners[CTF])
        if lacking and job.form.viewsWithoutCtf == LEAVE_OUT:
            _leave_out(job, lacking)
            table, _ = table_for(job.series.used, job.item.partners[CTF])
        numbers = {
            "views": len(table.views),
            "defocus": (table.defocus.min(), table.defocus.max()),
            "lacking": [(view.order, view.tilt_angle) for view in lacking],
            "left_out": job.form.viewsWithoutCtf == LEAVE_OUT,
            "inverted": job.form.invertTiltAngles,
        }
        if lacking:
            job.say(_name_lacking(numbers))
        about, files = _about(job), _write_inputs(job, table)
        kept = [place for place, view in enumerate(job.series.used) if view in lacking]
        results: Dict[str, str] = {}
        for part in job.source:
            files.update(stack=job.prepared(part), result=job.temporary(f"{part}.mrcs"))
            job.run(self.commands(job.form, about, files))
            if kept:
                files["merged"] = job.temporary(f"{part}_merged.mrc")
                job.run(self.merging(len(job.series.used), kept, files))
                Path(files["merged"]).replace(files["result"])
            if part == FULL and job.form.checkHandedness:
                numbers["handedness"] = self._measure(job, about, files)
            results[part] = job.keep(f"{part}.mrcs", image=True)
            stamp(results[part], job.series.pixel_size)
        changes = Changes(
            files=results, restacked=True, is_interpolated=True, is_ctf_corrected=True
        )
        return Result({TILT_SERIES: changes}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the defocus, the views without an estimation, and where the defocus grows."""
        low, high = (value / 1e4 for value in numbers["defocus"])
        text = f"{numbers['views']} views corrected, defocus {low:.2f} to {high:.2f} um"
        if numbers["lacking"]:
            text += f"; {_name_lacking(numbers)}"
        measured = numbers.get("handedness")
        return text + (f"; {handedness(measured, numbers['inverted'])}" if measured else "")

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse series whose tilt axis is not vertical."""
        is_upright = facts.axis_angle is not None and abs(facts.axis_angle) < UPRIGHT
        if facts.is_aligned or facts.is_interpolated or is_upright:
            return []
        return ["The input has no alignment, and strips must follow the tilt axis: align it first."]

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the corrected stacks."""
        return facts.bytes * (3 if form.processOddEven else 1)

    def _measure(
        self, job: Job, about: Mapping[str, Any], files: Mapping[str, str]
    ) -> Dict[str, Any]:
        """Measure on which side the defocus grows."""
        result = job.temporary("_handedness.json")
        values = {**self.options(job.form, about, files), "OutputFile": result}
        try:
            job.run([("ctfhandedness", values)])
            found: Dict[str, Any] = json.loads(Path(result).read_text())
        except ProgramError as error:
            job.say(f"where the defocus grows was not measured: {error}")
            return {}
        return found


def handedness(measured: Mapping[str, Any], inverted: bool) -> str:
    """Give what was measured in words, beside what the correction took it for."""
    if not measured["handedness"]:
        return "where the defocus grows cannot be seen at this pixel size and tilt range"
    sure = f"{measured['agreeing']} of {measured['pairs']} pairs, {measured['sigma']:.1f} sigma"
    if not measured["is_sure"]:
        return f"where the defocus grows is not sure ({sure})"
    if measured["handedness"] > 0:
        return f"the views show the defocus to grow as assumed ({sure})"
    remedy = "No" if inverted else "Yes"
    return (
        f"*WARNING: the views show the defocus to grow on the other side* ({sure}): answer "
        f"{remedy} to whether it falls to the right"
    )


def _leave_out(job: Job, lacking: Sequence[View]) -> None:
    """Disable views, so that neither programs nor the result see them."""
    orders = {view.order for view in lacking}
    for image in job.item.images:
        if image.getAcquisitionOrder() in orders:
            image.setEnabled(False)
    job.series = read_series(job.item.object, job.item.images)


def _name_lacking(numbers: Mapping[str, Any]) -> str:
    """Give the views without an estimation by tilt angle, and what became of them."""
    fate = "left out" if numbers["left_out"] else "kept uncorrected"
    names = ", ".join(f"{angle:.1f}" for _, angle in numbers["lacking"])
    return f"{len(numbers['lacking'])} without CTF {fate}: at {names} degrees"


def _about(job: Job) -> Dict[str, Any]:
    """Give what the series' acquisition says of the microscope; raises EtomotutError."""
    acquisition = job.item.object.getAcquisition()
    about = {
        "voltage": acquisition.getVoltage(),
        "aberration": acquisition.getSphericalAberration(),
        "amplitude": acquisition.getAmplitudeContrast(),
        "pixel_size": job.series.pixel_size,
    }
    for name, value in about.items():
        if value is None:
            raise EtomotutError(f"its acquisition does not tell the {name.replace('_', ' ')}")
    return about


def _write_inputs(job: Job, table: defocus.Defocus) -> Dict[str, str]:
    """Write angles, defocus and, if the views are moved, transforms; give the files' names."""
    files = {"angles": job.write_angles(), "defocus": job.temporary(".defocus")}
    if any(view.transform is not None for view in job.series.used):
        files["transforms"] = job.write_transforms()
    defocus.write(files["defocus"], _readable(table, job))
    job.keep(".defocus")
    files["defocus"] = str(job.folder / f"{job.name}.defocus")
    return files


def _readable(table: defocus.Defocus, job: Job) -> defocus.Defocus:
    """Give the table as the program can read it: IMOD before 4.9 knows no more than defocus.

    It takes the first line of a newer file for a view's, and says nothing.
    """
    if job.backend.imod is None or not _is_old(version(IMOD_PACKAGE, job.backend.imod)):
        return table
    if table.phase_shift is not None:
        raise EtomotutError("this IMOD cannot correct phase shifts: choose the embedded programs")
    if table.axis is not None:
        job.say("this IMOD knows no astigmatism: the mean defocus is corrected")
    mean = table.defocus.mean(axis=1)
    plain = defocus.single(mean, table.angles[:, 0])
    plain.views = table.views
    return plain


def _is_old(version: str) -> bool:
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers.group(1)), int(numbers.group(2))) < FLAGS_SINCE
