"""A Scipion project as the plain values of a report, whatever plugins its stages are from.

Which stage aligned a series, and what came of that, is found by following the stages' inputs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from tomo.objects import (
    SetOfCTFTomoSeries,
    SetOfLandmarkModels,
    SetOfTiltSeries,
    SetOfTiltSeriesCoordinates,
    SetOfTomograms,
    SetOfTomoMasks,
)

from etomotut import __version__
from etomotut.convert.ctf import FAILED
from etomotut.convert.series import Series
from etomotut.errors import EtomotutError
from etomotut.protocols import outputs
from etomotut.protocols.job import safe_name
from etomotut.protocols.judged import CURATION
from etomotut.report.page_facts import Ctf, Dossier, Position, Project, Volume
from etomotut.viewers import gather
from etomotut.workflow.stages import Run, runs_of, stage_of

POSITION = "ProtEtomotutPosition"
CROP = "ProtEtomotutCrop"
KEPT = ("position", "surfaces", "erased", "overlap", "denoised", "spectrum")  # pictures of stages


@dataclass(frozen=True)
class Alignment:
    """A stage that aligned series: its sets, None where it made none."""

    run: Run
    series: Any
    models: Any = None
    coordinates: Any = None
    ids: FrozenSet[str] = field(default_factory=frozenset)


def read_project(project: Any, run_id: Optional[int] = None) -> Project:
    """Give what a report tells of an open project.

    With the number of a run it is about what led to that and came of it. Raises EtomotutError if
    there is no such run.
    """
    runs = runs_of(project)
    if run_id is not None:
        if run_id not in runs:
            known = ", ".join(map(str, runs)) or "none"
            raise EtomotutError(f"{project.getShortName()} has no run {run_id}; it has {known}")
        around = _around(runs, run_id)
        runs = {number: run for number, run in runs.items() if number in around}
    stages = [stage_of(run) for run in runs.values()]
    ids = sorted({ts_id for stage in stages for ts_id in stage.works}, key=_natural)
    reader = Reader(runs, run_id)
    return Project(
        name=str(project.getShortName()),
        folder=str(Path(project.getPath()).absolute()),
        made=datetime.now().strftime("%Y-%m-%d %H:%M"),
        made_by=f"etomotut {__version__}",
        stages=stages,
        ids=ids,
        file_names=[safe_name(ts_id) for ts_id in ids],
        read=reader.read,
    )


class Reader:
    """Reads the dossiers of series from runs; what all series share is read once."""

    def __init__(self, runs: Mapping[int, Run], focus: Optional[int] = None) -> None:
        self._runs = runs
        self._known: Dict[int, FrozenSet[str]] = {}
        self._alignments = list(_alignments(runs.values()))
        # the stage asked for goes before others, those with beads before those without
        self._alignments.sort(key=lambda each: (each.run.number == focus, each.models is not None))

    def read(self, ts_id: str) -> Dossier:
        """Give all that is known of a series; what cannot be read becomes a sentence."""
        name, problems = safe_name(ts_id), []
        aligned = next((each for each in reversed(self._alignments) if ts_id in each.ids), None)
        found = None
        if aligned is not None:
            sets = aligned.series, aligned.models, aligned.coordinates
            try:
                found = gather.findings_of(ts_id, *sets)
            except (EtomotutError, OSError) as error:
                problems.append(f"Its alignment cannot be shown: {error}.")
        return Dossier(
            ts_id=ts_id,
            name=name,
            findings=found,
            alignment=aligned.run.label if aligned else "",
            quality=_guarded(partial(self._quality, ts_id, aligned), problems),
            curation=_guarded(partial(self._curation, name), problems),
            volumes=self._volumes(ts_id, aligned),
            ctf=_guarded(partial(self._ctf, ts_id), problems),
            position=self._position(ts_id),
            pictures=self._pictures(name),
            pages=self._pages(name),
            problems=problems,
        )

    def _quality(self, ts_id: str, aligned: Optional[Alignment]) -> Optional[Mapping[str, Any]]:
        made = aligned.run.output(outputs.QUALITY) if aligned is not None else None
        if made is None or ts_id not in self._ids(made):
            return None
        return _json(Path(gather.item_of(made, ts_id).getFileName()))

    def _curation(self, name: str) -> Optional[Mapping[str, Any]]:
        files = [run.extra(name) / f"{name}{CURATION}" for run in self._runs.values()]
        existing = [file for file in files if file.is_file()]
        return _json(existing[-1]) if existing else None

    def _volumes(self, ts_id: str, aligned: Optional[Alignment]) -> List[Volume]:
        """Give all tomograms; those that did not come of the alignment are shown if none did."""
        masks, after = self._masks(ts_id), aligned.run.descendants if aligned else frozenset()
        cropped = {parent for run in self._of(CROP) for parent in run.parents}
        made = []
        for run, output in self._outputs(SetOfTomograms):
            if isinstance(output, SetOfTomoMasks) or ts_id not in self._ids(output):
                continue
            tomogram = gather.tomogram_of(gather.item_of(output, ts_id))
            mask, label = masks.get(str(Path(tomogram.path).absolute()), (None, ""))
            made.append((run.number, Volume(run.label, tomogram, mask, label)))
        ours = {number for number, _ in made} & after or {number for number, _ in made}
        return [
            replace(volume, is_shown=number in ours and number not in cropped)
            for number, volume in made
        ]

    def _masks(self, ts_id: str) -> Dict[str, Tuple[str, str]]:
        """Give the first mask of each tomogram, and what made it, by the tomogram's file."""
        found: Dict[str, Tuple[str, str]] = {}
        for run, output in self._outputs(SetOfTomoMasks):
            if run.name_of(output) == outputs.INSTANCE_MASKS or ts_id not in self._ids(output):
                continue
            mask = gather.item_of(output, ts_id)
            if mask.getVolName():
                whole = str(Path(mask.getVolName()).absolute())
                found.setdefault(whole, (mask.getFileName(), run.label))
        return found

    def _ctf(self, ts_id: str) -> Optional[Ctf]:
        sets = [(run, output) for run, output in self._outputs(SetOfCTFTomoSeries)
                if ts_id in self._ids(output)]  # fmt: skip
        if not sets:
            return None
        run, output = sets[-1]
        series = self._series(ts_id)
        found = _estimations(output[{"_tsId": ts_id}], series) if series is not None else None
        output.close()
        if found is None or not len(found):
            return None
        angles, u, v, phases, resolutions = found.T
        return Ctf(
            run.label,
            angles,
            u,
            v,
            phases if phases.any() else None,
            resolutions if (resolutions > 0).all() else None,
        )

    def _series(self, ts_id: str) -> Optional[Series]:
        """Give a series as the first stage that has it knows it."""
        for _, output in self._outputs(SetOfTiltSeries):
            if ts_id in self._ids(output):
                return gather.series_of(output, ts_id)
        return None

    def _position(self, ts_id: str) -> Optional[Position]:
        found = None
        for run in self._of(POSITION):
            numbers = run.records.get(ts_id, {}).get("numbers")
            if numbers:
                found = Position(run.label, numbers)
        return found

    def _pictures(self, name: str) -> Dict[str, Path]:
        """Give the last picture of each kind that stages left of a series."""
        last: Dict[str, Tuple[str, Path]] = {}
        for run in self._runs.values():
            for kind in KEPT:
                path = run.extra(name) / f"{name}_{kind}.png"
                if path.is_file():
                    last[kind] = run.label, path
        known = [(kind, *last[kind]) for kind in KEPT if kind in last]
        return {f"{label}: {kind}": path for kind, label, path in known}

    def _pages(self, name: str) -> Dict[str, Path]:
        files = [(run.label, run.extra(name) / f"{name}.html") for run in self._runs.values()]
        return {label: path for label, path in files if path.is_file()}

    def _ids(self, output: Any) -> FrozenSet[str]:
        """Give the tsIds of a set, which does not change while a report is written."""
        if id(output) not in self._known:
            self._known[id(output)] = frozenset(gather.ids_of(output))
        return self._known[id(output)]

    def _outputs(self, kind: Any) -> Iterator[Tuple[Run, Any]]:
        """Yield the outputs of a kind, those of failed items not among them."""
        for run in self._runs.values():
            for name, output in run.outputs.items():
                if isinstance(output, kind) and not name.startswith("Failed"):
                    yield run, output

    def _of(self, class_name: str) -> List[Run]:
        return [run for run in self._runs.values() if run.class_name == class_name]


def _around(runs: Mapping[int, Run], number: int) -> FrozenSet[int]:
    """Give the runs that led to one, what came of it, and whose CTFs that took."""
    around = runs[number].ancestors | runs[number].descendants | {number}
    beside = {parent for each in runs[number].descendants for parent in runs[each].parents}
    return around | {each for each in beside if each in runs and _has_ctf(runs[each])}


def _has_ctf(run: Run) -> bool:
    return any(isinstance(output, SetOfCTFTomoSeries) for output in run.outputs.values())


def _alignments(runs: Any) -> Iterator[Alignment]:
    """Yield the stages that left series with transforms, with beads where those have residuals."""
    for run in runs:
        made = [each for name, each in run.outputs.items() if not name.startswith("Failed")]
        series = next((e for e in made if isinstance(e, SetOfTiltSeries) and _is_aligned(e)), None)
        if series is None:
            continue
        models = next((each for each in made if isinstance(each, SetOfLandmarkModels)), None)
        places = next((each for each in made if isinstance(each, SetOfTiltSeriesCoordinates)), None)
        yield Alignment(run, series, models, places, frozenset(gather.ids_of(series)))


def _is_aligned(series: Any) -> bool:
    return bool(series.hasAlignment()) and not series.interpolated()


def _estimations(found: Any, series: Series) -> Any:
    """Give rows of tilt angle, defocus U and V, phase shift and resolution, one a view."""
    by_order = {view.order: view.tilt_angle for view in series.views}
    by_section = {view.section: view.tilt_angle for view in series.views}
    rows = []
    for each in found.iterItems():
        order = each.getAcquisitionOrder()
        angle = by_section.get(each.getIndex()) if order is None else by_order.get(order)
        u, v = float(each.getDefocusU()), float(each.getDefocusV())
        if not each.isEnabled() or u == FAILED or angle is None:
            continue
        phase = float(each.getPhaseShift()) if each.hasPhaseShift() else 0.0
        rows.append((angle, u, v, phase, float(each.getResolution() or 0.0)))
    made = np.array(rows, float).reshape(-1, 5)
    return made[np.isfinite(made).all(axis=1)]


def _guarded(read: Any, problems: List[str]) -> Any:
    """Give what is read, or None, and why not among the problems."""
    try:
        return read()
    except (EtomotutError, OSError, ValueError) as error:
        problems.append(f"{error}.")
        return None


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EtomotutError(f"{path} cannot be read: {error}") from None
    return found


def _natural(text: str) -> Sequence[Any]:
    """Give a key by which TS_2 comes before TS_10."""
    return [(0, int(w), "") if w.isdigit() else (1, 0, w) for w in re.findall(r"\d+|\D+", text)]
