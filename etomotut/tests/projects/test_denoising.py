"""Denoising in a project: tomograms stay where they are, halves go along, and it is told."""

from __future__ import annotations

import unittest
from pathlib import Path

import numpy as np

from etomotut.formats import mrc
from etomotut.protocols import ProtEtomotutDenoise, ProtEtomotutReconstruct
from etomotut.protocols.protocol_denoise import BELTRAMI, NONLINEAR, WIENER
from etomotut.tests.projects.project import ProjectTest


class TestDenoising(ProjectTest):
    """Tomograms of noise, denoised in each way."""

    @classmethod
    def setUpClass(cls) -> None:
        """Run the stages."""
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2"])
        cls.imported = cls.import_series()
        cls.tomograms = cls.run_stage(
            ProtEtomotutReconstruct,
            (cls.imported, "outputTiltSeries"),
            tomoThickness=40,
            tomoShiftZ=3.0,
        )
        cls._add_halves()
        source = (cls.tomograms, "Tomograms"), "inputSetOfTomograms"
        cls.denoised = cls.run_stage(ProtEtomotutDenoise, *source, processOddEven=True)
        cls.others = [
            cls.run_stage(
                ProtEtomotutDenoise,
                *source,
                method=method,
                iterationsBeltrami=5,
                iterationsNonlinear=2,
            )
            for method in (BELTRAMI, NONLINEAR, WIENER)
        ]

    @classmethod
    def _add_halves(cls) -> None:
        """Give each tomogram two halves, which are its noise and other noise."""
        output = cls.tomograms.Tomograms
        random = np.random.default_rng(1)
        output.enableAppend()
        for tomogram in [each.clone() for each in output.iterItems()]:
            data = mrc.read(tomogram.getFileName())
            names = [tomogram.getFileName().replace(".mrc", f"_{x}.mrc") for x in ("even", "odd")]
            for name in names:
                noisy = data + data.std() * random.standard_normal(data.shape).astype(np.float32)
                mrc.write(name, noisy, pixel_size=5.0, volume=True)
            tomogram.setHalfMaps(names)
            output.update(tomogram)
        output._hasOddEven.set(True)
        output.write()
        cls.tomograms._store(output)
        output.close()

    def test_tomograms_stay_where_they_are_and_noise_goes(self) -> None:
        before = self._by_name(self.tomograms)
        for stage in (self.denoised, *self.others):
            after = self._by_name(stage)
            self.assertEqual(before.keys(), after.keys())
            for name, tomogram in after.items():
                self.assertEqual(tomogram.getShiftsFromOrigin(), before[name].getShiftsFromOrigin())
                old, new = (mrc.read(each.getFileName()) for each in (before[name], tomogram))
                self.assertEqual(old.shape, new.shape)
                self.assertLess(new.std(), 0.9 * old.std())

    def test_halves_are_denoised_where_they_are_wanted(self) -> None:
        for tomogram in self._by_name(self.denoised).values():
            even, odd = (mrc.read(name) for name in tomogram.getHalfMaps(asList=True))
            self.assertGreater(np.abs(even - odd).max(), 0)
        for tomogram in self._by_name(self.others[0]).values():
            self.assertFalse(tomogram.hasHalfMaps())

    def test_what_was_removed_is_told_and_drawn(self) -> None:
        self.assertIn("edge enhancing diffusion: removed ", "\n".join(self.denoised._summary()))
        for stage in (self.denoised, *self.others):
            for name in ("TS_1", "TS_2"):
                picture = Path(stage._getExtraPath(name, f"{name}_denoised.png"))
                self.assertGreater(picture.stat().st_size, 10000)
        table = Path(self.others[-1]._getExtraPath("TS_1", "TS_1_fsc.txt"))
        self.assertEqual(np.loadtxt(table).shape[1], 4)

    @staticmethod
    def _by_name(stage: object) -> dict:
        found = {each.getTsId(): each.clone() for each in stage.Tomograms.iterItems()}  # type: ignore[attr-defined]
        stage.Tomograms.close()  # type: ignore[attr-defined]
        return found


if __name__ == "__main__":
    unittest.main()
