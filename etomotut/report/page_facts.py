"""What a report tells: plain values of a project, of its stages, and of one series at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report.findings import Array, Findings, Tomogram

DONE, FAILED, MISSING = "done", "failed", ""
GOOD, USABLE, BAD, UNKNOWN = "good", "usable", "bad", "unknown"  # as a quality has them


@dataclass(frozen=True)
class Work:
    """What became of a series in a stage; `commands` are the lines that were run for it."""

    state: str = MISSING
    text: str = ""  # the summary's line, or the reason of a failure
    seconds: Optional[float] = None
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Stage:
    """A stage of a project: its `label`, the `kind` of protocol, what it ran, and for whom.

    `inputs` are the numbers of the stages whose results it took.
    """

    number: int
    label: str
    kind: str
    status: str
    programs: str
    ended: str = ""
    works: Mapping[str, Work] = field(default_factory=dict)
    error: str = ""
    inputs: FrozenSet[int] = frozenset()


@dataclass(frozen=True)
class Volume:
    """A tomogram that a stage made, and the file of a mask that is to be shown over it.

    One that is not shown is there for its outline.
    """

    label: str
    tomogram: Tomogram
    mask: Optional[str] = None
    mask_label: str = ""
    is_shown: bool = True


@dataclass(frozen=True)
class Ctf:
    """CTF estimations of views: angles in degrees, defocus U and V in Å, resolutions in Å."""

    label: str
    tilt_angles: Array
    defocus_u: Array
    defocus_v: Array
    phase_shifts: Optional[Array] = None
    resolutions: Optional[Array] = None


@dataclass(frozen=True)
class Position:
    """Where a stage found the specimen: what findsection tells of it, and the picture it left."""

    label: str
    found: Mapping[str, Any]


@dataclass(frozen=True)
class Dossier:
    """All that is known of one series; what is not known is None or empty.

    `quality` is the alignment's quality as its JSON has it, `curation` what was changed by whom,
    `pictures` are files that stages left, by what they show, `pages` HTML files likewise.
    """

    ts_id: str
    name: str
    findings: Optional[Findings] = None
    alignment: str = ""  # label of the stage that aligned it
    quality: Optional[Mapping[str, Any]] = None
    curation: Optional[Mapping[str, Any]] = None
    volumes: Sequence[Volume] = ()
    ctf: Optional[Ctf] = None
    position: Optional[Position] = None
    pictures: Mapping[str, Path] = field(default_factory=dict)
    pages: Mapping[str, Path] = field(default_factory=dict)
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Project:
    """A project: its stages in their order, its series, and how the dossier of one is read.

    `file_names` are what files and anchors of each of the `ids` are called.
    """

    name: str
    folder: str
    made: str
    made_by: str
    stages: Sequence[Stage]
    ids: Sequence[str]
    file_names: Sequence[str]
    read: Callable[[str], Dossier]


@dataclass(frozen=True)
class Verdict:
    """How good a series is: GOOD, USABLE, BAD, UNKNOWN or FAILED, and why."""

    level: str
    reasons: Sequence[str] = ()


def failures_of(project: Project, ts_id: str) -> List[Tuple[Stage, Work]]:
    """Give the stages in which a series failed, and did not succeed in a later try at the same."""
    found = [(stage, stage.works.get(ts_id, Work())) for stage in project.stages]
    done = {(stage.kind, stage.inputs): stage.number for stage, work in found if work.state == DONE}
    return [
        (stage, work)
        for stage, work in found
        if work.state == FAILED and done.get((stage.kind, stage.inputs), 0) < stage.number
    ]


def residual_numbers(found: Optional[Findings]) -> Dict[str, float]:
    """Give what the marks of a series tell: mean, median and worst residual, px, and counts."""
    if found is None or found.marks is None or not len(found.marks.rows):
        return {}
    marks = found.marks
    lengths: npt.NDArray[np.float64] = marks.lengths[np.isfinite(marks.lengths)]
    beads = len(np.unique(marks.beads))
    told = {"beads": float(beads), "views": float(len(found.tilt_angles))}
    if len(lengths):
        told.update(
            mean=float(lengths.mean()),
            median=float(np.median(lengths)),
            worst=float(lengths.max()),
            measured=float(len(lengths)),
            missing=float(beads * len(found.tilt_angles) - len(lengths)),
        )
    return told
