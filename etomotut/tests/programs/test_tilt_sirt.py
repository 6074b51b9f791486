"""SIRT through tilt's command line: known answers, and IMOD's own results."""

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import mrc
from etomotut.programs import tilt_sirt
from etomotut.tests.programs.tilted import ANGLES, run, write, write_ball


@pytest.fixture()
def series(tmp_path):
    """Write the views of a ball."""
    return write_ball(tmp_path)


def residuals(capsys):
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    return [float(words[2]) for words in lines if words[:1] == ["iteration"]]


def test_sirt_shows_the_ball_where_it_is(series):
    volume = run(series, "-SIRTIterations", "30", "-StartEmpty")
    plain = run(series)
    weights = np.maximum(volume - 0.5 * volume.max(), 0)
    middle = [(weights * at).sum() / weights.sum() for at in np.indices(volume.shape)]
    assert np.allclose(middle, [12, 7, 30], atol=0.3)
    assert np.corrcoef(volume.ravel(), plain.ravel())[0, 1] > 0.6


def test_each_iteration_agrees_better_with_the_views(series, capsys):
    run(series, "-SIRTIterations", "12", "-StartEmpty")
    told = residuals(capsys)
    assert len(told) == 12
    assert np.all(np.diff(told) < 0)
    assert 100 > told[0] > 2 * told[-1]


def test_kept_iterations_are_what_fewer_iterations_give(series):
    whole = run(series, "-SIRTIterations", "6", "-KeepIterations", "2,4-6")
    assert sorted(path.name for path in series.glob("out*")) == [
        "out.rec",
        "out_it02.rec",
        "out_it04.rec",
        "out_it05.rec",
    ]
    assert np.array_equal(run(series, "-SIRTIterations", "6"), whole)
    assert np.array_equal(mrc.read(series / "out_it02.rec"), run(series, "-SIRTIterations", "2"))


def test_sirt_ends_where_the_residual_hardly_falls(series, capsys):
    run(series, "-SIRTIterations", "50", "-StartEmpty", "-StopAtChange", "0.05")
    told = np.array(residuals(capsys))
    falls = 1 - told[1:] / told[:-1]
    assert 3 < len(told) < 50
    assert falls[-1] < 0.06
    assert np.all(falls[:-1] > 0.04)


def test_sirt_slices_do_not_depend_on_others_or_threads(series):
    whole = run(series, "-SIRTIterations", "3", "-Threads", "2")
    part = run(series, "-SIRTIterations", "3", "-Threads", "1", "-SLICE", "4,20,8")
    assert np.array_equal(part, whole[4:21:8])


def test_sirt_scales_densities_and_stores_whole_numbers(series):
    plain = run(series, "-SIRTIterations", "3")
    assert np.allclose(
        run(series, "-SIRTIterations", "3", "-SCALE", "100,2"), (plain + 100) * 2, atol=1e-3
    )
    whole = run(series, "-SIRTIterations", "3", "-MODE", "1")
    assert whole.dtype == np.int16
    assert np.abs(whole - plain).max() <= 0.5


def test_sirt_of_a_part_is_not_disturbed_by_what_lies_beside_it(series):
    options = ["-SIRTIterations", "10", "-StartEmpty", "-SLICE", "12,12"]
    whole = run(series, *options)[:, :, 5:27]  # the ball reaches out of it, from 26 to 34
    part = run(series, *options, "-WIDTH", "22", "-SHIFT", "8.5")
    assert np.corrcoef(part.ravel(), whole.ravel())[0, 1] > 0.98


def test_sirt_refuses_what_is_not_a_number(series, capsys):
    views = mrc.read(series / "in.mrc")
    views[3, 5, 7] = np.nan
    write(series, views, ANGLES)
    files = ["-input", str(series / "in.mrc"), "-output", str(series / "out.rec")]
    tilts = ["-TILTFILE", str(series / "in.tlt"), "-THICKNESS", "9", "-SIRTIterations", "2"]
    assert main(["tilt", *files, *tilts]) == 1
    assert "densities that are not finite numbers, the first at x 7, y 5" in (
        capsys.readouterr().out
    )


def test_sirt_does_not_see_the_background(series):
    views = mrc.read(series / "in.mrc")
    plain = run(series, "-SIRTIterations", "4")
    brighter = views + np.arange(13)[:, None, None]
    moved = run(write(series, brighter, ANGLES), "-SIRTIterations", "4") - plain
    assert moved.std() < 1e-3 * plain.std()


def test_sirt_never_takes_more_memory_than_it_may(series, monkeypatch):
    counted = Counted()
    wanted = run(series, "-SIRTIterations", "2", "-Threads", "2")
    monkeypatch.setattr(tilt_sirt, "MEMORY", 1)
    monkeypatch.setattr(tilt_sirt, "share_out", counted)
    assert np.array_equal(run(series, "-SIRTIterations", "2", "-Threads", "2"), wanted)
    assert counted.workers == 1


class Counted:
    """Stands for share_out, and remembers the number of workers."""

    workers = 0

    def __call__(self, items, workers):
        self.workers = len(workers)
        return map(workers[0], items)
