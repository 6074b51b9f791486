"""The CTF correction in a project: views without an estimation, halves, doses, flags."""

from __future__ import annotations

import os
import sqlite3
import unittest
from contextlib import closing
from pathlib import Path

import numpy as np
from pwem.objects import Transform

from etomotut import backends
from etomotut.formats import defocus, mrc
from etomotut.packages import IMOD_PACKAGE, find_package
from etomotut.protocols import ProtEtomotutCtfCorrection, ProtEtomotutImportCtf
from etomotut.tests.projects.project import ANGLES, PIXEL, ProjectTest
from etomotut.tests.scipion_objects import turn

IMPORTED = "outputTiltSeries"
PRESENT = [angle for angle in ANGLES if angle != 20.0]  # one view is excluded
LACKING = [-50.0, 0.0]  # and two have no estimation


class TestCtfCorrection(ProjectTest):
    """Two aligned series with halves; one has a CTF estimation, without two of its views."""

    backend, said = backends.EMBEDDED, "embedded programs"

    @classmethod
    def setUpClass(cls) -> None:
        """Import series and estimation, and give the series an alignment."""
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2"])
        cls.imported = cls.import_series()
        values = defocus.single([30000.0] * len(ANGLES), ANGLES)
        defocus.write(cls.data / "TS_1.defocus", values)
        cls.ctf = cls.run_stage(
            ProtEtomotutImportCtf,
            (cls.imported, IMPORTED),
            filesPath=str(cls.data),
            filesPattern="*.defocus",
        )
        cls.edit(cls.imported, IMPORTED, cls._prepare)
        numbers = [1 + ANGLES.tolist().index(angle) for angle in LACKING]
        path = cls.ctf.CTFTomoSeries.getFileName()
        with closing(sqlite3.connect(path)) as file, file:
            for number in numbers:
                file.execute("UPDATE id1_Objects SET enabled = 0 WHERE id = ?", (number,))

    @classmethod
    def _prepare(cls, series, images) -> None:
        """Give a series an alignment, halves, an excluded view."""
        series.setAlignment2D()
        folder = Path(images[0].getFileName()).parent
        halves = [folder / f"{series.getTsId()}_{half}.mrcs" for half in ("odd", "even")]
        for link in halves:
            os.symlink(Path(images[0].getFileName()).resolve(), link)
        for image in images:
            image.setTransform(Transform(matrix=turn(85.0, 2.0, 1.0)))
            image.setEnabled(image.getTiltAngle() != 20.0)
            image.setOddEven([str(link) for link in halves])

    def _correct(self, source=None, **values):
        source = source or (self.imported, IMPORTED)
        stage = self.stage(ProtEtomotutCtfCorrection, source, **values)
        stage.inputSetOfCtfTomoSeries.set(self.ctf)
        stage.inputSetOfCtfTomoSeries.setExtended("CTFTomoSeries")
        self.proj.saveProtocol(stage)
        return self.finish(stage)

    def _check(self, stage, angles) -> np.ndarray:
        """Check what the result says of itself, and give its stack."""
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.checkTiltSeries(
            stage.TiltSeries,
            1,
            PIXEL,
            expectedDimensions=[130, 140, len(angles)],
            hasOddEven=True,
            hasCtfCorrected=True,
            isInterpolated=True,
            anglesCount=len(angles),
        )
        series, images = self.series_of(stage.TiltSeries)["TS_1"]
        self.assertTrue(series.ctfCorrected())
        self.assertEqual([image.getTiltAngle() for image in images], list(angles))
        self.assertEqual([image.getIndex() for image in images], list(range(1, len(angles) + 1)))
        before = self._doses(self.series_of(self.imported.outputTiltSeries)["TS_1"][1])
        self.assertEqual(self._doses(images).items() - before.items(), set())
        self.assertGreater(series.getAcquisition().getAccumDose(), 0)
        return mrc.read(stage._getExtraPath("TS_1", "TS_1.mrcs"))

    def _doses(self, images):
        """Give the doses of views by acquisition order."""
        return {
            image.getAcquisitionOrder(): (
                image.getAcquisition().getAccumDose(),
                image.getAcquisition().getDoseInitial(),
            )
            for image in images
        }

    def test_views_without_an_estimation_are_kept_and_named(self) -> None:
        stage = self._correct(processOddEven=True)
        found = self._check(stage, PRESENT)
        odd = mrc.read(stage._getExtraPath("TS_1", "TS_1_odd.mrcs"))
        self.assertTrue(np.array_equal(found, odd))
        sections = [ANGLES.tolist().index(angle) for angle in PRESENT]
        means = found[:, 60:80, 55:75].mean(axis=(1, 2)) - 100
        self.assertTrue(np.allclose(means, sections, atol=3))
        summary = " ".join(stage.summary())
        self.assertIn(self.said, summary)
        self.assertIn("8 views corrected, defocus 3.00 to 3.00 um", summary)
        self.assertIn("2 without CTF kept uncorrected: at -50.0, 0.0 degrees", summary)
        self.assertIn("cannot be seen at this pixel size", summary)
        self.assertIn("TS_2: there is no CTF estimation for it", summary)
        self.assertEqual(stage.FailedTiltSeries.getTSIds(), ["TS_2"])
        left = self._correct(processOddEven=True, viewsWithoutCtf=1, checkHandedness=False)
        angles = [angle for angle in PRESENT if angle not in LACKING]
        corrected = self._check(left, angles)
        self.assertIn("2 without CTF left out", " ".join(left.summary()))
        self.assertNotIn("grow", " ".join(left.summary()))
        kept = [PRESENT.index(angle) for angle in angles]
        self.assertTrue(np.allclose(found[kept], corrected, atol=1e-3))

    def test_what_is_corrected_already_is_not_corrected_again(self) -> None:
        done = self._correct()
        again = self._correct((done, "TiltSeries"))
        self.assertTrue(again.isFailed())
        self.assertIn("corrected for the CTF already", again.getErrorMessage())


@unittest.skipUnless(find_package(IMOD_PACKAGE), IMOD_PACKAGE.how_to_find)
class TestCtfCorrectionWithImod(TestCtfCorrection):
    """The same with the programs of the user's IMOD."""

    backend, said = backends.IMOD, "IMOD"
