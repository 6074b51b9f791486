"""A job composes, runs, keeps what is finished, and says why something went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etomotut.backends import Backend
from etomotut.convert.series import EVEN, FULL, ODD, Series, View
from etomotut.errors import FormatError
from etomotut.formats import mrc, tlt, xf
from etomotut.protocols import job as jobs
from etomotut.protocols.job import Job, ProgramError
from etomotut.tests.scipion_objects import turn

SIZE = (6, 9)  # y, x


def series(angles=(-10.0, 0.0, 10.0), *, transform=None, disabled=(), stack="a.st"):
    """Give a series whose sections stand in the order of the angles."""
    views = [
        View(n, n, angle, n not in disabled, None if transform is None else transform[:2])
        for n, angle in enumerate(angles, 1)
    ]
    return Series("TS_1", {FULL: str(stack)}, views, 5.0, 85.0)


@pytest.fixture
def job(tmp_path):
    """Give a job on a stack of three views, whose programs copy nothing but note their words."""
    stack = tmp_path / "a.st"
    mrc.write(stack, np.zeros((3, *SIZE), np.float32), pixel_size=5.0)
    made = Job(
        "TS_1",
        SimpleNamespace(),
        tmp_path / "extra" / "TS_1",
        tmp_path / "tmp" / "TS_1",
        {FULL: str(stack)},
        series=series(stack=stack),
    )
    made.said = []
    made.ran = []
    made.say = made.said.append
    made.execute = lambda words, environment, say: write_output(made, words)
    made.start()
    return made


def write_output(job, words):
    job.ran.append(dict(zip(words[4::2], words[5::2])))
    output = words[words.index("-OutputFile") + 1]
    mrc.write(output, np.zeros((3, *SIZE), np.float32), pixel_size=5.0)
    return 0


def test_a_stack_that_is_fit_for_programs_is_taken_as_it_is(job):
    assert job.prepared() == job.source[FULL]
    assert job.ran == []


def test_views_out_of_order_are_brought_into_it_once(job):
    job.series = series((0.0, 10.0, -10.0))
    assert job.prepared() == job.prepared() == job.temporary("_prepared.mrc")
    assert len(job.ran) == 1
    assert job.ran[0]["-SectionsToRead"] == "2,0,1"
    assert "-TransformFile" not in job.ran[0]


def test_excluded_views_are_left_out(job):
    job.series = series(disabled=[2])
    job.prepared()
    assert job.ran[0]["-SectionsToRead"] == "0,2"
    assert job.excluded() == 1
    assert tlt.read(job.write_angles()).tolist() == [-10, 10]


def test_transforms_are_applied_by_the_section_they_belong_to(job):
    job.series = series(transform=turn(5.0, 2.0), disabled=[1])
    job.prepared()
    lines = xf.read(job.ran[0]["-TransformFile"])
    assert len(lines) == 3
    assert np.allclose(lines[0], np.eye(3)[:2])
    assert np.allclose(lines[1:], turn(5.0, 2.0)[:2], atol=1e-6)


@pytest.mark.parametrize(
    ("rotation", "size"),
    [(0.0, (10, 6)), (44.9, (10, 6)), (85.0, (6, 10)), (-95.0, (6, 10)), (174.0, (10, 6))],
)
def test_sides_change_places_with_the_axis_and_become_even(rotation, size):
    values = jobs.resampling(series(transform=turn(rotation)), (3, *SIZE))
    assert values["SizeToOutputInXandY"] == size


def test_binned_sides_are_even(rotation=0.0):
    values = jobs.resampling(series(transform=turn(rotation)), (3, 20, 30), 2)
    assert values["SizeToOutputInXandY"] == (16, 10)


def test_finished_files_are_moved_to_where_they_stay(job):
    mrc.write(job.temporary(".mrcs"), np.zeros((3, *SIZE), np.float32), pixel_size=5.0)
    kept = job.keep(".mrcs", image=True)
    assert Path(kept) == job.folder / "TS_1.mrcs"
    assert not Path(job.temporary(".mrcs")).exists()


def test_missing_and_broken_results_are_not_kept(job):
    with pytest.raises(ProgramError, match="no program wrote"):
        job.keep(".mrcs")
    Path(job.temporary(".mrcs")).write_bytes(b"half an image" * 100)
    with pytest.raises(FormatError, match="MRC"):
        job.keep(".mrcs", image=True)
    assert list(job.folder.iterdir()) == []


def test_a_new_start_finds_nothing_of_an_old_one(job):
    Path(job.temporary(".old")).touch()
    (job.folder / "TS_1.sfid").touch()
    job.start()
    assert list(job.folder.iterdir()) == list(job.scratch.iterdir()) == []


def test_the_log_has_lines_to_paste_into_a_shell(job):
    job.source = {FULL: str(job.scratch.parent / "it's a stack.st")}
    values = {"InputFile": [job.source[FULL]], "OutputFile": job.temporary(".mrcs")}
    job.run([("newstack", values)])
    assert job.said[0].startswith(f"$ {sys.executable} -m etomotut newstack -InputFile ")
    assert """it'"'"'s a stack.st'""" in job.said[0]


def test_what_an_imod_lacks_is_said(job, tmp_path):
    (tmp_path / "autodoc").mkdir()
    (tmp_path / "autodoc" / "newstack.adoc").write_text("[Field = InputFile]\n[Field = OutputFile]")
    job.backend = Backend(tmp_path)
    values = {"InputFile": ["a"], "OutputFile": job.temporary(".mrcs"), "Threads": 2}
    job.run([("newstack", values)])
    assert job.said[0] == "this newstack has no Threads: left out"
    job.write_command_file("newstack", values, job.temporary(".com"))
    assert job.said[-1] == "this newstack has no Threads: left out"


def test_a_failing_program_gives_its_reason(job):
    def fail(words, environment, say):
        say("ERROR: NEWSTACK - a.st is not an image")
        return 1

    job.execute = fail
    with pytest.raises(ProgramError, match=r"newstack: a\.st is not an image"):
        job.run([("newstack", {"InputFile": ["a"], "OutputFile": "b"})], log="_newstack.log")
    assert (job.folder / "TS_1_newstack.log").read_text().startswith("ERROR: NEWSTACK")


@pytest.mark.parametrize(
    ("status", "lines", "problem"),
    [
        (0, ["all well"], ""),
        (0, ["ERROR: OTHER - tolerated"], ""),
        (0, ["ERROR: TILT - no memory"], "no memory"),
        (1, ["ERROR: tilt - first", "more"], "first"),
        (1, ["ERROR: NEWSTACK - inside", "last"], "inside"),
        (1, [" ERROR: BIN - why", "ERROR: TILT - bin failed"], "bin failed - BIN: why"),
        (3, ["Segmentation", ""], "it ended with status 3: Segmentation"),
        (2, [], "it ended with status 2: it said nothing"),
        (-9, ["working"], "it was stopped by signal 9"),
    ],
)
def test_the_end_of_a_program_is_understood(status, lines, problem):
    assert jobs.find_problem("tilt", status, lines) == problem


def test_programs_run_without_a_shell_and_tell_their_lines():
    said = []
    code = "import sys; print('$HOME `id` ' + sys.argv[1]); sys.exit(4)"
    assert jobs.execute([sys.executable, "-c", code, "a; b"], {}, said.append) == 4
    assert said == ["$HOME `id` a; b"]


def test_a_program_that_is_not_there_is_a_failure_and_no_crash():
    said = []
    assert jobs.execute(["/nowhere/tilt"], {}, said.append) == 127
    assert "No such file" in said[0]


def test_after_a_program_was_killed_nothing_follows_while_the_run_may_be_stopped(monkeypatch):
    waited = []
    monkeypatch.setattr(jobs.time, "sleep", waited.append)
    code = "import os; os.kill(os.getpid(), 9)"
    assert jobs.execute([sys.executable, "-c", code], {}, print) == -9
    assert waited == [jobs.STOPPING]


def test_halves_are_processed_only_where_they_are_wanted():
    files = {FULL: "a", ODD: "b", EVEN: "c"}
    assert jobs.parts_of(files, halves=False) == {FULL: "a"}
    assert jobs.parts_of(files, halves=True) == files
    assert jobs.parts_of({FULL: "a"}, halves=True) == {FULL: "a"}


@pytest.mark.parametrize("name", ["TS_01", "a.b-c", "Position_14"])
def test_ordinary_names_of_series_name_their_files(name):
    assert jobs.safe_name(name) == name


@pytest.mark.parametrize("name", ["a b", "../../etc", "-rf", "a/b", "x" * 300, "", "Ä", "a;b"])
def test_other_names_become_safe_and_stay_different(name):
    safe = jobs.safe_name(name)
    assert safe.isascii()
    assert "/" not in safe and not safe.startswith(("-", ".")) and 0 < len(safe) < 100
    assert safe != jobs.safe_name(name + "!")


STARTING_AND_COMPUTING = """
import os, threading
import numpy as np
from etomotut.protocols.job import compute_in_own_thread, execute

def start():
    while not done:
        execute(["true"], os.environ, print)

def compute():
    matrix = np.random.default_rng(0).normal(size=(300, 300))
    for _ in range(30):
        np.linalg.inv(matrix)
    done.append(True)

compute_in_own_thread()
done = []
threads = [threading.Thread(target=each) for each in (start, compute)]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""


def test_programs_are_started_while_another_thread_computes():
    """A drawing thread once waited for ever: OpenBLAS' threads had ended at a fork."""
    words = [sys.executable, "-c", STARTING_AND_COMPUTING]
    plain = {n: value for n, value in os.environ.items() if n != "OPENBLAS_NUM_THREADS"}
    subprocess.run(words, check=True, timeout=120, env=plain)
