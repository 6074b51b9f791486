"""Stage 3b: fiducial models that are corrected by hand.

The run takes the models over as they are and ends; "Analyze results" opens the editor on what it
holds, at any time and as often as is wanted. So nothing waits for a person, a continued run keeps
what was edited, and the models that came in stay as they were.
"""

from __future__ import annotations

from typing import Any, List, Mapping

from pyworkflow.protocol.constants import MODE_RESTART
from tomo.objects import SetOfLandmarkModels

from etomotut.backends import Backend
from etomotut.convert import fiducials
from etomotut.formats import model
from etomotut.protocols.job import Job, ProgramError
from etomotut.protocols.on_models import MODEL, ModelsProtocol, add_models_input, keep_model
from etomotut.protocols.outputs import MODEL_GAPS, Result
from etomotut.protocols.protocol_base import LISTED, RECORDS
from etomotut.protocols.records import Records

COUNTS = ("moved", "added", "deleted")  # of marks, by hand


class ProtEtomotutEditFiducials(ModelsProtocol):
    """Correct fiducial models by hand: fill gaps, move marks, add and delete beads.

    Run it, then press "Analyze results": the editor opens. What is saved there is this run's
    output, ready for fiducial alignment.
    """

    _label = "edit fiducial model"
    _possibleOutputs = {MODEL_GAPS: SetOfLandmarkModels}

    def _defineParams(self, form: Any) -> None:
        add_models_input(
            form,
            "They stay as they are: what is edited is a copy. Points that an alignment "
            "filled in by prediction are not taken over.",
        )
        form.addParallelSection(threads=2, mpi=0, binThreads=1)

    def process(self, job: Job) -> Result:
        """Take a model over."""
        landmarks = job.item.partners[MODEL]
        made = fiducials.measured_model(landmarks)
        rows, tracks = model.tracks(made)
        if not len(rows):
            raise ProgramError("its model has no points")
        model.write(job.temporary("_edited.fid"), made)
        copy = keep_model(job, "_edited", landmarks.getSize())
        copy.setApplyTSTransformation(landmarks.applyTSTransformation())
        assert job.series is not None
        numbers = fiducials.counts(rows, tracks, len(job.series.used))
        return Result({MODEL_GAPS: copy}, {**numbers, "views": len(job.series.used)})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell what a model holds and what was done by hand."""
        done = [f"{numbers[each]} {each}" for each in COUNTS if numbers.get(each)]
        held = f"{numbers['beads']} beads, {numbers['points']} points, {numbers['gaps']} gaps"
        return f"{held}; by hand: {', '.join(done) or 'nothing yet'}"

    def _choose_backend(self) -> Backend:
        return Backend()

    def _summary(self) -> List[str]:
        hint = '"Analyze results" opens the editor.'
        return super()._summary() + ([hint] if hasattr(self, MODEL_GAPS) else [])

    def _warnings(self) -> List[str]:
        numbers = Records(self._getExtraPath(RECORDS)).numbers()
        edited = [name for name, each in numbers.items() if any(map(each.get, COUNTS))]
        if self.runMode.get() != MODE_RESTART or not edited:
            return super()._warnings()
        names = ", ".join(edited[:LISTED])
        return [f"What was edited by hand in {names} will be lost: Continue keeps it."]
