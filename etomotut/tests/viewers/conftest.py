"""These tests need Scipion's classes, but no project."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from typing import Any, Iterator

import pytest

from etomotut.tests import scipion_home

collect_ignore_glob = [] if scipion_home.HAS_SCIPION else ["test_*.py"]


@pytest.fixture(scope="session")
def display() -> Iterator[None]:
    """Use the display there is, or one that nobody sees; skips where there is neither.

    It lasts as long as the tests do: Tk keeps it open, and ends the process when it goes away.
    """
    if os.environ.get("DISPLAY"):
        yield
        return
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("no display, and no Xvfb to make one")
    reading, writing = os.pipe()
    words = [server, "-displayfd", str(writing), "-screen", "0", "1400x1000x24"]
    with subprocess.Popen(words, pass_fds=[writing], stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        os.environ["DISPLAY"] = f":{number}"
        yield
        del os.environ["DISPLAY"]
        process.terminate()


@pytest.fixture
def root(display) -> Iterator[Any]:
    """Give Tk's root, without a window of its own."""
    import tkinter

    try:
        made = tkinter.Tk()
    except tkinter.TclError as error:
        pytest.skip(f"no display: {error}")
    made.withdraw()
    yield made
    made.destroy()
    del made
    gc.collect()  # else a thread of a later test may: Tcl ends the process then
