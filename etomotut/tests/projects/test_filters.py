"""Filters in a project: what they write, and what they leave as it was."""

from __future__ import annotations

import unittest
from pathlib import Path

import numpy as np

from etomotut.formats import mrc
from etomotut.protocols import (
    ProtEtomotutDoseFilter,
    ProtEtomotutFilterTomograms,
    ProtEtomotutReconstruct,
)
from etomotut.tests.projects.project import ANGLES, PIXEL, ProjectTest

IMPORTED = "outputTiltSeries"


class TestFilters(ProjectTest):
    """Noise, dose-weighted; its tomograms, filtered."""

    @classmethod
    def setUpClass(cls) -> None:
        """Run the stages."""
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2"])
        cls.imported = cls.import_series()
        cls.weighed = cls.run_stage(ProtEtomotutDoseFilter, (cls.imported, IMPORTED))
        cls.again = cls.run_stage(ProtEtomotutDoseFilter, (cls.weighed, "TiltSeries"))
        cls.tomograms = cls.run_stage(
            ProtEtomotutReconstruct, (cls.weighed, "TiltSeries"), tomoThickness=40, tomoShiftZ=3.0
        )
        source = (cls.tomograms, "Tomograms"), "inputSetOfTomograms"
        cls.filtered = cls.run_stage(ProtEtomotutFilterTomograms, *source, lowPassCutoff=50.0)
        cls.median = cls.run_stage(ProtEtomotutFilterTomograms, *source, filterType=4)

    def test_views_lose_more_the_later_they_were_taken(self) -> None:
        _, before = self.series_of(self.imported.outputTiltSeries)["TS_1"]
        _, after = self.series_of(self.weighed.TiltSeries)["TS_1"]
        old, new = (mrc.read(images[0].getFileName()) for images in (before, after))
        left = np.std(new, axis=(1, 2)) / np.std(old, axis=(1, 2))
        doses = {i.getIndex(): i.getAcquisition().getAccumDose() for i in before}
        in_order = left[np.argsort([doses[n + 1] for n in range(len(left))])]
        self.assertTrue(np.all(np.diff(in_order) < 0))
        self.assertTrue(np.allclose(new.mean(axis=(1, 2)), old.mean(axis=(1, 2)), rtol=1e-4))

    def test_nothing_weighs_views_twice(self) -> None:
        self.checkTiltSeries(
            self.weighed.TiltSeries,
            2,
            PIXEL,
            imported=True,
            expectedDimensions=[140, 130, len(ANGLES)],
            anglesCount=len(ANGLES),
        )
        self.assertEqual(self.weighed.TiltSeries.getAcquisition().getAccumDose(), 0)
        for series, images in self.series_of(self.weighed.TiltSeries).values():
            found = {each.getAcquisition().getAccumDose() for each in (series, *images)}
            self.assertEqual(found, {0.0})
        self.assertFalse(self.again.isFinished())
        self.assertIn("dose-weighted already", self.records(self.again)["TS_1"]["reason"])

    def test_filtered_tomograms_stay_where_they_are(self) -> None:
        origins = [
            [t.getShiftsFromOrigin() for t in stage.Tomograms.iterItems()]
            for stage in (self.tomograms, self.filtered, self.median)
        ]
        self.assertEqual(origins[0], origins[1])
        self.assertEqual(origins[0], origins[2])
        before, after = (
            {t.getTsId(): mrc.read(t.getFileName()) for t in stage.Tomograms.iterItems()}
            for stage in (self.tomograms, self.filtered)
        )
        self.assertEqual(before["TS_1"].shape, after["TS_1"].shape)
        self.assertLess(after["TS_1"].std(), before["TS_1"].std())

    def test_what_was_done_is_told_and_drawn(self) -> None:
        self.assertIn("low-pass 50 A: ", "\n".join(self.filtered._summary()))
        self.assertIn("median of 3^3 voxels", "\n".join(self.median._summary()))
        self.assertIn("doses up to 33 e/A^2 at 300 kV", "\n".join(self.weighed._summary()))
        for stage in (self.weighed, self.filtered, self.median):
            for name in ("TS_1", "TS_2"):
                picture = Path(stage._getExtraPath(name, f"{name}_spectrum.png"))
                self.assertGreater(picture.stat().st_size, 10000)


if __name__ == "__main__":
    unittest.main()
