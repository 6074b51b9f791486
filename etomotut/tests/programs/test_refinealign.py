"""refinealign: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc, tlt, xf
from etomotut.tests.engine.test_projection_matching import TILTS, aligned, apart, views_of

CHOSEN = range(3, 28)  # sections from 1; fewer are faster


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(views: np.ndarray, transforms: np.ndarray, sections=CHOSEN) -> None:
    chosen = np.array(sections) - 1
    mrc.write("a.mrc", views, pixel_size=11.0)
    xf.write("a.xf", transforms[chosen])
    tlt.write("a.tlt", TILTS[chosen])


def refine(*more: object) -> int:
    words = ["-input", "a.mrc", "-xform", "a.xf", "-tiltfile", "a.tlt", "-output", "b.xf"]
    include = ["-include", f"{CHOSEN[0]}-{CHOSEN[-1]}"]
    return main(["refinealign", *words, *include, "-size", "60", *map(str, more)])


def shaken() -> np.ndarray:
    wrong = aligned()
    wrong[:, :, 2] += np.random.default_rng(3).normal(0, 0.7, (len(TILTS), 2))
    return wrong


def test_refined_transforms_and_what_was_found_are_written(capsys):
    write(views_of(aligned()), shaken())
    assert refine("-result", "b.json") == 0
    found, known = np.array(aligned()), slice(CHOSEN[0] - 1, CHOSEN[-1])
    found[known] = xf.read("b.xf")
    result = json.loads(Path("b.json").read_text())
    assert apart(found, aligned()) < 0.3
    assert result["is_refined"] and result["after"] > result["before"]
    assert "Stage 4, round 1: views moved" in capsys.readouterr().out


def test_a_view_that_was_lost_is_found_again_and_named(capsys):
    wrong = aligned()
    wrong[CHOSEN[2] - 1, :, 2] += 30, -25
    write(views_of(aligned()), wrong)
    assert refine("-result", "b.json") == 0
    searched = json.loads(Path("b.json").read_text())["searched"]
    assert [(one["section"], one["is_found"]) for one in searched] == [(CHOSEN[2], True)]
    assert f"Section {CHOSEN[2]} was lost: moved by" in capsys.readouterr().out
    found = np.array(aligned())
    found[np.array(CHOSEN) - 1] = xf.read("b.xf")
    assert apart(found, aligned()) < 0.3


def test_a_view_that_shows_nothing_is_named_and_stays(capsys):
    views = views_of(aligned())
    views[4] = np.random.default_rng(5).normal(size=views[4].shape)
    write(views, aligned())
    refine("-result", "b.json")
    searched = json.loads(Path("b.json").read_text())["searched"]
    assert [(one["section"], one["is_found"]) for one in searched] == [(5, False)]
    assert "Not sure where section 5 lies" in capsys.readouterr().out


def test_the_axis_is_brought_upright():
    turned = np.repeat(np.array([[[0.0, 1, 0], [-1, 0, 0]]]), len(TILTS), axis=0)
    write(views_of(turned), aligned())  # prealigned: shifted, but not turned
    assert refine("-rotation", 90) == 0
    assert np.abs(xf.read("b.xf")[:, :, :2] - turned[0, :, :2]).max() < 0.02


def test_noise_is_refused_in_one_sentence(capsys):
    noise = np.random.default_rng(0).normal(size=(len(TILTS), 128, 128)).astype(np.float32)
    write(noise, aligned())
    assert refine() == 1
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("ERROR: REFINEALIGN - nothing in the views of a.mrc can be matched")


@pytest.mark.parametrize(
    "more, text",
    [
        (("-size", 80), "SizeOfPatches is 80"),
        (("-include", "1-4"), "4 views cannot be refined"),
        (("-include", "1-60"), "names section 60 of 31"),
        (("-include", "1-20"), "25 angles for 20"),
        (("-binning", 3), "SizeOfPatches is 60"),
    ],
)
def test_what_cannot_be_is_refused(more, text, capsys):
    write(np.zeros((len(TILTS), 128, 128), np.float32), aligned())
    assert refine(*more) == 1
    assert text in capsys.readouterr().out
