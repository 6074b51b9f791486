"""What was done for a series on a page: its verdict, its numbers, its stages and their commands."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from etomotut.report.page_facts import (
    BAD,
    DONE,
    FAILED,
    GOOD,
    UNKNOWN,
    USABLE,
    Dossier,
    Project,
    Stage,
    Verdict,
    Work,
    failures_of,
    residual_numbers,
)
from etomotut.report.page_html import Html, tag
from etomotut.report.solution import axis_angles

WORDS = {
    GOOD: "good",
    USABLE: "usable",
    BAD: "bad",
    UNKNOWN: "not judged",
    FAILED: "failed",
}
LEVELS = (FAILED, BAD, USABLE, UNKNOWN, GOOD)  # what needs a look first
Fact = Tuple[str, str, str]  # what, how much, what is good

# of a quality's values: what, its name, digits, unit, its name in nm, what is good
NUMBERS: Sequence[Tuple[str, str, int, str, str, str]] = (
    ("Mean residual", "residual_mean_px", 2, "px", "residual_mean_nm", "below 1 px"),
    ("Leave-one-out error", "leave_one_out_px", 2, "px", "leave_one_out_nm",
     "of marks that the solution did not see: close to the residual"),
    ("Expected error", "expected_error_px", 2, "px", "expected_error_nm",
     "of the alignment itself"),
    ("Bad marks", "bad_share", 0, "%", "", "a few percent"),
    ("Beads", "beads", 0, "", "", "ten or more, all over the field"),
    ("Gaps filled", "gaps_filled", 0, "", "", "few"),
    ("Measurements to unknowns", "ratio", 1, "", "", "above 4"),
    ("Tilt axis", "tilt_axis_deg", 2, "°", "", "the same for all series of a session"),
    ("Tilt offset", "tilt_offset_deg", 2, "°", "", ""),
    ("Largest shift", "largest_shift_nm", 0, "nm", "", "under a quarter of the field"),
    ("Thickness", "thickness_nm", 0, "nm", "", "100 to 300 nm"),
    ("Defocus", "defocus_um", 2, "µm", "", ""),
    ("CTF resolution", "ctf_resolution_A", 1, "Å", "", ""),
)  # fmt: skip


# what curation counts, and in what words
CHANGES = (
    ("marks_added", "marks added"),
    ("marks_moved", "marks moved"),
    ("marks_dropped", "marks dropped"),
    ("beads_dropped", "beads dropped"),
    ("views_dropped", "views dropped"),
)
UNITS = ("px", "nm", "deg", "percent", "A", "um")
LISTED = 200  # entries of a list of changes


def verdict_of(project: Project, dossier: Dossier) -> Verdict:
    """Give how good a series is: that it failed, what its quality says, or that nothing does."""
    reasons = [f"{stage.label}: {work.text}" for stage, work in failures_of(project, dossier.ts_id)]
    told = list((dossier.quality or {}).get("reasons") or [])
    if reasons:
        return Verdict(FAILED, [*reasons, *told])
    if dossier.quality:
        level = str(dossier.quality.get("verdict"))
        return Verdict(level if level in WORDS else UNKNOWN, told)
    numbers = residual_numbers(dossier.findings)
    if "mean" in numbers:
        return Verdict(
            UNKNOWN,
            [
                f"The mean residual is {numbers['mean']:.2f} px over {numbers['measured']:.0f} "
                "marks; below 1 px is good. The stage that aligned it left no verdict."
            ],
        )
    if dossier.findings is None:
        return Verdict(UNKNOWN, ["It has not been aligned."])
    return Verdict(UNKNOWN, ["It was aligned without marks, so that there are no residuals."])


def badge(level: str) -> Html:
    """Give a verdict's word in its colour."""
    return tag("span", WORDS[level], class_=f"badge {level}")


def values_of(dossier: Dossier) -> Dict[str, float]:
    """Give the numbers of a series by the names that a quality has for them.

    Where there is no quality, they are those that its marks, transforms and CTF tell.
    """
    made = _values_found(dossier)
    given = (dossier.quality or {}).get("values") or {}
    made.update({name: float(each) for name, each in given.items() if _is_number(each)})
    if dossier.position is not None:
        made["thickness_nm"] = float(dossier.position.found["thickness"]) / 10
    return made


def facts_of(values: Mapping[str, float]) -> Html:
    """Give the most telling numbers of a series as a list."""
    parts: List[Html] = []
    for what, name, digits, unit, nm, hint in NUMBERS:
        if name not in values:
            continue
        value = 100 * values[name] if unit == "%" else values[name]
        space = "" if unit in ("°", "%", "") else " "
        text = f"{value:.{digits}f}{space}{unit}"
        if nm in values:
            text += f" = {values[nm]:.2f} nm"
        note = tag("small", hint) if hint else None
        parts.append(tag("div", tag("dt", what), tag("dd", text, note)))
    return tag("dl", *parts, class_="facts")


def quality_details(quality: Optional[Mapping[str, Any]]) -> Optional[Html]:
    """Give all numbers of a quality, and the marks that fit worst, folded away."""
    if not quality:
        return None
    values = quality.get("values") or {}
    rows = [
        tag("div", tag("dt", _words(name)), tag("dd", _short(value)))
        for name, value in values.items()
        if value is not None
    ]
    return tag(
        "details",
        tag("summary", f"All {len(rows)} numbers of the alignment's quality"),
        tag("dl", *rows, class_="numbers"),
        _worst(quality.get("worst") or {}),
    )


def curation_details(curation: Optional[Mapping[str, Any]]) -> Optional[Html]:
    """Give what was changed in the marks of a series by curation."""
    if not curation:
        return None
    counts = [f"{curation[key]} {words}" for key, words in CHANGES if curation.get(key)]
    before, after = (curation.get(f"leave_one_out_all{each}_px") for each in ("_before", ""))
    if before is not None and after is not None:
        counts.append(f"leave-one-out error of all marks from {before:.2f} to {after:.2f} px")
    advice = [tag("li", each) for each in curation.get("advice") or []]
    lists = []
    for name in ("steps", "beads", "views", "marks"):
        rows = [each for each in curation.get(name) or [] if _is_changed(each)]
        if rows:
            words = tag("summary", f"{name.capitalize()}: {len(rows)}")
            lists.append(tag("details", words, _table(rows[:LISTED])))
    return tag(
        "details",
        tag("summary", f"Curation: {', '.join(counts) or 'nothing was changed'}"),
        tag("ul", *advice) if advice else None,
        *lists,
    )


def stages_of(project: Project, ts_id: str) -> Html:
    """Give what each stage did for a series, with its commands folded away."""
    parts = []
    for stage in project.stages:
        work = stage.works.get(ts_id)
        if work is not None:
            parts.append(_stage(stage, work))
    return tag("ol", *(tag("li", part) for part in parts), class_="stages")


def stage_rows(project: Project) -> Html:
    """Give a table of the project's stages: what they ran, how many series they did."""
    rows = []
    for stage in project.stages:
        states = [work.state for work in stage.works.values()]
        done, failed = states.count(DONE), states.count(FAILED)
        seconds = sum(work.seconds or 0.0 for work in stage.works.values())
        rows.append(
            tag(
                "tr",
                tag("th", stage.label, tag("small", stage.kind), scope="row"),
                tag("td", stage.status, tag("small", stage.error) if stage.error else None),
                tag("td", done or "", class_="number"),
                tag("td", failed or "", class_="number" + (" failed" if failed else "")),
                tag("td", duration(seconds), class_="number"),
                tag("td", stage.programs),
            )
        )
    names = ("Stage", "State", "Done", "Failed", "Time", "Programs")
    head = tag("tr", *(tag("th", name, scope="col") for name in names))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="wide")


def duration(seconds: Optional[float]) -> str:
    """Give a time as text."""
    if not seconds:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _stage(stage: Stage, work: Work) -> Html:
    head = (
        tag("b", stage.label),
        tag("span", work.text if work.state == DONE else f"failed: {work.text}", class_="told"),
        tag("span", duration(work.seconds), class_="time"),
    )
    about = [stage.kind, f"run {stage.number}", stage.programs, stage.ended]
    lines = tag("pre", "\n".join(work.commands), tabindex=0) if work.commands else None
    return tag(
        "details",
        tag("summary", *head, class_=work.state),
        tag("p", " · ".join(each for each in about if each)),
        lines,
    )


def _values_found(dossier: Dossier) -> Dict[str, float]:
    found, made = dossier.findings, {}
    if found is not None:
        shifts = np.hypot(*found.aligned.transforms[:, :, 2].T) * found.pixel_size / 10
        made["largest_shift_nm"] = float(shifts.max())
        made["views"] = float(len(found.tilt_angles))
        made["tilt_axis_deg"] = float(axis_angles(found.aligned.transforms)[found.least_tilted])
        made["tilt_offset_deg"] = float((found.tilt_angles - found.nominal_angles).mean())
    numbers = residual_numbers(found)
    if found is not None and "mean" in numbers:
        nm = found.pixel_size / 10
        made.update(residual_mean_px=numbers["mean"], residual_mean_nm=numbers["mean"] * nm)
        made.update(residual_max_px=numbers["worst"], residual_max_nm=numbers["worst"] * nm)
    if "beads" in numbers:
        made["beads"] = numbers["beads"]
    if dossier.ctf is not None:
        middle = int(np.argmin(np.abs(dossier.ctf.tilt_angles)))
        mean = (dossier.ctf.defocus_u[middle] + dossier.ctf.defocus_v[middle]) / 2
        made["defocus_um"] = float(mean) / 1e4
        if dossier.ctf.resolutions is not None:
            made["ctf_resolution_A"] = float(dossier.ctf.resolutions[middle])
    return made


def _worst(worst: Mapping[str, Any]) -> Optional[Html]:
    """Give the table of the marks that fit worst, with buttons that show their views."""
    names = [name for name in ("section", "view", "contour", "leave_one_out_px", "residual_px",
                               "weight") if worst.get(name)]  # fmt: skip
    if not names:
        return None
    head = tag("tr", *(tag("th", name.replace("_", " "), scope="col") for name in names))
    rows = []
    for n in range(len(worst[names[0]])):
        cells = [tag("td", _short(worst[name][n])) for name in names]
        if worst.get("view"):
            show = tag("button", "show", type="button", data_view=int(worst["view"][n]) - 1)
            cells.append(tag("td", show))
        rows.append(tag("tr", *cells))
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag("div", tag("h4", "Marks that fit worst"), table, class_="many")


def _words(name: str) -> str:
    """Give a quality's name of a value in words, its unit last."""
    *words, unit = name.split("_")
    return f"{' '.join(words)}, {unit}" if unit in UNITS else name.replace("_", " ")


def _is_changed(row: Mapping[str, Any]) -> bool:
    """Whether a row of curation tells of a change: those of beads and views count theirs."""
    counts = [row[name] for name in ("moved", "filled", "dropped") if name in row]
    return not counts or any(counts) or bool(row.get("exclude")) or row.get("kept") is False


def _table(rows: Sequence[Mapping[str, Any]]) -> Html:
    """Give rows with the same names as a table, without columns that are empty."""
    names = [name for name in rows[0] if any(row.get(name) not in (None, "", []) for row in rows)]
    head = tag("tr", *(tag("th", name.replace("_", " "), scope="col") for name in names))
    body = [tag("tr", *(tag("td", _short(row.get(name))) for name in names)) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="many")


def _short(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, list):
        return "; ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
