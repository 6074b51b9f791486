"""The runs of a project, how they hang together, and what each did for each series.

Runs of other plugins count as well: what they did is told by their outputs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Set, Tuple

from etomotut.protocols.protocol_base import RECORDS
from etomotut.protocols.records import DONE
from etomotut.report import page_facts
from etomotut.report.page_facts import Stage, Work
from etomotut.viewers import gather

_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_COMMAND = re.compile(r"^(.*?) \| \$ (.*)")
_ABOUT = re.compile(r"^(plugin|plugin v|plugin binary v): *(.*)")
_BEGIN = "Protocol starts"


@dataclass(frozen=True)
class Run:
    """A run of a protocol, `parents` those whose outputs it takes; `records` as it left them."""

    number: int
    label: str
    class_name: str
    protocol: Any
    parents: FrozenSet[int]
    ancestors: FrozenSet[int]
    descendants: FrozenSet[int]
    outputs: Mapping[str, Any]
    records: Mapping[str, Any] = field(default_factory=dict)
    backend: str = ""

    def output(self, name: str) -> Any:
        """Give an output by its name, None where there is none."""
        return self.outputs.get(name)

    def name_of(self, output: Any) -> str:
        """Give the name of one of its outputs."""
        return next(name for name, each in self.outputs.items() if each is output)

    def extra(self, name: str) -> Path:
        """Give the folder of an item's files."""
        return Path(self.protocol._getExtraPath(name)).absolute()


def runs_of(project: Any) -> Dict[int, Run]:
    """Give the runs of a project by their numbers, in the order in which they were made."""
    protocols = {p.getObjId(): p for p in sorted(project.getRuns(), key=lambda p: p.getObjId())}
    parents = {number: _parents(protocol) for number, protocol in protocols.items()}
    children: Dict[int, Set[int]] = {number: set() for number in protocols}
    for number, above in parents.items():
        for each in above & protocols.keys():
            children[each].add(number)
    made = {}
    for number, protocol in protocols.items():
        records = _records(protocol)
        made[number] = Run(
            number,
            str(protocol.getRunName()),
            str(protocol.getClassName()),
            protocol,
            frozenset(parents[number]),
            _reached(number, parents),
            _reached(number, children),
            dict(protocol.iterOutputAttributes()),
            records.get("series", {}),
            str(records.get("backend", "")),
        )
    return made


def stage_of(run: Run) -> Stage:
    """Give what a run did, series by series, with its programs and commands."""
    protocol = run.protocol
    about, commands = _log(Path(protocol.getStdoutLog()))
    error = _COLOURS.sub("", str(protocol.getErrorMessage() or ""))
    return Stage(
        number=run.number,
        label=run.label,
        kind=str(protocol.getClassLabel(prependPackageName=False)),
        status=str(protocol.getStatus()),
        programs=run.backend or about,
        ended=str(protocol.endTime.get() or "")[:16],
        works=dict(_works(run, commands)),
        error=error if protocol.isFailed() else "",
        inputs=run.parents,
    )


def _works(run: Run, commands: Mapping[str, List[str]]) -> Iterator[Tuple[str, Work]]:
    """Yield what became of each series: as the records tell, else as the outputs do."""
    for ts_id, record in run.records.items():
        lines = commands.get(ts_id, [])
        if record["state"] == DONE:
            text = _described(run.protocol, record["numbers"])
            yield ts_id, Work(page_facts.DONE, text, record.get("seconds"), lines)
        else:
            yield ts_id, Work(page_facts.FAILED, str(record["reason"]), None, lines)
    if run.records:
        return
    for name, output in run.outputs.items():
        if not hasattr(output, "iterItems") or "_tsId" not in _columns(output):
            continue
        if name.startswith("Failed"):
            for ts_id, reason in gather.rows_of(output, lambda each: each.getObjComment() or ""):
                yield ts_id, Work(page_facts.FAILED, reason or "no reason was given")
        else:
            for ts_id in gather.ids_of(output):
                yield ts_id, Work(page_facts.DONE, "done", None, commands.get(ts_id, []))


def _described(protocol: Any, numbers: Mapping[str, Any]) -> str:
    try:
        return str(protocol.describe(numbers))
    except (AttributeError, KeyError, TypeError, ValueError):  # records of another version
        return "done"


def _records(protocol: Any) -> Mapping[str, Any]:
    path = Path(protocol._getExtraPath(RECORDS))
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _log(path: Path) -> Tuple[str, Dict[str, List[str]]]:
    """Give which plugin a log tells of, and the last run's commands of each series."""
    about: Dict[str, str] = {}
    commands: Dict[str, List[str]] = {}
    begun: Dict[str, int] = {}
    runs = 0
    if not path.is_file():
        return "", {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for coloured in file:
            line = _COLOURS.sub("", coloured.rstrip("\n"))
            runs += line.startswith(_BEGIN)
            told = _ABOUT.match(line) if runs and len(about) < 3 else None
            if told:
                about[told.group(1)] = told.group(2)
            found = _COMMAND.match(line)
            if found:
                ts_id = found.group(1)
                if begun.setdefault(ts_id, runs) != runs:
                    begun[ts_id] = runs
                    commands[ts_id] = []
                commands.setdefault(ts_id, []).append(found.group(2))
    words = [about.get(key, "").split(" ")[0].split("(")[0] for key in ("plugin", "plugin v")]
    return " ".join(word for word in words if word), commands


def _columns(output: Any) -> Set[str]:
    """Give the attributes that items of a set have; none if it is empty."""
    first = output.getFirstItem() if output.getSize() else None
    output.close()
    return set() if first is None else {name for name, _ in first.getAttributes()}


def _parents(protocol: Any) -> Set[int]:
    found = set()
    for _, pointer in protocol.iterInputAttributes():
        parent = pointer.getObjValue()
        if parent is None:
            continue
        is_run = hasattr(parent, "getRunName")
        found.add(int(parent.getObjId() if is_run else parent.getObjParentId() or 0))
    return found


def _reached(start: int, steps: Mapping[int, Any]) -> FrozenSet[int]:
    """Give all numbers that steps lead to from one, itself not among them."""
    found: Set[int] = set()
    waiting = list(steps[start])
    while waiting:
        number = waiting.pop()
        if number not in found and number in steps:
            found.add(number)
            waiting += steps[number]
    return frozenset(found)
