"""Stage 3b: fiducial models are curated: gaps filled, marks put right, what stays bad dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List, Mapping

from tomo.objects import SetOfLandmarkModels

from etomotut.convert import fiducials
from etomotut.formats import model
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.judged import CURATION
from etomotut.protocols.on_models import (
    MODEL,
    ModelsProtocol,
    add_models_input,
    keep_model,
    require_same_images,
)
from etomotut.protocols.outputs import MODEL_GAPS, Result
from etomotut.protocols.rehearsal import AXIS_ANGLE, BEAD_DIAMETER, FILES

NUMBERS = (
    "beads_before",
    "beads_after",
    "marks_before",
    "marks_after",
    "marks_moved",
    "marks_added",
    "marks_dropped",
    "gaps_after",
    "leave_one_out_all_before_px",
    "leave_one_out_all_px",
    "leave_one_out_kept_before_px",
    "leave_one_out_kept_px",
    "advice",
)


class ProtEtomotutCurateFiducials(ModelsProtocol):
    """Curate fiducial models: what is otherwise done by hand with 3dmod's Beadfixer.

    Every bead is looked for where the alignment of the others predicts it: gaps are filled, marks
    are put right, what stays bad is dropped. Nothing is kept that does not predict all marks of the
    input better than before, dropped ones included. Tells which views had better be excluded, and
    excludes none.
    """

    _label = "fiducial curation"
    _possibleOutputs = {MODEL_GAPS: SetOfLandmarkModels}
    programs = ("newstack", "curatebeads")
    papers = ("Kremer1996", "Mastronarde2017")

    def _defineParams(self, form: Any) -> None:
        add_models_input(
            form,
            "Models of beads, tracked by any program or edited by hand. They stay as they "
            "are. Points that an alignment filled in by prediction are looked for anew.",
        )
        add_running(form, self.programs)

    @staticmethod
    def commands(axis_angle: float, diameter: float, files: Mapping[str, str]) -> List[Command]:
        """Give the command that curates a model; `diameter` of a bead in pixels.

        `files` has the names "model", "curated", "changes", "stack" and "angles".
        """
        values = {
            "InputModel": files["model"],
            "OutputModel": files["curated"],
            "CurationFile": files["changes"],
            "ImageFile": files["stack"],
            "ImagesAreBinned": 1,
            "RotationAngle": axis_angle,
            "TiltFile": files["angles"],
            "BeadDiameter": diameter,
        }
        return [("curatebeads", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any model."""
        return cls.commands(AXIS_ANGLE, BEAD_DIAMETER, FILES)

    def process(self, job: Job) -> Result:
        """Curate a model, and give it with the gaps that are left in it."""
        series, landmarks = job.series, job.item.partners[MODEL]
        if not landmarks.getSize():
            raise ProgramError("its model is of patches, not of beads: it cannot be curated")
        original = fiducials.measured_model(landmarks)
        require_same_images(original, landmarks.getModelName(), job)
        files = {
            "model": job.temporary("_input.fid"),
            "curated": job.temporary("_gaps.fid"),
            "changes": job.temporary(CURATION),
            "stack": job.prepared(),
            "angles": job.write_angles(),
        }
        model.write(files["model"], original)
        diameter = landmarks.getSize() / series.pixel_size
        job.run(self.commands(series.axis_after_transforms(), diameter, files), log="_curate.log")
        changes = json.loads(Path(files["changes"]).read_text())
        job.keep(CURATION)
        curated = keep_model(job, "_gaps", landmarks.getSize())
        return Result({MODEL_GAPS: curated}, {name: changes[name] for name in NUMBERS})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell what was changed, what that did to the error of all marks, and what is advised."""
        text = (
            f"{numbers['beads_after']} of {numbers['beads_before']} beads; "
            f"{numbers['marks_moved']} marks moved, {numbers['marks_added']} filled, "
            f"{numbers['marks_dropped']} dropped, {numbers['gaps_after']} gaps left; "
            f"leave-one-out error {_change(numbers, 'all')} of all marks, "
            f"{_change(numbers, 'kept')} of those kept"
        )
        return "; ".join([text, *numbers["advice"]])

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse an unknown tilt axis."""
        return ["The angle of the tilt axis is not known."] if facts.axis_angle is None else []


def _change(numbers: Mapping[str, Any], which: str) -> str:
    ends = (numbers[f"leave_one_out_{which}{when}_px"] for when in ("_before", ""))
    return " -> ".join("unknown" if each is None else f"{each:.2f} px" for each in ends)
