"""Whether an alignment is good, usable or bad, with reasons that say what to do.

Limits were set on simulated series with known truth, whole ones and such with wrong axes, wandering
or exchanged marks, views in the wrong place, few beads and noise: what is called good was within
half a pixel of the truth (benchmarks/verdicts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from etomotut.programs.console import word_list

GOOD, USABLE, BAD, UNKNOWN = "good", "usable", "bad", "unknown"

ANGSTROMS = 5.0  # pixels finer than that are finer than any tomogram: limits are as for these
EXPECTED = 0.5, 1.5  # pixels; up to the first is good, up to the second usable
LEAVE_ONE_OUT = 1.0, 2.5
BAD_SHARE = 0.25, 0.5  # of the marks
BAD_PATCHES = 0.35, 0.6  # ... which are weighed a track at a time
RATIO = 1.5, 0.9  # at least
LISTED = 8  # views
# shares of the views, what is said of one view, and of several
_VIEWS: Dict[str, Tuple[Tuple[float, float], str, str]] = {
    "misplaced": (
        (0.0, 0.03),
        "lies elsewhere than the others say: exclude it, or track it again",
        "lie elsewhere than the others say: exclude them, or track them again",
    ),
    "unmarked": (
        (0.0, 0.1),
        "has no mark, and where it lies is a guess: exclude it, or track into it",
        "have no mark, and where they lie is a guess: exclude them, or track into them",
    ),
    "thin": (
        (0.1, 0.5),
        "has next to no mark that fits: track more into it, or exclude it",
        "have next to no mark that fits: track more into them, or exclude them",
    ),
}


@dataclass(frozen=True)
class Verdict:
    """A verdict, and why: whole sentences, the most important first."""

    word: str
    reasons: List[str]


Finding = Tuple[int, str]  # 0 good, 1 usable, 2 bad; and a sentence
_WORDS = GOOD, USABLE, BAD


def judge(
    values: Mapping[str, Any],
    *,
    misplaced: Sequence[int],
    unmarked: Sequence[int],
    thin: Sequence[int],
    are_beads: bool = True,
) -> Verdict:
    """Judge an alignment by its numbers, named as alignquality writes them.

    `misplaced`, `unmarked` and `thin` are the sections, from 1, of views where most marks
    contradict the rest, of views without marks, and of views where next to no mark counts.
    """
    what = "beads" if are_beads else "patches"
    findings = [
        _views("misplaced", misplaced, values),
        _views("unmarked", unmarked, values),
        _expected(values, what),
        _leave_one_out(values, are_beads),
        _views("thin", thin, values),
        _ratio(values, what),
        _bad_share(values, are_beads),
    ]
    worst = max(level for level, _ in findings)
    ordered = sorted((each for each in findings if each[0]), key=lambda each: -each[0])
    reasons = [text for _, text in ordered]
    return Verdict(_WORDS[worst], reasons or [_praise(values)])


def allowed(limit: float, values: Mapping[str, Any]) -> float:
    """Give a limit in pixels, which is not less than as many pixels of ANGSTROMS."""
    pixel_size = values["pixel_size_A"] or ANGSTROMS
    return limit * max(1.0, ANGSTROMS / pixel_size)


def _level(value: Optional[float], limits: Tuple[float, float]) -> int:
    if value is None:
        return 2
    return int(value > limits[0]) + int(value > limits[1])


def _expected(values: Mapping[str, Any], what: str) -> Finding:
    limits = allowed(EXPECTED[0], values), allowed(EXPECTED[1], values)
    expected = values["expected_error_px"]
    if expected is None:
        return 2, (
            f"The marks do not suffice to tell how certain the alignment is: track more {what}, "
            "in more views."
        )
    advice = f"track more {what}, above all where there are few" if expected > 0 else ""
    if values["misfit_px"] > values["uncertainty_px"]:
        advice = (
            "neighbouring views err alike, so marks wander, or what is solved for cannot "
            "express how the views lie: refine every view, and look at the tracks"
        )
    return _level(expected, limits), (
        f"The alignment is expected to be {_length(expected, values)} from the truth, where "
        f"{limits[0]:.2g} px are good: {advice}."
    )


def _leave_one_out(values: Mapping[str, Any], are_beads: bool) -> Finding:
    limits = allowed(LEAVE_ONE_OUT[0], values), allowed(LEAVE_ONE_OUT[1], values)
    error = values["leave_one_out_px"]
    if error is None:
        return 2, "No mark can be predicted from the others: track each in more views."
    advice = "look at the largest errors and correct these marks"
    return _level(error, limits), (
        f"Marks lie {_length(error, values)} from where the others predict them, where "
        f"{limits[0]:.2g} px are good: {advice if are_beads else 'track larger patches'}."
    )


def _ratio(values: Mapping[str, Any], what: str) -> Finding:
    ratio = values["ratio"]
    return int(ratio < RATIO[0]) + int(ratio < RATIO[1]), (
        f"There are {ratio:.1f} measured numbers for each unknown, where {RATIO[0]:g} are the "
        f"least that is good: track more {what}, fill gaps, or solve for less."
    )


def _bad_share(values: Mapping[str, Any], are_beads: bool) -> Finding:
    share = values["bad_share"]
    advice = "curate the model" if are_beads else "track larger patches"
    limits = BAD_SHARE if are_beads else BAD_PATCHES
    return _level(share, limits), (
        f"{share:.0%} of the marks do not fit and count little, where {limits[0]:.0%} are "
        f"tolerable: {advice}."
    )


def _views(kind: str, sections: Sequence[int], values: Mapping[str, Any]) -> Finding:
    limits, one, many = _VIEWS[kind]
    count = len(sections)
    level = _level(count / values["views"], limits)
    if count == 1:
        return level, f"View {sections[0]} of {values['views']} {one}."
    listed = word_list(sections)
    if count > LISTED:
        listed = ", ".join(map(str, sections[:LISTED])) + ", ..."
    return level, f"{count} of {values['views']} views ({listed}) {many}."


def _praise(values: Mapping[str, Any]) -> str:
    marks = _length(values["leave_one_out_px"], values)
    truth = _length(values["expected_error_px"], values)
    return (
        f"Marks lie {marks} from where the others predict them "
        f"({allowed(LEAVE_ONE_OUT[0], values):.2g} px are good), and the alignment is expected to "
        f"be {truth} from the truth ({allowed(EXPECTED[0], values):.2g} px are good)."
    )


def _length(pixels: float, values: Mapping[str, Any]) -> str:
    pixel_size = values["pixel_size_A"]
    return f"{pixels:.2f} px" + (f" ({pixels * pixel_size / 10:.2f} nm)" if pixel_size else "")
