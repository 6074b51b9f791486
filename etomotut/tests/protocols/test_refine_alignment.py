"""Refining alignments without gold: its command, its checks and what it tells."""

from __future__ import annotations

from etomotut.protocols import ProtEtomotutRefineAlignment
from etomotut.protocols.facts import Facts
from etomotut.tests.protocols.test_commands import check, form

STAGE = ProtEtomotutRefineAlignment
FILES = {"transforms": "a.prexg", "angles": "a.tlt", "refined": "a.xf", "result": "a.json"}
FOUND = {"is_refined": True, "before": 0.35, "after": 0.4, "moved": 2.0, "rounds": 20}
FOUND.update(rotation=-94.6, pixel_size=11.0, found=[], unsure=[])


def command(**changes):
    return check(STAGE.commands(form(STAGE.__name__, **changes), "a.st", [3, 1], -95.0, FILES))[0]


def problems(facts, **changes):
    return STAGE.problems(form(STAGE.__name__, **changes), facts)


def test_the_views_in_use_are_named_in_their_order():
    values = command()
    assert (values["IncludeList"], values["RotationAngle"]) == ([3, 1], -95.0)
    assert (values["SizeOfPatches"], values["BinningToApply"]) == (64, None)
    assert command(reduction=2)["BinningToApply"] == 2


def test_a_refined_series_tells_how_far_its_views_moved():
    told = STAGE.describe(STAGE, FOUND)
    assert "moved 2.00 px (2.20 nm) rms in 20 rounds" in told
    assert "0.350 -> 0.400, tilt axis at -94.60 degrees" in told


def test_views_that_had_to_be_searched_for_are_named():
    told = STAGE.describe(STAGE, {**FOUND, "found": [1, 2], "unsure": [41]})
    assert "found again: 1, 2" in told
    assert "not sure where these views lie:* 41" in told
    assert "lie" not in STAGE.describe(STAGE, FOUND)


def test_a_series_that_got_no_better_says_that_its_alignment_is_kept():
    assert "input's alignment is kept" in STAGE.describe(STAGE, {**FOUND, "is_refined": False})


def test_what_cannot_be_refined_is_refused_before_the_run():
    good = Facts(size=(360, 256, 41), items=1, axis_angle=4.0, is_aligned=True)
    assert problems(good) == []
    assert "not known" in problems(Facts(size=(360, 256, 41)))[0]
    assert "interpolated" in problems(Facts(size=(360, 256, 41), is_interpolated=True))[0]
    assert "too large for images of 128" in problems(good, reduction=2, patchSize=70)[0]


def test_an_input_without_transforms_is_doubted():
    assert "prealignment" in STAGE.doubts(form(STAGE.__name__), Facts())[0]
