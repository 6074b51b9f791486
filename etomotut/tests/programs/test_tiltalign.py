"""The embedded tiltalign through its command line."""

import re

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.engine import bundle_adjustment as bundle
from etomotut.formats import fiducials, model, tlt, xf
from etomotut.tests.conformance.inputs import SOLUTION
from etomotut.tests.engine import phantoms

SIZE = (256, 256, 21)
OUTPUTS = {**SOLUTION, "OutputFilledInModel": "a.filled"}


@pytest.fixture
def solved(tmp_path):
    """Give a function that runs tiltalign on a phantom with more options, and its truth."""
    truth = phantoms.geometry(axis=5.0)
    truth.marks[np.abs(truth.marks).max(axis=2) > 127] = np.nan
    truth.marks[2, 5:8] = np.nan

    def run(*options, noise=0.1):
        tracks = phantoms.points(truth.marks, noise=noise)
        rows = np.column_stack([tracks.xy + 127.5, tracks.view])
        fid = model.from_tracks(rows, tracks.bead, size=SIZE, pixel_size=11.0)
        model.write(tmp_path / "a.fid", fid)
        tlt.write(tmp_path / "a.rawtlt", phantoms.ANGLES)
        words = ["-ModelFile", "a.fid", "-TiltFile", "a.rawtlt", "-RotationAngle", "4"]
        words += [word for name, file in OUTPUTS.items() for word in (f"-{name}", file)]
        return main(["tiltalign", *words, *options])

    return run, truth


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_every_file_is_written_and_agrees_with_the_others(solved):
    run, _ = solved
    assert run("-EveryView") == 0
    positions = fiducials.read_positions("a.xyz")
    transforms, tilts = xf.read("a.tltxf"), np.radians(tlt.read("a.tlt"))
    rows, beads = model.tracks(model.read("a.filled"))
    xyz = positions.xyz[beads] - (128, 128, 0)
    view = rows[:, 2].astype(int)
    moved = np.einsum("pij,pj->pi", transforms[view, :, :2], rows[:, :2] - 127.5)
    moved += transforms[view, :, 2]
    expected_x = xyz[:, 0] * np.cos(tilts[view]) + xyz[:, 2] * np.sin(tilts[view])
    assert np.median(np.abs(moved[:, 0] - expected_x)) < 0.15
    assert np.median(np.abs(moved[:, 1] - xyz[:, 1])) < 0.15
    assert (positions.pixel_size, positions.size) == (11.0, (256, 256))


def test_residuals_stand_at_their_points(solved):
    run, truth = solved
    run("-RotOption", "-1")
    rows = fiducials.read_residuals("a.resid")
    tracks = phantoms.points(truth.marks, noise=0.1)
    assert rows[:, :2] + 0 == pytest.approx(tracks.xy + 127.5, abs=0.006)
    assert rows[:, 2].tolist() == tracks.view.tolist()


def test_gaps_are_filled_where_the_bead_was(solved):
    run, _ = solved
    run("-EveryView")
    whole = phantoms.geometry(axis=5.0).marks
    rows, beads = model.tracks(model.read("a.filled"))
    filled = rows[(beads == 2) & (rows[:, 2] >= 5) & (rows[:, 2] < 8)]
    assert filled[:, :2] - 127.5 == pytest.approx(whole[2, 5:8], abs=0.3)


def test_excluded_views_have_no_say_and_keep_their_angles(solved):
    run, truth = solved
    truth.marks[:, 4] += 30.0
    assert run("-RotOption", "-1", "-TiltOption", "2", "-ExcludeList", "5") == 0
    rows = fiducials.read_residuals("a.resid")
    assert 4 not in rows[:, 2]
    assert np.hypot(rows[:, 3], rows[:, 4]).mean() < 0.2


def test_the_axis_can_be_put_to_the_middle_of_the_beads(solved):
    run, _ = solved
    run("-AxisZShift", "1000")
    z = fiducials.read_positions("a.xyz").xyz[:, 2]
    assert z.min() + z.max() == pytest.approx(0, abs=0.02)


def test_a_shift_of_the_axis_counts_raw_pixels(solved):
    run, _ = solved
    run("-ShiftZFromOriginal")
    before = fiducials.read_positions("a.xyz").xyz
    run("-ShiftZFromOriginal", "-AxisZShift", "20", "-AxisXShift", "8", "-ImagesAreBinned", "2")
    assert fiducials.read_positions("a.xyz").xyz == pytest.approx(before - (4, 0, 10), abs=0.02)


def test_two_surfaces_are_reported_with_their_thickness(solved, capsys):
    run, _ = solved
    run("-RotOption", "-1", "-SurfacesToAnalyze", "2")
    found = re.search(r"Thickness at Z intercepts = +(\S+)", capsys.readouterr().out)
    assert float(found.group(1)) == pytest.approx(160, abs=4)


def test_magnifications_and_rotations_of_all_views_are_found(solved):
    run, truth = solved
    run(
        "-RotOption",
        "1",
        "-MagOption",
        "1",
        "-TiltOption",
        "2",
        "-MagReferenceView",
        "11",
        noise=0.01,
    )
    assert np.degrees(np.radians(tlt.read("a.tlt"))) == pytest.approx(
        np.degrees(truth.parameters[:, bundle.TILT]) - 0.0, abs=0.6
    )
    rows = fiducials.read_residuals("a.resid")
    assert np.hypot(rows[:, 3], rows[:, 4]).mean() < 0.03


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-LocalAlignments"], "aligns globally only"),
        (["-IncludeList", "1-3", "-ExcludeList", "2"], "only one of IncludeStartEndInc"),
        (["-IncludeList", "1"], "no contour with 3 points or more on used views"),
        (["-BeamTiltOption", "2"], "BeamTiltOption is 2; allowed are 0"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(solved, capsys, options, message):
    run, _ = solved
    assert run(*options) == 1
    out = capsys.readouterr().out
    assert "ERROR: TILTALIGN - " in out
    assert message in out


def test_a_model_of_another_series_is_refused(solved, capsys):
    run, _ = solved
    run()
    tlt.write("short.rawtlt", phantoms.ANGLES[:12])
    assert main(["tiltalign", "-ModelFile", "a.fid", "-TiltFile", "short.rawtlt"]) == 1
    assert "a.fid has points on view 21 of 12 views" in capsys.readouterr().out
