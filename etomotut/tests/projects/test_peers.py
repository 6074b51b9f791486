"""Other plugins read what we make, with the right numbers, and we read what they make."""

from __future__ import annotations

import importlib.util
import json
import unittest
from pathlib import Path

import numpy as np

from etomotut.convert.ctf import read_ctf
from etomotut.formats import mrc, tlt
from etomotut.protocols import (
    ProtEtomotutCrop,
    ProtEtomotutCurateFiducials,
    ProtEtomotutDenoise,
    ProtEtomotutFiducialModel,
    ProtEtomotutPrealign,
)
from etomotut.tests import scipion_home
from etomotut.tests.projects.peers import (
    NAMES,
    PEERS,
    PIXEL,
    THICKNESS,
    PeersTest,
    alike,
    angles_of,
    need,
    place_of,
)

if scipion_home.HAS_SCIPION:
    from tomo.utils import getCommonTsAndCtfElements

ABSENT = all(importlib.util.find_spec(each) is None for each in PEERS)
RELION = (
    "rlnTomoYTilt",
    "rlnTomoZRot",
    "rlnTomoXShiftAngst",
    "rlnTomoYShiftAngst",
    "rlnDefocusU",
    "rlnMicrographPreExposure",
)


@unittest.skipIf(ABSENT, "none of the other plugins is installed")
class TestPeers(PeersTest):
    """One project of ours; each test lets one plugin take of it, or gives us what it made."""

    @need("imod")
    def test_imod_corrects_our_series_by_our_estimations_and_we_go_on_with_it(self) -> None:
        from imod.protocols import ProtImodCtfCorrection

        stage = self.peer(
            ProtImodCtfCorrection,
            inputSetOfTiltSeries=(self.aligned, "TiltSeries"),
            inputSetOfCtfTomoSeries=(self.ctf, "CTFTomoSeries"),
            processOddEven=True,
            useGpu=False,
        )
        series = dict(zip(NAMES, self.items(self.aligned.TiltSeries)))
        estimated = dict(zip(NAMES, self.items(self.ctf.CTFTomoSeries)))
        present = {n: getCommonTsAndCtfElements(series[n], estimated[n]) for n in NAMES}
        steps = [
            lambda n: stage.convertInStep(series[n], estimated[n], present[n]),
            lambda n: stage.ctfCorrection(series[n]),
            lambda n: stage.createOutputStep(series[n], estimated[n], present[n]),
        ]
        self.run_steps(stage, NAMES, steps, "TiltSeries")
        for name, views in self.used(self.aligned.TiltSeries).items():
            self.check_imod_files(
                views, *(stage.getExtraOutFile(name, ext=end) for end in ("xf", "tlt", "defocus"))
            )
        ours = self.reconstruct((self.corrected, "TiltSeries"))
        made = self.reconstruct((stage, "TiltSeries"))
        self.assertFalse(hasattr(made, "FailedTiltSeries"), made.summary())
        for one, other in zip(self.items(ours.Tomograms), self.items(made.Tomograms)):
            self.assertGreater(alike(one.getFileName(), other.getFileName()), 0.9)
            self.assertTrue(other.hasHalfMaps() and other.ctfCorrected())

    @need("imod")
    def test_we_understand_estimations_that_imod_read(self) -> None:
        from tomo.protocols import ProtImportTsCTF

        stage = self.newProtocol(
            ProtImportTsCTF,
            importFrom=1,
            filesPath=str(self.data / "halves"),
            filesPattern="*.defocus",
        )
        stage.inputSetOfTiltSeries.set(self.halved)
        stage.inputSetOfTiltSeries.setExtended("TiltSeries")
        self.launchProtocol(stage)
        for theirs, ours in zip(*map(self.items, (stage.CTFs, self.ctf.CTFTomoSeries))):
            read, expected = read_ctf(theirs), read_ctf(ours)
            self.assertEqual([ctf.order for ctf in read], [ctf.order for ctf in expected])
            for one, other in zip(read, expected):
                self.assertTrue(np.allclose(one.defocus, other.defocus, atol=1))
                self.assertAlmostEqual(one.axis, other.axis, places=1)

    @need("imod")
    def test_imod_shifts_series_with_excluded_views_and_we_find_beads_in_them(self) -> None:
        from imod.protocols import ProtImodXcorrPrealignment

        source = self.halved, "TiltSeries"
        stage = self.peer(ProtImodXcorrPrealignment, inputSetOfTiltSeries=source)
        steps = [stage.convertInStep, stage.computeXcorrStep, stage.createAliTsStep]
        self.run_steps(stage, self.items(self.halved.TiltSeries), steps, "TiltSeries")
        models = self.run_stage(ProtEtomotutFiducialModel, (stage, "TiltSeries"))
        self.assertFalse(hasattr(models, "FailedTiltSeries"), models.summary())
        ours, found = (self._tracks(each.FiducialModelGaps) for each in (self.models, models))
        self.assertGreaterEqual(min(np.subtract(found, ours)), -2)

    @need("imod")
    def test_imod_takes_excluded_views_away_and_we_shift_the_others_as_before(self) -> None:
        from imod.protocols import ProtImodExcludeViews

        stage = self.peer(ProtImodExcludeViews, inputSetOfTiltSeries=(self.halved, "TiltSeries"))
        self.run_steps(stage, NAMES, [stage.excludeViewsStep, stage.createOutputStep], "TiltSeries")
        made = self.run_stage(ProtEtomotutPrealign, (stage, "TiltSeries"))
        found, expected = self.used(made.TiltSeries), self.used(self.shifted.TiltSeries)
        for name in NAMES:
            self.assertEqual(*(angles_of(each[name]) for each in (found, expected)))
            matrices = [self.matrices(each[name]) for each in (found, expected)]
            self.assertTrue(np.allclose(*matrices, atol=1e-3))

    @need("imod")
    def test_imod_solves_our_models_and_we_solve_its(self) -> None:
        from imod.protocols import ProtImodFiducialAlignment

        stage = self.peer(
            ProtImodFiducialAlignment, inputSetOfLandmarkModels=(self.models, "FiducialModelGaps")
        )
        series = dict(zip(NAMES, self.items(self.shifted.TiltSeries)))
        models = dict(zip(NAMES, self.items(self.models.FiducialModelGaps)))
        steps = [
            lambda n: stage.convertInStep(models[n], series[n]),
            lambda n: stage.computeFiducialAlignmentStep(models[n], series[n]),
            stage.translateFiducialPointModelStep,
            lambda n: stage.createOutputStep(models[n], series[n]),
        ]
        self.run_steps(stage, NAMES, steps, "TiltSeries", "FiducialModelNoGaps")
        curated = self.run_stage(
            ProtEtomotutCurateFiducials,
            (stage, "FiducialModelNoGaps"),
            "inputSetOfLandmarkModels",
        )
        self.assertFalse(hasattr(curated, "FailedTiltSeries"), curated.summary())
        again = self.align(stage, "FiducialModelNoGaps")
        self.assertFalse(hasattr(again, "FailedTiltSeries"), again.summary())
        for made in (stage, again, self.align(curated, "FiducialModelGaps")):
            for name, views in self.used(made.TiltSeries).items():
                self.assertLess(self.error(name, views), 2 * self.error(name) + 0.3)
        counts = [self._tracks(each.FiducialModelNoGaps) for each in (stage, again)]
        self.assertEqual(*counts)

    @need("imod")
    def test_imod_reconstructs_what_we_aligned_and_we_crop_it(self) -> None:
        from imod.protocols import ProtImodTomoReconstruction

        source = self.aligned, "TiltSeries"
        values = {"tomoThickness": THICKNESS, "processOddEven": True, "useGpu": False}
        stage = self.peer(ProtImodTomoReconstruction, inputSetOfTiltSeries=source, **values)
        steps = [
            stage.convertInStep,
            lambda series: stage.computeReconstructionStep(series.getTsId(), 0),
            stage.createOutputStep,
        ]
        self.run_steps(stage, self.items(self.aligned.TiltSeries), steps, "Tomograms")
        for ours, found in zip(*map(self.items, (self.tomograms.Tomograms, stage.Tomograms))):
            self.assertGreater(alike(ours.getFileName(), found.getFileName()), 0.9)
        crop = self.run_stage(
            ProtEtomotutCrop,
            (stage, "Tomograms"),
            "inputSetOfTomograms",
            keepThickness=40,
            processOddEven=True,
        )
        for before, after in zip(*map(self.items, (stage.Tomograms, crop.Tomograms))):
            moved = np.subtract(after.getShiftsFromOrigin(), before.getShiftsFromOrigin())
            self.assertTrue(np.allclose(moved, (0, 0, 10 * PIXEL)))
            odd, even = after.getHalfMaps(asList=True)
            means = [mrc.read(each).mean() for each in (odd, even)]
            self.assertIn("odd", odd)
            self.assertIn("even", even)
            self.assertNotEqual(*means)

    @need("imod")
    def test_imod_resamples_series_without_excluded_views_and_we_reconstruct_them(self) -> None:
        from imod.protocols import ProtImodApplyTransformationMatrix

        source = self.aligned, "TiltSeries"
        stage = self.peer(
            ProtImodApplyTransformationMatrix, inputSetOfTiltSeries=source, processOddEven=True
        )
        steps = [stage.computeAlignmentStep, stage.createOutputStep]
        self.run_steps(stage, NAMES, steps, "InterpolatedTiltSeries")
        kept = self.used(stage.InterpolatedTiltSeries)[NAMES[1]]
        self.assertEqual(len(kept), len(mrc.Stack(kept[0].getFileName())))
        self.assertGreater(kept[-1].getIndex(), len(kept))  # what makes it hard to read
        made = self.reconstruct((stage, "InterpolatedTiltSeries"))
        self.assertFalse(hasattr(made, "FailedTiltSeries"), made.summary())
        for ours, found in zip(*map(self.items, (self.tomograms.Tomograms, made.Tomograms))):
            self.assertGreater(alike(ours.getFileName(), found.getFileName()), 0.9)

    @need("tomo3d")
    def test_tomo3d_reconstructs_our_corrected_series_and_we_denoise_it(self) -> None:
        from tomo3d.protocols import ProtTomo3dReconstrucTomo

        source = self.corrected, "TiltSeries"
        stage = self.peer(
            ProtTomo3dReconstrucTomo, inputSetOfTiltSeries=source, doEvenOdd=True, height=THICKNESS
        )
        stage.program = str(
            self.programs / "tomo3d"
        )  # it was looked for when the plugin was imported
        steps = [
            stage.convertInputStep,
            lambda series: stage.reconstructTomogramStep(series.getTsId()),
            stage.createOutStep,
        ]
        self.run_steps(stage, self.items(self.corrected.TiltSeries), steps, "tomograms")
        for name, views in self.used(self.corrected.TiltSeries).items():
            angles = [view.getTiltAngle() for view in views]
            written = tlt.read(stage.getTsTmpFile(name, ext=".rawtlt"))
            self.assertTrue(np.allclose(written, angles, atol=1e-3))
        for ours, found in zip(*map(self.items, (self.tomograms.Tomograms, stage.tomograms))):
            for one, other in zip(*(sorted(t.getHalfMaps(asList=True)) for t in (ours, found))):
                self.assertGreater(alike(one, other), 0.9)
        done = self.run_stage(ProtEtomotutDenoise, (stage, "tomograms"), "inputSetOfTomograms")
        self.assertEqual(done.Tomograms.getSize(), 2, done.summary())

    @need("tomo3d")
    def test_tomo3d_denoises_our_tomograms(self) -> None:
        from tomo3d.protocols import ProtTomo3dProtDenoiseTomogram

        source = self.tomograms, "Tomograms"
        stage = self.peer(ProtTomo3dProtDenoiseTomogram, inputSetTomograms=source, nIter=2)
        steps = [stage.denoiseTomogramStep, stage.createOutStep]
        self.run_steps(stage, self.items(self.tomograms.Tomograms), steps, "tomograms")
        for before, after in zip(*map(self.items, (self.tomograms.Tomograms, stage.tomograms))):
            self.assertEqual(before.getDim(), after.getDim())
            self.assertLess(
                mrc.read(after.getFileName()).std(), mrc.read(before.getFileName()).std()
            )

    @need("novactf")
    def test_novactf_gets_our_alignment_and_estimations(self) -> None:
        from novactf.protocols import ProtNovaCtf

        stage = self.peer(
            ProtNovaCtf,
            inputSetOfTiltSeries=(self.aligned, "TiltSeries"),
            inputSetOfCtfTomoSeries=(self.ctf, "CTFTomoSeries"),
        )
        self.assertEqual(stage._validate() + stage._warnings(), [])
        stage._initialize()
        for name, views in self.used(self.aligned.TiltSeries).items():
            stage.convertInputStep(name)
            files = stage._getXfFn(name), stage._getTltFn(name), stage._getDefocusFn(name)
            self.check_imod_files(views, *files)
            stack = mrc.read(stage._getTsTmpFileName(name))
            sections = [view.getIndex() - 1 for view in views]
            self.assertTrue(np.array_equal(stack, mrc.read(views[0].getFileName())[sections]))
        self.assertEqual(stage.failedItems, [])

    @need("aretomo")
    def test_aretomo_gets_our_alignment_and_we_understand_its(self) -> None:
        from aretomo.convert.convert import convertAlnToXf, writeAlnFile
        from aretomo.protocols import ProtAreTomoAlignRecon

        source, values = (self.halved, "TiltSeries"), {"makeTomo": False, "doEstimateCtf": False}
        stage = self.peer(ProtAreTomoAlignRecon, inputSetOfTiltSeries=source, **values)
        for series, given in zip(
            *map(self.items, (self.aligned.TiltSeries, self.halved.TiltSeries))
        ):
            views, file = (
                self.used(self.aligned.TiltSeries)[series.getTsId()],
                series.getFirstItem(),
            )
            stage.convertInputStep(given)
            written = tlt.read(stage._getTmpPath(given.getTsId(), f"{given.getTsId()}.tlt"))
            self.assertTrue(np.allclose(written, self.nominal(views), atol=1e-3))
            path = stage.getAlnFile(file.getFileName(), series.getTsId())
            writeAlnFile(series, file.getFileName(), path)
            rows = convertAlnToXf(path, f"{path}.xf")[[view.getIndex() - 1 for view in views]]
            self.assertTrue(np.allclose(rows[:, 4:], self.matrices(views)[:, :, 2], atol=0.25))
            self.assertTrue(np.allclose(rows[:, 0], self.matrices(views)[:, 0, 0], atol=0.01))
            Path(path).write_text(self.solution(path, views))
            stage.createOutputStep(given)
        self.proj.mapper.store(stage)
        made, wanted = self.used(stage.TiltSeries), self.used(self.aligned.TiltSeries)
        for name in NAMES:
            read = self.read(stage.TiltSeries, name)
            self.assertEqual(len(read.used), len(wanted[name]))
            difference = read.transforms() - self.matrices(wanted[name])
            self.assertLess(np.abs(difference[:, :, 2]).max(), 0.25)
            self.assertTrue(np.allclose(read.tilt_angles(), angles_of(made[name])))
            self.assertAlmostEqual(read.rotation(), read.axis_angle, delta=0.5)

    @need("reliontomo")
    def test_relion_gets_our_series_estimations_and_tomograms(self) -> None:
        from emtable import Table
        from reliontomo.convert.convert50_tomo import Writer, getTsStarFile

        series = {each.getTsId(): each for each in self.items(self.aligned.TiltSeries)}
        estimated = {each.getTsId(): each for each in self.items(self.ctf.CTFTomoSeries)}
        tomograms = {each.getTsId(): each for each in self.items(self.tomograms.Tomograms)}
        for name, views in self.used(self.aligned.TiltSeries).items():
            present = getCommonTsAndCtfElements(series[name], estimated[name])
            Writer.ts2Star(series[name], estimated[name], str(self.data), present)
            rows = list(Table(fileName=getTsStarFile(name, str(self.data)), tableName=name))
            columns = {key: [getattr(row, key) for row in rows] for key in RELION}
            back = np.linalg.inv([view.getTransform().getMatrix() for view in views])
            expected = {
                "rlnTomoYTilt": angles_of(views),
                "rlnTomoZRot": [view.getRotationAngle() for view in views],
                "rlnTomoXShiftAngst": back[:, 0, 2] * PIXEL,
                "rlnTomoYShiftAngst": back[:, 1, 2] * PIXEL,
                "rlnDefocusU": 30000 + 100 * np.array(self.nominal(views)),
                "rlnMicrographPreExposure": [3.0 * (v.getAcquisitionOrder() - 1) for v in views],
            }
            for key, values in expected.items():
                self.assertTrue(np.allclose(columns[key], values, atol=0.01), key)
            sections = [int(row.rlnMicrographName.split("@")[0]) for row in rows]
            self.assertEqual(sections, [view.getIndex() for view in views])
            self.assertTrue(all(Path(row.rlnMicrographNameEven).is_file() for row in rows))
        Writer.tomoSet2Star(tomograms, series, str(self.data), outFileName="tomograms.star")
        for row in Table(fileName=str(self.data / "tomograms.star"), tableName="global"):
            self.assertEqual(row.rlnTomoTomogramBinning, 1)
            self.assertEqual((row.rlnTomoSizeX, row.rlnTomoSizeY, row.rlnTomoSizeZ), (128, 180, 60))
            self.assertEqual((row.rlnVoltage, row.rlnTomoTiltSeriesPixelSize), (300, PIXEL))

    @need("reliontomo")
    def test_relion_4_gets_imods_files_of_our_series(self) -> None:
        from reliontomo.protocols.protocol_prepare_data import ProtRelionPrepareData

        stage = self.peer(
            ProtRelionPrepareData,
            inputCoords=(self.beads(), "outputSetOfCoordinates3D"),
            inputCtfTs=(self.ctf, "CTFTomoSeries"),
            inputTS=(self.aligned, "TiltSeries"),
        )
        stage._initialize()
        stage.convertInputStep()
        for name, views in self.used(self.aligned.TiltSeries).items():
            every = Path(stage._getTmpPath(name, f"{name}.xf"))
            lines = every.read_text().splitlines(keepends=True)  # of disabled views, too
            used = every.with_name("used.xf")
            used.write_text("".join(lines[view.getIndex() - 1] for view in views))
            table = stage._getExtraPath("defocus", name, f"{name}.defocus")
            self.check_imod_files(views, str(used), str(every.with_suffix(".tlt")), table)

    @need("reliontomo", "emantomo")
    def test_relion_and_eman_get_our_beads_where_they_are(self) -> None:
        from emantomo.convert.convert import coords2Json, ctfTomo2Json, ts2Json
        from emantomo.objects import EmanMetaData
        from emtable import Table
        from reliontomo.convert.convert50_tomo import Writer

        stage = self.beads()
        found = stage.outputSetOfCoordinates3D
        tomograms = {each.getTsId(): each for each in self.items(self.tomograms.Tomograms)}
        Writer.coords2Star(found, tomograms, str(self.data))
        rows = list(Table(fileName=str(self.data / "inParticles.star"), tableName="particles"))
        for name, tomogram in tomograms.items():
            places = np.array([place_of(row) for row in rows if row.rlnTomoName == name])
            beads = [
                each.getPosition()
                for each in self.aligned.TiltSeriesCoordinates.iterItems()
                if each.getTsId() == name
            ]
            size = np.array(tomogram.getDim())
            self.assertTrue(np.allclose(places, np.array(beads) / PIXEL + size / 2, atol=0.01))
            series, ctf = (
                next(each for each in self.items(items) if each.getTsId() == name)
                for items in (self.aligned.TiltSeries, self.ctf.CTFTomoSeries)
            )
            coordinates = [each.clone() for each in found.iterCoordinates(volume=tomogram)]
            facts = EmanMetaData(
                name,
                tomogram,
                ts=series,
                ctf=ctf,
                coords=coordinates,
                jsonFile=str(self.data / f"{name}.json"),
            )
            coords2Json(facts, {None: 0, 0: 0}, [0], 32, doFlipZ=False)
            ts2Json(facts, mode="a")
            ctfTomo2Json(facts, 2.7, 300, mode="a")
            stored = json.loads(Path(facts.jsonFile).read_text())
            boxes = np.array([box[:3] for box in stored["boxes_3d"]], float)
            self.assertTrue(
                np.allclose(boxes, places - np.array(tomogram.getDim()) // 2, atol=0.01)
            )
            views = [image.clone() for image in series.iterItems()]
            back = np.linalg.inv([view.getTransform().getMatrix() for view in views])
            self.assertTrue(np.allclose(np.array(stored["tlt_params"])[:, :2], back[:, :2, 2]))
            self.assertTrue(np.allclose(np.array(stored["tlt_params"])[:, 3], angles_of(views)))

    def _tracks(self, models) -> list:
        """Give how many tracks each of the models has."""
        return [each.getCount() for each in self.items(models)]


if __name__ == "__main__":
    unittest.main()
