"""A run takes the branches of the template that were asked for, and no stage lacks its input."""

from __future__ import annotations

import json

import pytest

from etomotut import headless
from etomotut.workflow import branches

TEXT = headless.fill_template(
    headless.TEMPLATES / "fiducial_exosome.json.template", {"final_thickness": 340}
)


def chosen(**wanted):
    return {stage["object.id"]: stage for stage in json.loads(branches.choose(TEXT, **wanted))}


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("no_fiducials", [False, True])
@pytest.mark.parametrize("erase_gold", [False, True])
@pytest.mark.parametrize("segment", [False, True])
def test_every_stage_has_its_inputs(segment, erase_gold, no_fiducials, everything):
    made = chosen(
        segment=segment,
        erase_gold=erase_gold,
        no_fiducials=no_fiducials,
        everything=everything,
    )
    for stage in made.values():
        sources = [value.split(".")[0] for key, value in stage.items() if key.startswith("input")]
        assert [source for source in sources if source not in made] == []


def test_the_main_branch_runs_alone():
    assert set(chosen()) == branches.MAIN


def test_everything_is_the_whole_template():
    assert len(chosen(everything=True)) == len(json.loads(TEXT))


def test_gold_is_erased_and_segmented_where_both_are_asked_for():
    assert "18" in chosen(erase_gold=True)
    assert "22" not in chosen(erase_gold=True)
    assert {"13", "18", "22", "23"} <= set(chosen(erase_gold=True, segment=True))


def test_without_fiducials_the_main_branch_is_aligned_without_gold():
    made = chosen(no_fiducials=True, segment=True)
    classes = {stage["object.className"] for stage in made.values()}
    assert "ProtEtomotutFiducialAlignment" not in classes
    assert "ProtEtomotutEraseFiducials" not in classes
    assert made["10"]["inputSetOfTiltSeries"] == made["7"]["inputSetOfTiltSeries"]
    assert made["10"]["inputSetOfTiltSeries"] == "24.TiltSeries"
    assert made["24"]["inputSetOfTiltSeries"] == "4.TiltSeries"


def test_gold_that_series_have_is_erased_before_they_are_aligned_without_it():
    for made in (chosen(no_fiducials=True, erase_gold=True), chosen(everything=True)):
        assert made["24"]["inputSetOfTiltSeries"] == "30.TiltSeries"
        assert made["30"]["inputSetOfTiltSeries"] == "4.TiltSeries"
        assert "inputCoordinates" not in made["30"]


def test_tomograms_of_all_branches_are_as_thick_as_the_main_one():
    made = chosen(everything=True)
    thick = {number: made[number]["tomoThickness"] for number in ("11", "20", "26")}
    assert set(map(str, thick.values())) == {"340"}


def test_what_is_exported_is_made_by_the_template():
    made = chosen(everything=True)
    named = [each[0] for each in (*branches.TOMOGRAMS, *branches.MASKS, *branches.SURFACES)]
    assert [number for number in named if number not in made] == []
