"""An alignment is right for stacks that stand as they were acquired, with views left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from etomotut.demo import PRESETS, truth
from etomotut.demo.series import simulate, write
from etomotut.protocols import (
    ProtEtomotutFiducialAlignment,
    ProtEtomotutFiducialModel,
    ProtEtomotutPrealign,
    ProtEtomotutXrayEraser,
)
from etomotut.tests.projects.project import ProjectTest

EXCLUDED = (5, 17, 40)  # acquisition orders
VIEWS = 41
PIXEL = 11.04


class TestOrder(ProjectTest):
    """One series in the order of a dose-symmetric scheme."""

    def test_results_belong_to_the_views_that_they_were_found_for(self) -> None:
        parameters = replace(PRESETS["small"][0], stored_as_acquired=True)
        write(simulate(parameters), self.data)
        imported = self.import_series("TS_01.mrc", samplingRate=PIXEL, tiltAxisAngle=-95.0)
        self.edit(imported, "outputTiltSeries", self._exclude)
        erased = self.run_stage(ProtEtomotutXrayEraser, (imported, "outputTiltSeries"))
        shifted = self.run_stage(ProtEtomotutPrealign, (erased, "TiltSeries"))
        models = self.run_stage(ProtEtomotutFiducialModel, (shifted, "TiltSeries"))
        self.assertEqual(models.FiducialModelGaps.getSize(), 1)
        for landmarks in models.FiducialModelGaps.iterItems():
            views = np.array(landmarks.retrieveInfoTable(), float)[:, 2]
            self.assertLessEqual(views.max(), VIEWS - len(EXCLUDED))
        aligned = self.run_stage(
            ProtEtomotutFiducialAlignment,
            (models, "FiducialModelGaps"),
            "inputSetOfLandmarkModels",
        )
        _, images = self.series_of(aligned.TiltSeries)["TS_01"]
        self.assertEqual(
            [i.getTiltAngle() for i in images], sorted(i.getTiltAngle() for i in images)
        )
        self.assertNotEqual([i.getIndex() for i in images], list(range(1, VIEWS + 1)))
        for image in images:
            is_excluded = image.getAcquisitionOrder() in EXCLUDED
            self.assertEqual(image.isEnabled(), not is_excluded)
            self.assertEqual(np.allclose(image.getTransform().getMatrix(), np.eye(3)), is_excluded)
        self._check_truth([image for image in images if image.isEnabled()])

    def _exclude(self, series, images) -> None:
        for image in images:
            image.setEnabled(image.getAcquisitionOrder() not in EXCLUDED)

    def _check_truth(self, images) -> None:
        known = truth.read(self.data / "TS_01_truth.json")
        sections = [image.getIndex() - 1 for image in images]
        part = replace(
            known,
            angles=known.angles[sections],
            true_angles=known.true_angles[sections],
            transforms=known.transforms[sections],
            track=known.track[sections],
        )
        matrices = np.array([image.getTransform().getMatrix()[:2] for image in images])
        angles = [image.getTiltAngle() for image in images]
        self.assertLess(truth.alignment_error(matrices, angles, part, size=(360, 256)), 0.5)
