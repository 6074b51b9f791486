"""What every stage does with series that fail, arrive late, are incomplete, or come again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from pwem.objects import Set, Transform
from pyworkflow.protocol import getUpdatedProtocol

from etomotut.formats import mrc
from etomotut.protocols import (
    ProtEtomotutApplyAlignment,
    ProtEtomotutCrop,
    ProtEtomotutPrealign,
    ProtEtomotutPreprocess,
    ProtEtomotutReconstruct,
    ProtEtomotutTomo3d,
)
from etomotut.tests.projects.project import ANGLES, PIXEL, ProjectTest
from etomotut.tests.scipion_objects import turn

IMPORTED = "outputTiltSeries"


class TestFailures(ProjectTest):
    """One series cannot be read; the others can."""

    def test_the_others_finish_and_a_continued_run_takes_up_the_repaired_one(self) -> None:
        self.write_noise(["TS_1", "TS_2", "TS_3"])
        whole = self.data / "whole.mrcs"
        shutil.copy(self.data / "TS_2.mrcs", whole)
        imported = self.import_series("{TS}.mrcs", exclusionWords="whole")
        os.truncate(self.data / "TS_2.mrcs", 5000)

        stage = self.run_stage(ProtEtomotutPreprocess, (imported, IMPORTED), binning=1)
        self.assertTrue(stage.isFinished())
        self.assertEqual(sorted(stage.TiltSeries.getTSIds()), ["TS_1", "TS_3"])
        failed = self.series_of(stage.FailedTiltSeries)
        self.assertEqual(list(failed), ["TS_2"])
        reason = self.records(stage)["TS_2"]["reason"]
        self.assertIn("data end before its header says", reason)
        self.assertEqual(failed["TS_2"][0].getObjComment(), reason)
        self.assertIn(f"TS_2: {reason}", stage.summary())
        self.assertEqual(len(failed["TS_2"][1]), len(ANGLES))

        shutil.copy(whole, self.data / "TS_2.mrcs")
        before = os.path.getmtime(stage._getExtraPath("TS_1", "TS_1.mrcs"))
        self.finish(stage)
        self.assertEqual(sorted(stage.TiltSeries.getTSIds()), ["TS_1", "TS_2", "TS_3"])
        self.assertEqual(stage.FailedTiltSeries.getSize(), 0)
        self.assertEqual(self.series_of(stage.FailedTiltSeries), {})
        self.assertFalse(any("TS_2: " + reason in line for line in stage.summary()))
        self.assertEqual(os.path.getmtime(stage._getExtraPath("TS_1", "TS_1.mrcs")), before)
        self.checkTiltSeries(stage.TiltSeries, 3, PIXEL, imported=True, anglesCount=len(ANGLES))

        stage.binning.set(2)
        self.assertIn("choose Restart", " ".join(stage.validate()))

    def test_a_series_that_was_being_added_when_the_run_was_stopped_is_done_again(self) -> None:
        self.write_noise(["TS_1", "TS_2"])
        imported = self.import_series()
        stage = self.run_stage(ProtEtomotutPreprocess, (imported, IMPORTED), binning=1)
        path = Path(stage._getExtraPath("series.json"))
        records = json.loads(path.read_text())
        del records["series"]["TS_2"]
        path.write_text(json.dumps(records))
        with closing(sqlite3.connect(stage.TiltSeries.getFileName())) as half, half:
            half.execute("DELETE FROM TS_2_Objects WHERE id > 3")
        Path(stage.getStepsFile()).write_bytes(b"")  # as if killed while Scipion made it
        self.finish(stage)
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.checkTiltSeries(stage.TiltSeries, 2, PIXEL, imported=True, anglesCount=len(ANGLES))

    def test_inputs_whose_files_are_missing_are_failed_items(self) -> None:
        self.write_noise(["TS_1", "TS_2"])
        imported = self.import_series()
        source = imported, IMPORTED
        tomograms = self.run_stage(ProtEtomotutReconstruct, source, tomoThickness=20)
        os.remove(self.data / "TS_2.mrcs")
        stage = self.run_stage(ProtEtomotutPreprocess, source, binning=1)
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.assertEqual(len(self.series_of(stage.FailedTiltSeries)["TS_2"][1]), len(ANGLES))
        self.assertIn("does not exist", self.records(stage)["TS_2"]["reason"])

        os.remove(tomograms._getExtraPath("TS_1", "TS_1.mrc"))
        name = "inputSetOfTomograms"
        stage = self.run_stage(ProtEtomotutCrop, (tomograms, "Tomograms"), name, keepThickness=10)
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.assertEqual(stage.Tomograms.getTSIds(), ["TS_2"])
        self.assertEqual(stage.FailedTomograms.getTSIds(), ["TS_1"])

    def test_a_run_without_any_result_fails_and_says_why(self) -> None:
        self.write_noise(["TS_1"])
        imported = self.import_series("TS_1.mrcs")
        os.truncate(self.data / "TS_1.mrcs", 5000)
        stage = self.run_stage(ProtEtomotutPreprocess, (imported, IMPORTED), binning=1)
        self.assertTrue(stage.isFailed())
        self.assertIn("TS_1: ", stage.getErrorMessage())
        self.assertEqual(stage.FailedTiltSeries.getSize(), 1)


class TestBadSeries(ProjectTest):
    """Most series of a set are bad, each in its own way."""

    def test_bad_series_of_many_kinds_fail_each_for_its_reason(self) -> None:
        reasons = {
            "Blank": "tiltxcorr: view 3 of ",
            "Cut": "data end before its header says, after 5000 of ",
            "Gone": "does not exist",
            "Nan": "has 1 of 18200 densities that are not finite numbers",
            "One": "1 of its 11 views is enabled; 2 or more make a tilt series",
            "Same": "gives all 11 views the tilt angle 5; a tilt series has different ones",
            "Text": "is not an MRC file: its header says ",
        }
        self.write_noise(["Good", "Well", *reasons])
        imported = self.import_series()
        self.edit(imported, IMPORTED, self._spoil_views)
        stack = mrc.read(self.data / "Good.mrcs")
        for name, view, value in (("Nan", (2, 5, 7), np.nan), ("Blank", 2, 3.0)):
            spoilt = stack.copy()
            spoilt[view] = value
            mrc.write(self.data / f"{name}.mrcs", spoilt, pixel_size=1.0)
        os.truncate(self.data / "Cut.mrcs", 5000)
        os.remove(self.data / "Gone.mrcs")
        (self.data / "Text.mrcs").write_text("not an image " * 200)

        stage = self.run_stage(ProtEtomotutPrealign, (imported, IMPORTED))
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.assertEqual(sorted(stage.TiltSeries.getTSIds()), ["Good", "Well"])
        self.assertEqual(sorted(stage.FailedTiltSeries.getTSIds()), sorted(reasons))
        for name, reason in reasons.items():
            told = self.records(stage)[name]["reason"]
            self.assertIn(reason, told)
            self.assertNotIn("\n", told)
            self.assertIn(f"{name}: {told}", stage.summary())

    @staticmethod
    def _spoil_views(series, images) -> None:
        """Give one series the same tilt angle everywhere, and leave another one view."""
        for image in images:
            if series.getTsId() == "Same":
                image.setTiltAngle(5.0)
            if series.getTsId() == "One":
                image.setEnabled(image.getAcquisitionOrder() == 3)


class TestStreaming(ProjectTest):
    """Series arrive one after another."""

    def test_steps_begin_as_series_arrive_and_all_is_closed_at_the_end(self) -> None:
        self.write_noise(["TS_1", "TS_2", "TS_3", "TS_4"])
        imported = self.import_series()
        output = imported.outputTiltSeries
        all_series = self.series_of(output)
        stream = self.rewrite(output, [all_series["TS_1"]], Set.STREAM_OPEN)
        stage = self.stage(ProtEtomotutPreprocess, (imported, IMPORTED), binning=1)
        self.proj.launchProtocol(stage, wait=False)
        self.wait_for(lambda: "TS_1" in self.records(stage))
        self.append(stream, all_series["TS_2"], Set.STREAM_OPEN)
        empty = all_series["TS_3"][0], []  # no views so far, and never any
        self.append(stream, empty, Set.STREAM_OPEN)
        self.wait_for(lambda: "TS_2" in self.records(stage))
        self.assertNotIn("TS_3", self.records(stage))
        self.append(stream, all_series["TS_4"], Set.STREAM_CLOSED)
        self.wait_for(lambda: not getUpdatedProtocol(stage).isActive())
        stage = getUpdatedProtocol(stage)
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.assertEqual(sorted(stage.TiltSeries.getTSIds()), ["TS_1", "TS_2", "TS_4"])
        self.assertTrue(stage.TiltSeries.isStreamClosed())
        self.assertEqual(self.records(stage)["TS_3"]["reason"], "the series has no views")
        self.assertEqual(stage.FailedTiltSeries.getTSIds(), ["TS_3"])


class TestHalvesAndExcludedViews(ProjectTest):
    """Series with halves, with views that are excluded, in files that are not sorted by tilt."""

    ORDER = (5, 6, 4, 7, 3, 8, 2, 9, 1, 10, 0)  # the sections of a dose-symmetric file
    EXCLUDED = (1, 9)  # acquisition orders

    def test_halves_and_excluded_views_go_through_preprocessing_and_alignment(self) -> None:
        angles = ANGLES[list(self.ORDER)]
        self.write_noise(["TS_1"], angles)
        for half, add in (("odd", 1000), ("even", 2000)):
            full = mrc.read(self.data / "TS_1.mrcs")
            mrc.write(self.data / f"TS_1_{half}.mrcs", full + np.float32(add), pixel_size=1.0)
        imported = self.import_series("TS_1.mrcs")
        self.edit(imported, IMPORTED, self._prepare)

        binned = self.run_stage(
            ProtEtomotutPreprocess,
            (imported, IMPORTED),
            binning=1,
            processOddEven=True,
            numberOfThreads=2,
        )
        excluded = {"TS_1": [n for n, a in enumerate(ANGLES) if self._is_excluded(angles, a)]}
        self.checkTiltSeries(
            binned.TiltSeries,
            1,
            PIXEL,
            expectedDimensions=[140, 130, 11],
            hasOddEven=True,
            anglesCount=11,
            alignment="2D",
            hasAlignment=True,
            excludedViewsDict=excluded,
        )
        _, images = self.series_of(binned.TiltSeries)["TS_1"]
        self.assertEqual([i.getTiltAngle() for i in images], list(ANGLES))
        sections = [angles.tolist().index(angle) + 1 for angle in ANGLES]
        self.assertEqual([i.getIndex() for i in images], sections)
        means = [mrc.Stack(images[0].getOdd())[n].mean() for n in (0, 10)]
        self.assertTrue(np.allclose(means, [1100, 1110], atol=1))
        self.assertAlmostEqual(mrc.Stack(images[0].getEven()).pixel_size, PIXEL, places=3)

        applied = self.run_stage(
            ProtEtomotutApplyAlignment, (binned, "TiltSeries"), processOddEven=True
        )
        self.checkTiltSeries(
            applied.InterpolatedTiltSeries,
            1,
            PIXEL,
            expectedDimensions=[130, 140, 9],  # turned by 85 degrees
            hasOddEven=True,
            anglesCount=9,
            isInterpolated=True,
        )
        _, images = self.series_of(applied.InterpolatedTiltSeries)["TS_1"]
        self.assertEqual([i.getIndex() for i in images], list(range(1, 10)))
        present = [a for a in ANGLES if not self._is_excluded(angles, a)]
        self.assertEqual([i.getTiltAngle() for i in images], present)
        self.assertEqual({i.getAcquisition().getTiltAxisAngle() for i in images}, {0.0})
        for suffix, add in (("", 0), ("_odd", 1000), ("_even", 2000)):
            stack = mrc.read(applied._getExtraPath("TS_1", f"TS_1{suffix}.mrcs"))
            sections = [angles.tolist().index(angle) for angle in present]
            found = stack[:, 60:80, 55:75].mean(axis=(1, 2)) - 100 - add
            self.assertTrue(np.allclose(found, sections, atol=3))

        tomograms = self.run_stage(
            ProtEtomotutReconstruct,
            (binned, "TiltSeries"),
            tomoThickness=40,
            tomoShiftZ=3.0,
            processOddEven=True,
        )
        cropped = self.run_stage(
            ProtEtomotutCrop,
            (tomograms, "Tomograms"),
            "inputSetOfTomograms",
            keepThickness=20,
            processOddEven=True,
        )
        for stage, depth, start in ((tomograms, 40, -20 + 3), (cropped, 20, -10 + 3)):
            self.checkTomograms(
                stage.Tomograms,
                1,
                PIXEL,
                expectedDimensions=[130, 140, depth],
                hasOddEven=True,
                hasHalves=True,
                expectedOriginShifts=[-65 * PIXEL, -70 * PIXEL, start * PIXEL],
            )
            tomogram = stage.Tomograms.getFirstItem()
            even, odd = sorted(tomogram.getHalfMaps(asList=True))
            self.assertLess(mrc.read(odd).mean(), mrc.read(even).mean())
            self.assertAlmostEqual(mrc.Stack(odd).pixel_size, PIXEL, places=3)
        self._check_final(binned)

    def _check_final(self, binned) -> None:
        """Reconstruct some slices by SIRT, with halves, and look at where they are."""
        values = {"tomoThickness": 40, "nIterations": 3, "iniSlice": 20, "finSlice": 99}
        stage = self.run_stage(
            ProtEtomotutTomo3d, (binned, "TiltSeries"), processOddEven=True, **values
        )
        self.checkTomograms(
            stage.Tomograms,
            1,
            PIXEL,
            expectedDimensions=[130, 80, 40],
            hasOddEven=True,
            hasHalves=True,
            expectedOriginShifts=[-65 * PIXEL, -50 * PIXEL, -20 * PIXEL],
        )
        even, odd = sorted(stage.Tomograms.getFirstItem().getHalfMaps(asList=True))
        self.assertLess(mrc.read(odd).mean(), mrc.read(even).mean())
        numbers = self.records(stage)["TS_1"]["numbers"]
        self.assertEqual(numbers["iterations"], 3)
        self.assertLess(numbers["residual"], 100)
        self.assertIn("130 x 80 x 40 from 9 views, 40 nm thick, residual", stage.summary()[1])

    def _prepare(self, series, images) -> None:
        """Give the series an alignment, halves, and excluded views."""
        series.setAlignment2D()
        folder = Path(images[0].getFileName()).parent
        halves = [folder / f"TS_1_{half}.mrcs" for half in ("odd", "even")]
        for link in halves:
            os.symlink(self.data / link.name, link)
        for image in images:
            image.setTransform(Transform(matrix=turn(85.0, 2.0, 1.0)))
            image.setEnabled(image.getAcquisitionOrder() not in self.EXCLUDED)
            image.setOddEven([str(link) for link in halves])

    def _is_excluded(self, angles, angle: float) -> bool:
        return angles.tolist().index(angle) + 1 in self.EXCLUDED
