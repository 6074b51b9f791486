"""The template runs to the end on a user's files, without a window."""

from __future__ import annotations

from etomotut import headless
from etomotut.demo import __main__ as demo
from etomotut.tests.projects.project import ProjectTest


class TestTemplate(ProjectTest):
    """The template on one small simulated series with its mdoc file."""

    def test_it_ends_with_cropped_tomograms(self) -> None:
        demo.make(self.data, preset="small", count=1)
        values = {
            "path": self.data,
            "pattern": "*.mdoc",
            "binning": 1,
            "thickness": 160,
            "kept_thickness": 120,
        }
        template = headless.TEMPLATES / "fiducial_exosome.json.template"
        workflow = headless.load_workflow(self.proj, headless.fill_template(template, values))
        told = []
        failures = headless.run(self.proj, list(workflow.values()), report=told.append)
        self.assertEqual(failures, [])
        self.assertIn("[8/8] 5b. crop", told)
        tomograms = list(workflow.values())[-1].Tomograms
        self.checkTomograms(tomograms, 1, 11.04, expectedDimensions=[256, 360, 120])
