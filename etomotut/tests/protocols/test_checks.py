"""What can be known before a run is said before it, in one sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

import etomotut.protocols as stages
from etomotut.protocols.facts import Facts, disk_problem
from etomotut.tests.protocols.test_commands import form

FACTS = Facts(size=(1440, 1024, 41), items=2, pixel_size=5.52, axis_angle=-95.0)
ALIGNED = replace(FACTS, is_aligned=True)


def problems(name, facts=FACTS, **changes):
    stage = getattr(stages, name)
    return stage.problems(form(name, **changes), facts)


def doubts(name, facts=FACTS, **changes):
    stage = getattr(stages, name)
    return stage.doubts(form(name, **changes), facts)


@pytest.mark.parametrize(
    "name", ["ProtEtomotutPrealign", "ProtEtomotutFiducialModel", "ProtEtomotutFiducialAlignment"]
)
def test_a_missing_tilt_axis_is_a_problem(name):
    assert "tilt axis is not known" in problems(name, replace(FACTS, axis_angle=None))[0]
    assert problems(name) == []


def test_a_typed_tilt_axis_is_enough():
    no_axis = replace(FACTS, axis_angle=None)
    assert problems("ProtEtomotutPrealign", no_axis, tiltAxisAngle=85.0) == []
    assert problems("ProtEtomotutPrealign", replace(FACTS, axis_angle=0.0)) == []


def test_half_a_range_is_a_problem():
    assert "both its ends" in problems("ProtEtomotutPrealign", xmin=3)[0]
    assert "is empty" in problems("ProtEtomotutPrealign", ymin=30, ymax=20)[0]


def test_beads_that_are_too_small_or_too_large_are_problems():
    assert (
        "1.8 pixels wide; 3 are needed: bin less"
        in problems("ProtEtomotutFiducialModel", replace(FACTS, pixel_size=55.0))[0]
    )
    assert (
        "too much for images of 1024"
        in problems("ProtEtomotutFiducialModel", fiducialDiameter=200.0)[0]
    )


def test_bead_sizes_do_not_matter_to_patches():
    assert problems("ProtEtomotutFiducialModel", fiducialDiameter=200.0, typeOfModel=1) == []


def test_patch_sizes_are_one_or_two_numbers():
    found = problems("ProtEtomotutFiducialModel", typeOfModel=1, sizeOfPatches="big")
    assert found == ["'big' of sizeOfPatches is not one or two numbers."]
    assert problems("ProtEtomotutFiducialModel", typeOfModel=1, sizeOfPatches="1 2 3")


def test_binning_leaves_something():
    assert (
        "Binning 16 leaves 64 pixels of 1024" in problems("ProtEtomotutPreprocess", binning=16)[0]
    )


def test_densities_have_their_minimum_below_their_maximum():
    found = problems("ProtEtomotutPreprocess", floatDensities=4, scaleMin=5.0, scaleMax=5.0)
    assert "minimum" in found[0]


def test_whole_numbers_with_a_small_sd_are_doubtful():
    assert (
        "lose the detail" in doubts("ProtEtomotutPreprocess", floatDensities=2, modeToOutput=2)[0]
    )
    assert doubts("ProtEtomotutPreprocess", floatDensities=2) == []


def test_an_absurd_thickness_is_a_problem_and_a_large_or_odd_one_doubtful():
    name = "ProtEtomotutReconstruct"
    assert "more than twice" in problems(name, tomoThickness=3000)[0]
    assert problems(name, ALIGNED) == doubts(name, ALIGNED) == []
    assert "is odd" in doubts(name, ALIGNED, tomoThickness=301)[0]
    assert "exceeds" in doubts(name, ALIGNED, tomoThickness=1200)[0]


def test_what_needs_an_alignment_says_so():
    assert problems("ProtEtomotutApplyAlignment") == [
        "The input has no alignment that could be applied."
    ]
    assert problems("ProtEtomotutApplyAlignment", ALIGNED) == []
    assert "no alignment" in doubts("ProtEtomotutReconstruct")[0]
    assert "prealignment first" in doubts("ProtEtomotutFiducialModel")[0]


def test_doing_it_twice_is_doubtful():
    assert "aligned already" in doubts("ProtEtomotutPrealign", ALIGNED)[0]
    interpolated = replace(FACTS, is_interpolated=True)
    assert "interpolated" in doubts("ProtEtomotutPrealign", interpolated)[0]
    assert "interpolated" in doubts("ProtEtomotutXrayEraser", interpolated)[0]


def test_crops_lie_inside():
    assert "The range in x" in problems("ProtEtomotutCrop", x1=5000)[0]


def test_a_full_disk_is_noticed(tmp_path):
    assert disk_problem(str(tmp_path), 1e3) == []
    (found,) = disk_problem(str(tmp_path / "not" / "yet"), 1e18)
    assert found.startswith("The results need 1000000000.0 GB")


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [("ProtEtomotutReconstruct", 1.77), ("ProtEtomotutPreprocess", 0.015)],
)
def test_the_disk_that_is_needed_is_that_of_the_results(name, gigabytes):
    stage = getattr(stages, name)
    one = replace(FACTS, items=10**6)
    assert stage.bytes_needed(form(name), one) / 1e9 == pytest.approx(gigabytes, rel=0.02)
    both = stage.bytes_needed(form(name, processOddEven=True), one)
    assert both / 1e9 == pytest.approx(3 * gigabytes, rel=0.02)


def test_tomo3d_is_not_asked_for_what_it_cannot_make():
    name = "ProtEtomotutTomo3d"
    assert problems(name) == []
    assert "201 is odd" in problems(name, tomoThickness=201)[0]
    assert "from 9 to 5 are none" in problems(name, iniSlice=9, finSlice=5)[0]
    assert "from 9 need a last one" in problems(name, iniSlice=9)[0]
    assert "twice the width of the images, 1440" in problems(name, tomoThickness=3000)[0]
    assert "no alignment" in doubts(name)[0]
    assert doubts(name, ALIGNED) == []
