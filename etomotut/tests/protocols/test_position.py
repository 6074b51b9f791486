"""The position stage turns what findsection found into what tilt is told."""

from __future__ import annotations

import numpy as np
import pytest

import etomotut.protocols as stages
from etomotut.tests.protocols.test_commands import check, form

STAGE = stages.ProtEtomotutPosition
FOUND = {
    "thickness": 1800.0,
    "height": 500.0,
    "slope_x": 0.0,
    "slope_y": 0.0,
    "tilt_offset": -5.0,
    "x_axis_tilt": 3.0,
    "tilt_offset_error": 0.2,
}


def place(found=FOUND, **changes):
    return STAGE.placement(form(STAGE.__name__, **changes), found, 10.0)


def test_positions_of_beads_are_told_where_they_are_known():
    files = {name: f"a.{name}" for name in ("stack", "angles", "found", "evidence")}
    (values,) = check(STAGE.search(12.5, files))
    assert (values["SeriesFile"], values["TiltFile"]) == ("a.stack", "a.angles")
    assert "PositionFile" not in values
    (values,) = check(STAGE.search(12.5, {**files, "positions": "a.xyz"}))
    assert values["PositionFile"] == "a.xyz"


def test_the_thickness_has_a_margin_and_is_even():
    assert place()["thickness"] == 220
    assert place(margin=0.0)["thickness"] == 180
    assert place(margin=0.05)["thickness"] == 182


def test_the_specimen_is_moved_from_where_it_is_in_space():
    assert place()["shift"] == pytest.approx(50)


def test_a_leaning_specimen_is_nearer_than_high():
    leaning = {**FOUND, "slope_x": 0.1}
    assert place(leaning)["shift"] == pytest.approx(50 / np.sqrt(1.01))


def test_angles_that_are_not_known_are_left_alone():
    placed = place({**FOUND, "tilt_offset_error": 90.0})
    assert (placed["offset"], placed["x_tilt"]) == (0.0, 0.0)


def test_tilt_is_told_shift_angles_and_thickness():
    files = {name: f"a.{name}" for name in ("stack", "angles", "slices", "tomogram")}
    values, turn = check(STAGE.commands(form(STAGE.__name__), place(), files))
    assert (values["SHIFT"], values["OFFSET"]) == ((0.0, 50.0), (-5.0, 0.0))
    assert (values["XAXISTILT"], values["THICKNESS"]) == (3.0, 220)
    assert turn["RotateX"]


def test_the_summary_says_when_the_angles_are_not_known():
    numbers = {**FOUND, "size": (100, 80, 220), "source": "beads"}
    assert "turned by -5.00 and 3.00 degrees (by beads)" in STAGE.describe(STAGE, numbers)
    numbers["tilt_offset_error"] = 90.0
    assert "look whether it is cut" in STAGE.describe(STAGE, numbers)
