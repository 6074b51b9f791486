"""The CTF correction: its commands, what it says, and what older IMODs are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etomotut.backends import Backend
from etomotut.errors import EtomotutError
from etomotut.formats import defocus
from etomotut.protocols import ProtEtomotutCtfCorrection as Stage
from etomotut.protocols import protocol_ctf_correction as module
from etomotut.protocols.facts import Facts
from etomotut.tests.protocols.test_commands import check, form

FILES = {name: f"a.{name}" for name in ("stack", "result", "angles", "defocus", "merged")}
ABOUT = {"pixel_size": 5.52, "voltage": 300.0, "aberration": 2.7, "amplitude": 0.1}
NUMBERS = {"views": 39, "defocus": (34000.0, 36000.0), "lacking": [], "left_out": False}
MEASURED = {"handedness": 1, "sigma": 3.4, "pairs": 17, "agreeing": 16, "is_sure": True}


def command(files=FILES, **changes):
    (values,) = check(Stage.commands(form(Stage.__name__, **changes), ABOUT, files))
    return values


def test_the_tutorials_values_reach_the_program_in_its_units():
    values = command()
    assert (values["DefocusTol"], values["InterpolationWidth"]) == (200, 15)
    assert (values["PixelSize"], values["Voltage"]) == (pytest.approx(0.552), 300)
    assert (values["SphericalAberration"], values["AmplitudeContrast"]) == (2.7, 0.1)
    assert values["InvertTiltAngles"] is False


def test_the_side_of_the_defocus_and_the_transforms_are_passed_on():
    values = command({**FILES, "transforms": "a.xf"}, invertTiltAngles=True)
    assert values["InvertTiltAngles"] is True
    assert values["TransformFile"] == "a.xf"
    assert command()["TransformFile"] is None


def test_the_handedness_is_measured_with_the_same_values():
    values = Stage.options(form(Stage.__name__), ABOUT, FILES)
    check([("ctfhandedness", {**values, "OutputFile": "a.json"})])


def test_views_that_are_kept_take_their_place_among_the_corrected_ones():
    (values,) = check(Stage.merging(6, [0, 3, 4], FILES))
    assert values["InputFile"] == ["a.stack", "a.result", "a.stack", "a.result"]
    assert values["SectionsToRead"] == [[0], [1, 2], [3, 4], [5]]


def describe(**changes):
    measured = changes.pop("measured", {})
    numbers = {**NUMBERS, "inverted": False, "handedness": {**MEASURED, **measured}, **changes}
    return Stage().describe(numbers)


def test_the_summary_tells_defocus_and_views_without_an_estimation():
    assert "39 views corrected, defocus 3.40 to 3.60 um" in describe()
    lacking = [(41, -60.0), (40, 57.0)]
    assert "2 without CTF kept uncorrected: at -60.0, 57.0 degrees" in describe(lacking=lacking)
    assert "2 without CTF left out" in describe(lacking=lacking, left_out=True)


@pytest.mark.parametrize(
    ("measured", "inverted", "said"),
    [
        ({}, False, "to grow as assumed (16 of 17 pairs, 3.4 sigma)"),
        ({"handedness": -1}, False, "WARNING: the views show the defocus to grow on the other"),
        ({"handedness": -1}, False, "answer Yes to whether it falls"),
        ({"handedness": -1}, True, "answer No to whether it falls"),
        ({"handedness": -1, "is_sure": False}, False, "is not sure"),
        ({"handedness": 0}, False, "cannot be seen"),
    ],
)
def test_the_summary_warns_of_a_contradiction_that_is_sure(measured, inverted, said):
    text = describe(measured=measured, inverted=inverted)
    assert said in text
    assert ("WARNING" in text) == ("WARNING" in said or "answer" in said)


def test_without_a_measurement_nothing_is_said_of_it():
    assert "grow" not in describe(handedness={})


@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        ({"axis_angle": -95.0}, True),
        ({"axis_angle": None}, True),
        ({"axis_angle": 0.0}, False),
        ({"axis_angle": -95.0, "is_aligned": True}, False),
        ({"axis_angle": -95.0, "is_interpolated": True}, False),
    ],
)
def test_a_series_whose_axis_is_not_vertical_is_refused(facts, is_refused):
    found = Stage.problems(form(Stage.__name__), replace(Facts(), **facts))
    assert bool(found) == is_refused


def given_to(version, table, monkeypatch):
    """Give the table that an IMOD is given."""
    said = []
    backend = Backend(Path("/imod")) if version else Backend()
    monkeypatch.setattr(module, "version", lambda package, folder: version)
    return module._readable(table, SimpleNamespace(backend=backend, say=said.append)), said


def astigmatic():
    return defocus.single([[36000.0, 34000.0]], [0.0], axis=20)


@pytest.mark.parametrize("version", ["4.9.0", "4.11.25", "5.1.0", "of unknown version", ""])
def test_newer_programs_are_given_all_that_is_known(version, monkeypatch):
    table = astigmatic()
    assert given_to(version, table, monkeypatch) == (table, [])


def test_an_old_imod_is_given_the_mean_defocus(monkeypatch):
    table, said = given_to("4.8.2", astigmatic(), monkeypatch)
    assert (table.defocus.tolist(), table.axis) == ([[35000, 35000]], None)
    assert "knows no astigmatism" in said[0]


def test_an_old_imod_is_not_given_phase_shifts(monkeypatch):
    table = astigmatic()
    table.phase_shift = np.array([90.0])
    with pytest.raises(EtomotutError, match="choose the embedded programs"):
        given_to("4.8.2", table, monkeypatch)
