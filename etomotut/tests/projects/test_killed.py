"""A stage that was killed, again and again, ends as if nothing had happened.

`python -m etomotut.tests.killing` does the same to the whole template.
"""

from __future__ import annotations

import random

import pytest

from etomotut.protocols import ProtEtomotutPreprocess
from etomotut.tests.killing import contents, kill_often
from etomotut.tests.projects.project import ProjectTest


class TestKilled(ProjectTest):
    """A stage on a few series of noise."""

    @pytest.mark.slow
    def test_its_results_are_those_of_an_undisturbed_run(self) -> None:
        self.write_noise(["TS_1", "TS_2", "TS_3"])
        source = self.import_series(), "outputTiltSeries"
        calm = self.run_stage(ProtEtomotutPreprocess, source, binning=1)
        stage = self.stage(ProtEtomotutPreprocess, source, binning=1)
        self.assertGreater(kill_often(self.proj, stage, 3, 4.0, random.Random(5)), 0)
        self.finish(stage)
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        expected = str(sorted(contents(calm), key=str)).replace(calm.getPath(), stage.getPath())
        self.assertEqual(str(sorted(contents(stage), key=str)), expected)
