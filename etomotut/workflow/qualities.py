"""How good the alignments of a run are, as files, with what later stages found of the series.

The stage that aligned a series knows neither its CTF nor how thick it is: those come from the
stages that imported the CTF, corrected it, and looked for the specimen, where they ran.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping

from etomotut.convert import quality
from etomotut.programs.findsection import UNKNOWN
from etomotut.protocols.judged import ENDING
from etomotut.protocols.outputs import QUALITY
from etomotut.protocols.protocol_base import RECORDS
from etomotut.protocols.records import Records
from etomotut.viewers import gather
from etomotut.workflow import branches


def export(protocols: Mapping[str, Any], folder: Path) -> None:
    """Write NAME_quality.json of each series, and a table of all, into a folder.

    `protocols` are those of a workflow by their numbers in the template.
    """
    qualities = getattr(branches.aligned_by(protocols), QUALITY, None)
    if qualities is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    every: List[Dict[str, Any]] = []
    for ts_id in gather.ids_of(qualities):
        found = quality.read(gather.item_of(qualities, ts_id).getFileName())
        found["values"].update(_known_later(protocols, ts_id))
        quality.write(folder / f"{ts_id}{ENDING}", found)
        every.append(found)
    quality.write_table(folder / quality.TABLE, every)


def _known_later(protocols: Mapping[str, Any], ts_id: str) -> Dict[str, Any]:
    """Give what other stages tell of a series, without what they do not tell."""
    told = {**_ctf(protocols, ts_id), **_specimen(protocols, ts_id), **_hand(protocols, ts_id)}
    return {name: value for name, value in told.items() if value is not None}


def _ctf(protocols: Mapping[str, Any], ts_id: str) -> Dict[str, Any]:
    estimations = getattr(protocols.get(branches.CTFS), "CTFTomoSeries", None)
    if estimations is None or ts_id not in gather.ids_of(estimations):
        return {}
    series = estimations[{"_tsId": ts_id}]
    told = quality.ctf_values(model.clone() for model in series.iterItems())
    series.close()
    estimations.close()
    return told


def _hand(protocols: Mapping[str, Any], ts_id: str) -> Dict[str, Any]:
    """Give 1 where the defocus grows as IMOD takes it, -1 where it falls, if that is sure."""
    numbers = _numbers(protocols.get(branches.CORRECTED), ts_id)
    measured = numbers.get("handedness") or {}
    if not measured.get("is_sure"):
        return {}
    return {"defocus_hand": measured["handedness"] * (-1 if numbers["inverted"] else 1)}


def _specimen(protocols: Mapping[str, Any], ts_id: str) -> Dict[str, Any]:
    numbers = _numbers(protocols.get(branches.POSITION), ts_id)
    if not numbers:
        return {}
    told = {"thickness_nm": numbers["thickness"] / 10}
    if numbers["tilt_offset_error"] < UNKNOWN:
        told["specimen_tilt_deg"] = numbers["tilt_offset"]
        told["specimen_pitch_deg"] = numbers["x_axis_tilt"]
    return told


def _numbers(protocol: Any, ts_id: str) -> Dict[str, Any]:
    """Give what the records of a stage tell of a series; nothing if it did not run."""
    if protocol is None:
        return {}
    return Records(protocol._getExtraPath(RECORDS)).numbers().get(ts_id, {})
