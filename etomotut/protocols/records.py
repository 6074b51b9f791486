"""What became of each series in a stage: a JSON file beside the results.

It outlives a run: a continued one knows from it what is done, and the summary, the viewers and
the report read numbers and reasons here. Keys of the file: `backend`, `form` (values), `series`,
which has for each tsId `state` ("done" or "failed"), `reason`, `numbers` and `seconds`.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any, Dict, List

DONE, FAILED = "done", "failed"


class Records:
    """The records of one stage; every change is on disk when a method returns."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._all: Dict[str, Any] = {"backend": "", "form": {}, "series": {}}
        if self._path.is_file():
            self._all.update(json.loads(self._path.read_text()))
        self._lines = {k: _line(k, record) for k, record in self._all["series"].items()}

    @property
    def backend(self) -> str:
        """Where the programs came from, as text."""
        return str(self._all["backend"])

    @property
    def form(self) -> Dict[str, Any]:
        """The values of the form by name."""
        return dict(self._all["form"])

    def begin(self, backend: str, form: Dict[str, Any]) -> None:
        """Note with what the series are processed from here on."""
        self._all.update(backend=backend, form=form)
        self._write()

    def note_done(self, ts_id: str, numbers: Dict[str, Any], seconds: float) -> None:
        """Note that the results of a series are registered."""
        self._note(ts_id, state=DONE, numbers=numbers, seconds=round(seconds, 2))

    def note_failed(self, ts_id: str, reason: str) -> None:
        """Note why a series has no result."""
        self._note(ts_id, state=FAILED, reason=reason)

    def numbers(self) -> Dict[str, Dict[str, Any]]:
        """Give the numbers of the series that are done."""
        return {ts_id: self._all["series"][ts_id]["numbers"] for ts_id in self._in_state(DONE)}

    def reasons(self) -> Dict[str, str]:
        """Give why series failed."""
        return {ts_id: self._all["series"][ts_id]["reason"] for ts_id in self._in_state(FAILED)}

    def _in_state(self, state: str) -> List[str]:
        with self._lock:
            return [k for k, each in sorted(self._all["series"].items()) if each["state"] == state]

    def _note(self, ts_id: str, **record: Any) -> None:
        with self._lock:
            self._all["series"][ts_id] = record
            self._lines[ts_id] = _line(ts_id, record)
            self._write()

    def _write(self) -> None:
        partial = self._path.with_name(self._path.name + ".partial")
        head = json.dumps({name: value for name, value in self._all.items() if name != "series"})
        series = ",\n".join(self._lines.values())  # of many, only one has changed
        partial.write_text(f'{head[:-1]}, "series": {{\n{series}\n}}}}\n')
        os.replace(partial, self._path)


def _line(ts_id: str, record: Dict[str, Any]) -> str:
    return f"{json.dumps(ts_id)}: {json.dumps(record)}"
