"""Stage 5c: tomograms are made again so that the specimen lies level in their middle."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from pyworkflow.protocol.params import GE, FloatParam, PointerParam
from tomo.objects import SetOfTomograms

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import new_tomogram, place_of_middle, stamp
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, add_weighting
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.protocol_reconstruct import ProtEtomotutReconstruct
from etomotut.report.position import write_position

TOMOGRAM = "tomogram"
UNKNOWN = 90.0  # degrees: the error of an angle that findsection could not find


class ProtEtomotutPosition(EtomotutProtocol):
    """Find the specimen in first tomograms, and reconstruct it level, centred and no thicker.

    Beads on both faces of the specimen tell thickness, height and angles; without them, the
    heights at which the structure ends. A picture of the evidence is left beside the results.
    """

    _label = "tomogram position"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = ("findsection", "newstack", "tilt", "trimvol")
    papers = ("Kremer1996", "Radermacher2006")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "inputSetOfTomograms",
            PointerParam,
            pointerClass="SetOfTomograms",
            important=True,
            label="First tomograms",
            help="Of the same series, thick enough to hold the specimen with room to spare, and "
            "made without offset of the tilt angles and x-axis tilt.",
        )
        form.addParam(
            "beadDiameter",
            FloatParam,
            default=10.0,
            validators=[GE(1.0)],
            label="Bead diameter (nm)",
            help="Without beads: the size of the details by which the specimen is told from what "
            "is around it.",
        )
        form.addParam(
            "margin",
            FloatParam,
            default=20.0,
            validators=[GE(0.0)],
            label="Margin above and below (nm)",
            help="What is kept beyond each face of the specimen.",
        )
        add_weighting(form)
        add_halves(form)
        add_running(form, self.programs)

    def partners(self) -> Dict[str, Any]:
        """Every series needs a first tomogram."""
        return {TOMOGRAM: self.inputSetOfTomograms.get()}

    @staticmethod
    def search(form: Any, pixel_size: float, files: Mapping[str, str]) -> List[Command]:
        """Give the command that finds the specimen in the file "first" of this pixel size (Å)."""
        values = {
            "TomogramFile": files["first"],
            "BeadDiameter": max(10 * form.beadDiameter / pixel_size, 3.0),
            "PixelSize": pixel_size,
            "ResultFile": files["found"],
            "EvidenceFile": files["evidence"],
        }
        return [("findsection", values)]

    @staticmethod
    def placement(
        form: Any, found: Mapping[str, Any], middle: Sequence[float], pixel_size: float
    ) -> Dict[str, Any]:
        """Give thickness and shift (voxels) and the angles of the tomogram that fits a specimen.

        `middle` is that of the first tomogram in space (Å), whose zero is on the tilt axis.
        """
        x, y, z = middle
        is_level = found["tilt_offset_error"] >= UNKNOWN
        slopes = found["slope_x"], found["slope_y"]
        height = z + found["height"] - slopes[0] * x - slopes[1] * y  # on the axis, along z
        distance = height / np.sqrt(1 + slopes[0] ** 2 + slopes[1] ** 2)
        whole = found["thickness"] + 20 * form.margin
        return {
            "thickness": 2 * int(np.ceil(whole / pixel_size / 2)),
            "shift": float(distance / pixel_size),
            "offset": 0.0 if is_level else found["tilt_offset"],
            "x_tilt": 0.0 if is_level else found["x_axis_tilt"],
        }

    @staticmethod
    def commands(form: Any, placed: Mapping[str, Any], files: Mapping[str, str]) -> List[Command]:
        """Give the commands that reconstruct one volume as `placement` says, and turn it."""
        values = SimpleNamespace(
            **vars(form),
            tomoThickness=placed["thickness"],
            tomoWidth=0,
            tomoShiftX=0.0,
            tomoShiftZ=placed["shift"],
            angleOffset=placed["offset"],
            tiltAxisOffset=0.0,
        )
        (tilt, options), turn = ProtEtomotutReconstruct.commands(values, files)
        return [(tilt, {**options, "XAXISTILT": placed["x_tilt"]}), turn]

    def process(self, job: Job) -> Result:
        """Find the specimen, then reconstruct the full tomogram and its halves alike."""
        first, pixel_size = job.item.partners[TOMOGRAM], job.series.pixel_size
        files = {"first": first.getFileName(), "angles": job.write_angles()}
        files.update({n: job.temporary(f"_{n}.json") for n in ("found", "evidence")})
        job.run(self.search(job.form, first.getSamplingRate(), files))
        found = json.loads(Path(files["found"]).read_text())
        self._draw(job, files, found)
        placed = self.placement(job.form, found, place_of_middle(first), pixel_size)
        tomograms: Dict[str, str] = {}
        for part in job.source:
            files["stack"] = job.prepared(part)
            files["slices"] = job.temporary(f"{part}_slices.mrc")
            files["tomogram"] = job.temporary(f"{part}.mrc")
            job.run(self.commands(job.form, placed, files))
            tomograms[part] = job.keep(f"{part}.mrc", image=True)
            stamp(tomograms[part], pixel_size, volume=True)
            job.discard(files["slices"])
        shift = 0.0, placed["shift"]
        numbers = {**found, "size": Stack(tomograms[FULL]).shape[::-1]}
        return Result({TOMOGRAMS: new_tomogram(job.item.object, tomograms, shift)}, numbers)

    @staticmethod
    def _draw(job: Job, files: Mapping[str, str], found: Mapping[str, Any]) -> None:
        evidence = json.loads(Path(files["evidence"]).read_text())
        picture = str(job.folder / f"{job.name}_position.png")
        pixel_size = job.item.partners[TOMOGRAM].getSamplingRate()
        about = {"name": job.ts_id, "pixel_size": pixel_size}
        write_position(picture, files["first"], found, evidence, **about)
        job.keep("_found.json")

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell where the specimen was, and by what that is known."""
        size = " x ".join(map(str, numbers["size"]))
        told = (
            f"{numbers['thickness'] / 10:.0f} nm thick, was {numbers['height'] / 10:+.1f} nm high"
        )
        if numbers["tilt_offset_error"] >= UNKNOWN:
            return f"{told}, by its structure alone: look whether it is cut; {size}"
        turned = f"{numbers['tilt_offset']:.2f} and {numbers['x_axis_tilt']:.2f} degrees"
        return f"{told}, turned by {turned} (by {numbers['source']}); {size}"

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of series that are not aligned."""
        if facts.is_aligned or facts.is_interpolated:
            return []
        return ["The input has no alignment: the tomogram will be blurred."]
