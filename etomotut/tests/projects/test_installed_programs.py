"""An installed program that fails on one series, in a real project."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest import mock

from etomotut import backends
from etomotut.protocols import ProtEtomotutPreprocess
from etomotut.tests.projects.project import ProjectTest

NEWSTACK = f"""#!/bin/sh
case "$*" in
*TS_2*) echo "ERROR: NEWSTACK - no room for TS_2" ;;  # and ends as if all were well
*) exec {sys.executable} -m etomotut newstack "$@" ;;
esac
"""


class TestAnInstalledProgram(ProjectTest):
    """A script stands in for the user's newstack."""

    backend = backends.IMOD

    def test_its_reason_reaches_the_failed_set_and_the_summary(self) -> None:
        self.write_noise(["TS_1", "TS_2"])
        newstack = Path(self.data / "imod" / "bin" / "newstack")
        newstack.parent.mkdir(parents=True)
        newstack.write_text(NEWSTACK)
        newstack.chmod(0o755)
        imported = self.import_series(exclusionWords="imod")
        with mock.patch.dict(os.environ, IMOD_HOME=str(newstack.parents[1])):
            stage = self.run_stage(
                ProtEtomotutPreprocess, (imported, "outputTiltSeries"), binning=1
            )
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.assertEqual(stage.TiltSeries.getTSIds(), ["TS_1"])
        failed, _ = self.series_of(stage.FailedTiltSeries)["TS_2"]
        self.assertEqual(failed.getObjComment(), "newstack: no room for TS_2")
        self.assertIn("TS_2: newstack: no room for TS_2", stage.summary())
        self.assertIn(f"in {newstack.parents[1]}", stage.summary()[0])
