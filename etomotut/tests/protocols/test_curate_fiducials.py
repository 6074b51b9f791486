"""What the curation stage says, and which models it refuses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from etomotut.protocols import ProtEtomotutCurateFiducials as Stage
from etomotut.protocols.job import ProgramError
from etomotut.protocols.protocol_curate_fiducials import MODEL, NUMBERS

DONE = {
    **dict.fromkeys(NUMBERS, 0),
    "beads_before": 15,
    "beads_after": 14,
    "marks_moved": 22,
    "marks_added": 13,
    "marks_dropped": 2,
    "gaps_after": 49,
    "leave_one_out_all_before_px": 0.462,
    "leave_one_out_all_px": 0.081,
    "leave_one_out_kept_before_px": 0.091,
    "leave_one_out_kept_px": None,
    "advice": ["View 3 at -54.0 degrees: exclude it? it is dark"],
}


def describe(**changes):
    return Stage.describe(Stage, {**DONE, **changes})


def test_counts_and_both_errors_are_told():
    told = describe(advice=[])
    assert told.startswith("14 of 15 beads; 22 marks moved, 13 filled, 2 dropped, 49 gaps left")
    assert "0.46 px -> 0.08 px of all marks, 0.09 px -> unknown of those kept" in told


def test_advice_on_views_stands_in_the_summary():
    assert describe().endswith("; View 3 at -54.0 degrees: exclude it? it is dark")


def test_models_of_patches_are_refused():
    patches = SimpleNamespace(getSize=lambda: 0)
    job = SimpleNamespace(series=None, item=SimpleNamespace(partners={MODEL: patches}))
    with pytest.raises(ProgramError, match="model is of patches, not of beads"):
        Stage.process(Stage, job)
