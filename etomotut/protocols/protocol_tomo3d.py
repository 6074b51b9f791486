"""Stage 7: the final tomograms are reconstructed, by SIRT or by weighted back-projection."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Tuple

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, LE, EnumParam, FloatParam, IntParam
from tomo.objects import SetOfTomograms

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import new_tomogram, stamp
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import FILES

WBP, SIRT = range(2)
RESIDUAL_LINE = re.compile(r"^\s*iteration\s+(\d+)\s+([\d.]+) %")


class ProtEtomotutTomo3d(EtomotutProtocol):
    """Reconstruct tomograms by SIRT, for contrast, or by weighted back-projection, for detail.

    The alignment is applied first. Sections of the result lie across the beam.
    """

    _label = "tomo3d reconstruction"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = ("newstack", "tomo3d", "trimvol")
    papers = ("Kremer1996", "Gilbert1972", "Agulleiro2011")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "method",
            EnumParam,
            choices=["WBP", "SIRT"],
            default=SIRT,
            display=EnumParam.DISPLAY_HLIST,
            label="Method",
            help="*SIRT* (simultaneous iterative reconstruction) shows membranes and other large "
            "structures with more contrast. *WBP* (weighted back-projection) is faster and keeps "
            "more of the finest detail, for subtomogram averaging.",
        )
        form.addParam(
            "nIterations",
            IntParam,
            default=30,
            condition="method == 1",
            validators=[GE(1)],
            label="Iterations",
            help="The more, the more detail, and the more noise.",
        )
        form.addParam(
            "stopAtChange",
            FloatParam,
            default=0.0,
            condition="method == 1",
            expertLevel=LEVEL_ADVANCED,
            validators=[GE(0), LE(1)],
            label="Stop where the residual falls by less than",
            help="Fewer iterations, if one of them lowers the residual by less than this share of "
            "it; 0: never. Only the embedded tomo3d can do it.",
        )
        form.addParam(
            "hamming",
            FloatParam,
            default=0.0,
            condition="method == 0",
            validators=[GE(0), LE(0.5)],
            label="Hamming filter from (1/pixel)",
            help="Frequency from which a Hamming window ends the weighting; 0 for none.",
        )
        form.addParam(
            "tomoThickness",
            IntParam,
            default=200,
            validators=[GE(2)],
            label="Thickness (voxels)",
            help="Of the tomogram, along the beam. tomo3d wants it even.",
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
        rows = form.addLine(
            "Slices",
            expertLevel=LEVEL_ADVANCED,
            help="First and last row of the aligned images, counted from 0, that the tomogram "
            "has; 0 and 0 for all.",
        )
        rows.addParam("iniSlice", IntParam, default=0, validators=[GE(0)], label="from")
        rows.addParam("finSlice", IntParam, default=0, validators=[GE(0)], label="to")
        add_halves(form)
        add_running(form, self.programs)

    @staticmethod
    def commands(form: Any, files: Mapping[str, str], threads: int) -> List[Command]:
        """Give the commands that reconstruct one volume and turn it.

        `files` has the names "stack" (aligned), "angles", "slices" and "tomogram".
        """
        is_sirt = form.method == SIRT
        values = {
            "a": files["angles"],
            "i": files["stack"],
            "o": files["slices"],
            "t": threads,
            "x": form.tomoWidth or None,
            "y": (form.iniSlice, form.finSlice) if form.finSlice else None,
            "z": form.tomoThickness,
            "S": is_sirt,
            "l": form.nIterations if is_sirt else None,
            "StopAtChange": (form.stopAtChange or None) if is_sirt else None,
            "m": None if is_sirt else form.hamming or None,
        }
        turn = {
            "InputFile": files["slices"],
            "OutputFile": files["tomogram"],
            "RotateX": True,
        }
        return [("tomo3d", values), ("trimvol", turn)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the commands for any stack."""
        return cls.commands(form, FILES, 1)

    def process(self, job: Job) -> Result:
        """Reconstruct the full tomogram and its halves alike."""
        tomograms: Dict[str, str] = {}
        files = {"angles": job.write_angles()}
        for part in job.source:
            files["stack"] = job.prepared(part)
            files["slices"] = job.temporary(f"{part}_slices.mrc")
            files["tomogram"] = job.temporary(f"{part}.mrc")
            reconstruct, turn = self.commands(job.form, files, job.threads)
            job.run([reconstruct], log=f"{part}.log")
            job.run([turn])
            tomograms[part] = job.keep(f"{part}.mrc", image=True)
            stamp(tomograms[part], job.series.pixel_size, volume=True)
            job.discard(files["slices"])
        numbers = {
            "size": Stack(tomograms[FULL]).shape[::-1],
            "views": len(job.series.used),
            "pixel_size": job.series.pixel_size,
            **residual_of((job.folder / f"{job.name}{FULL}.log").read_text()),
        }
        beyond = self.rows_beyond_middle(job.form, job.shape()[1])
        tomogram = new_tomogram(job.item.object, tomograms, rows=beyond)
        return Result({TOMOGRAMS: tomogram}, numbers)

    @staticmethod
    def rows_beyond_middle(form: Any, rows: int) -> float:
        """Give how many rows the middle of the slices lies beyond that of the images."""
        return (form.iniSlice + form.finSlice - (rows - 1)) / 2 if form.finSlice else 0.0

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the size of the tomogram, and how well its projections agree with the views."""
        size = " x ".join(map(str, numbers["size"]))
        nanometres = numbers["size"][2] * numbers["pixel_size"] / 10
        text = f"{size} from {numbers['views']} views, {nanometres:.0f} nm thick"
        if "iterations" in numbers:
            text += f", residual {numbers['residual']:.1f} % after {numbers['iterations']}"
            text += " iterations"
        return text

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse volumes that tomo3d cannot make, or nobody can want."""
        found = []
        if form.tomoThickness % 2:
            found.append(f"The thickness {form.tomoThickness} is odd: tomo3d wants it even.")
        if form.finSlice and form.finSlice < form.iniSlice:
            found.append(f"Slices from {form.iniSlice} to {form.finSlice} are none.")
        if form.iniSlice and not form.finSlice:
            found.append(f"Slices from {form.iniSlice} need a last one.")
        side = max(facts.size[:2])
        if side and form.tomoThickness > 2 * side:
            found.append(
                f"A thickness of {form.tomoThickness} voxels is more than twice the width of the "
                f"images, {side}."
            )
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of series that are not aligned."""
        if facts.is_aligned or facts.is_interpolated:
            return []
        return ["The input has no alignment: the tomogram will be blurred."]

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the tomograms and of what lies beside one while it is made."""
        volume = 4.0 * facts.size[0] * facts.size[1] * form.tomoThickness
        return volume * (3 if form.processOddEven else 1) + (volume + facts.bytes) / max(
            facts.items, 1
        )


def residual_of(log: str) -> Dict[str, Any]:
    """Give the number of iterations and the last residual (%) that a log tells, if it does."""
    told: List[Tuple[int, float]] = []
    for line in log.splitlines():
        match = RESIDUAL_LINE.match(line)
        if match:
            told.append((int(match.group(1)), float(match.group(2))))
    return dict(zip(("iterations", "residual"), told[-1])) if told else {}
