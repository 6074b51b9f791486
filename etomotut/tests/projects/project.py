"""A project for a test class, series to put into it, and running stages in it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from etomotut.tests import scipion_home  # Scipion's variables, before its classes

if scipion_home.HAS_SCIPION:
    from pyworkflow.tests import setupTestProject
    from tomo.objects import SetOfTiltSeries, TiltSeries
    from tomo.protocols import ProtImportTs
    from tomo.tests.test_base_centralized_layer import TestBaseCentralizedLayer

    from etomotut.tests.projects.layer import check_outputs

from etomotut import backends
from etomotut.formats import mrc, tlt

PIXEL = 10.0
ANGLES = np.arange(-50.0, 51.0, 10.0)


class ProjectTest(TestBaseCentralizedLayer):
    """A test class with a project of its own and a folder `data` for what is imported."""

    backend = backends.EMBEDDED

    @classmethod
    def setUpClass(cls) -> None:
        """Make the project."""
        cls._came_from = os.getcwd()
        cls.data = Path(tempfile.mkdtemp(prefix="etomotut-data-"))
        setupTestProject(cls)
        cls.projects_folder = Path(cls.proj.path)

    @classmethod
    def tearDownClass(cls) -> None:
        """Remove everything."""
        os.chdir(cls._came_from)
        shutil.rmtree(cls.data, ignore_errors=True)
        shutil.rmtree(cls.projects_folder, ignore_errors=True)

    @classmethod
    def write_noise(cls, names: Sequence[str], angles: Sequence[float] = ANGLES) -> None:
        """Write small stacks of noise, their angles beside them."""
        random = np.random.default_rng(1)
        for name in names:
            stack = random.normal(100, 10, (len(angles), 130, 140)).astype(np.float32)
            stack += np.arange(len(angles), dtype=np.float32)[:, None, None]
            mrc.write(cls.data / f"{name}.mrcs", stack, pixel_size=1.0)
            tlt.write(cls.data / f"{name}.rawtlt", angles)

    @classmethod
    def import_series(cls, pattern: str = "{TS}.mrcs", **changes: Any) -> Any:
        """Run the importer of tilt series on the data and give the protocol."""
        values: Dict[str, Any] = {
            "filesPath": str(cls.data),
            "filesPattern": pattern,
            "anglesFrom": 2,
            "voltage": 300,
            "samplingRate": PIXEL,
            "tiltAxisAngle": 85.0,
            "dosePerFrame": 3.0,
        }
        protocol = cls.newProtocol(ProtImportTs, **{**values, **changes})
        return cls.launchProtocol(protocol)

    @classmethod
    def stage(cls, stage: Any, source: Tuple[Any, str], name: str = "", **values: Any) -> Any:
        """Give a stage whose input is an output of a protocol."""
        values = {"backend": cls.backend, **values}
        protocol = cls.newProtocol(stage, **values)
        pointer = getattr(protocol, name or "inputSetOfTiltSeries")
        pointer.set(source[0])
        pointer.setExtended(source[1])
        cls.proj.saveProtocol(protocol)
        return protocol

    @classmethod
    def run_stage(cls, stage: Any, source: Tuple[Any, str], name: str = "", **values: Any) -> Any:
        """Run a stage to its end and give it, whether it failed or not."""
        return cls.finish(cls.stage(stage, source, name, **values))

    @classmethod
    def finish(cls, protocol: Any) -> Any:
        """Run a protocol to its end, and check every output if it finished."""
        cls.proj.launchProtocol(protocol, wait=True)
        if protocol.isFinished():
            check_outputs(cls(), protocol)
        return protocol

    @classmethod
    def wait_for(cls, condition: Any, seconds: float = 60.0) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.1)

    @staticmethod
    def records(protocol: Any) -> Dict[str, Any]:
        """Give the records of a stage."""
        path = Path(protocol._getExtraPath("series.json"))
        return json.loads(path.read_text())["series"] if path.is_file() else {}

    @staticmethod
    def series_of(output: Any) -> Dict[str, Tuple[Any, List[Any]]]:
        """Give the series of a set with their images, by tsId."""
        found = {}
        for series in output.iterItems():
            copy = series.clone(ignoreAttrs=["_mapperPath"])
            found[series.getTsId()] = copy, [image.clone() for image in series.iterItems()]
        output.close()
        return found

    @staticmethod
    def rewrite(output: Any, series: Sequence[Tuple[Any, List[Any]]], state: int) -> Any:
        """Replace the file of a set by one with these series and give the new set."""
        path = Path(output.getFileName())
        output.close()
        new = SetOfTiltSeries.create(str(path.parent), prefix=path.stem)
        new.copyInfo(output)
        for each in series:
            ProjectTest.append(new, each, state)
        return new

    @staticmethod
    def append(output: Any, series: Tuple[Any, List[Any]], state: int) -> None:
        """Add a series to a set and set whether more will come."""
        output.enableAppend()
        made = TiltSeries(tsId=series[0].getTsId())
        made.copyInfo(series[0])
        output.append(made)
        for image in series[1]:
            image.setObjId(None)
            made.append(image)
        made.write()
        if series[1]:
            output.update(made)
        output.setStreamState(state)
        output.write()
        output.close()

    @classmethod
    def edit(cls, protocol: Any, name: str, edit: Any) -> None:
        """Change the series and images of a protocol's output, in its file and in the project."""
        output = getattr(protocol, name)
        series = cls.series_of(output)
        for each, images in series.values():
            edit(each, images)
        new = cls.rewrite(output, list(series.values()), output.STREAM_CLOSED)
        output.copy(new, copyId=False, ignoreAttrs=["_mapperPath"])
        cls.proj.mapper.store(output)
        cls.proj.mapper.commit()
