"""Surfaces of membranes in a project: objects, points, and what shows them."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any

import numpy as np

from etomotut.formats import mrc, surface
from etomotut.protocols import (
    ProtEtomotutCompareMasks,
    ProtEtomotutReconstruct,
    ProtEtomotutSkeleton,
    ProtEtomotutSurfaces,
)
from etomotut.tests import scipion_home
from etomotut.tests.projects.peers import need, place_of
from etomotut.tests.projects.project import PIXEL, ProjectTest

if scipion_home.HAS_SCIPION:
    from pwem import Domain
    from tomo.constants import BOTTOM_LEFT_CORNER
    from tomo.objects import SetOfTomoMasks, TomoMask
    from tomo.protocols import ProtTomoApplyTomoMask

RADIUS = 150.0
CENTRE = 500.0, 600.0, 230.0  # x, y, z from the first voxel, Å


class TestMembranes(ProjectTest):
    """A vesicle in one tomogram, nothing in another, and a third whose mask cannot be read."""

    @classmethod
    def setUpClass(cls) -> None:
        """Make tomograms and masks, and run the stage."""
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2", "TS_3"], np.arange(-40.0, 41.0, 40.0))
        cls.tomograms = cls.run_stage(
            ProtEtomotutReconstruct,
            (cls.import_series(), "outputTiltSeries"),
            tomoThickness=46,
            tomoShiftZ=5.0,
        )
        cls._add_masks()
        cls.surfaces = cls.run_stage(
            ProtEtomotutSurfaces, (cls.tomograms, "TomoMasks"), "inputSetOfTomoMasks"
        )
        cls.skeleton = cls.run_stage(
            ProtEtomotutSkeleton, (cls.tomograms, "TomoMasks"), "inputSetOfTomoMasks"
        )
        cls.compared = cls.stage(
            ProtEtomotutCompareMasks, (cls.tomograms, "TomoMasks"), "inputSetOfTomoMasks"
        )
        cls.compared.inputOtherTomoMasks.set(cls.tomograms)
        cls.compared.inputOtherTomoMasks.setExtended("TomoMasks")
        cls.proj.saveProtocol(cls.compared)
        cls.finish(cls.compared)

    @classmethod
    def _add_masks(cls) -> None:
        """Give the reconstruction a second output: masks of its tomograms."""
        tomograms = cls.tomograms.Tomograms
        masks = SetOfTomoMasks.create(cls.tomograms.getPath(), prefix="masks")
        masks.copyInfo(tomograms)
        for tomogram in tomograms.iterItems():
            mask = TomoMask()
            mask.copyInfo(tomogram)
            mask.setVolName(tomogram.getFileName())
            mask.setFileName(tomogram.getFileName().replace(".mrc", "_mask.mrc"))
            cls._write_mask(mask.getFileName(), tomogram)
            masks.append(mask)
        tomograms.close()
        masks.write()
        cls.tomograms._defineOutputs(TomoMasks=masks)
        masks.close()
        broken = next(Path(cls.tomograms._getExtraPath("TS_3")).glob("*_mask.mrc"))
        broken.write_text("no mask")

    @staticmethod
    def _write_mask(path: str, tomogram: Any) -> None:
        shape = mrc.Stack(tomogram.getFileName()).shape
        z, y, x = (PIXEL * each for each in np.ogrid[: shape[0], : shape[1], : shape[2]])
        away = np.sqrt((x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2 + (z - CENTRE[2]) ** 2)
        mask = np.abs(away - RADIUS) < 30
        if tomogram.getTsId() == "TS_2":
            mask[:] = False
        mrc.write(path, mask.astype(np.int8), pixel_size=PIXEL, volume=True)

    def test_a_surface_lies_in_the_frame_of_its_tomogram(self) -> None:
        (made,) = [each.clone() for each in self.surfaces.MembraneSurfaces.iterItems()]
        self.surfaces.MembraneSurfaces.close()
        tomogram = self._tomogram("TS_1")
        centre = np.array(tomogram.getShiftsFromOrigin()) + CENTRE
        mesh = surface.read(made.getFileName())
        lengths = np.linalg.norm(mesh.vertices - centre, axis=1)
        self.assertAlmostEqual(lengths.mean() / RADIUS, 1.0, delta=0.02)
        self.assertEqual((made.getTsId(), made.getInstance(), made.isCut()), ("TS_1", 1, False))
        self.assertAlmostEqual(made.measures()["radius"], RADIUS / 10, delta=0.3)
        self.assertIsNone(made.getNeighbour())

    def test_points_stand_on_the_membrane_for_other_plugins(self) -> None:
        output = self.surfaces.MembranePoints
        tomogram = self._tomogram("TS_1")
        places = []
        for point in output.iterCoordinates():
            self.assertEqual((point.getTomoId(), point.getGroupId()), ("TS_1", 1))
            places.append(point.getPosition(BOTTOM_LEFT_CORNER))
        output.close()
        lengths = np.linalg.norm(np.array(places) * PIXEL - CENTRE, axis=1)
        self.assertGreater(len(places), 100)
        self.assertLess(np.abs(lengths - RADIUS).max(), 0.1 * RADIUS)
        self.assertEqual(output.getSamplingRate(), tomogram.getSamplingRate())

    def test_pages_and_scripts_show_them(self) -> None:
        made = self.surfaces.MembraneSurfaces.getFirstItem()
        script = Path(made.getScript()).read_text()
        for path in (self._tomogram("TS_1").getFileName(), made.getFileName()):
            self.assertIn(f'open "{Path(path).absolute()}"', script)
        self.assertGreater(Path(made.getScene()).stat().st_size, 20_000)
        picture = Path(self.surfaces._getExtraPath("TS_1", "TS_1_surfaces.png"))
        self.assertGreater(picture.stat().st_size, 5_000)

    def test_nothing_found_is_told_and_what_fails_is_set_aside(self) -> None:
        summary = "\n".join(self.surfaces._summary())
        self.assertIn("TS_1: 1 membrane with ", summary)
        self.assertIn("TS_2: no membrane large enough", summary)
        self.assertIn("*Failed: 1*", summary)
        failed = [each.getTsId() for each in self.surfaces.FailedTomograms.iterItems()]
        self.surfaces.FailedTomograms.close()
        self.assertEqual(failed, ["TS_3"])

    def test_a_skeleton_lies_in_the_mask_of_the_same_tomogram(self) -> None:
        made = {each.getTsId(): each.clone() for each in self.skeleton.TomoMasks.iterItems()}
        self.skeleton.TomoMasks.close()
        self.assertEqual(sorted(made), ["TS_1", "TS_2"])
        skeleton = mrc.read(made["TS_1"].getFileName())
        tomogram = self._tomogram("TS_1")
        mask = mrc.read(tomogram.getFileName().replace(".mrc", "_mask.mrc"))
        self.assertTrue((mask[skeleton > 0] > 0).all())
        self.assertLess(skeleton.sum(), 0.4 * mask.sum())
        self.assertEqual(made["TS_1"].getVolName(), tomogram.getFileName())
        self.assertIn("TS_2: no membrane in the mask", "\n".join(self.skeleton._summary()))

    def test_a_mask_agrees_with_itself_and_is_drawn(self) -> None:
        self.assertIn("TS_1: Dice 1.00, 1.00 within 2 voxels", "\n".join(self.compared._summary()))
        picture = Path(self.compared._getExtraPath("TS_1", "TS_1_overlap.png"))
        self.assertGreater(picture.stat().st_size, 10_000)
        made = {each.getTsId(): each.clone() for each in self.compared.TomoMasks.iterItems()}
        self.compared.TomoMasks.close()
        self.assertEqual(sorted(made), ["TS_1", "TS_2"])
        mask, tomogram = made["TS_1"], self._tomogram("TS_1")
        self.assertEqual(mask.getVolName(), tomogram.getFileName())
        self.assertEqual(mask.getShiftsFromOrigin(), tomogram.getShiftsFromOrigin())

    def test_another_plugin_masks_our_tomograms_with_our_masks(self) -> None:
        stage = self.newProtocol(ProtTomoApplyTomoMask, sigmaGaussian=0)
        stage.inTomoSet.set(self.tomograms)
        stage.inTomoSet.setExtended("Tomograms")
        stage.inMaskSet.set(self.skeleton)
        stage.inMaskSet.setExtended("TomoMasks")
        self.launchProtocol(stage)
        masked = {each.getTsId(): each.clone() for each in stage.maskedTomograms.iterItems()}
        self.assertEqual(sorted(masked), ["TS_1", "TS_2"])
        tomogram = self._tomogram("TS_1")
        mask = mrc.read(self.skeleton.TomoMasks[{"_tsId": "TS_1"}].getFileName())
        expected = mrc.read(tomogram.getFileName()) * mask
        self.assertTrue(np.array_equal(mrc.read(masked["TS_1"].getFileName()), expected))
        self.assertGreater(np.abs(expected).max(), 0)
        origins = (each.getShiftsFromOrigin() for each in (masked["TS_1"], tomogram))
        self.assertEqual(*origins)

    @need("reliontomo")
    def test_relion_gets_the_points_of_our_membranes_where_they_are(self) -> None:
        Domain.getProtocols()
        from emtable import Table
        from reliontomo.convert.convert50_tomo import Writer

        points, tomogram = self.surfaces.MembranePoints, self._tomogram("TS_1")
        Writer.coords2Star(points, {"TS_1": tomogram}, str(self.data))
        rows = list(Table(fileName=str(self.data / "inParticles.star"), tableName="particles"))
        places = np.array([place_of(row) for row in rows]) * PIXEL
        lengths = np.linalg.norm(places - CENTRE, axis=1)
        self.assertEqual(len(rows), points.getSize())
        self.assertLess(np.abs(lengths - RADIUS).max(), 0.1 * RADIUS)

    def _tomogram(self, ts_id: str) -> Any:
        tomograms = self.tomograms.Tomograms
        found = tomograms[{"_tsId": ts_id}].clone()
        tomograms.close()
        return found


if __name__ == "__main__":
    unittest.main()
