"""What an embedded program tells whoever started it: exit status, the ERROR line, progress."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from etomotut.errors import EtomotutError
from etomotut.programs import console


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    """Undo what a program sets for its own process."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")


@pytest.fixture
def program(monkeypatch):
    """Give a program that fails as its `fault` says."""
    module = types.ModuleType("faulty", "Do nothing.")
    module.OPTIONS = ()

    def run(values):
        if module.fault is not None:
            raise module.fault

    module.run, module.fault = run, None
    monkeypatch.setattr(console, "load", lambda name: module)
    return module


def test_a_program_that_ends_well_has_status_0_and_says_nothing(program, capsys):
    assert console.run_program("tilt", []) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "fault, status, text",
    [
        (EtomotutError("a.mrc is empty"), 1, "a.mrc is empty"),
        (FileNotFoundError(2, "No such file", "b.mrc"), 1, "b.mrc: No such file"),
        (OSError(28, "No space left on device"), 1, "reading or writing: No space left"),
        (MemoryError("9 GB"), 1, "not enough memory: 9 GB"),
        (KeyboardInterrupt(), 130, "stopped by the user"),
        (ZeroDivisionError("division by zero"), 1, "internal fault, please report it: "),
    ],
)
def test_every_failure_ends_in_one_error_line(program, capsys, fault, status, text):
    program.fault = fault
    assert console.run_program("tilt", []) == status
    errors = [line for line in capsys.readouterr().out.splitlines() if "ERROR" in line]
    assert len(errors) == 1
    assert errors[0].startswith(f"ERROR: TILT - {text}")


def test_an_unknown_program_is_an_error_that_lists_the_known_ones(capsys):
    assert console.run_program("tillt", []) == 1
    told = capsys.readouterr().out
    assert told.startswith("ERROR: TILLT - no embedded program 'tillt'; there are ")
    assert ", tilt, " in told


@pytest.mark.parametrize("word", ["-help", "--help", "-usage"])
def test_help_names_the_options(capsys, word):
    assert console.run_program("xfproduct", [word]) == 0
    assert "-InputFile1" in capsys.readouterr().out


def test_nobody_reading_the_output_leaves_no_traceback():
    command = [sys.executable, "-m", "etomotut", "tilt", "-help"]
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    done = subprocess.run(command, stdout=reader.stdin, stderr=subprocess.PIPE, check=False)
    reader.stdin.close()
    assert done.stderr == b""
    assert done.returncode == 1


@pytest.mark.parametrize(
    "option, variable, cores", [(3, "2", "3"), (None, "2", "2"), (None, "2,4", "2")]
)
def test_the_option_comes_before_the_variable(monkeypatch, option, variable, cores):
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    console.limit_threads(option)
    assert console.os.environ["NUMBA_NUM_THREADS"] == cores
    assert console.threads() == int(cores)


def test_progress_in_a_log_is_a_line_now_and_then(monkeypatch, capsys):
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    assert list(console.progress(range(50), "Views")) == list(range(50))
    lines = capsys.readouterr().out.splitlines()
    assert 5 <= len(lines) <= 10
    assert lines[-1].startswith("Views: 50 of 50, ")
