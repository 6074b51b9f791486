"""The command `etomotut` as the programs see it."""

from __future__ import annotations

import os
import subprocess
import sys

from etomotut.__main__ import main


def test_programs_have_one_thread_of_linear_algebra(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    assert main(["xfproduct", "-help"]) == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_the_command_does_not_load_numpy_before_that():
    text = "import sys, etomotut.__main__; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text]).returncode == 0
