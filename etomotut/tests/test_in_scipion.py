"""Scipion's own runner lists our tests, in an installation that has no pytest either."""

from __future__ import annotations

import subprocess
import sys

import pytest

from etomotut.tests import scipion_home

LIST = """
import importlib.util, sys
has_pytest = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "pytest" else has_pytest(name)
sys.modules["pytest"] = None
from etomotut.tests import scipion_home
from pyworkflow.apps.pw_run_tests import Tester
Tester().main(["--show", "--grep", "etomotut"])
"""


@pytest.mark.slow
@pytest.mark.scipion
@pytest.mark.skipif(not scipion_home.HAS_SCIPION, reason="Scipion is not installed")
def test_the_classes_that_run_stages_are_listed_by_the_name_of_the_plugin():
    words = [sys.executable, "-W", "ignore", "-c", LIST]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    listed = [line.split()[-1] for line in done.stdout.splitlines() if "projects" in line]
    assert "etomotut.tests.projects.test_chain.TestChain" in listed
    assert "etomotut.tests.projects.test_crop.TestCropWithCoordinates" in listed
    assert "Error" not in done.stdout + done.stderr
