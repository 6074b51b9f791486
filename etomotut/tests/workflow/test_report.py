"""What a report reads from a project: stages of ours and of others, in whatever state they are."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tomo.objects import SetOfCTFTomoSeries

from etomotut.errors import EtomotutError
from etomotut.report import page_facts
from etomotut.tests.viewers import sets
from etomotut.workflow import dossiers, report, stages

LOG = """\
Protocol starts
plugin: tomo - https://example.org
plugin v: 3.12.4(production)
TS_1 | $ newstack -in \x1b[32mold.mrc\x1b[0m out.mrc
Protocol starts
TS_1 | $ newstack -in a.mrc out.mrc
TS_1 |   6 sections were written
TS_1 | $ tilt -in out.mrc
TS_2 | $ newstack -in b.mrc out.mrc
"""


def run(folder, number, label, outputs=(), inputs=()):
    """Give a run as Scipion gives it, as far as a report asks."""
    own = folder / f"run{number}"
    own.mkdir(parents=True, exist_ok=True)
    pointers = [(str(each), SimpleNamespace(getObjValue=lambda p=each: p)) for each in inputs]
    return SimpleNamespace(
        getObjId=lambda: number,
        getRunName=lambda: label,
        getClassName=lambda: "ProtOther",
        getClassLabel=lambda **about: "a stage",
        getStatus=lambda: "finished",
        getErrorMessage=lambda: "",
        isFailed=lambda: False,
        endTime=SimpleNamespace(get=lambda: None),
        getStdoutLog=lambda: str(own / "run.stdout"),
        describe=lambda numbers: f"{numbers['beads']} beads",
        iterOutputAttributes=lambda: iter(dict(outputs).items()),
        iterInputAttributes=lambda: iter(pointers),
        _getExtraPath=lambda *names: str(own.joinpath("extra", *names)),
    )


def leave(protocol, name, text):
    """Write a file into the folder of a run."""
    path = Path(protocol._getExtraPath(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def project_of(*protocols):
    return SimpleNamespace(
        getRuns=lambda: list(protocols),
        getName=lambda: "P",
        getShortName=lambda: "P",
        getPath=lambda: "/p",
    )


@pytest.fixture
def chain(tmp_path):
    """Give a chain: import, alignment, tomograms, and an alignment of another branch after it."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    start = sets.series_set(tmp_path)
    aligned = {
        "TiltSeries": sets.series_set(tmp_path / "a", axis=2.0),
        "FiducialModelNoGaps": sets.model_set(tmp_path, start),
        "TiltSeriesCoordinates": sets.coordinate_set(tmp_path, start),
    }
    imported = run(tmp_path, 2, "0. import", {"outputTiltSeries": start})
    align = run(tmp_path, 4, "4. align", aligned, [imported])
    other = run(
        tmp_path, 9, "14. other", {"TiltSeries": sets.series_set(tmp_path / "b")}, [imported]
    )
    made = run(tmp_path, 5, "5. tomograms", {"Tomograms": sets.tomogram_set(tmp_path)}, [align])
    return imported, align, made, other


def records(protocol, **series):
    leave(protocol, "series.json", json.dumps({"backend": "embedded 0.1", "series": series}))


def test_the_commands_are_those_of_the_last_run_of_a_series(tmp_path):
    protocol = run(tmp_path, 2, "1. bin")
    (tmp_path / "run2" / "run.stdout").write_text(LOG)
    records(protocol, TS_1={"state": "done", "numbers": {"beads": 9}, "seconds": 2.0})
    stage = stages.stage_of(stages.runs_of(project_of(protocol))[2])
    work = stage.works["TS_1"]
    assert list(work.commands) == ["newstack -in a.mrc out.mrc", "tilt -in out.mrc"]
    assert (work.text, work.seconds, stage.programs) == ("9 beads", 2.0, "embedded 0.1")


def test_numbers_of_another_version_are_no_error(tmp_path):
    protocol = run(tmp_path, 2, "1. bin")
    records(protocol, TS_1={"state": "done", "numbers": {}})
    assert stages.stage_of(stages.runs_of(project_of(protocol))[2]).works["TS_1"].text == "done"


def test_a_failed_series_is_among_the_series_with_its_reason(tmp_path):
    protocol = run(tmp_path, 2, "3. find beads")
    records(protocol, TS_9={"state": "failed", "reason": "only 2 beads"})
    found = dossiers.read_project(project_of(protocol))
    assert found.ids == ["TS_9"]
    ((stage, work),) = page_facts.failures_of(found, "TS_9")
    assert (stage.label, work.text) == ("3. find beads", "only 2 beads")
    assert found.read("TS_9").findings is None


def test_a_failure_that_was_made_good_by_another_try_is_no_failure_any_more(tmp_path):
    start = run(tmp_path, 1, "0. import")
    tries = [run(tmp_path, n, "3. find beads", inputs=[start]) for n in (2, 3)]
    other = run(tmp_path, 4, "3. find beads", inputs=[tries[0]])
    records(tries[0], TS_9={"state": "failed", "reason": "only 2 beads"})
    records(tries[1], TS_9={"state": "done", "numbers": {}})
    assert page_facts.failures_of(dossiers.read_project(project_of(start, *tries)), "TS_9") == []
    records(tries[1], TS_9={"state": "failed", "reason": "again"})
    records(other, TS_9={"state": "done", "numbers": {}})
    found = dossiers.read_project(project_of(start, *tries, other))
    assert len(page_facts.failures_of(found, "TS_9")) == 2


def test_stages_of_other_plugins_are_told_by_their_outputs(chain, tmp_path):
    (tmp_path / "run2" / "run.stdout").write_text(LOG)
    stage = dossiers.read_project(project_of(*chain)).stages[0]
    assert stage.programs == "tomo 3.12.4"
    assert stage.works["TS_1"].state == page_facts.DONE


def test_the_alignment_with_beads_is_shown_though_another_came_later(chain):
    found = dossiers.read_project(project_of(*chain)).read("TS_1")
    assert found.alignment == "4. align"
    assert found.findings.marks is not None and len(found.findings.positions) == 3
    assert [volume.label for volume in found.volumes if volume.is_shown] == ["5. tomograms"]


def test_a_report_of_a_run_is_about_what_led_to_it_and_came_of_it(chain):
    found = dossiers.read_project(project_of(*chain), 9)
    assert [stage.label for stage in found.stages] == ["0. import", "14. other"]
    assert found.read("TS_1").alignment == "14. other"
    with pytest.raises(EtomotutError, match="no run 3"):
        dossiers.read_project(project_of(*chain), 3)


def test_a_report_of_a_run_has_the_ctf_that_was_used_of_it(chain, tmp_path):
    imported, other = chain[0], chain[3]
    ctf_stage = run(tmp_path, 6, "6. CTF", {"CTFTomoSeries": SetOfCTFTomoSeries()}, [imported])
    corrected = run(tmp_path, 10, "14. correct CTF", inputs=[other, ctf_stage])
    runs = stages.runs_of(project_of(*chain, ctf_stage, corrected))
    assert dossiers._around(runs, 9) == {2, 6, 9, 10}
    assert dossiers._around(runs, 4) == {2, 4, 5}


def test_quality_and_curation_are_read_where_they_are(chain):
    _, align, _, _ = chain
    leave(align, "TS_1/TS_1_curation.json", '{"marks_moved": 4}')
    assert dossiers.read_project(project_of(*chain)).read("TS_1").curation == {"marks_moved": 4}
    leave(align, "TS_1/TS_1_curation.json", "half a fi")
    found = dossiers.read_project(project_of(*chain)).read("TS_1")
    assert found.curation is None and "TS_1_curation.json" in found.problems[0]


def test_a_lost_model_is_told_and_all_else_is_shown(chain, tmp_path):
    (tmp_path / "a.fid").unlink()
    found = dossiers.read_project(project_of(*chain)).read("TS_1")
    assert found.findings is None and "a.fid" in found.problems[0]
    assert found.volumes


def test_series_are_in_the_order_of_their_numbers(tmp_path):
    protocol = run(tmp_path, 2, "1. bin")
    done = {"state": "done", "numbers": {}}
    records(protocol, TS_10=done, TS_9=done, a=done)
    assert dossiers.read_project(project_of(protocol)).ids == ["TS_9", "TS_10", "a"]


def test_what_is_no_project_is_refused(tmp_path, capsys):
    assert report.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"ERROR: REPORT - {tmp_path} is no Scipion project\n"


def test_estimations_go_with_the_views_of_their_acquisition():
    views = [SimpleNamespace(order=2, section=1, tilt_angle=-3.0),
             SimpleNamespace(order=1, section=2, tilt_angle=0.0)]  # fmt: skip
    models = [ctf(1, 30_000.0), ctf(2, dossiers.FAILED), ctf(7, 30_000.0)]
    found = dossiers._estimations(
        SimpleNamespace(iterItems=lambda: models), SimpleNamespace(views=views)
    )
    assert np.array_equal(found, [[0.0, 30_000, 29_000, 0, 4.5]])


def ctf(order, defocus):
    return SimpleNamespace(
        getAcquisitionOrder=lambda: order,
        getIndex=lambda: None,
        getDefocusU=lambda: defocus,
        getDefocusV=lambda: 29_000.0,
        isEnabled=lambda: True,
        hasPhaseShift=lambda: False,
        getResolution=lambda: 4.5,
    )
