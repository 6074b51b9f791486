"""Defocus files become CTF models, one for each view."""

from __future__ import annotations

import numpy as np

from etomotut.formats import defocus
from etomotut.protocols import ProtEtomotutImportCtf
from etomotut.tests.projects.project import ANGLES, ProjectTest


class TestImportCtf(ProjectTest):
    """Two series; the second one's file tells the defocus of the ends only."""

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

    def test_every_view_has_its_defocus(self) -> None:
        done = self._run("*.defocus")
        self.checkCTFs(done.CTFTomoSeries, expectedSetSize=2)
        found = {}
        for series in done.CTFTomoSeries.iterItems():
            found[series.getTsId()] = [model.clone() for model in series.iterItems()]
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

    def test_a_folder_without_files_is_refused_before_the_run(self) -> None:
        protocol = self._protocol("*.nothing")
        self.assertEqual(protocol.validate(), [f"no file in {self.data} is named as *.nothing."])

    def _protocol(self, pattern: str):
        protocol = self.newProtocol(
            ProtEtomotutImportCtf, filesPath=str(self.data), filesPattern=pattern
        )
        protocol.inputSetOfTiltSeries.set(self.imported)
        protocol.inputSetOfTiltSeries.setExtended("outputTiltSeries")
        self.proj.saveProtocol(protocol)
        return protocol

    def _run(self, pattern: str):
        return self.finish(self._protocol(pattern))
