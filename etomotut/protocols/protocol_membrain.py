"""Stage 10: membranes are found in tomograms, by MemBrain-seg or by the embedded program."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, BooleanParam, FloatParam, IntParam
from tomo.objects import SetOfTomoMasks

from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_tomograms_input
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import TOMO_MASKS, Result
from etomotut.protocols.segmentation import SegmentationProtocol, count

CHECKPOINTS = {"checkpoint": "Checkpoint of the network"}


class ProtEtomotutMemBrain(SegmentationProtocol):
    """Segment the membranes of tomograms, and number those that are connected.

    The embedded program needs no network: it looks for bilayers and for the closed surfaces that
    they make, which get a number each.
    """

    _label = "membrane segmentation, MemBrain"
    _possibleOutputs = {TOMO_MASKS: SetOfTomoMasks}
    programs = ("membrain", "masknumbers")
    network = "MemBrain"
    papers = ("Lamm2024", "MartinezSanchez2014")

    def _defineParams(self, form: Any) -> None:
        add_tomograms_input(form)
        form.addParam(
            "segmentationThreshold",
            FloatParam,
            default=0.0,
            label="Threshold of membranes",
            help="In units of a logit: 0 is a probability of 0.5, 2 is 0.88. More finds less.",
        )
        form.addParam(
            "storeConnectedComponents",
            BooleanParam,
            default=True,
            label="Number the membranes?",
            help="A number a membrane, which no other of the set has; else 1 for all.",
        )
        form.addParam(
            "connectedComponentsThreshold",
            IntParam,
            default=0,
            validators=[GE(0)],
            condition="storeConnectedComponents",
            label="Smallest membrane (voxels)",
        )
        self._define_contrast(form)
        self._define_network(form, CHECKPOINTS)
        form.addParam(
            "testTimeAugmentation",
            BooleanParam,
            default=True,
            label="Test-time augmentation?",
            help="Predict turned copies, too: slower and surer. Only MemBrain's own program.",
        )
        form.addParam(
            "slidingWindowSize",
            IntParam,
            default=160,
            validators=[GE(32)],
            expertLevel=LEVEL_ADVANCED,
            label="Sliding window (voxels)",
            help="A multiple of 32; less needs less memory. Only MemBrain's own program.",
        )
        add_running(form, self.programs)

    @staticmethod
    def commands(form: Any, tomogram: str, folder: str, pixel_size: float) -> List[Command]:
        """Give the command that segments a tomogram into a folder."""
        numbers = form.storeConnectedComponents
        values: Dict[str, Any] = {
            "command": "segment",
            "tomogram-path": tomogram,
            "ckpt-path": form.checkpoint or None,
            "out-folder": folder,
            "in-pixel-size": round(pixel_size, 4),
            "segmentation-threshold": form.segmentationThreshold,
            "sliding-window-size": form.slidingWindowSize,
            "test-time-augmentation": bool(form.testTimeAugmentation),
            "no-test-time-augmentation": not form.testTimeAugmentation,
            "store-connected-components": bool(numbers),
            "connected-component-thres": form.connectedComponentsThreshold if numbers else None,
            "bright": form.membranesAreBright,
        }
        return [("membrain", values)]

    def process(self, job: Job) -> Result:
        """Segment a tomogram, make the numbers its own, and draw its membranes."""
        pixel_size = job.item.object.getSamplingRate()
        tomogram, folder = self.input_of(job), job.temporary("_segmented")
        commands = self.commands(job.form, tomogram, folder, pixel_size)
        job.run(commands, log="_membrain.log", variables=self.variables(job.form))
        written = sorted(Path(folder).glob("*_segmented.mrc"))
        if not written:
            raise ProgramError("membrain wrote no mask")
        result = job.temporary("_mask.mrc")
        if job.form.storeConnectedComponents:
            first = self.next_number(count(Stack(written[0]))[1][0])
            files = {"mask": str(written[0]), "result": result}
            job.run(self.number(files, first, pixel_size))
        else:
            written[0].rename(result)
        mask = self.keep_mask(job, "_mask.mrc")
        numbered = mask if job.form.storeConnectedComponents else None
        return Result({TOMO_MASKS: mask}, self.measure(job, mask, numbered))

    @classmethod
    def problems(cls, form: Any, facts: Facts) -> List[str]:
        """Refuse a checkpoint that is not there, and windows that the network cannot take."""
        found = cls.missing(form, CHECKPOINTS)
        if form.slidingWindowSize % 32:
            found.append(
                f"The sliding window is {form.slidingWindowSize}: a multiple of 32 is needed."
            )
        return found
