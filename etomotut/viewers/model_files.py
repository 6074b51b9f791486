"""Saved fiducial models become what Scipion says, whether our editor or 3dmod saved them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Dict, List, Mapping

from pwem.objects import Set

from etomotut.convert import fiducials
from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.protocols.protocol_base import RECORDS
from etomotut.protocols.records import Records
from etomotut.viewers import gather

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

    def refresh_all(self) -> None:
        """Let Scipion know of all models that were saved while nobody looked.

        What cannot be read is left as it is, for those who open it to be told.
        """
        changed: List[str] = []
        for each in self._models.iterItems():
            if fiducials.is_table_old(each):
                changed.append(str(each.getTsId()))
        self._models.close()
        for ts_id in changed:
            with contextlib.suppress(EtomotutError, OSError):
                self.refresh(ts_id)

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
