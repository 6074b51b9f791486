"""Stage 10: membranes are found in tomograms, by MemBrain-seg or by the embedded program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, BooleanParam, FloatParam, IntParam
from tomo.objects import SetOfTomoMasks

from etomotut.backends import Backend
from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.packages import MEMBRAIN_PACKAGE
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_tomograms_input, values_of
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import TOMO_MASKS, Result
from etomotut.protocols.segmentation import SegmentationProtocol, count

CHECKPOINTS = {"checkpoint": "Checkpoint of the network"}
MODEL = "MEMBRAIN_SEG_MODEL"  # the variable of MemBrain's Scipion plugin for a checkpoint
NO_CHECKPOINT = "MemBrain downloads no network: give a checkpoint file, or take Embedded"
TRAINED = 10.0  # Å, the pixel size that MemBrain's networks know


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
            help="Connected pieces with fewer voxels are dropped; 0 keeps all.",
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
            "ckpt-path": checkpoint_of(form),
            "out-folder": folder,
            "in-pixel-size": round(pixel_size, 4),
            "rescale-patches": round(pixel_size, 4) != TRAINED,  # else the pixel size is ignored
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
        if self._lacks_network(job.form, job.backend):
            raise ProgramError(NO_CHECKPOINT)
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

    @staticmethod
    def _lacks_network(form: Any, backend: Backend) -> bool:
        """Tell whether MemBrain's own program is meant and has no checkpoint."""
        return MEMBRAIN_PACKAGE.name in backend.others and checkpoint_of(form) is None

    def _validate(self) -> List[str]:
        found = super()._validate()
        try:
            if self._lacks_network(values_of(self), self._choose_backend()):
                found.append(f"{NO_CHECKPOINT}.")
        except EtomotutError:
            pass  # it is among what was found
        return found

    @classmethod
    def problems(cls, form: Any, facts: Facts) -> List[str]:
        """Refuse a checkpoint that is not there, and windows that the network cannot take."""
        found = cls.missing(form, CHECKPOINTS)
        if form.slidingWindowSize % 32:
            found.append(
                f"The sliding window is {form.slidingWindowSize}: a multiple of 32 is needed."
            )
        return found


def checkpoint_of(form: Any) -> Optional[str]:
    """Give the checkpoint of a form, else the one that MemBrain's Scipion plugin is told of."""
    return form.checkpoint or os.environ.get(MODEL) or None
