"""Segmenting membranes in a project: masks on the tomograms' grids, numbers, and what is told."""

from __future__ import annotations

import stat
import sys
import unittest
from pathlib import Path
from typing import Any, Dict
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
from etomotut.tests.projects.project import PIXEL, ProjectTest

STAND_IN = """#!{python}
import sys
from pathlib import Path
import mrcfile, numpy as np
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
path = Path(words["--path"])
Path({record!r}).write_text(" ".join(sys.argv[1:]))
folder = path.parent / "Predictions"
folder.mkdir()
with mrcfile.open(path, permissive=True) as file:
    mask = np.zeros(file.data.shape, np.int8)
mask[5:9, 5:9, 5:30] = 1
mrcfile.write(folder / (path.stem + "_semantic.mrc"), mask)
rows = ["IDs,X [A],Y [A],Z [A]", "0,60,60,60", "1,280,60,60"]
(folder / (path.stem + "_instances.csv")).write_text("\\n".join(rows))
"""


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
        cls.record = cls.data / "command"
        cls._install()
        with mock.patch.dict("os.environ", {"TARDIS_HOME": str(cls.data)}):
            cls.installed = cls.run_stage(ProtEtomotutTardis, *source, backend=backends.IMOD)

    @classmethod
    def _put_vesicles(cls) -> None:
        """Replace what was reconstructed: vesicles in the first two, noise in the third."""
        for tomogram in cls.tomograms.Tomograms.iterItems():
            path = tomogram.getFileName()
            shape, name = mrc.Stack(path).shape, tomogram.getTsId()
            vesicles = [] if name == "TS_3" else [((60.0, 60.0, 25.0), 220.0)]
            mrc.write(path, phantom(shape, vesicles, pixel_size=PIXEL), pixel_size=PIXEL)
            if name == "TS_4":
                Path(path).write_bytes(Path(path).read_bytes()[:5000])
        cls.tomograms.Tomograms.close()

    @classmethod
    def _install(cls) -> None:
        """Put a stand-in for TARDIS's program where it is looked for."""
        program = cls.data / "bin" / "tardis_mem"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable, record=str(cls.record)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def test_masks_lie_where_their_tomograms_do(self) -> None:
        tomograms = self._by_name(self.tomograms.Tomograms)
        for masks in (self.tardis.TomoMasks, self.tardis.InstanceMasks, self.membrain.TomoMasks):
            found = self._by_name(masks)
            self.assertEqual(sorted(found), ["TS_1", "TS_2", "TS_3"])
            for name, mask in found.items():
                tomogram = tomograms[name]
                self.assertEqual(mask.getShiftsFromOrigin(), tomogram.getShiftsFromOrigin())
                self.assertEqual(mask.getVolName(), tomogram.getFileName())
                stack = mrc.Stack(mask.getFileName())
                self.assertEqual(stack.shape, mrc.Stack(tomogram.getFileName()).shape)
                self.assertAlmostEqual(stack.pixel_size, PIXEL, places=3)

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

    def test_the_installed_program_gets_its_options_and_its_points_number_the_mask(self) -> None:
        words = self.record.read_text()
        self.assertIn("--output_format mrc_csv --correct_px 10 --cnn_threshold 0.5", words)
        self.assertNotIn("bright", words)
        mask = mrc.read(self._by_name(self.installed.InstanceMasks)["TS_1"].getFileName())
        self.assertEqual(len(set(np.unique(mask)) - {0}), 2)
        self.assertEqual(mask[6, 6, 6], mask[6, 6, 12])
        self.assertNotEqual(mask[6, 6, 6], mask[6, 6, 26])

    @staticmethod
    def _by_name(items: Any) -> Dict[str, Any]:
        found = {each.getTsId(): each.clone() for each in items.iterItems()}
        items.close()
        return found


if __name__ == "__main__":
    unittest.main()
