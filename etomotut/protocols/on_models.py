"""What stages that take fiducial models share: their input, and how a model is kept.

The tilt series that are processed are those that the models were made on.
"""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
from pyworkflow.protocol.params import PointerParam
from tomo.objects import LandmarkModel

from etomotut.convert import fiducials
from etomotut.convert.series import FULL
from etomotut.formats import model
from etomotut.formats.mrc import Stack
from etomotut.protocols.job import Job, ProgramError, resampling
from etomotut.protocols.protocol_base import EtomotutProtocol

MODEL = "fiducial model"
ROUNDING = 2  # pixels by which programs differ in the sides of a prealigned image


class ModelsProtocol(EtomotutProtocol):
    """A stage whose input are fiducial models; `process` finds that of a series under MODEL."""

    @property
    def source(self) -> Any:
        """The tilt series behind the models."""
        models = self.inputSetOfLandmarkModels.get()
        return None if models is None else models.getSetOfTiltSeries(pointer=True)

    def partners(self) -> Dict[str, Any]:
        """Every series needs its model."""
        return {MODEL: self.inputSetOfLandmarkModels.get()}

    def _validate(self) -> List[str]:
        models = self.inputSetOfLandmarkModels.get()
        if models is not None and models.getSetOfTiltSeries() is None:
            return ["The models do not say on which tilt series they were made."]
        return super()._validate()


def add_models_input(form: Any, text: str) -> None:
    """Add the section with the input models; `text` is their help."""
    form.addSection(label="Input")
    form.addParam(
        "inputSetOfLandmarkModels",
        PointerParam,
        pointerClass="SetOfLandmarkModels",
        important=True,
        label="Fiducial models",
        help=text,
    )


def keep_model(job: Job, stem: str, diameter: float) -> LandmarkModel:
    """Keep the scratch file STEM.fid and Scipion's table of it, without residuals.

    `diameter` of a bead in Å, 0 for patches.
    """
    rows, tracks = model.tracks(model.read(job.temporary(f"{stem}.fid")))
    unknown = np.full((len(rows), 2), np.nan)
    fiducials.write_landmarks(job.temporary(f"{stem}.sfid"), rows, tracks, unknown)
    path, table = job.keep(f"{stem}.fid"), job.keep(f"{stem}.sfid")
    return fiducials.landmark_model(job.ts_id, table, path, diameter, residuals=False)


def require_same_images(found: model.Model, path: str, job: Job) -> None:
    """Raise ProgramError if a model was made on other images than those in use."""
    views = len(job.series.used)
    shape = Stack(job.source[FULL]).shape
    size = resampling(job.series, shape).get("SizeToOutputInXandY", shape[:0:-1])
    if any(own and abs(own - wanted) > ROUNDING for own, wanted in zip(found.size, size)):
        raise ProgramError(
            f"the model {path} was made on images of {found.size[0]} x {found.size[1]}, the series "
            f"has {size[0]} x {size[1]}: generate the model again"
        )
    if found.size[2] != views:
        raise ProgramError(
            f"the model was made on {found.size[2]} views and {views} are enabled now: "
            "generate the model again"
        )
