"""Even and odd stacks join their series, and later stages make halves of their results."""

from __future__ import annotations

import numpy as np

from etomotut.formats import mrc
from etomotut.protocols import ProtEtomotutImportHalves, ProtEtomotutPreprocess
from etomotut.tests.projects.project import ProjectTest


class TestImportHalves(ProjectTest):
    """Three series: one with its halves, one whose half is too small, one without."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.write_noise(["TS_01", "TS_02", "TS_03"])
        (cls.data / "halves").mkdir()
        whole = mrc.read(cls.data / "TS_01.mrcs")
        for name, views in (("TS_01", whole), ("TS_02", whole[:-1])):
            for number, half in enumerate(("even", "odd")):
                path = cls.data / "halves" / f"{name}_{half}.mrc"
                mrc.write(path, views / 2 + number, pixel_size=1.0)
        cls.imported = cls.import_series()

    def test_halves_come_along_from_then_on(self) -> None:
        protocol = self.newProtocol(ProtEtomotutImportHalves, filesPath=str(self.data / "halves"))
        protocol.inputSetOfTiltSeries.set(self.imported)
        protocol.inputSetOfTiltSeries.setExtended("outputTiltSeries")
        self.proj.saveProtocol(protocol)
        self.assertEqual(protocol.validate(), [])
        joined = self.finish(protocol)
        records = self.records(joined)
        self.assertIn("TS_02_even.mrc is 140 x 130 x 10, its series 140 x 130 x 11", str(records))
        self.assertIn("none bear its name", records["TS_03"]["reason"])
        self.assertTrue(joined.TiltSeries.hasOddEven())
        made = self.run_stage(
            ProtEtomotutPreprocess, (joined, "TiltSeries"), binning=1, processOddEven=True
        )
        _, images = self.series_of(made.TiltSeries)["TS_01"]
        odd, even = (
            mrc.read(name.split("@")[-1]) for name in (images[0].getOdd(), images[0].getEven())
        )
        self.assertAlmostEqual(float(np.mean(odd) - np.mean(even)), 1.0, places=3)
