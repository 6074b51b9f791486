"""The branches of the workflow template: which of its stages run, and what each has to show.

Stages are named by their numbers (`object.id`) in the template.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Set

IMPORTED, PREALIGNED, BEADS, ALIGNED, ERASED, GOLD_FREE = "1", "4", "5", "6", "18", "24"
CTFS, CORRECTED, POSITION = "9", "10", "29"
ERASED_FIRST = "30"  # before an alignment without gold
FIRST_TOMOGRAM, CROPPED, SIRT, DENOISED = "7", "8", "11", "12"
CURATED = "31"  # marks of beads
MAIN = {CURATED, *map(str, range(1, 13))}
SEGMENTED = {"13", "16", "17"}  # 14 and 15 compare with what is not denoised
WITHOUT_GOLD = {ERASED, "19", "20", "21"}  # erased from the views
WITHOUT_GOLD_SEGMENTED = {"22", "23"}
WITHOUT_BEADS = {ERASED_FIRST, GOLD_FREE, "25", "26", "27", "28"}  # aligned without them
NEEDS_BEADS = {BEADS, CURATED, ALIGNED, "29"}
THICKNESS_OF = {"20": SIRT, "26": SIRT}

# the last first, each with what its tomograms are called beside a later one's
TOMOGRAMS = (
    (DENOISED, "denoised"),
    (SIRT, "sirt"),
    (CROPPED, "wbp"),
    (FIRST_TOMOGRAM, "wbp"),
    ("21", "no_gold"),
    ("20", "no_gold"),
    ("27", "aligned_without_gold"),
    ("26", "aligned_without_gold"),
    ("29", "level"),
)
MASKS = (
    ("13", "TomoMasks", "membranes"),
    ("13", "InstanceMasks", "instances"),
    ("14", "TomoMasks", "membranes_sirt"),
    ("16", "TomoMasks", "skeleton"),
    ("22", "TomoMasks", "no_gold_membranes"),
    ("22", "InstanceMasks", "no_gold_instances"),
    ("28", "TomoMasks", "aligned_without_gold_membranes"),
)
SURFACES = (("17", "surfaces"), ("23", "no_gold_surfaces"))


def choose(
    text: str,
    *,
    segment: bool = False,
    erase_gold: bool = False,
    no_fiducials: bool = False,
    everything: bool = False,
) -> str:
    """Give the workflow (JSON text) of the stages that are asked for.

    Series without fiducials are aligned without gold in the main branch itself, after what gold
    they have is erased if that is asked for, too.
    """
    stages: List[Dict[str, Any]] = json.loads(text)
    if everything:
        kept = {stage["object.id"] for stage in stages}
    else:
        kept = _wanted(segment, erase_gold and not no_fiducials)
    if no_fiducials:
        kept -= NEEDS_BEADS | WITHOUT_GOLD | WITHOUT_GOLD_SEGMENTED | WITHOUT_BEADS
        kept |= {GOLD_FREE, ERASED_FIRST} if erase_gold else {GOLD_FREE}
    thickness = {stage["object.id"]: stage.get("tomoThickness") for stage in stages}
    chosen = [stage for stage in stages if stage["object.id"] in kept]
    for stage in chosen:
        if stage["object.id"] in THICKNESS_OF:
            stage["tomoThickness"] = thickness[THICKNESS_OF[stage["object.id"]]]
        if no_fiducials:
            _redirect(stage, f"{ALIGNED}.TiltSeries", f"{GOLD_FREE}.TiltSeries")
            if not erase_gold:
                _redirect(stage, f"{ERASED_FIRST}.TiltSeries", f"{PREALIGNED}.TiltSeries")
    return json.dumps(chosen)


def aligned_by(protocols: Mapping[str, Any]) -> Any:
    """Give the stage that aligned the series of the main branch, None if it did not run."""
    return protocols.get(ALIGNED) or protocols.get(GOLD_FREE)


def _wanted(segment: bool, erase_gold: bool) -> Set[str]:
    wanted = set(MAIN)
    if segment:
        wanted |= SEGMENTED
    if erase_gold:
        wanted |= WITHOUT_GOLD
    if segment and erase_gold:
        wanted |= WITHOUT_GOLD_SEGMENTED
    return wanted


def _redirect(stage: Dict[str, Any], taken: str, given: str) -> None:
    for key, value in stage.items():
        if value == taken:
            stage[key] = given
