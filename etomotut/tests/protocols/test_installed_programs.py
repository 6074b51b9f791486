"""Installed programs that fail, each in its way: shell scripts that stand in for IMOD's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etomotut.backends import Backend
from etomotut.convert.series import FULL
from etomotut.errors import EtomotutError
from etomotut.formats import mrc
from etomotut.protocols.job import Job, ProgramError

LAST = "for last; do :; done"  # the result's name is the last word
COPY = f'{LAST}; cp "$SOURCE" "$last"'


@pytest.fixture
def job(tmp_path):
    """Give a job whose newstack is a script that `installed` writes."""
    source = tmp_path / "a.st"
    mrc.write(source, np.zeros((3, 6, 9), np.float32), pixel_size=5.0)
    folders = tmp_path / "extra" / "TS_1", tmp_path / "tmp" / "TS_1"
    made = Job("TS_1", SimpleNamespace(), *folders, {FULL: str(source)}, Backend(tmp_path), 3)
    made.said = []
    made.say = made.said.append
    made.start()
    return made


def installed(job, script, *, mode=0o755):
    """Let newstack be a script, and run it."""
    program = job.backend.imod / "bin" / "newstack"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(mode)
    values = {"InputFile": [job.source[FULL]], "OutputFile": job.temporary(".mrcs")}
    job.run([("newstack", values)], variables={"SOURCE": job.source[FULL]}, log=".log")
    return job.keep(".mrcs", image=True)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'ERROR: NEWSTACK - no room'; exit 1", "newstack: no room"),
        (f"{COPY}; echo 'ERROR: NEWSTACK - no room'", "newstack: no room"),
        (f"{COPY}; echo 'ERROR: newstack - no room' >&2; echo more", "newstack: no room"),
        ("echo 'forrtl: severe'; exit 174", "newstack: it ended with status 174: forrtl: severe"),
        ("kill -SEGV $$", "newstack: it was stopped by signal 11"),
        ("exit 2", "newstack: it ended with status 2: it said nothing"),
        ("echo done", "newstack: it ended without an error, but did not write .*TS_1.mrcs"),
        (f'{LAST}; : > "$last"', "newstack: it ended without an error, but did not write"),
        (f'{LAST}; echo text > "$last"', "TS_1.mrcs .*MRC"),
        (f'{LAST}; head -c 1100 "$SOURCE" > "$last"', "TS_1.mrcs .*end before"),
    ],
)
def test_each_way_to_fail_is_a_failure_with_its_reason(job, script, reason):
    with pytest.raises(EtomotutError, match=reason):
        installed(job, script)
    assert not (job.folder / "TS_1.mrcs").exists()


def test_a_program_that_may_not_be_run_is_named(job):
    with pytest.raises(ProgramError, match=r"newstack: .*bin/newstack: Permission denied"):
        installed(job, "exit 0", mode=0o644)


def test_a_program_that_does_its_work_is_believed(job):
    assert mrc.Stack(installed(job, f"echo 'WARNING: NEWSTACK - odd size'; {COPY}")).shape[0] == 3


def test_programs_get_the_cores_of_the_form(job):
    installed(job, f'echo "$OMP_NUM_THREADS $IMOD_PROCESSORS"; {COPY}')
    assert Path(job.folder / "TS_1.log").read_text() == "3 3\n"
