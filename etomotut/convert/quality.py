"""Qualities of alignments: files of the program alignquality, tables, and Scipion's objects."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from etomotut.convert.series import IDENTITY, Series
from etomotut.errors import FormatError
from etomotut.programs.alignquality_names import COUNTS, QUANTITIES

Array = npt.NDArray[np.float64]
PathLike = Union[str, Path]

TABLE = "alignment_quality.csv"
CTF_VALUES = "ctf_resolution_A", "ctf_score", "defocus_um"
HEAD = ("series", "program", "marks_are", "verdict")


def read(path: PathLike) -> Dict[str, Any]:
    """Give what a file tells: "series", "verdict", "reasons", "values" and more; FormatError."""
    try:
        found = json.loads(Path(path).read_text())
        if not isinstance(found.get("values"), dict) or "verdict" not in found:
            raise ValueError
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError):
        raise FormatError(f"{path} is no file of the quality of an alignment") from None
    return dict(found)


def write(path: PathLike, found: Mapping[str, Any]) -> None:
    """Write what `read` gives."""
    partial = Path(f"{path}.partial")
    partial.write_text(json.dumps(found) + "\n")
    os.replace(partial, path)


def without_marks(
    program: str,
    series: Series,
    transforms: Array,
    tilt_angles: Array,
    *,
    reasons: Sequence[str],
    is_left_out: Optional[npt.NDArray[np.bool_]] = None,
) -> Dict[str, Any]:
    """Give what is known of a series that was aligned without marks.

    `transforms` (used view, 2, 3) bring the raw views into the aligned frame, at `tilt_angles`,
    degrees; `is_left_out` (used view,) marks views that took no part.
    """
    from etomotut.engine.restored_solution import view_parameters
    from etomotut.programs.alignquality_tables import Solved, tabulate_unmarked

    views = len(transforms)
    solved = Solved(
        before=np.repeat(IDENTITY[None, :2], views, axis=0),
        transforms=transforms,
        parameters=view_parameters(transforms, tilt_angles),
        nominal_angles=series.tilt_angles(),
        axis_angle=series.axis_angle or 0.0,
        sections=np.array([view.section for view in series.used]),
        used=np.ones(views, bool) if is_left_out is None else ~is_left_out,
        pixel_size=series.pixel_size,
    )
    return tabulate_unmarked(series.ts_id, program, solved, reasons)


def ctf_values(models: Iterable[Any]) -> Dict[str, Any]:
    """Give what the CTF models of a series tell: resolution in Å, score, defocus in um.

    Each is the median of the models that are enabled and tell it, None where none does.
    """
    found: Dict[str, List[float]] = {name: [] for name in CTF_VALUES}
    for model in models:
        defocus = (model.getDefocusU() + model.getDefocusV()) / 2e4
        told = (model.getResolution(), model.getFitQuality(), defocus)
        for name, value in zip(CTF_VALUES, told):
            if model.isEnabled() and value is not None and value > 0:
                found[name].append(float(value))
    return {name: float(np.median(each)) if each else None for name, each in found.items()}


def quality_of(path: str, ts_id: str) -> Any:
    """Give the Scipion object of a file."""
    from etomotut.objects import AlignmentQuality

    found = read(path)
    made = AlignmentQuality(
        tsId=ts_id,
        fileName=path,
        verdict=found["verdict"],
        reasons=found["reasons"],
        program=found["program"],
        marks=found["marks"],
    )
    for name in (*COUNTS, *QUANTITIES):
        made.setValue(name, found["values"].get(name))
    return made


def write_table(path: PathLike, every: Iterable[Mapping[str, Any]]) -> None:
    """Write a table (CSV) with a row for each series; names of columns tell the units."""
    partial = Path(f"{path}.partial")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*HEAD, *COUNTS, *QUANTITIES, "reasons"])
        for found in every:
            head = [found["series"], found["program"], found["marks"], found["verdict"]]
            values = [found["values"].get(name) for name in (*COUNTS, *QUANTITIES)]
            table.writerow([*head, *values, " | ".join(found["reasons"])])
    os.replace(partial, path)
