"""The template's main branch runs to the end on a user's files, without a window.

The small demo runs every branch.
"""

from __future__ import annotations

from etomotut import headless
from etomotut.demo import __main__ as demo
from etomotut.tests.projects.project import ProjectTest
from etomotut.workflow import branches


class TestTemplate(ProjectTest):
    """The template on one small simulated series with its mdoc and defocus files."""

    def test_it_ends_with_denoised_tomograms(self) -> None:
        demo.make(self.data, preset="small", count=1)
        values = {
            "path": self.data,
            "ctf_path": self.data,
            "pattern": "*.mdoc",
            "binning": 1,
            "thickness": 160,
            "kept_thickness": 120,
            "final_thickness": 100,
        }
        template = headless.TEMPLATES / "fiducial_exosome.json.template"
        main_branch = branches.choose(headless.fill_template(template, values))
        workflow = headless.load_workflow(self.proj, main_branch)
        told = []
        failures = headless.run(self.proj, list(workflow.values()), report=told.append)
        self.assertEqual(failures, [])
        self.assertIn("[13/13] 8. denoise", told)
        by_label = {stage.getObjLabel(): stage for stage in workflow.values()}
        cropped, denoised = (by_label[label].Tomograms for label in ("5b. crop", "8. denoise"))
        self.checkTomograms(cropped, 1, 11.04, expectedDimensions=[256, 360, 120])
        size = [256, 360, 100]
        self.checkTomograms(denoised, 1, 11.04, expectedDimensions=size, ctfCorrected=True)
