"""Two segmentations of the same tomograms are compared: with and without denoising, for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping

from pyworkflow.protocol.params import GE, LE, FloatParam, PointerParam
from tomo.objects import SetOfTomoMasks

from etomotut.convert.series import FULL
from etomotut.convert.surfaces import tomogram_file
from etomotut.convert.tomograms import mask_beside, stamp
from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_masks_input, add_running
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMO_MASKS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.report.overlay import Layer, write_overlays

OTHER = "other mask"


class ProtEtomotutCompareMasks(EtomotutProtocol):
    """Compare two segmentations of the same tomograms, voxel by voxel, and draw both.

    The output has 1 where there is only the first mask, 2 where there is only the second, 3 where
    both agree.
    """

    _label = "compare segmentations"
    _possibleOutputs = {TOMO_MASKS: SetOfTomoMasks}
    programs = ("maskcompare",)
    papers = ("Dice1945",)

    def _defineParams(self, form: Any) -> None:
        add_masks_input(form)
        form.addParam(
            "inputOtherTomoMasks",
            PointerParam,
            pointerClass="SetOfTomoMasks",
            important=True,
            label="Masks to compare with",
            help="Of the same tomograms, with the same size: from denoised ones, for example.",
        )
        form.addParam(
            "tolerance",
            FloatParam,
            default=2.0,
            validators=[GE(0), LE(20)],
            label="Tolerance (voxels)",
            help="A voxel agrees where the other mask is so near. Dice's coefficient is told with "
            "and without it.",
        )
        add_running(form, self.programs)

    @property
    def source(self) -> Any:
        """The first masks."""
        return self.inputSetOfTomoMasks

    def partners(self) -> Dict[str, Any]:
        """Give the masks to compare with."""
        return {OTHER: self.inputOtherTomoMasks.get()}

    @staticmethod
    def commands(form: Any, files: Mapping[str, str]) -> List[Command]:
        """Give the command that compares the masks "first" and "second"."""
        values = {
            "FirstFile": files["first"],
            "SecondFile": files["second"],
            "OutputFile": files["result"],
            "ResultFile": files["figures"],
            "Tolerance": form.tolerance,
        }
        return [("maskcompare", values)]

    def process(self, job: Job) -> Result:
        """Compare the masks of a tomogram, and draw them over the tomograms that they come from."""
        other = job.item.partners[OTHER]
        files = {
            "first": job.source[FULL],
            "second": other.getFileName(),
            "result": job.temporary(".mrc"),
            "figures": job.temporary("_overlap.json"),
        }
        job.run(self.commands(job.form, files))
        kept = job.keep(".mrc", image=True)
        stamp(kept, job.item.object.getSamplingRate(), volume=True)
        figures: Dict[str, Any] = json.loads(Path(job.keep("_overlap.json")).read_text())
        self._draw(job, files, kept, figures)
        return Result({TOMO_MASKS: mask_beside(job.item.object, kept)}, figures)

    def _draw(
        self, job: Job, files: Mapping[str, str], result: str, figures: Mapping[str, Any]
    ) -> None:
        mask, other = job.item.object, job.item.partners[OTHER]
        tomograms = [tomogram_file(each, None) for each in (mask, other)]
        shown = [each for each in tomograms if each is not None]
        if not shown:
            job.say("the tomograms of the masks are not there: no picture")
            return
        first, second = (Stack(each or shown[0]) for each in tomograms)
        if first.shape != second.shape or first.shape != Stack(result).shape:
            raise EtomotutError("its masks and their tomograms have different sizes")
        layers = [
            Layer(_title("First", self.source), first, Stack(files["first"])),
            Layer(_title("Second", self.inputOtherTomoMasks), second, Stack(files["second"])),
            Layer("Orange: only first, blue: only second", second, Stack(result), True),
        ]
        write_overlays(
            Path(job.folder) / f"{job.name}_overlap.png",
            layers,
            name=job.ts_id,
            text=self.describe(figures),
            pixel_size=mask.getSamplingRate(),
        )

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how far the masks agree."""
        near = f"{numbers['dice_near']:.2f} within {numbers['tolerance']:g} voxels"
        return f"Dice {numbers['dice']:.2f}, {near}"

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the compared masks."""
        return float(facts.pixels)


def _title(place: str, pointer: Any) -> str:
    """Give what a column is called: with the name of the stage that made the masks, if any did."""
    maker = pointer.getObjValue()
    return f"{place}: {maker.getRunName()}" if hasattr(maker, "getRunName") else place
