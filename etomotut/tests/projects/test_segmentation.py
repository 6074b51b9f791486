"""Segmenting membranes in a project: masks on the tomograms' grids, numbers, and what is told."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

import numpy as np

from etomotut import backends
from etomotut.formats import mrc
from etomotut.protocols import (
    ProtEtomotutMemBrain,
    ProtEtomotutReconstruct,
    ProtEtomotutTardis,
)
from etomotut.tests.engine.membrane_phantom import tomogram as phantom
from etomotut.tests.network_programs import install
from etomotut.tests.projects.project import PIXEL, ProjectTest


class TestSegmentation(ProjectTest):
    """Two tomograms with a vesicle each, one of noise, and one whose file is lost."""

    @classmethod
    def setUpClass(cls) -> None:
        """Make the tomograms and run the stages."""
        super().setUpClass()
        names = ["TS_1", "TS_2", "TS_3", "TS_4"]
        cls.write_noise(names, np.arange(-40.0, 41.0, 40.0))
        cls.tomograms = cls.run_stage(
            ProtEtomotutReconstruct,
            (cls.import_series(), "outputTiltSeries"),
            tomoThickness=50,
            tomoShiftZ=5.0,
        )
        cls._put_vesicles()
        source = (cls.tomograms, "Tomograms"), "inputSetOfTomograms"
        cls.tardis = cls.run_stage(ProtEtomotutTardis, *source)
        cls.membrain = cls.run_stage(ProtEtomotutMemBrain, *source)
        cls.record = install(cls.data, noise=0.31)
        homes = {"TARDIS_HOME": str(cls.data), "MEMBRAIN_SEG_HOME": str(cls.data)}
        (cls.data / "a-val_loss0.1.ckpt").touch()
        with mock.patch.dict("os.environ", homes):
            cls.installed = cls.run_stage(ProtEtomotutTardis, *source, backend=backends.IMOD)
            cls.membrain_installed = cls.run_stage(
                ProtEtomotutMemBrain,
                *source,
                backend=backends.IMOD,
                checkpoint=str(cls.data / "a-val_loss0.1.ckpt"),
            )
            lacking = cls.stage(ProtEtomotutMemBrain, *source, backend=backends.IMOD)
            cls.errors = lacking.validate()

    @classmethod
    def _put_vesicles(cls) -> None:
        """Replace what was reconstructed: vesicles in the first two, noise in the third."""
        for tomogram in cls.tomograms.Tomograms.iterItems():
            path = tomogram.getFileName()
            shape, name = mrc.Stack(path).shape, tomogram.getTsId()
            vesicles = [] if name == "TS_3" else [((60.0, 60.0, 25.0), 220.0)]
            data = phantom(shape, vesicles, pixel_size=PIXEL)
            mrc.write(path, data, pixel_size=PIXEL, volume=True, origin=(10.0, 20.0, 30.0))
            if name == "TS_4":
                Path(path).write_bytes(Path(path).read_bytes()[:5000])
        cls.tomograms.Tomograms.close()

    def test_masks_lie_where_their_tomograms_do(self) -> None:
        tomograms = self._by_name(self.tomograms.Tomograms)
        stages = self.tardis, self.membrain, self.installed, self.membrain_installed
        for masks in (*(stage.TomoMasks for stage in stages), self.installed.InstanceMasks):
            found = self._by_name(masks)
            self.assertEqual(sorted(found), ["TS_1", "TS_2", "TS_3"])
            for name, mask in found.items():
                tomogram = tomograms[name]
                self.assertEqual(mask.getShiftsFromOrigin(), tomogram.getShiftsFromOrigin())
                self.assertEqual(mask.getVolName(), tomogram.getFileName())
                stack = mrc.Stack(mask.getFileName())
                self.assertEqual(stack.shape, mrc.Stack(tomogram.getFileName()).shape)
                self.assertAlmostEqual(stack.pixel_size, PIXEL, places=3)
                self.assertEqual(stack.origin, (10.0, 20.0, 30.0))

    def test_no_two_membranes_of_a_set_have_the_same_number(self) -> None:
        for masks in (self.tardis.InstanceMasks, self.membrain.TomoMasks):
            found = self._by_name(masks)
            numbers = [set(np.unique(mrc.read(m.getFileName()))) - {0} for m in found.values()]
            self.assertEqual([len(each) for each in numbers], [1, 1, 0])
            self.assertEqual(len(set.union(*numbers)), 2)

    def test_nothing_found_is_an_empty_mask_that_is_told(self) -> None:
        mask = self._by_name(self.tardis.TomoMasks)["TS_3"]
        self.assertEqual(mrc.read(mask.getFileName()).max(), 0)
        for stage in (self.tardis, self.membrain):
            said = "\n".join(stage._summary())
            self.assertIn("TS_3: no membrane was found: the mask is empty", said)
            self.assertRegex(said, r"TS_1: \d+ voxels of membrane, .*%.*, 1 membranes")
            self.assertIn("TS_4: ", said.split("*Failed: 1*")[1])

    def test_membranes_are_drawn(self) -> None:
        for name in ("TS_1", "TS_3"):
            picture = Path(self.tardis._getExtraPath(name, f"{name}_membranes.png"))
            self.assertGreater(picture.stat().st_size, 10000)

    def test_tardis_gets_its_options_and_its_points_number_the_mask(self) -> None:
        given = self._commands("")[0]
        wanted = {"output_format": "mrc_csv", "correct_px": "10", "cnn_threshold": "0.5"}
        self.assertLessEqual(wanted.items(), given.items())
        mask = mrc.read(self._by_name(self.installed.InstanceMasks)["TS_1"].getFileName())
        self.assertEqual(len(set(np.unique(mask)) - {0}), 2)
        self.assertEqual(mask[6, 6, 6], mask[6, 6, 12])
        self.assertNotEqual(mask[6, 6, 6], mask[6, 6, 26])

    def test_where_tardis_finds_nothing_and_writes_no_mask_ours_is_empty(self) -> None:
        for masks in (self.installed.TomoMasks, self.installed.InstanceMasks):
            mask = mrc.Stack(self._by_name(masks)["TS_3"].getFileName())
            self.assertEqual((mask[:].max(), mask.shape[0]), (0, 50))
        said = "\n".join(self.installed._summary())
        self.assertIn("TS_3: no membrane was found: the mask is empty", said)

    def test_masks_of_membrain_are_found_and_numbered(self) -> None:
        self.assertEqual(self._commands("segment")[0]["in-pixel-size"], "10")
        masks = self._by_name(self.membrain_installed.TomoMasks)
        numbers = [set(np.unique(mrc.read(m.getFileName()))) - {0} for m in masks.values()]
        self.assertEqual([len(each) for each in numbers], [2, 2, 2])
        self.assertEqual(len(set.union(*numbers)), 6)

    def test_membrain_without_a_checkpoint_is_refused_before_the_run(self) -> None:
        said = "MemBrain downloads no network: give a checkpoint file, or take Embedded."
        self.assertIn(said, self.errors)

    def _commands(self, command: str) -> List[Dict[str, str]]:
        commands = [json.loads(line) for line in self.record.read_text().splitlines()]
        return [given for name, given in commands if name == command]

    @staticmethod
    def _by_name(items: Any) -> Dict[str, Any]:
        found = {each.getTsId(): each.clone() for each in items.iterItems()}
        items.close()
        return found


if __name__ == "__main__":
    unittest.main()
