"""Where the fiducial editor takes models from and where it saves them, in a Scipion project."""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Mapping, Optional

from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.protocols.outputs import MODEL_GAPS
from etomotut.protocols.protocol_edit_fiducials import ProtEtomotutEditFiducials
from etomotut.viewers import gather
from etomotut.viewers.editor_model import EditorModel
from etomotut.viewers.items import Item
from etomotut.viewers.model_files import ModelFiles


class Saver:
    """Where the editor saves: the run that models were copied into, made when it is first needed.

    Models that such a run holds already are saved in it.
    """

    def __init__(self, project: Any, models: Any, protocol: Any) -> None:
        self._project, self._models, self._protocol = project, models, protocol
        self._files: Optional[ModelFiles] = None
        self._run: Optional[Any] = None
        self._before: Dict[str, Dict[str, Any]] = {}
        self.is_new = not isinstance(protocol, ProtEtomotutEditFiducials)
        if not self.is_new:
            self._run, self._files = protocol, ModelFiles(models, protocol)

    @property
    def label(self) -> str:
        """What the button to save says."""
        return "Save" if self._files is not None else "Save as new models"

    @property
    def told(self) -> str:
        """What is told when all is saved."""
        run = "" if self._run is None else self._run.getRunName()
        return f"Saved. Take {MODEL_GAPS} of the run '{run}' for fiducial alignment."

    def is_ready(self) -> bool:
        """Start the run if need be and tell whether it can take models; asked again until it can.

        Raises EtomotutError if the run failed.
        """
        if self._files is not None:
            return True
        if self._run is None:
            self._run = self._start()
            return False
        self._project._updateProtocol(self._run)
        if not self._run.isFinished() and not self._run.isActive():
            # Scipion takes a run that ends between two looks at it for a failed one: it looks again
            self._run.lastUpdateTimeStamp.set(None)
            self._project._updateProtocol(self._run)
        if self._run.isFinished():
            self._files = ModelFiles(getattr(self._run, MODEL_GAPS), self._run)
            return True
        if not self._run.isActive():
            name, self._run = self._run.getRunName(), None
            raise EtomotutError(f"the run '{name}' failed: nothing is saved; its log says why")
        return False

    def write(self, ts_id: str, made: model.Model, edits: Mapping[str, int]) -> None:
        """Save the model of a series; `edits` counts what was done since it was opened."""
        assert self._files is not None
        before = self._before.setdefault(ts_id, self._files.numbers(ts_id))
        total = {name: before.get(name, 0) + count for name, count in edits.items()}
        self._files.replace(ts_id, made, total)

    def _start(self) -> Any:
        run = self._project.newProtocol(ProtEtomotutEditFiducials)
        pointer = run.inputSetOfLandmarkModels
        outputs = {} if self._protocol is None else dict(self._protocol.iterOutputAttributes())
        wanted = self._models.getObjId()
        names = [name for name, each in outputs.items() if each.getObjId() == wanted]
        pointer.set(self._protocol if names else self._models)
        pointer.setExtended(names[0] if names else "")
        self._project.launchProtocol(run)
        return run


def editor_items(models: Any) -> List[Item]:
    """Give the items of Scipion's landmark models for the editor, each loaded once."""
    rows = gather.rows_of(models, lambda each: f"{each.getCount()} beads")
    return [
        Item(name, about, functools.lru_cache(None)(functools.partial(_load, models, name)))
        for name, about in rows
    ]


def _load(models: Any, ts_id: str) -> EditorModel:
    landmarks = gather.item_of(models, ts_id)
    series = gather.series_of(models.getSetOfTiltSeries(), ts_id)
    marks = gather.marks_of(landmarks, series)
    if not landmarks.getModelName():
        raise EtomotutError(f"{ts_id}: there is no IMOD model of it")
    is_moved = landmarks.applyTSTransformation()
    axis_angle = series.axis_after_transforms() if is_moved else series.axis_angle
    return EditorModel(series, marks, model.read(landmarks.getModelName()), axis_angle or 0.0)
