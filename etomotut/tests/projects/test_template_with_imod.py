"""The whole template with the programs of the user's IMOD, beside the embedded ones."""

from __future__ import annotations

import unittest
from typing import Any, Dict

import numpy as np
import pytest

from etomotut import backends, headless
from etomotut.demo import __main__ as demo
from etomotut.demo import truth
from etomotut.formats import mrc
from etomotut.packages import IMOD_PACKAGE, find_package
from etomotut.protocols.forms import values_of
from etomotut.tests.projects.project import ProjectTest
from etomotut.workflow import branches
from etomotut.workflow.run import choice_for

SEGMENTATION = ("Tardis", "CompareMasks", "Skeleton", "Surfaces")  # nothing of it is IMOD's
VALUES = {"binning": 1, "thickness": 180, "kept_thickness": 160, "final_thickness": 120}
LEAST = {  # correlation of what both make of the same input
    "0. erase X-rays": 0.98,
    "1. bin": 0.9999,
    "5. reconstruct": 0.98,  # IMOD 4.8.2 has another fall-off of the radial filter
    "5b. crop": 0.9999,
    "6. correct CTF": 0.99,
    "5c. level and centre": 0.98,
}


@pytest.mark.long
@unittest.skipUnless(find_package(IMOD_PACKAGE), IMOD_PACKAGE.how_to_find)
class TestTemplateWithImod(ProjectTest):
    """All stages of the template that may call IMOD, on one small simulated series."""

    @classmethod
    def setUpClass(cls) -> None:
        """Run them; what tomo3d and Fidder do is embedded where these are not installed."""
        super().setUpClass()
        demo.make(cls.data, preset="small", count=1)
        paths = {"path": cls.data, "ctf_path": cls.data, "pattern": "*.mdoc"}
        template = headless.TEMPLATES / "fiducial_exosome.json.template"
        whole = branches.choose(
            headless.fill_template(template, {**VALUES, **paths}), everything=True
        )
        text = headless.leave_out(whole, [f"ProtEtomotut{name}" for name in SEGMENTATION])
        workflow = headless.load_workflow(cls.proj, text)
        for protocol in workflow.values():
            if hasattr(protocol, "backend"):
                protocol.backend.set(choice_for(protocol, backends.IMOD))
            if hasattr(protocol, "nIterations"):
                protocol.nIterations.set(2)  # of SIRT, which no program of IMOD does here
            cls.proj.saveProtocol(protocol)
        cls.failures = headless.run(cls.proj, list(workflow.values()), report=lambda line: None)
        cls.stages: Dict[str, Any] = {each.getObjLabel(): each for each in workflow.values()}

    def test_no_stage_fails_and_each_says_which_imod_ran(self) -> None:
        self.assertEqual(self.failures, [])
        for label, stage in self.stages.items():
            names = stage.programs_for(values_of(stage)) if hasattr(stage, "backend") else ()
            if any(backends.package_of(name) is IMOD_PACKAGE for name in names):
                self.assertIn("IMOD", stage.summary()[0], label)

    def test_the_alignment_is_that_of_the_specimen(self) -> None:
        known = truth.read(self.data / "TS_01_truth.json")
        aligned = self.stages["4. align"].TiltSeries
        _, images = self.series_of(aligned)["TS_01"]
        matrices = np.array([image.getTransform().getMatrix()[:2] for image in images])
        error = truth.alignment_error(matrices, [i.getTiltAngle() for i in images], known)
        self.assertLess(error, 0.5)  # 0.27 with IMOD 4.8.2, 0.07 with the embedded programs

    def test_embedded_programs_make_the_same_of_the_same_input(self) -> None:
        for label, least in LEAST.items():
            theirs = self.stages[label]
            ours = self.proj.copyProtocol(theirs)
            ours.backend.set(backends.EMBEDDED)
            self.finish(ours)
            images = [mrc.read(self._file_of(each)).astype(float) for each in (theirs, ours)]
            self.assertEqual(images[0].shape, images[1].shape, label)
            likeness = np.corrcoef(*(each.ravel() for each in images))[0, 1]
            self.assertGreater(likeness, least, label)

    def _file_of(self, stage: Any) -> str:
        if hasattr(stage, "Tomograms"):
            return stage.Tomograms.getFirstItem().getFileName()
        return self.series_of(stage.TiltSeries)["TS_01"][1][0].getFileName()
