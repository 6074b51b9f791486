"""The tutorial's chain on simulated series, from the raw stack to cropped tomograms."""

from __future__ import annotations

import unittest

import numpy as np

from etomotut import backends
from etomotut.demo import __main__ as demo
from etomotut.demo import truth
from etomotut.formats import mrc
from etomotut.packages import IMOD_PACKAGE, find_package
from etomotut.protocols import (
    ProtEtomotutApplyAlignment,
    ProtEtomotutCrop,
    ProtEtomotutCurateFiducials,
    ProtEtomotutFiducialAlignment,
    ProtEtomotutFiducialModel,
    ProtEtomotutPrealign,
    ProtEtomotutPreprocess,
    ProtEtomotutReconstruct,
    ProtEtomotutXrayEraser,
)
from etomotut.tests.projects.layer import check_outputs
from etomotut.tests.projects.project import ProjectTest

PIXEL = 11.04
THICKNESS, KEPT = 200, 180
VIEWS = 41


class TestChain(ProjectTest):
    """One project for all stages; each test looks at one of them."""

    backend, said = backends.EMBEDDED, "embedded programs"

    @classmethod
    def setUpClass(cls) -> None:
        """Run all stages."""
        super().setUpClass()
        demo.make(cls.data, preset="small", count=2)
        cls.imported = cls.import_series("*.mdoc", samplingRate=PIXEL, tiltAxisAngle=-95.0)
        cls.erased = cls.run_stage(ProtEtomotutXrayEraser, (cls.imported, "outputTiltSeries"))
        cls.binned = cls.run_stage(ProtEtomotutPreprocess, (cls.erased, "TiltSeries"), binning=1)
        cls.shifted = cls.run_stage(ProtEtomotutPrealign, (cls.binned, "TiltSeries"))
        cls.models = cls.run_stage(
            ProtEtomotutFiducialModel, (cls.shifted, "TiltSeries"), numberFiducial=16
        )
        cls.curated = cls.run_stage(
            ProtEtomotutCurateFiducials,
            (cls.models, "FiducialModelGaps"),
            "inputSetOfLandmarkModels",
        )
        cls.aligned = cls.run_stage(
            ProtEtomotutFiducialAlignment,
            (cls.curated, "FiducialModelGaps"),
            "inputSetOfLandmarkModels",
        )
        source = cls.aligned, "TiltSeries"
        cls.applied = cls.run_stage(ProtEtomotutApplyAlignment, source)
        cls.tomograms = cls.run_stage(ProtEtomotutReconstruct, source, tomoThickness=THICKNESS)
        cls.cropped = cls.run_stage(
            ProtEtomotutCrop,
            (cls.tomograms, "Tomograms"),
            "inputSetOfTomograms",
            keepThickness=KEPT,
            x0=11,
            x1=240,
        )

    def test_xrays_are_erased_and_counted(self) -> None:
        self.checkTiltSeries(
            self.erased.TiltSeries,
            2,
            PIXEL,
            imported=True,
            expectedDimensions=[360, 256, VIEWS],
            anglesCount=VIEWS,
        )
        for numbers in self.records(self.erased).values():
            self.assertGreater(numbers["numbers"]["peaks"], 100)

    def test_preprocessed_series_keep_their_size_and_dose(self) -> None:
        self.checkTiltSeries(
            self.binned.TiltSeries,
            2,
            PIXEL,
            imported=True,
            expectedDimensions=[360, 256, VIEWS],
            anglesCount=VIEWS,
            testAcqObj=self._acquisitions(self.imported.outputTiltSeries),
        )

    def test_prealigned_series_have_shifts_and_the_same_images(self) -> None:
        self.checkTiltSeries(
            self.shifted.TiltSeries,
            2,
            PIXEL,
            alignment="2D",
            hasAlignment=True,
            expectedDimensions=[360, 256, VIEWS],
            anglesCount=VIEWS,
        )
        _, images = self.series_of(self.shifted.TiltSeries)["TS_01"]
        _, before = self.series_of(self.binned.TiltSeries)["TS_01"]
        self.assertEqual(images[0].getFileName(), before[0].getFileName())

    def test_models_have_beads_and_know_their_series(self) -> None:
        models = self.models.FiducialModelGaps
        self.assertSetSize(models, 2)
        self.assertTrue(models.isStreamClosed())
        self.assertEqual(models.getSetOfTiltSeries().getSize(), 2)
        for landmarks in models.iterItems():
            self.assertGreaterEqual(landmarks.getCount(), 8)
            rows = np.array(landmarks.retrieveInfoTable(), float)
            self.assertLessEqual(rows[:, 2].max(), VIEWS)
            self.assertGreaterEqual(rows[:, 2].min(), 1)
            self.assertFalse(np.allclose(rows[:, 0], np.rint(rows[:, 0])))

    def test_curated_models_are_the_same_beads_told_better(self) -> None:
        models = self.curated.FiducialModelGaps
        self.assertSetSize(models, 2)
        self.assertEqual(models.getSetOfTiltSeries().getSize(), 2)
        before = {each.getTsId(): each.clone() for each in self.models.FiducialModelGaps}
        for landmarks in models.iterItems():
            ts_id = landmarks.getTsId()
            numbers = self.records(self.curated)[ts_id]["numbers"]
            self.assertEqual(landmarks.getCount(), numbers["beads_after"])
            self.assertEqual(before[ts_id].getCount(), numbers["beads_before"])
            self.assertEqual(landmarks.getSize(), before[ts_id].getSize())
            self.assertEqual(len(landmarks.retrieveInfoTable()), numbers["marks_after"])
            kept, was = (numbers[f"leave_one_out_kept{at}_px"] for at in ("", "_before"))
            self.assertLessEqual(kept, was + 0.002)
            self.assertIn(f"{numbers['gaps_after']} gaps left", "".join(self.curated.summary()))

    def test_alignments_agree_with_the_truth(self) -> None:
        self.checkTiltSeries(
            self.aligned.TiltSeries,
            2,
            PIXEL,
            alignment="2D",
            hasAlignment=True,
            expectedDimensions=[360, 256, VIEWS],
            anglesCount=VIEWS,
        )
        for ts_id, (series, images) in self.series_of(self.aligned.TiltSeries).items():
            known = truth.read(self.data / f"{ts_id}_truth.json")
            matrices = [image.getTransform().getMatrix()[:2] for image in images]
            angles = [image.getTiltAngle() for image in images]
            error = truth.alignment_error(np.array(matrices), angles, known, size=(360, 256))
            self.assertLess(error, 0.5)
            axis = series.getAcquisition().getTiltAxisAngle()
            self.assertLess(abs(axis - known.axis_angle), 0.5)
            self.assertNotEqual(axis, -95.0)

    def test_models_without_gaps_have_residuals(self) -> None:
        models = self.aligned.FiducialModelNoGaps
        self.assertSetSize(models, 2)
        self.assertTrue(bool(models.hasResidualInfo()))
        for landmarks in models.iterItems():
            rows = np.array(landmarks.retrieveInfoTable(), float)
            filled = np.isnan(rows[:, 4])
            self.assertLess(filled.mean(), 0.5)
            numbers = self.records(self.aligned)[landmarks.getTsId()]["numbers"]
            self.assertEqual((~filled).sum(), numbers["points"])
            lengths = np.hypot(rows[~filled, 4], rows[~filled, 5])
            self.assertAlmostEqual(lengths.mean(), numbers["residual"], places=2)

    def test_beads_lie_in_space_where_the_truth_has_them(self) -> None:
        coordinates = self.aligned.TiltSeriesCoordinates
        self.assertTrue(coordinates.isStreamClosed())
        self.assertEqual(coordinates.getSetOfTiltSeries().getSize(), 2)
        found = {}
        for each in coordinates.iterItems():
            found.setdefault(each.getTsId(), []).append(each.getPosition())
        self.assertEqual(sorted(found), ["TS_01", "TS_02"])
        for ts_id, positions in found.items():
            _, images = self.series_of(self.aligned.TiltSeries)[ts_id]
            known = truth.read(self.data / f"{ts_id}_truth.json")
            matrices = np.array([image.getTransform().getMatrix()[:2] for image in images])
            angles = [image.getTiltAngle() for image in images]
            places = truth.bead_places(matrices, angles, known, size=(360, 256)) * PIXEL
            distances = np.linalg.norm(np.array(positions)[:, None] - places[None], axis=2)
            self.assertLess(np.median(np.nanmin(distances, axis=1)), PIXEL)

    def test_alignments_are_judged_by_marks_that_took_no_part(self) -> None:
        for found in self.aligned.AlignmentQuality.iterItems():
            self.assertEqual(found.getVerdict(), "good")
            numbers = self.records(self.aligned)[found.getTsId()]["numbers"]
            self.assertAlmostEqual(found.value("residual_mean_px"), numbers["residual"], places=3)
            self.assertEqual(found.value("gaps_filled"), numbers["filled"])
            self.assertAlmostEqual(found.value("tilt_axis_deg"), numbers["rotation"], places=3)
            self.assertLess(found.value("leave_one_out_px"), 0.5)
            self.assertLess(found.value("expected_error_px"), 0.5)
            self.assertIn(f"*good*: {found.getReasons()[0]}", "\n".join(self.aligned.summary()))

    def test_applied_alignments_are_turned_upright(self) -> None:
        self.checkTiltSeries(
            self.applied.InterpolatedTiltSeries,
            2,
            PIXEL,
            isInterpolated=True,
            expectedDimensions=[256, 360, VIEWS],
            anglesCount=VIEWS,
        )

    def test_beads_shine_in_the_tomogram_where_they_were_solved(self) -> None:
        self.checkTomograms(
            self.tomograms.Tomograms,
            2,
            PIXEL,
            expectedDimensions=[256, 360, THICKNESS],
            expectedOriginShifts=[-128 * PIXEL, -180 * PIXEL, -THICKNESS / 2 * PIXEL],
        )
        self._check_beads(self.tomograms.Tomograms)

    def test_crops_keep_beads_where_they_are_in_space(self) -> None:
        self.checkTomograms(
            self.cropped.Tomograms,
            2,
            PIXEL,
            expectedDimensions=[230, 360, KEPT],
            expectedOriginShifts=[-118 * PIXEL, -180 * PIXEL, -KEPT / 2 * PIXEL],
        )
        self._check_beads(self.cropped.Tomograms)

    def test_summaries_say_numbers(self) -> None:
        wanted = {
            self.erased: "X-rays replaced",
            self.binned: "360 x 256 x 41 became 360 x 256 x 41",
            self.shifted: "largest shift",
            self.models: "beads",
            self.aligned: "mean residual",
            self.tomograms: "256 x 360 x 200 from 41 views",
            self.cropped: "256 x 360 x 200 became 230 x 360 x 180",
        }
        for protocol, text in wanted.items():
            summary = protocol.summary()
            self.assertIn(self.said, summary[0])
            self.assertIn(text, "\n".join(summary))

    def test_every_output_passes_the_checks_that_other_plugins_pass(self) -> None:
        expected = {
            self.erased: ["TiltSeries"],
            self.binned: ["TiltSeries"],
            self.shifted: ["TiltSeries"],
            self.aligned: ["TiltSeries", "AlignmentQuality"],
            self.applied: ["InterpolatedTiltSeries"],
            self.tomograms: ["Tomograms"],
            self.cropped: ["Tomograms"],
        }
        for stage, names in expected.items():
            self.assertEqual(check_outputs(self, stage), names)

    def _check_beads(self, tomograms) -> None:
        """Look for the darkness of beads at the positions that the alignment solved."""
        positions = {}
        for each in self.aligned.TiltSeriesCoordinates.iterItems():
            positions.setdefault(each.getTsId(), []).append(each.getPosition())
        for tomogram in tomograms.iterItems():
            volume = mrc.read(tomogram.getFileName())
            origin = np.array(tomogram.getShiftsFromOrigin())
            places = (np.array(positions[tomogram.getTsId()]) - origin) / PIXEL - 0.5
            inside = (places > 3).all(1) & (places < np.array(volume.shape[::-1]) - 4).all(1)
            x, y, z = np.rint(places[inside]).astype(int).T
            around = [
                volume[c - 1 : c + 2, b - 1 : b + 2, a - 1 : a + 2].mean()
                for a, b, c in zip(x, y, z)
            ]
            darkness = (volume.mean() - np.array(around)) / volume.std()
            self.assertGreater(np.median(darkness), 3)

    def _acquisitions(self, output) -> dict:
        return {key: series.getAcquisition() for key, (series, _) in self.series_of(output).items()}


@unittest.skipUnless(find_package(IMOD_PACKAGE), IMOD_PACKAGE.how_to_find)
class TestChainWithImod(TestChain):
    """The same project with the programs of the user's IMOD."""

    backend, said = backends.IMOD, "IMOD"
