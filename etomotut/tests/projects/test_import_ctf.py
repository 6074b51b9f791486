"""Defocus files become CTF models, one for each view."""

from __future__ import annotations

import numpy as np

from etomotut.formats import defocus
from etomotut.protocols import ProtEtomotutImportCtf
from etomotut.tests.projects.project import ANGLES, ProjectTest


class TestImportCtf(ProjectTest):
    """Three series; the second one's file tells the defocus of the ends only, one has no file."""

    EXCLUDED = (0, 3)  # views of TS_02, from 0

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.write_noise(["TS_01", "TS_02", "TS_03"])
        values = np.stack([30000 + 100 * ANGLES, 29000 + 100 * ANGLES], axis=1)
        defocus.write(cls.data / "TS_01.defocus", defocus.single(values, ANGLES, 30.0))
        ends = defocus.single([20000.0, 30000.0], [-50.0, 50.0])
        ends.views = np.array([[0, 0], [10, 10]])
        defocus.write(cls.data / "TS_02.defocus", ends)
        cls.imported = cls.import_series()
        cls.edit(cls.imported, "outputTiltSeries", cls.exclude)
        cls.done = cls.finish(cls._protocol("*.defocus"))

    @classmethod
    def exclude(cls, series, images) -> None:
        """Exclude views of one of the series."""
        for place in cls.EXCLUDED if series.getTsId() == "TS_02" else ():
            images[place].setEnabled(False)

    def test_every_view_has_its_defocus(self) -> None:
        done, found = self.done, self._models()
        first = found["TS_01"][0]
        self.assertAlmostEqual(first.getDefocusU(), 25000, delta=1)
        self.assertAlmostEqual(first.getDefocusV(), 24000, delta=1)
        self.assertAlmostEqual(first.getDefocusAngle(), 30, delta=0.1)
        self.assertEqual([model.getIndex() for model in found["TS_01"]], list(range(1, 12)))
        middle = found["TS_02"][5]
        self.assertAlmostEqual(middle.getDefocusU(), 25000, delta=1)
        self.assertIn("defocus 2.45 to 3.45 um in 11 views, astigmatism 100 nm", done.summary()[1])
        self.assertIn("none bear its name", self.records(done)["TS_03"]["reason"])
        self.assertEqual(done.FailedTiltSeries.getSize(), 1)

    def test_excluded_views_have_a_ctf_that_is_disabled_and_says_nothing(self) -> None:
        excluded = {"TS_01": [], "TS_02": list(self.EXCLUDED)}
        self.checkCTFs(self.done.CTFTomoSeries, expectedSetSize=2, excludedViewsDict=excluded)
        self.assertEqual(self.records(self.done)["TS_02"]["numbers"]["views"], 9)
        found = [model.getDefocusU() for model in self._models()["TS_02"]]
        expected = [-999 if n in self.EXCLUDED else 20000 + 1000 * n for n in range(len(ANGLES))]
        self.assertTrue(np.allclose(found, expected))

    def test_a_folder_without_files_is_refused_before_the_run(self) -> None:
        protocol = self._protocol("*.nothing")
        self.assertEqual(protocol.validate(), [f"no file in {self.data} is named as *.nothing."])

    def _models(self):
        """Give the CTF models of the views of each series."""
        return {
            series.getTsId(): [model.clone() for model in series.iterItems()]
            for series in self.done.CTFTomoSeries.iterItems()
        }

    @classmethod
    def _protocol(cls, pattern: str):
        protocol = cls.newProtocol(
            ProtEtomotutImportCtf, filesPath=str(cls.data), filesPattern=pattern
        )
        protocol.inputSetOfTiltSeries.set(cls.imported)
        protocol.inputSetOfTiltSeries.setExtended("outputTiltSeries")
        cls.proj.saveProtocol(protocol)
        return protocol
