"""What all stages share, as far as it can be tried without a project."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from etomotut.errors import EtomotutError
from etomotut.protocols.protocol_base import EtomotutProtocol, reason_of, sentence


def submit(folder, words):
    """Run words as a job of a queue would, by a shell, and give the status and what was said."""
    said = []

    def run_job(program, arguments, env, **others):
        subprocess.run(f"{program} {arguments}", shell=True, env=env, check=True)

    fake = SimpleNamespace(_getLogsPath=lambda name: str(folder / name), runJob=run_job)
    status = EtomotutProtocol._submit(fake, words, {"PATH": "/usr/bin:/bin"}, said.append)
    return status, said


@pytest.mark.parametrize("word", ["a b", "it's", '"', "$HOME", "`id`", "a;b", "%d", "x & y", "*"])
def test_a_job_of_a_queue_gets_every_word_as_it_is(tmp_path, word):
    code = "import sys; print(sys.argv[1])"
    assert submit(tmp_path, [sys.executable, "-c", code, word]) == (0, [word])


def test_a_job_of_a_queue_tells_how_it_ended(tmp_path):
    code = "import sys; print('ERROR: TILT - no'); sys.exit(3)"
    assert submit(tmp_path, [sys.executable, "-c", code]) == (3, ["ERROR: TILT - no"])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EtomotutError("TS_1: the series has no views"), "the series has no views"),
        (EtomotutError("tilt: no memory"), "tilt: no memory"),
        (FileNotFoundError(2, "No such file or directory", "a.st"), "a.st: No such file or "),
        (KeyError("x"), "internal fault, please report it: KeyError: 'x'"),
    ],
)
def test_reasons_are_one_sentence_without_the_name_of_the_series(error, reason):
    assert reason_of(error, "TS_1").startswith(reason)


def test_an_error_of_a_form_is_a_sentence():
    assert sentence(EtomotutError("no IMOD")) == "No IMOD."
