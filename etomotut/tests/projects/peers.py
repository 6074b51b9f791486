"""Other plugins' protocols in a project, run step by step on our embedded programs.

What IMOD's and tomo3d's plugins call are programs by name, with IMOD's options: a folder that has
ours by those names serves as their installation. Their protocols wait ten seconds at a time for
more series, so that their steps are called here one after another, as they would insert them.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple
from unittest import mock

import numpy as np
from scipy.ndimage import gaussian_filter

from etomotut.convert.series import Series, images_of, read_series
from etomotut.demo import __main__ as demo
from etomotut.demo import truth
from etomotut.formats import defocus, mrc, tlt, xf
from etomotut.programs import PROGRAMS
from etomotut.protocols import (
    ProtEtomotutCtfCorrection,
    ProtEtomotutFiducialAlignment,
    ProtEtomotutFiducialModel,
    ProtEtomotutImportCtf,
    ProtEtomotutImportHalves,
    ProtEtomotutPrealign,
    ProtEtomotutReconstruct,
)
from etomotut.tests import scipion_home
from etomotut.tests.projects.project import ProjectTest

if scipion_home.HAS_SCIPION:
    from pwem import Domain
    from tomo.objects import SetOfCTFTomoSeries, SetOfTiltSeries

PEERS = ("imod", "tomo3d", "novactf", "reliontomo", "emantomo", "aretomo")
PIXEL = 11.04
THICKNESS = 60
EXCLUDED = (0, 7)  # views of TS_02, from 0 by ascending tilt
NAMES = ("TS_01", "TS_02")
COARSE = 0.006  # relative: scipion-em-imod writes three digits of a shift
HOMES = ("IMOD_HOME", "TOMO3D_HOME")
TILT = """#!{python}
import os, sys
words = sys.argv[1:]
if "SuperSampleFactor" in words:  # scipion-em-imod gives it without its dash
    place = words.index("SuperSampleFactor")
    del words[place : place + 2]
os.execv(sys.executable, [sys.executable, "-m", "etomotut", "tilt", *words])
"""
POINTS_OF_MODEL = """#!{python}
import sys
from etomotut.formats import model
options = dict(zip(sys.argv[1:], sys.argv[2:]))
with open(options["-OutputFile"], "w") as file:
    for number, contour, found in model.read(options["-InputFile"]).contours():
        start = f"{{number:7d}} {{contour:7d}}" if "-ObjectAndContour" in sys.argv else ""
        for x, y, z in found.points:
            file.write(f"{{start}} {{x:11.2f}} {{y:11.2f}} {{z:11.2f}}\\n")
"""
EXCLUDE_VIEWS = """#!{python}
import sys
import numpy as np
from etomotut.formats import mrc
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
views = [int(view) - 1 for view in options["-ViewsToExclude"].split(",")]
kept = np.delete(mrc.read(options["-StackName"]), views, axis=0)
mrc.write(options["-StackName"], kept, pixel_size=1.0)
"""


def need(*peers: str) -> Callable[[Any], Any]:
    """Skip a test, or all of a class, where a plugin is not installed."""
    lacking = [each for each in peers if importlib.util.find_spec(each) is None]
    return unittest.skipIf(lacking, f"scipion-em-{', scipion-em-'.join(lacking)} not installed")


def write_programs(folder: Path) -> None:
    """Let a folder look like an installation of IMOD and of tomo3d that has our programs."""
    scripts = {
        name: f'#!/bin/sh\nexec {sys.executable} -m etomotut {name} "$@"\n' for name in PROGRAMS
    }
    scripts["tilt"] = TILT.format(python=sys.executable)
    scripts["excludeviews"] = EXCLUDE_VIEWS.format(python=sys.executable)
    scripts["model2point"] = POINTS_OF_MODEL.format(python=sys.executable)
    scripts["alignlog"] = "#!/bin/sh\n"
    for place in (folder, folder / "bin"):
        place.mkdir(parents=True, exist_ok=True)
        for name, text in scripts.items():
            (place / name).write_text(text)
            (place / name).chmod(0o755)
    (folder / "IMOD-linux.sh").write_text("")


def alike(one: str, other: str) -> float:
    """Give how well the coarse features of two volumes correlate."""
    smooth = [gaussian_filter(mrc.read(each).astype(np.float32), 2.0) for each in (one, other)]
    return float(np.corrcoef(*(each.ravel() for each in smooth))[0, 1])


def angles_of(views: Sequence[Any]) -> List[float]:
    """Give the tilt angles of views."""
    return [view.getTiltAngle() for view in views]


def place_of(row: Any) -> Tuple[float, float, float]:
    """Give the place in RELION's table of particles."""
    return row.rlnCoordinateX, row.rlnCoordinateY, row.rlnCoordinateZ


class PeersTest(ProjectTest):
    """Two small series with halves and CTF, through our stages; two views of one are excluded."""

    @classmethod
    def setUpClass(cls) -> None:
        """Run our stages, and prepare to run theirs."""
        super().setUpClass()
        Domain.getProtocols()  # some plugins cannot be imported before it defines their variables
        cls.use_programs(cls.data / "programs")
        demo.make(cls.data, preset="tiny", count=2)
        cls.imported = cls.import_series("*.mdoc", samplingRate=PIXEL, tiltAxisAngle=-95.0)
        cls._write_halves_and_defocus()
        cls.edit(cls.imported, "outputTiltSeries", cls._exclude)
        cls.halved = cls.run_stage(
            ProtEtomotutImportHalves,
            (cls.imported, "outputTiltSeries"),
            filesPath=str(cls.data / "halves"),
        )
        cls.ctf = cls.run_stage(
            ProtEtomotutImportCtf,
            (cls.halved, "TiltSeries"),
            filesPath=str(cls.data / "halves"),
            filesPattern="*.defocus",
        )
        cls.shifted = cls.run_stage(ProtEtomotutPrealign, (cls.halved, "TiltSeries"))
        cls.models = cls.run_stage(ProtEtomotutFiducialModel, (cls.shifted, "TiltSeries"))
        cls.aligned = cls.align(cls.models, "FiducialModelGaps")
        cls.corrected = cls.correct((cls.aligned, "TiltSeries"))
        cls.tomograms = cls.reconstruct((cls.corrected, "TiltSeries"))

    @classmethod
    def tearDownClass(cls) -> None:
        """Take the programs and everything else away."""
        cls._variables.stop()
        super().tearDownClass()

    @classmethod
    def use_programs(cls, folder: Path) -> None:
        """Let other plugins find our programs where they look for theirs."""
        write_programs(folder)
        cls.programs = folder
        homes = dict.fromkeys(HOMES, str(folder))
        cls._variables = mock.patch.dict("pwem.Plugin._vars", homes)
        cls._variables.start()

    @classmethod
    def align(cls, models: Any, name: str) -> Any:
        """Run our alignment on an output with fiducial models."""
        source = models, name
        return cls.run_stage(ProtEtomotutFiducialAlignment, source, "inputSetOfLandmarkModels")

    @classmethod
    def correct(cls, source: Tuple[Any, str]) -> Any:
        """Run our CTF correction."""
        stage = cls.stage(ProtEtomotutCtfCorrection, source, processOddEven=True)
        stage.inputSetOfCtfTomoSeries.set(cls.ctf)
        stage.inputSetOfCtfTomoSeries.setExtended("CTFTomoSeries")
        cls.proj.saveProtocol(stage)
        return cls.finish(stage)

    @classmethod
    def reconstruct(cls, source: Tuple[Any, str], **values: Any) -> Any:
        """Run our reconstruction."""
        values = {"tomoThickness": THICKNESS, "processOddEven": True, **values}
        return cls.run_stage(ProtEtomotutReconstruct, source, **values)

    @classmethod
    def peer(cls, kind: Any, **values: Any) -> Any:
        """Give a protocol of another plugin ready for its steps; a tuple is an output of ours."""
        plain = {name: value for name, value in values.items() if not isinstance(value, tuple)}
        protocol = cls.newProtocol(kind, **plain)
        for name in values.keys() - plain.keys():
            getattr(protocol, name).set(values[name][0])
            getattr(protocol, name).setExtended(values[name][1])
        cls.proj.saveProtocol(protocol)
        protocol.makePathsAndClean()
        protocol.setHostConfig(cls.proj.getHostConfig("localhost"))
        protocol._log = logging.getLogger(__name__)
        protocol.setStepsExecutor()
        return protocol

    def beads(self) -> Any:
        """Run scipion-em-tomo's conversion of our solved beads to coordinates in our tomograms."""
        from tomo.protocols.protocol_ts_convert_coords3d import ProtTsConvertCoordinates3d

        stage = self.peer(
            ProtTsConvertCoordinates3d,
            inputSetOfCoordinates=(self.aligned, "TiltSeriesCoordinates"),
            inputSetOfTomograms=(self.tomograms, "Tomograms"),
        )
        stage.convertCoordinates()
        self.proj.mapper.store(stage)
        self.proj.mapper.commit()
        return stage

    def run_steps(
        self, protocol: Any, items: Sequence[Any], steps: Sequence[Any], *names: str
    ) -> None:
        """Run a protocol's steps for each of the items, close its outputs, and keep them."""
        if hasattr(protocol, "inputSetOfTiltSeries") and hasattr(protocol, "_initialize"):
            protocol._initialize()
        for item in items:
            for step in steps:
                step(item)
        self.assertEqual(protocol.failedItems, [])
        protocol.closeOutputSetsStep(list(names))
        self.proj.mapper.store(protocol)
        self.proj.mapper.commit()

    @staticmethod
    def items(output: Any) -> List[Any]:
        """Give the items of a set as other plugins take them from it, by tsId."""
        whole = (
            {"ignoreAttrs": []} if isinstance(output, (SetOfTiltSeries, SetOfCTFTomoSeries)) else {}
        )
        found = [each.clone(**whole) for each in output.iterItems()]
        return sorted(found, key=lambda each: each.getTsId())

    def used(self, output: Any) -> Dict[str, List[Any]]:
        """Give the enabled views of each series of a set by ascending tilt."""
        series = self.series_of(output).items()
        return {ts_id: [view for view in views if view.isEnabled()] for ts_id, (_, views) in series}

    @staticmethod
    def matrices(views: Sequence[Any]) -> np.ndarray:
        """Give the transforms (view, 2, 3) of views."""
        return np.array([view.getTransform().getMatrix()[:2] for view in views])

    @staticmethod
    def solution(path: str, views: Sequence[Any]) -> str:
        """Give an AreTomo alignment of those views only, numbered as in their own stack."""
        lines = Path(path).read_text().splitlines()
        head = [line for line in lines if line.startswith("#")]
        rows = {int(line.split()[0]): line[5:] for line in lines[len(head) :]}
        kept = [f"{n:>5}{rows[view.getIndex() - 1]}" for n, view in enumerate(views)]
        return "\n".join([*head, *kept]) + "\n"

    def read(self, output: Any, name: str) -> Series:
        """Give a series of a set as our stages see it."""
        series = next(each for each in self.items(output) if each.getTsId() == name)
        return read_series(series, images_of(series))

    def error(self, name: str, views: Optional[Sequence[Any]] = None) -> float:
        """Give how far views, or those that we aligned, are from the truth, pixels."""
        views = views or self.used(self.aligned.TiltSeries)[name]
        known = truth.read(self.data / f"{name}_truth.json")
        sections = [view.getIndex() - 1 for view in views]
        parts = {part: getattr(known, part)[sections] for part in ("transforms", "track")}
        known = replace(known, **parts)
        angles = [view.getTiltAngle() for view in views]
        return truth.alignment_error(self.matrices(views), angles, known, size=(180, 128))

    def nominal(self, views: Sequence[Any]) -> List[float]:
        """Give the tilt angles at which views were recorded."""
        _, images = self.series_of(self.imported.outputTiltSeries)[views[0].getTsId()]
        angles = {image.getAcquisitionOrder(): image.getTiltAngle() for image in images}
        return [angles[view.getAcquisitionOrder()] for view in views]

    def check_imod_files(
        self, views: Sequence[Any], transforms: str, angles: str, table: str
    ) -> None:
        """Check IMOD's files of used views, given by ascending tilt, against the views."""
        expected = self.matrices(views)
        found = xf.read(transforms)
        self.assertTrue(np.allclose(found[:, :, :2], expected[:, :, :2], atol=1e-6))
        self.assertTrue(np.allclose(found[:, :, 2], expected[:, :, 2], rtol=COARSE, atol=1e-3))
        tilts = np.array([view.getTiltAngle() for view in views])
        self.assertTrue(np.allclose(tlt.read(angles), tilts, atol=1e-3))
        nominal = np.array(self.nominal(views))
        values = defocus.read(table)
        self.assertTrue(np.allclose(values.defocus[:, 0], 30000 + 100 * nominal, atol=1))
        self.assertTrue(np.allclose(values.defocus[:, 1], 29000 + 100 * nominal, atol=1))
        self.assertTrue(np.allclose(values.axis, 30, atol=0.01))

    @classmethod
    def _write_halves_and_defocus(cls) -> None:
        folder = cls.data / "halves"
        folder.mkdir()
        for ts_id, (_, images) in cls.series_of(cls.imported.outputTiltSeries).items():
            whole = mrc.read(images[0].getFileName()).astype(np.float32)
            for number, half in enumerate(("even", "odd")):
                mrc.write(folder / f"{ts_id}_{half}.mrc", whole / 2 + number, pixel_size=PIXEL)
            angles = np.array([image.getTiltAngle() for image in images])
            values = np.stack([30000 + 100 * angles, 29000 + 100 * angles], axis=1)
            defocus.write(folder / f"{ts_id}.defocus", defocus.single(values, angles, 30.0))

    @staticmethod
    def _exclude(series: Any, images: Sequence[Any]) -> None:
        for place in EXCLUDED if series.getTsId() == NAMES[1] else ():
            images[place].setEnabled(False)
