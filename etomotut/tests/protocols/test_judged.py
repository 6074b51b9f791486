"""Stages that align series tell how good the alignments are, and go on where that fails."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etomotut.backends import Backend
from etomotut.convert.series import FULL, Series, View
from etomotut.programs import load
from etomotut.protocols import judged, protocol_aretomo, protocol_refine_alignment
from etomotut.protocols.job import Job
from etomotut.protocols.protocol_fiducial_alignment import ProtEtomotutFiducialAlignment
from etomotut.tests.protocols.test_commands import form

FILES = {
    name: f"a.{name}"
    for name in ("model", "nominal", "residuals", "positions", "angles", "x_tilts", "transforms")
}
FILES.update(points="a.points", filled="a.filled")
ABOUT = {"size": (256, 360), "pixel_size": 11.04, "axis_angle": 4.2, "are_beads": True}
FOUND = {
    "series": "TS_1",
    "program": "tiltalign",
    "marks": "beads",
    "verdict": "usable",
    "reasons": ["View 2 of 3 has no mark.", "Few beads."],
    "values": {"beads": 7},
}


class Program:
    """Notes the words it was called with and writes what alignquality would, or fails."""

    def __init__(self, error=""):
        self.error = error
        self.words = []

    def __call__(self, words, environment, say):
        self.words = list(words)
        if self.error:
            say(f"ERROR: ALIGNQUALITY - {self.error}")
            return 1
        Path(self.option("OutputFile")).write_text(json.dumps(FOUND))
        return 0

    def option(self, name):
        return self.words[self.words.index(f"-{name}") + 1]


@pytest.fixture
def job(tmp_path):
    views = [View(n, n + 4, 10.0 * n, True, np.eye(3)[:2]) for n in (1, 2, 3)]
    series = Series("TS_1", {FULL: "a.st"}, views, 5.0, 85.0)
    folders = tmp_path / "extra" / "TS_1", tmp_path / "tmp" / "TS_1"
    made = Job("TS_1", SimpleNamespace(), *folders, {FULL: "a.st"}, series=series)
    made.said = []
    made.say = made.said.append
    made.start()
    made.execute = Program()
    return made


def judge(job, files=FILES, **changes):
    values = form("ProtEtomotutFiducialAlignment", **changes)
    (solving,) = ProtEtomotutFiducialAlignment.commands(values, ABOUT, files)
    return judged.judge_marks(job, solving, files)


def test_what_solved_a_series_is_asked_with_the_same_options_and_what_it_wrote(job):
    outputs, numbers = judge(job)
    (found,) = outputs["AlignmentQuality"].items
    assert (found.getVerdict(), found.value("beads")) == ("usable", 7)
    assert found.getFileName() == str(job.folder / "TS_1_quality.json")
    assert numbers == {"verdict": "usable", "reasons": FOUND["reasons"]}
    program = job.execute
    assert program.option("ResidualFile") == "a.residuals"
    assert program.option("SectionNumbers") == "5,6,7"
    assert program.option("RotOption") == "-1"
    assert "-EveryView" in program.words
    assert "-CurationFile" not in program.words


def test_an_imod_that_cannot_refine_views_is_not_judged_as_if_it_had(job, tmp_path):
    (tmp_path / "IMOD" / "autodoc").mkdir(parents=True)
    options = [option.name for option in load("tiltalign").OPTIONS if not option.extra]
    fields = "".join(f"[Field = {name}]\n" for name in options)
    (tmp_path / "IMOD" / "autodoc" / "tiltalign.adoc").write_text(fields)
    job.backend = Backend(imod=tmp_path / "IMOD")
    judge(job)
    assert "-EveryView" not in job.execute.words
    assert "etomotut" in job.execute.words


def test_what_curation_changed_is_told_along(job):
    model = job.folder / "TS_1_gaps.fid"
    (job.folder / "TS_1_curation.json").write_text("{}")
    judge(job, {**FILES, "model": str(model)})
    assert job.execute.option("CurationFile") == str(job.folder / "TS_1_curation.json")


def test_an_alignment_that_cannot_be_judged_is_kept_without_a_verdict(job):
    job.execute = Program("no mark fits")
    assert judge(job) == ({}, {})
    assert "was not measured: alignquality: no mark fits" in job.said[-1]


def test_the_line_of_a_series_ends_with_the_verdict_where_there_is_one():
    numbers = {"verdict": "bad", "reasons": ["Too few.", "Too far."]}
    assert judged.with_verdict("12 beads", numbers) == "12 beads; *bad*: Too few."
    assert judged.with_verdict("12 beads", {}) == "12 beads"


def test_what_is_known_without_marks_is_told_in_sentences():
    about = {"before": 0.35, "after": 0.4, "is_refined": True, "unsure": []}
    (reason,) = protocol_refine_alignment.reasons_of(about)
    assert "correlation of 0.400 (0.350 before)" in reason
    reasons = protocol_refine_alignment.reasons_of({**about, "is_refined": False, "unsure": [3, 9]})
    assert reasons[0].startswith("It is not sure where these views lie: 3 and 9")
    assert "is kept" in reasons[1]
    assert len(protocol_aretomo.reasons_of({"dark": 0})) == 1
    assert protocol_aretomo.reasons_of({"dark": 2})[1].startswith("2 views were taken for dark")
