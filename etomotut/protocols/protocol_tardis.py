"""Stage 10: membranes are found in tomograms, by TARDIS or by the embedded program."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, LE, BooleanParam, EnumParam, FloatParam, IntParam
from tomo.objects import SetOfTomoMasks

from etomotut.convert.series import FULL
from etomotut.formats import mrc, points
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_tomograms_input
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import INSTANCE_MASKS, TOMO_MASKS, Result
from etomotut.protocols.segmentation import OFFLINE, SegmentationProtocol, count

INSTANCES, SEMANTIC, BOTH = range(3)
NOTHING = "No semantic detected"  # TARDIS then writes no mask, and ends well
STEP = 8  # the network halves patches three times
CHECKPOINTS = {
    "cnnCheckpoint": "Checkpoint of the membranes' network",
    "distCheckpoint": "Checkpoint of the instances' network",
}


class ProtEtomotutTardis(SegmentationProtocol):
    """Segment the membranes of tomograms, and tell one from another.

    Denoised tomograms are best. The embedded program needs no network: it looks for bilayers and
    for the closed surfaces that they make.
    """

    _label = "membrane segmentation, TARDIS"
    _possibleOutputs = {TOMO_MASKS: SetOfTomoMasks, INSTANCE_MASKS: SetOfTomoMasks}
    programs = ("tardis_mem", "masknumbers")
    network = "TARDIS"
    papers = ("Kiewisz2024", "MartinezSanchez2014")

    def _defineParams(self, form: Any) -> None:
        add_tomograms_input(form)
        form.addParam(
            "segmentationType",
            EnumParam,
            default=BOTH,
            choices=["instances", "semantic", "both"],
            display=EnumParam.DISPLAY_HLIST,
            label="Output",
            help="*semantic*: 0, and 1 where there is membrane. *instances*: a number a membrane, "
            "which no other membrane of the set has.",
        )
        for name, default, label, hint in (
            ("cnnThreshold", 0.5, "Threshold of membranes",
             "From which probability on a voxel is membrane. More finds less."),
            ("distThreshold", 0.9, "Threshold of instances",
             "From which probability on points belong together. The embedded program goes by "
             "surfaces that close, and ignores it."),
        ):  # fmt: skip
            form.addParam(
                name,
                FloatParam,
                default=default,
                validators=[GE(0), LE(1)],
                label=label,
                help=hint,
            )
        self._define_contrast(form)
        self._define_network(form, CHECKPOINTS)
        form.addParam(
            "rotate",
            BooleanParam,
            default=False,
            label="Test-time augmentation?",
            help="Predict four turned copies, too: slower and surer. Only TARDIS's own program.",
        )
        form.addParam(
            "patchSize",
            IntParam,
            default=128,
            validators=[GE(32)],
            expertLevel=LEVEL_ADVANCED,
            label="Patch size (voxels)",
            help="Only TARDIS's own program.",
        )
        add_running(form, self.programs)

    @staticmethod
    def commands(form: Any, folder: str, pixel_size: float) -> List[Command]:
        """Give the command that segments the tomogram in a folder, into Predictions there."""
        values: Dict[str, Any] = {
            "path": folder,
            "output_format": "mrc_None" if form.segmentationType == SEMANTIC else "mrc_csv",
            "correct_px": round(pixel_size, 4),
            "cnn_threshold": form.cnnThreshold,
            "dist_threshold": form.distThreshold,
            "rotate": str(bool(form.rotate)),
            "patch_size": form.patchSize,
            "cnn_checkpoint": form.cnnCheckpoint or None,
            "dist_checkpoint": form.distCheckpoint or None,
            "local_only": "True",  # else downloaded networks are of no use offline
            "device": "0" if form.useGpu else "cpu",
            "bright": form.membranesAreBright,
        }
        return [("tardis_mem", values)]

    def process(self, job: Job) -> Result:
        """Segment a tomogram, number its membranes, and draw them."""
        pixel_size = job.item.object.getSamplingRate()
        semantic = self._segment(job, pixel_size)
        outputs: Dict[str, Any] = {}
        numbered = self._number(job, semantic, pixel_size)
        if numbered is not None:
            outputs[INSTANCE_MASKS] = numbered
        if job.form.segmentationType != INSTANCES:
            semantic.rename(job.temporary("_semantic.mrc"))
            outputs[TOMO_MASKS] = self.keep_mask(job, "_semantic.mrc")
        return Result(outputs, self.measure(job, outputs.get(TOMO_MASKS), numbered))

    def _segment(self, job: Job, pixel_size: float) -> Path:
        """Give the mask of a tomogram, which is alone in a folder: TARDIS takes any in it."""
        folder = Path(job.temporary("_tardis"))
        folder.mkdir()
        self.link(job, folder / "tomogram.mrc")
        made = folder / "Predictions"
        mask = made / "tomogram_semantic.mrc"
        try:
            commands = self.commands(job.form, str(folder), pixel_size)
            job.run(commands, log="_tardis.log", variables=self.variables(job.form))
            if not mask.is_file():
                self._need_nothing(made / "prediction_log.txt")
                mrc.write(mask, _empty(job), pixel_size=pixel_size, volume=True)
        except ProgramError as error:
            said = (Path(job.folder) / f"{job.name}_tardis.log").read_text()
            if any(word in said for word in OFFLINE):
                raise ProgramError(
                    "TARDIS could not download its networks: give checkpoint files, or take the "
                    "embedded program"
                ) from error
            raise
        return mask

    @staticmethod
    def _need_nothing(log: Path) -> None:
        """Raise ProgramError unless TARDIS's own log says that it found no membrane."""
        if not log.is_file() or NOTHING not in log.read_text(errors="replace"):
            raise ProgramError("tardis_mem wrote no mask")

    def _number(self, job: Job, semantic: Path, pixel_size: float) -> Optional[Any]:
        """Keep the mask with a number a membrane, where it is wanted."""
        if job.form.segmentationType == SEMANTIC:
            return None
        table = semantic.parent / "tomogram_instances.csv"
        if not table.is_file():  # where nothing is found, or told apart, TARDIS writes none
            if count(mrc.Stack(semantic))[0]:
                self.warning(f"{job.ts_id} | no membranes were told apart in the mask")
            points.write(table, np.zeros(0), np.zeros((0, 3)))
        first = self.next_number(len(np.unique(points.read(table)[0])))
        files = {
            "mask": str(semantic),
            "points": str(table),
            "result": job.temporary("_instances.mrc"),
        }
        job.run(self.number(files, first, pixel_size))
        return self.keep_mask(job, "_instances.mrc")

    @classmethod
    def problems(cls, form: Any, facts: Facts) -> List[str]:
        """Refuse checkpoints that are not there, and patches that the network cannot take."""
        found = cls.missing(form, CHECKPOINTS)
        if form.patchSize % STEP:
            found.append(f"The patch size is {form.patchSize}: a multiple of {STEP} is needed.")
        if not form.cnnThreshold:  # TARDIS then writes probabilities, and no mask
            found.append("The threshold of membranes is 0: more is needed.")
        return found


def _empty(job: Job) -> Any:
    return np.zeros(mrc.Stack(job.source[FULL]).shape, np.int8)
