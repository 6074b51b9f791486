"""Coordinates stay on the same densities when their tomograms are cropped."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from tomo.constants import BOTTOM_LEFT_CORNER
from tomo.objects import Coordinate3D, SetOfCoordinates3D

from etomotut.formats import mrc
from etomotut.protocols import ProtEtomotutCrop, ProtEtomotutReconstruct
from etomotut.tests.projects.project import PIXEL, ProjectTest

PLACES = ((40, 30, 4), (41, 60, 12), (110, 100, 18), (20, 80, 12))  # x, y, z, of voxels


class TestCropWithCoordinates(ProjectTest):
    """Two tomograms of noise, in which places are marked, two of them inside of the crop."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2"])
        imported = cls.import_series()
        source = imported, "outputTiltSeries"
        cls.whole = cls.run_stage(ProtEtomotutReconstruct, source, tomoThickness=20, tomoShiftZ=3.0)
        cls.mark(cls.whole)
        values = {"x0": 31, "z0": 5, "z1": 15}
        cropped = cls.stage(
            ProtEtomotutCrop, (cls.whole, "Tomograms"), "inputSetOfTomograms", **values
        )
        cropped.inputSetOfCoordinates3D.set(cls.whole)
        cropped.inputSetOfCoordinates3D.setExtended("Marked")
        cls.proj.saveProtocol(cropped)
        cls.cropped = cls.finish(cropped)

    @classmethod
    def mark(cls, protocol) -> None:
        """Give a protocol a second output: places in its tomograms."""
        output = SetOfCoordinates3D.create(protocol.getPath(), prefix="marked")
        output.setPrecedents(protocol.Tomograms)
        output.setSamplingRate(PIXEL)
        output.setBoxSize(12)
        for tomogram in protocol.Tomograms.iterItems():
            for place in PLACES:
                made = Coordinate3D()
                made.setVolume(tomogram.clone())
                made.setPosition(*place, BOTTOM_LEFT_CORNER)
                made.setScore(float(np.sum(place)))
                output.append(made)
        output.write()
        protocol._defineOutputs(Marked=output)
        cls.proj.mapper.store(protocol)
        cls.proj.mapper.commit()

    def test_they_mark_the_same_densities_in_the_crop(self) -> None:
        self.assertTrue(self.cropped.isFinished(), self.cropped.getErrorMessage())
        before, after = (self._densities(each) for each in self._marks())
        kept = {key: before[key] for key in before if key[1] in (74, 113)}
        self.assertEqual(after, kept)

    def test_the_set_belongs_to_the_crops(self) -> None:
        output = self.cropped.Coordinates3D
        self.assertEqual(output.getBoxSize(), 12)
        self.assertEqual(output.getSamplingRate(), PIXEL)
        names = [each.getFileName() for each in self.cropped.Tomograms.iterItems()]
        precedents = output.getPrecedents().iterItems()
        self.assertEqual([each.getFileName() for each in precedents], names)

    def test_the_summary_counts_them(self) -> None:
        for line in self.cropped.summary()[1:3]:
            self.assertIn("2 coordinates inside, 2 outside were dropped", line)

    def test_those_of_a_run_that_was_stopped_are_there_once(self) -> None:
        path = Path(self.cropped._getExtraPath("series.json"))
        records = json.loads(path.read_text())
        del records["series"]["TS_2"]
        path.write_text(json.dumps(records))
        output = self.cropped.Coordinates3D
        last = [each.getObjId() for each in output.iterItems() if each.getTomoId() == "TS_2"][-1]
        output.close()
        with closing(sqlite3.connect(output.getFileName())) as half, half:
            half.execute("DELETE FROM Objects WHERE id = ?", [last])
        self.finish(self.cropped)
        self.assertTrue(self.cropped.isFinished(), self.cropped.getErrorMessage())
        found = [each.getTomoId() for each in self.cropped.Coordinates3D.iterItems()]
        self.assertEqual(sorted(found), ["TS_1"] * 2 + ["TS_2"] * 2)
        self.assertEqual(self.cropped.Coordinates3D.getSize(), 4)

    def _marks(self):
        return self.whole.Marked, self.cropped.Coordinates3D

    @staticmethod
    def _densities(items):
        """Give the density of each coordinate by its tomogram and score."""
        found = {}
        for each in items.iterCoordinates():
            x, y, z = (round(place) for place in each.getPosition(BOTTOM_LEFT_CORNER))
            volume = mrc.read(each.getVolName())
            found[each.getTomoId(), round(each.getScore())] = float(volume[z, y, x])
        return found
