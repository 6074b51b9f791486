"""Edited fiducial models become what Scipion's sets say, whether our editor or 3dmod saved them."""

from __future__ import annotations

import functools
import sqlite3
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from pwem.objects import Set

from etomotut.convert import fiducials
from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.protocols.outputs import MODEL_GAPS
from etomotut.protocols.protocol_base import RECORDS
from etomotut.protocols.protocol_edit_fiducials import ProtEtomotutEditFiducials
from etomotut.protocols.records import Records
from etomotut.viewers import gather
from etomotut.viewers.editor_model import EditorModel
from etomotut.viewers.items import Item

COUNTED = ("beads", "points", "gaps")  # in records, of what a model holds


class ModelFiles:
    """The files behind Scipion's landmark models; `protocol` is the one that made them."""

    def __init__(self, models: Any, protocol: Any) -> None:
        self._models, self._protocol = models, protocol
        self._known: Dict[str, Any] = {}

    def refresh(self, ts_id: str) -> str:
        """Let Scipion know what a model holds that was saved since, and tell it.

        Tells nothing where there is nothing new, or while the protocol is still writing its set.
        Raises EtomotutError where the model cannot be read or the set not be written.
        """
        landmarks = self._landmarks(ts_id)
        if not fiducials.is_table_old(landmarks) or self._is_growing():
            return ""
        rows, _ = self._read_again(ts_id, {})
        beads = landmarks.getCount()
        return f"{ts_id} was saved: {beads} beads, {len(rows)} points; Scipion's tables say so now"

    def replace(self, ts_id: str, made: model.Model, edits: Mapping[str, int]) -> None:
        """Write a model in the place of the one that is there; `edits` go into the records."""
        if self._is_growing():
            raise EtomotutError(f"{ts_id}: the run that makes its model has not ended")
        path = Path(self._landmarks(ts_id).getModelName())
        partial = path.with_name(f"{path.name}.partial")
        model.write(partial, made)
        partial.replace(path)
        self._read_again(ts_id, edits)

    def numbers(self, ts_id: str) -> Dict[str, Any]:
        """Give what the records of the run say of a series."""
        found: Dict[str, Any] = self._records().numbers().get(ts_id, {})
        return found

    def _landmarks(self, ts_id: str) -> Any:
        if ts_id not in self._known:
            self._known[ts_id] = gather.item_of(self._models, ts_id)
        return self._known[ts_id]

    def _is_growing(self) -> bool:
        if self._protocol is None or not self._protocol.isActive():
            return False
        state = self._models.getProperty("_streamState")  # of the file; what is loaded is older
        self._models.close()
        return int(state or Set.STREAM_CLOSED) == Set.STREAM_OPEN

    def _read_again(self, ts_id: str, edits: Mapping[str, int]) -> Any:
        landmarks = self._landmarks(ts_id)
        rows, tracks = fiducials.refresh_table(landmarks)
        try:
            self._store(landmarks)
        except sqlite3.Error as error:
            raise EtomotutError(
                f"{self._models.getFileName()} cannot be written: {error}"
            ) from None
        self._note(ts_id, rows, tracks, edits)
        return rows, tracks

    def _store(self, landmarks: Any) -> None:
        """Write the number of beads into the set; nothing else of a model changes."""
        models = self._models
        models.enableAppend()
        stored = Set.__getitem__(models, {"_tsId": landmarks.getTsId()})
        stored.setCount(landmarks.getCount())
        models.update(stored)
        models.write(properties=False)
        models.close()

    def _note(self, ts_id: str, rows: Any, tracks: Any, edits: Mapping[str, int]) -> None:
        """Change the records of a stage of ours that counted what its models hold."""
        numbers = self.numbers(ts_id)
        if "views" not in numbers or not numbers.keys() >= set(COUNTED):
            return
        told = fiducials.counts(rows, tracks, numbers["views"])
        if not numbers.get("are_beads", True):
            told["gaps"] = 0
        self._records().note_done(ts_id, {**numbers, **told, **edits}, 0.0)

    def _records(self) -> Records:
        path = "" if self._protocol is None else self._protocol._getExtraPath(RECORDS)
        return Records(path)


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
