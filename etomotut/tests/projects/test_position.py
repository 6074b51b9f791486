"""A specimen that leans and lies too high comes to lie level in the middle of its tomogram."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from pwem.objects import Transform
from tomo.objects import SetOfTiltSeriesCoordinates, SetOfTomoMasks

from etomotut import backends
from etomotut.__main__ import main
from etomotut.convert import fiducials
from etomotut.convert.tomograms import cropped_mask
from etomotut.demo import series_of, truth
from etomotut.demo.series import simulate, write
from etomotut.formats import mrc
from etomotut.formats.fiducials import Positions
from etomotut.protocols import (
    ProtEtomotutCrop,
    ProtEtomotutPosition,
    ProtEtomotutPreprocess,
    ProtEtomotutReconstruct,
)
from etomotut.tests.projects.project import ProjectTest

PIXEL = 11.04


class TestPosition(ProjectTest):
    """One series, aligned as it truly was."""

    backend = backends.EMBEDDED

    @classmethod
    def setUpClass(cls) -> None:
        """Run the stages."""
        super().setUpClass()
        parameters = replace(
            series_of("small")[0], specimen_tilt=(5.0, -4.0), specimen_z=500.0, beads=40
        )
        write(simulate(parameters), cls.data)
        known = truth.read(cls.data / "TS_01_truth.json")
        imported = cls.import_series("*.mdoc", samplingRate=PIXEL, tiltAxisAngle=-95.0)
        cls.binned = cls.run_stage(
            ProtEtomotutPreprocess, (imported, "outputTiltSeries"), binning=1
        )

        def align(series, images) -> None:
            for image in images:
                matrix = np.vstack([known.transforms[image.getIndex() - 1], [0.0, 0.0, 1.0]])
                image.setTransform(Transform(matrix=matrix))
                image.setTiltAngle(float(known.true_angles[image.getIndex() - 1]))
            series.setAlignment2D()
            series._hasAlignment.set(True)

        cls.edit(cls.binned, "TiltSeries", align)
        source = cls.binned, "TiltSeries"
        cls.first = cls.run_stage(ProtEtomotutReconstruct, source, tomoThickness=320)
        cls.add_positions(cls.binned, known.beads)
        cls.placed = cls.place(source, cls.binned)
        cls.alone = cls.place(source)
        cls.add_mask(cls.first)
        cropped = cls.stage(
            ProtEtomotutCrop,
            (cls.first, "Tomograms"),
            "inputSetOfTomograms",
            toSpecimen=True,
            margin=5.0,
        )
        cropped.inputSetOfTomoMasks.set(cls.first)
        cropped.inputSetOfTomoMasks.setExtended("TomoMasks")
        cls.proj.saveProtocol(cropped)
        cls.cropped = cls.finish(cropped)

    @classmethod
    def add_mask(cls, protocol) -> None:
        """Give a protocol a second output: its tomogram with every density above 0 marked."""
        tomogram = protocol.Tomograms.getFirstItem()
        path = protocol._getExtraPath("mask.mrc")
        marked = (mrc.read(tomogram.getFileName()) > 0).astype(np.int8)
        mrc.write(path, marked, pixel_size=PIXEL, volume=True)
        masks = SetOfTomoMasks.create(protocol.getPath(), prefix="masks")
        masks.copyInfo(protocol.Tomograms)
        masks.append(cropped_mask(tomogram, path))
        masks.write()
        protocol._defineOutputs(TomoMasks=masks)
        cls.proj.mapper.store(protocol)
        cls.proj.mapper.commit()

    @classmethod
    def add_positions(cls, protocol, beads) -> None:
        """Give a protocol a second output: where the beads (n, 3) of its series truly are."""
        path = protocol.getPath()
        coordinates = SetOfTiltSeriesCoordinates.create(path, prefix="coordinates")
        numbers = np.ones((len(beads), 2), int)
        for each in fiducials.coordinates("TS_01", Positions(beads, numbers), PIXEL):
            coordinates.append(each)
        coordinates.write()
        protocol._defineOutputs(Coordinates=coordinates)
        cls.proj.mapper.store(protocol)
        cls.proj.mapper.commit()

    @classmethod
    def place(cls, source, positions=None):
        """Run the stage on a series, with the positions of beads that a protocol gives."""
        placed = cls.stage(ProtEtomotutPosition, source)
        if positions is not None:
            placed.inputCoordinates.set(positions)
            placed.inputCoordinates.setExtended("Coordinates")
            cls.proj.saveProtocol(placed)
        return cls.finish(placed)

    def test_the_specimen_is_found_where_it_is(self) -> None:
        found = self.records(self.placed)["TS_01"]["numbers"]
        self.assertAlmostEqual(found["thickness"], 1800, delta=60)
        self.assertAlmostEqual(found["height"], 500, delta=30)
        self.assertEqual(found["source"], "positions and density")

    def test_the_tomogram_has_its_size_and_origin(self) -> None:
        tomogram = self.placed.Tomograms.getFirstItem()
        width, height, depth = tomogram.getDim()
        self.assertEqual((width, height), (256, 360))
        self.assertAlmostEqual(depth * PIXEL, 1800 + 400, delta=80)
        x, y, z = tomogram.getShiftsFromOrigin()
        self.assertEqual((x, y), (-128 * PIXEL, -180 * PIXEL))
        self.assertAlmostEqual(z + depth * PIXEL / 2, 500, delta=30)

    def test_in_its_new_tomogram_it_lies_level_in_the_middle(self) -> None:
        folder = Path(self.placed._getExtraPath("TS_01"))
        path, found = self.placed.Tomograms.getFirstItem().getFileName(), folder / "again.json"
        assert main(["findsection", str(path), "-ResultFile", str(found)]) == 0
        again = json.loads(found.read_text())
        self.assertLess(abs(again["height"]), 20)
        self.assertLess(abs(again["tilt_offset"]), 0.6)
        self.assertLess(abs(again["x_axis_tilt"]), 0.6)

    def test_without_beads_thickness_and_height_are_told_too(self) -> None:
        found = self.records(self.alone)["TS_01"]["numbers"]
        self.assertEqual(found["source"], "density")
        self.assertAlmostEqual(found["thickness"], 1800, delta=360)
        self.assertAlmostEqual(found["height"], 500, delta=80)

    def test_a_crop_to_the_specimen_stays_where_it_is_in_space(self) -> None:
        tomogram = self.cropped.Tomograms.getFirstItem()
        depth = tomogram.getDim()[2] * PIXEL
        lean = 128 * PIXEL * np.tan(np.radians(4)) + 180 * PIXEL * np.tan(np.radians(5))
        self.assertAlmostEqual(depth, 1800 + 100 + 2 * lean, delta=80)
        self.assertAlmostEqual(tomogram.getShiftsFromOrigin()[2] + depth / 2, 500, delta=30)

    def test_a_mask_is_cropped_with_its_tomogram(self) -> None:
        mask, tomogram = (
            each.getFirstItem() for each in (self.cropped.TomoMasks, self.cropped.Tomograms)
        )
        marked, densities = (mrc.read(each.getFileName()) for each in (mask, tomogram))
        self.assertTrue(np.array_equal(marked, densities > 0))
        self.assertEqual(mask.getShiftsFromOrigin(), tomogram.getShiftsFromOrigin())
        self.assertEqual(mask.getVolName(), tomogram.getFileName())

    def test_a_picture_and_the_numbers_stay_beside_the_tomogram(self) -> None:
        folder = Path(self.placed._getExtraPath("TS_01"))
        for name in ("TS_01_position.png", "TS_01_found.json"):
            self.assertTrue((folder / name).is_file())
        self.assertRegex(
            self.placed._summary()[1], r"TS_01: 1[78]\d nm thick, was \+\d+.\d nm high"
        )
