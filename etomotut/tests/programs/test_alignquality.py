"""alignquality through its command line, on what tiltalign wrote."""

import json
import subprocess

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import fiducials, model, tlt, xf
from etomotut.programs.alignquality_names import COUNTS, QUANTITIES
from etomotut.tests.engine import phantoms

SIZE = (400, 400, 21)
SOLUTION = {
    "OutputTransformFile": "a.tltxf",
    "OutputTiltFile": "a.tlt",
    "OutputResidualFile": "a.resid",
    "OutputFilledInModel": "a.filled",
}
WRITTEN = {
    "TransformFile": "a.tltxf",
    "SolvedTiltFile": "a.tlt",
    "ResidualFile": "a.resid",
    "OutputFile": "a.json",
}
USUAL = ["-RotationAngle", "4", "-RobustFitting", "1", "-SurfacesToAnalyze", "2"]


def words(files):
    return [word for name, file in files.items() for word in (f"-{name}", str(file))]


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(truth, noise=0.2):
    tracks = phantoms.points(truth.marks, noise=noise)
    rows = np.column_stack([tracks.xy + 199.5, tracks.view])
    model.write("a.fid", model.from_tracks(rows, tracks.bead, size=SIZE, pixel_size=10.0))
    tlt.write("a.rawtlt", phantoms.ANGLES)
    return tracks


def judged(*options, **more):
    """Run both programs and give what the second wrote."""
    given = ["-ModelFile", "a.fid", "-TiltFile", "a.rawtlt", *USUAL, *options]
    assert main(["tiltalign", *given, *words(SOLUTION)]) == 0
    assert main(["alignquality", *given, *words({**WRITTEN, **more})]) == 0
    with open("a.json") as file:
        return json.load(file)


def test_a_good_alignment_is_told_with_its_errors_in_pixels_and_nm():
    write(phantoms.geometry())
    found = judged("-EveryView")
    values, lengths = found["values"], np.hypot(*fiducials.read_residuals("a.resid")[:, 3:].T)
    assert (found["verdict"], found["series"], found["marks"]) == ("good", "a", "beads")
    assert values["residual_mean_px"] == pytest.approx(lengths.mean(), abs=1e-4)
    assert values["residual_max_nm"] == pytest.approx(lengths.max(), abs=1e-4)
    assert values["residual_mean_px"] < values["leave_one_out_px"] < 1.6 * lengths.mean()
    assert values["expected_error_px"] < 0.2
    assert (values["beads"], values["views"], values["marks"]) == (12, 21, 252)
    assert "the alignment is expected to be" in found["reasons"][0]


def test_all_names_are_told_and_what_is_not_known_is_none():
    write(phantoms.geometry())
    values = judged("-EveryView")["values"]
    assert set(values) == {*COUNTS, *QUANTITIES}
    unknown = {name for name, value in values.items() if value is None}
    assert unknown == {
        *("marks_moved", "marks_added", "marks_dropped", "beads_dropped", "views_dropped"),
        *("ctf_resolution_A", "ctf_score", "defocus_um", "defocus_hand"),
    }


def test_what_was_solved_is_told_of_the_series_its_views_and_its_beads():
    truth = phantoms.geometry(wobble=0.0)
    write(truth, noise=0.02)
    shifts = np.zeros((21, 2, 3)) + [[1, 0, 0], [0, 1, 0]]
    shifts[:, 0, 2] = 30.0
    xf.write("a.prexg", shifts)
    more = {"PrealignTransformFile": "a.prexg", "SectionNumbers": "2-22", "SeriesName": "TS 1"}
    found = judged("-RotOption", "-1", **more)
    values, views, beads = found["values"], found["views"], found["beads"]
    assert values["tilt_axis_deg"] == pytest.approx(5.0, abs=0.01)
    assert values["tilt_axis_change_deg"] == pytest.approx(1.0, abs=0.01)
    assert 25 < values["largest_shift_px"] < 60
    assert values["thickness_nm"] == pytest.approx(160, abs=2)
    assert (values["measurements"], values["unknowns"]) == (504, 1 + 42 + 33)
    assert (found["series"], views["section"]) == ("TS 1", list(range(2, 23)))
    assert views["rotation_deg"] == pytest.approx([5.0] * 21, abs=0.01)
    assert views["marks"] == [12] * 21
    heights = np.array(beads["z_px"]) - np.mean(beads["z_px"])
    assert heights == pytest.approx(truth.xyz[:, 2] - truth.xyz[:, 2].mean(), abs=0.3)


def test_gaps_and_curation_are_counted():
    truth = phantoms.geometry()
    truth.marks[2, 5:8] = np.nan
    write(truth)
    with open("a_curation.json", "w") as file:
        json.dump({"marks_moved": 7, "beads_dropped": 1, "leave_one_out_all_px": 0.9}, file)
    found = judged("-EveryView", FilledInModel="a.filled", CurationFile="a_curation.json")
    values = found["values"]
    assert (values["gaps_filled"], values["marks_moved"], values["beads_dropped"]) == (3, 7, 1)
    assert values["marks_added"] is None
    assert values["leave_one_out_all_px"] == 0.9
    assert values["leave_one_out_px"] < 0.5


def test_a_tilt_axis_held_10_degrees_off_is_bad():
    write(phantoms.geometry())
    found = judged("-RotationAngle", "15")
    assert found["verdict"] == "bad"
    assert found["reasons"][0].startswith("The alignment is expected to be")
    assert "refine every view" in found["reasons"][0]


def test_the_view_that_lies_elsewhere_is_named_and_its_marks_are_the_worst():
    truth = phantoms.geometry()
    truth.marks[:, 4] = truth.marks[::-1, 14]
    write(truth)
    found = judged("-EveryView", SectionNumbers="11-31")
    assert found["verdict"] == "bad"
    assert found["reasons"][0].startswith("View 15 of 21 lies elsewhere")
    assert set(found["worst"]["section"][:8]) == {15}
    assert set(found["worst"]["view"][:8]) == {5}


def test_unused_views_are_left_out_and_unmarked_ones_are_told():
    truth = phantoms.geometry()
    truth.marks[:, 6] = np.nan
    write(truth)
    found = judged("-EveryView", "-ExcludeList", "1")
    assert found["views"]["section"] == list(range(2, 22))
    assert (found["values"]["views"], found["values"]["views_without_marks"]) == (20, 1)
    assert found["reasons"][0].startswith("View 7 of 20 has no mark")
    assert found["views"]["leave_one_out_px"][5] is None


def test_too_few_beads_are_never_good():
    write(phantoms.geometry(beads=2), noise=0.02)
    found = judged("-EveryView")
    assert found["values"]["residual_mean_px"] < 0.2
    assert found["verdict"] != "good"


def test_files_that_do_not_belong_together_are_refused(capsys):
    write(phantoms.geometry())
    judged("-EveryView")
    rows = fiducials.read_residuals("a.resid")
    fiducials.write_residuals("b.resid", rows + [20, 0, 0, 0, 0])
    xf.write("b.xf", xf.read("a.tltxf")[:5])
    with open("b.json", "w") as file:
        file.write("[1]")
    for option, given, told in (
        ("ResidualFile", "b.resid", "they are not of one alignment"),
        ("ResidualFile", "none", "file of residuals none does not exist"),
        ("TransformFile", "b.xf", "TransformFile tells of 5 views; the series has 21"),
        ("SectionNumbers", "1-3", "SectionNumbers tells of 3 views; the series has 21"),
        ("CurationFile", "b.json", "b.json is no file of curatebeads"),
        ("LocalAlignments", "1", "aligns globally only"),
    ):
        asked = ["-ModelFile", "a.fid", "-TiltFile", "a.rawtlt", *USUAL]
        assert main(["alignquality", *asked, *words({**WRITTEN, option: given})]) == 1
        assert told in capsys.readouterr().out


def test_of_patches_larger_errors_are_expected_as_they_are_less_independent():
    write(phantoms.geometry(wobble=0.0), noise=0.1)
    beads = judged("-RotOption", "-1")["values"]
    found = judged("-RotOption", "-1", "-WeightWholeTracks", "1")
    ratio = found["values"]["expected_error_px"] / beads["expected_error_px"]
    assert found["marks"] == "patches"
    assert ratio == pytest.approx(2.0, abs=0.3)
    assert found["values"]["specimen_tilt_deg"] is None


def test_what_imod_solved_is_judged_as_what_we_solved(imod):
    write(phantoms.geometry(wobble=0.0))
    given = ["-ModelFile", "a.fid", "-TiltFile", "a.rawtlt", *USUAL, "-RotOption", "-1"]
    ours = judged("-RotOption", "-1")["values"]
    outputs = {name: file for name, file in SOLUTION.items() if "Filled" not in name}
    size = ["-ImageSizeXandY", "400,400", "-ResidualReportCriterion", "3", "-MetroFactor", ".25"]
    subprocess.run([imod("tiltalign"), *given, *size, *words(outputs)], check=True)
    assert main(["alignquality", *given, *words(WRITTEN)]) == 0
    with open("a.json") as file:
        theirs = json.load(file)["values"]
    for name in ("residual_mean_px", "leave_one_out_px", "expected_error_px", "tilt_axis_deg"):
        assert theirs[name] == pytest.approx(ours[name], rel=0.05, abs=0.02), name
