"""Our Scipion objects: found by Scipion, and what they hold survives storing."""

from __future__ import annotations

import pytest

from etomotut.tests import scipion_home

pytestmark = pytest.mark.skipif(not scipion_home.HAS_SCIPION, reason="Scipion is not installed")


def test_scipion_finds_them_when_it_opens_a_project():
    import pwem

    found = pwem.Domain.getObjects()
    ours = {"MembraneSurface", "AlignmentQuality"}
    assert (
        ours | {f"SetOf{name}" for name in ("MembraneSurfaces", "AlignmentQuality")} <= found.keys()
    )


def test_a_surface_keeps_what_was_measured(tmp_path):
    from etomotut.objects import MembraneSurface, SetOfMembraneSurfaces

    surfaces = SetOfMembraneSurfaces.create(str(tmp_path), prefix="s")
    surfaces.setSamplingRate(5.5)
    made = MembraneSurface(tsId="TS_1", fileName="a b.ply", instance=7)
    made.setMeasures({"area": 1234.5, "meanCurvature": -0.01})
    made.setCut(True)
    made.setNeighbour(3)
    made.setScripts("a b.html", "a b.cxc")
    surfaces.append(made)
    surfaces.write()
    surfaces.close()
    again = SetOfMembraneSurfaces(filename=surfaces.getFileName())
    found = again.getFirstItem().clone()
    again.close()
    assert str(found) == "TS_1, membrane 7"
    assert (found.getFileName(), found.getFiles()) == ("a b.ply", {"a b.ply"})
    assert found.measures()["area"] == 1234.5
    assert found.measures()["volume"] is None
    assert (found.isCut(), found.getNeighbour()) == (True, 3)
    assert (found.getScene(), found.getScript()) == ("a b.html", "a b.cxc")


def test_a_measure_that_is_none_of_ours_is_refused():
    from etomotut.objects import MembraneSurface

    with pytest.raises(KeyError):
        MembraneSurface().setMeasures({"mass": 1.0})


def test_a_quality_keeps_its_verdict_and_its_numbers(tmp_path):
    from etomotut.objects import AlignmentQuality, SetOfAlignmentQuality

    qualities = SetOfAlignmentQuality.create(str(tmp_path), prefix="q")
    reasons = ["View 7 of 41 has no mark: exclude it.", "There are few."]
    made = AlignmentQuality(
        tsId="TS_1", fileName="a.json", verdict="usable", reasons=reasons, marks="beads"
    )
    made.setValue("leave_one_out_px", 0.25)
    made.setValue("beads", 17)
    qualities.append(made)
    qualities.write()
    qualities.close()
    again = SetOfAlignmentQuality(filename=qualities.getFileName())
    found = again[{"_tsId": "TS_1"}].clone()
    again.close()
    assert (str(found), found.getReasons()) == ("TS_1: usable", reasons)
    assert (found.getFiles(), found.getMarksAre()) == ({"a.json"}, "beads")
    assert (found.value("leave_one_out_px"), found.value("beads")) == (0.25, 17)
    assert found.values()["ctf_score"] is None


def test_a_measure_of_an_alignment_that_is_none_is_refused():
    from etomotut.objects import AlignmentQuality

    with pytest.raises(KeyError):
        AlignmentQuality().setValue("beauty", 1.0)
