"""Jobs of a queue get words and variables as they are; what they say and how they end is known."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pyworkflow.protocol.hosts import HostConfig

from etomotut.errors import EtomotutError
from etomotut.protocols import ProtEtomotutReconstruct, queued
from etomotut.tests.conftest import ROOT

PRINT = "import sys; print(sys.argv[1])"
HOSTILE = ["a b", "it's", '"', "$HOME", "`id`", "a;b", "%d", "x & y", "*", "$(touch gone)", "a\\b"]


def submit(folder, words, variables=None, bare=False):
    """Run words as a job would, by a shell, and give the status and what was said."""
    said = []

    def run_job(program, arguments, **others):
        passed = {"PATH": "/usr/bin:/bin"} if bare else None
        subprocess.run(f"{program} {arguments}", shell=True, env=passed, check=True)

    environment = {**os.environ, **(variables or {})}
    return queued.submit(run_job, folder / "job_1", words, environment, said.append), said


@pytest.mark.parametrize("word", HOSTILE)
def test_every_word_comes_as_it_is(tmp_path, word):
    folder = tmp_path / "it's a; folder"
    folder.mkdir()
    assert submit(folder, [sys.executable, "-c", PRINT, word]) == (0, [word])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", HOSTILE)
def test_variables_come_even_where_the_queue_passes_none_on(tmp_path, value):
    code = "import os; print(os.environ['IMOD_DIR'])"
    words = [sys.executable, "-c", code]
    assert submit(tmp_path, words, {"IMOD_DIR": value}, bare=True) == (0, [value])


def test_variables_that_a_program_must_not_have_are_taken_away(tmp_path, monkeypatch):
    code = "import os; print(os.environ.get('OURS'))"
    monkeypatch.setenv("OURS", "yes")
    environment = {name: value for name, value in os.environ.items() if name != "OURS"}
    said = []

    def run_job(program, arguments, **others):
        subprocess.run(f"{program} {arguments}", shell=True, check=True)

    queued.submit(run_job, tmp_path / "j", [sys.executable, "-c", code], environment, said.append)
    assert said == ["None"]


def test_its_status_and_its_error_are_told(tmp_path):
    code = "import sys; print('ERROR: TILT - no'); sys.exit(3)"
    assert submit(tmp_path, [sys.executable, "-c", code]) == (3, ["ERROR: TILT - no"])


def test_a_job_that_was_cancelled_is_told_from_one_that_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(queued, "LATE", 0.05)
    with pytest.raises(EtomotutError, match=f"tilt left the queue before its end.*{tmp_path}"):
        queued.submit(lambda *a, **k: None, tmp_path / "j", ["/x/tilt"], os.environ, print)


@pytest.mark.parametrize(
    ("typed", "cores"),
    [({}, 8), ({"QUEUE_FOR_JOBS": "Y"}, 4), ({"JOB_THREADS": "6", "QUEUE_FOR_JOBS": "Y"}, "6")],
)
def test_a_queue_is_asked_for_the_cores_that_are_used(monkeypatch, typed, cores):
    protocol = ProtEtomotutReconstruct()
    base = {"QUEUE_FOR_JOBS": "N", "JOB_THREADS": 3, "JOB_HOURS": 72, **typed}
    monkeypatch.setattr("pwem.protocols.EMProtocol.getSubmitDict", lambda self: dict(base))
    protocol.setQueueParams(("debug", typed))
    asked = protocol.getSubmitDict()
    assert (asked["JOB_THREADS"], asked["JOB_HOURS"]) == (cores, 72)


def test_the_documented_hosts_file_is_filled_with_what_a_stage_tells():
    path = ROOT / "docs" / "hosts.conf"
    if not path.is_file():
        pytest.skip(f"{path} is not there: it comes with the sources only")
    host = HostConfig.load(str(path))["localhost"]
    (parameters,) = host.getQueueSystem().getQueues().values()
    asked = {name: value for name, value, _, _ in parameters}
    assert asked["QUEUE_FOR_JOBS"] == "N"
    told = {"JOB_NAME": "7", "JOB_QUEUE": "debug", "JOB_NODES": 1, "JOB_THREADS": 8}
    paths = {"JOB_LOGS": "a b/7", "JOB_SCRIPT": "a b/7.job", "JOB_COMMAND": "tilt 'a b'"}
    script = host.getSubmitTemplate() % {**asked, **told, **paths}
    assert script.startswith("#!/bin/bash\n#SBATCH --job-name=scipion-7\n")
    assert '#SBATCH --output="a b/7.out"\n' in script
    assert "#SBATCH --cpus-per-task=8\n" in script
    assert script.endswith("\ntilt 'a b'")
    assert host.getSubmitCommand() % paths == 'sbatch "a b/7.job"'
    assert host.getCheckCommand() % {"JOB_ID": 5} == "squeue -h -o %T -j 5 2>&1"
