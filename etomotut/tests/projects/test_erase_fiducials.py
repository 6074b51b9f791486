"""Gold erased in a project: with and without 3D positions, and with one series that is no more."""

from __future__ import annotations

import unittest
from pathlib import Path

import numpy as np

from etomotut.demo import __main__ as demo
from etomotut.demo import truth
from etomotut.engine.bead_masks import draw
from etomotut.formats import mrc
from etomotut.protocols import (
    ProtEtomotutEraseFiducials,
    ProtEtomotutFiducialAlignment,
    ProtEtomotutFiducialModel,
    ProtEtomotutPrealign,
)
from etomotut.tests.projects.project import ProjectTest

PIXEL = 11.04
LOST = "TS_02"


class TestEraseFiducials(ProjectTest):
    """Two small series, aligned; a view is disabled in the first one, the second's file is lost."""

    @classmethod
    def setUpClass(cls) -> None:
        """Run the stages."""
        super().setUpClass()
        demo.make(cls.data, preset="tiny", count=2)
        cls.imported = cls.import_series("*.mdoc", samplingRate=PIXEL, tiltAxisAngle=-95.0)
        cls.shifted = cls.run_stage(ProtEtomotutPrealign, (cls.imported, "outputTiltSeries"))
        cls.models = cls.run_stage(ProtEtomotutFiducialModel, (cls.shifted, "TiltSeries"))
        cls.aligned = cls.run_stage(
            ProtEtomotutFiducialAlignment,
            (cls.models, "FiducialModelGaps"),
            "inputSetOfLandmarkModels",
        )
        cls.edit(cls.aligned, "TiltSeries", cls._disable)
        cls.found = cls.run_stage(ProtEtomotutEraseFiducials, (cls.aligned, "TiltSeries"))
        Path(cls._file(cls.aligned.TiltSeries, LOST)).unlink()
        known = cls.stage(
            ProtEtomotutEraseFiducials, (cls.aligned, "TiltSeries"), processOddEven=False
        )
        known.inputCoordinates.set(cls.aligned)
        known.inputCoordinates.setExtended("TiltSeriesCoordinates")
        cls.proj.saveProtocol(known)
        cls.known = cls.finish(known)

    @staticmethod
    def _disable(series: object, images: list) -> None:
        images[0].setEnabled(False)

    @classmethod
    def _file(cls, output: object, name: str) -> str:
        return cls.series_of(output)[name][1][0].getFileName()

    def _shares(self, stage: object) -> tuple:
        """Give what the mask of the first series has of the beads' pixels, and of all pixels."""
        mask = mrc.read(self._file(stage.FiducialMasks, "TS_01")) != 0
        known = truth.read(self.data / "TS_01_truth.json")
        discs = np.zeros(mask.shape, bool)
        for disc, places in zip(discs, known.track + (89.5, 63.5)):
            disc |= draw(disc.shape, places, known.bead_diameter / known.pixel_size / 2)
        return mask[discs].mean(), mask.mean()

    def test_gold_is_masked_with_and_without_positions(self) -> None:
        for stage in (self.found, self.known):
            covered, share = self._shares(stage)
            self.assertGreater(covered, 0.99)
            self.assertLess(share, 0.08)

    def test_the_alignment_and_the_disabled_view_are_kept(self) -> None:
        for stage in (self.found, self.known):
            _, before = self.series_of(self.aligned.TiltSeries)["TS_01"]
            _, after = self.series_of(stage.TiltSeries)["TS_01"]
            self.assertEqual([each.isEnabled() for each in after].count(False), 1)
            for one, other in zip(before, after):
                self.assertEqual(one.isEnabled(), other.isEnabled())
                self.assertEqual(one.getTiltAngle(), other.getTiltAngle())
                self.assertTrue(np.allclose(*(x.getTransform().getMatrix() for x in (one, other))))
                self.assertEqual(*(x.getAcquisition().getAccumDose() for x in (one, other)))

    def test_nothing_but_what_the_mask_marks_is_changed(self) -> None:
        names = (self.aligned.TiltSeries, self.known.TiltSeries, self.known.FiducialMasks)
        before, after, mask = (mrc.read(self._file(each, "TS_01")) for each in names)
        self.assertTrue(np.array_equal(before[mask == 0], after[mask == 0]))
        self.assertGreater(after[mask != 0].mean(), 1.2 * before[mask != 0].mean())

    def test_a_lost_series_does_not_stop_the_others(self) -> None:
        self.assertEqual(self.found.TiltSeries.getSize(), 2)
        self.assertEqual(list(self.series_of(self.known.TiltSeries)), ["TS_01"])
        self.assertEqual(list(self.series_of(self.known.FailedTiltSeries)), [LOST])

    def test_the_summary_tells_how_much_was_erased(self) -> None:
        self.assertRegex("\n".join(self.found.summary()), r"TS_02: \d+ areas a view, \d\.\d% of")
        self.assertRegex("\n".join(self.known.summary()), r"TS_01: .*; \d+ beads are known in 3D")
        pictures = list(Path(self.known._getExtraPath("TS_01")).glob("*_erased.png"))
        self.assertEqual(len(pictures), 1)

    def test_only_known_beads_need_positions(self) -> None:
        stage = self.stage(ProtEtomotutEraseFiducials, (self.aligned, "TiltSeries"), onlyKnown=True)
        self.assertIn("give their positions", " ".join(stage.validate()))


if __name__ == "__main__":
    unittest.main()
