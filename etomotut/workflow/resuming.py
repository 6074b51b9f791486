"""`etomotut run` given again: a run that was cut off goes on where it was, in the same project.

What a run asked for is written into its project. The same request finds its stages there; another
one adds stages of its own.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from etomotut import headless

RECORD = "etomotut-run.json"
OURS = "ProtEtomotut"  # stages of others, as Scipion's import, cannot go on in the middle


def stages(
    project: Any, text: str, settings: Dict[str, Any], prepare: Callable[[Any], None]
) -> OrderedDict[str, Any]:
    """Give the stages of a workflow (JSON text) in a project, by their ids in the workflow.

    New ones are changed by `prepare` and stored; those of an earlier run of the same workflow with
    the same `settings` are made ready to go on.
    """
    record = Path(project.path) / RECORD
    request = {"workflow": json.loads(text), "settings": settings}
    found = _earlier(project, record, request)
    if found is not None:
        print("Going on with the run that this project holds.\n", flush=True)
        for each in found.values():
            _revive(project, each)
        return found
    made = headless.load_workflow(project, text)
    for each in made.values():
        prepare(each)
        project.saveProtocol(each)
    ids = {name: each.getObjId() for name, each in made.items()}
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps({**request, "ids": ids}))
    partial.replace(record)
    return made


def _earlier(
    project: Any, record: Path, request: Dict[str, Any]
) -> Optional[OrderedDict[str, Any]]:
    """Give the stages of an earlier run of a request, None if it has none or lacks some."""
    try:
        told = json.loads(record.read_text())
    except (OSError, ValueError):
        return None
    ids = told.pop("ids", None)
    if told != request or not ids:
        return None
    there = {each.getObjId(): each for each in project.getRuns()}
    if not set(ids.values()) <= there.keys():
        return None
    return OrderedDict((name, there[number]) for name, number in ids.items())


def _revive(project: Any, stage: Any) -> None:
    """Wait for a stage that still runs; mark one that was cut off, so that it can be started."""
    from pyworkflow.protocol.constants import MODE_RESTART

    if stage.isActive():
        headless.wait_for_end(project, stage)
    if not stage.isFinished() and not type(stage).__name__.startswith(OURS):
        stage.runMode.set(MODE_RESTART)
        project.saveProtocol(stage)
