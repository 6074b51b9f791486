"""Stage 5c: tomograms are made again so that the specimen lies level in their middle."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Mapping

import numpy as np
from pyworkflow.protocol.params import GE, FloatParam, PointerParam
from tomo.objects import SetOfTomograms

from etomotut.convert.fiducials import positions_of
from etomotut.convert.series import FULL
from etomotut.convert.tomograms import new_tomogram, stamp
from etomotut.formats.fiducials import Positions, write_positions
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, add_weighting
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Item, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.protocol_reconstruct import ProtEtomotutReconstruct
from etomotut.protocols.rehearsal import FILES
from etomotut.report.position import draw_position

POSITIONS = "positions"
UNKNOWN = 90.0  # degrees: the error of an angle that findsection could not find


class ProtEtomotutPosition(EtomotutProtocol):
    """Find the specimen in aligned series, and reconstruct it level, centred and no thicker.

    The parallax of all detail between the views tells where it begins and ends, and how it leans;
    known beads on both faces make it more precise. No tomogram is needed before. A picture of the
    evidence is left beside the results.
    """

    _label = "tomogram position"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = ("findsection", "newstack", "tilt", "trimvol")
    papers = ("Kremer1996", "Radermacher2006")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "inputCoordinates",
            PointerParam,
            pointerClass="SetOfTiltSeriesCoordinates",
            allowsNull=True,
            label="3D positions of beads (optional)",
            help="As the fiducial alignment of the same series solved them. Where beads lie on "
            "both faces of the specimen, they tell it to about a nanometre.",
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

    @staticmethod
    def search(pixel_size: float, files: Mapping[str, str]) -> List[Command]:
        """Give the command that finds the specimen in a stack of this pixel size (Å)."""
        values = {
            "SeriesFile": files["stack"],
            "TiltFile": files["angles"],
            "PixelSize": pixel_size,
            "ResultFile": files["found"],
            "EvidenceFile": files["evidence"],
        }
        if POSITIONS in files:
            values["PositionFile"] = files[POSITIONS]
        return [("findsection", values)]

    @staticmethod
    def placement(form: Any, found: Mapping[str, Any], pixel_size: float) -> Dict[str, Any]:
        """Give thickness and shift (voxels) and the angles of the tomogram that fits a specimen."""
        is_level = found["tilt_offset_error"] >= UNKNOWN
        distance = found["height"] / np.hypot(1, np.hypot(found["slope_x"], found["slope_y"]))
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

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the commands for any stack."""
        placed = {"thickness": 2, "shift": 1.0, "offset": 1.0, "x_tilt": 1.0}
        return cls.commands(form, placed, FILES)

    def process(self, job: Job) -> Result:
        """Find the specimen, then reconstruct the full tomogram and its halves alike."""
        pixel_size = job.series.pixel_size
        files = {"angles": job.write_angles(), "stack": job.prepared(FULL)}
        files.update({n: job.temporary(f"_{n}.json") for n in ("found", "evidence")})
        if len(job.item.partners.get(POSITIONS, ())):
            files[POSITIONS] = job.temporary(".xyz")
            _write_positions(files[POSITIONS], job.item.partners[POSITIONS], pixel_size)
        job.run(self.search(pixel_size, files))
        found = json.loads(Path(files["found"]).read_text())
        self._draw(job, files, found)
        placed = self.placement(job.form, found, pixel_size)
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

    def _read(self, ts_id: str) -> Item:
        item, known = super()._read(ts_id), self.inputCoordinates.get()
        if known is not None:
            item.partners[POSITIONS] = positions_of(known, ts_id)
        return item

    @staticmethod
    def _draw(job: Job, files: Mapping[str, str], found: Mapping[str, Any]) -> None:
        evidence = json.loads(Path(files["evidence"]).read_text())
        picture = str(job.folder / f"{job.name}_position.png")
        draw_position(found, evidence, name=job.ts_id).savefig(picture)
        job.keep("_found.json")

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell where the specimen was, and by what that is known."""
        size = " x ".join(map(str, numbers["size"]))
        told = (
            f"{numbers['thickness'] / 10:.0f} nm thick, was {numbers['height'] / 10:+.1f} nm high"
        )
        if numbers["tilt_offset_error"] >= UNKNOWN:
            return f"{told}, how it leans is not known: look whether it is cut; {size}"
        turned = f"{numbers['tilt_offset']:.2f} and {numbers['x_axis_tilt']:.2f} degrees"
        return f"{told}, turned by {turned} (by {numbers['source']}); {size}"

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of series that are not aligned."""
        if facts.is_aligned or facts.is_interpolated:
            return []
        return ["The input has no alignment: the tomogram will be blurred."]


def _write_positions(path: str, places: Any, pixel_size: float) -> None:
    """Write positions (n, 3) in Å from the centre as tiltalign writes them."""
    numbers = np.ones((len(places), 2), int)
    write_positions(path, Positions(places / pixel_size, numbers, pixel_size, (0, 0)))
