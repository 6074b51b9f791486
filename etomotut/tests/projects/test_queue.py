"""Stages go through a real Slurm on the loopback, as wholes and as single programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, List

from etomotut import headless
from etomotut.protocols import ProtEtomotutPreprocess, ProtEtomotutReconstruct, ProtEtomotutTomo3d
from etomotut.tests.conftest import ROOT
from etomotut.tests.projects.project import ProjectTest

IMPORTED = "outputTiltSeries"
FOLDER = "it's a; folder & more (1)"
TOOL = ROOT / "tools" / "slurm-on-loopback"
PATIENCE = 300.0  # seconds; the machine may be busy
LONG = {"tomoThickness": 120, "nIterations": 100000}


class TestQueue(ProjectTest):
    """A project in a folder of a hostile name, with the documented hosts.conf."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start Slurm, or skip with the reason."""
        cls.slurm = tempfile.TemporaryDirectory(prefix="slurm-")
        if not TOOL.is_file():
            raise unittest.SkipTest(f"{TOOL} is not there: it comes with the sources only")
        if shutil.which("sbatch") is None:
            raise unittest.SkipTest(f"there is no Slurm here: {TOOL} install")
        started = subprocess.run([TOOL, "start", cls.slurm.name], capture_output=True, text=True)
        if started.returncode:
            raise unittest.SkipTest(started.stderr.strip().splitlines()[-1])
        import pyworkflow as pw

        cls.before = pw.Config.SCIPION_HOSTS, os.environ["SCIPION_HOSTS"]
        pw.Config.SCIPION_HOSTS = os.environ["SCIPION_HOSTS"] = str(ROOT / "docs" / "hosts.conf")
        os.environ["SLURM_CONF"] = f"{cls.slurm.name}/slurm.conf"
        super().setUpClass()
        cls.proj = headless.open_project("p", cls.data / FOLDER)
        cls.write_noise(["TS_1", "TS_2"])
        cls.source = cls.import_series(), IMPORTED
        cls.started = []

    @classmethod
    def tearDownClass(cls) -> None:
        """Stop Slurm and take back the settings."""
        import pyworkflow as pw

        subprocess.run([TOOL, "stop", cls.slurm.name], check=True)
        pw.Config.SCIPION_HOSTS, os.environ["SCIPION_HOSTS"] = cls.before
        del os.environ["SLURM_CONF"]
        super().tearDownClass()
        cls.slurm.cleanup()

    def tearDown(self) -> None:
        """Leave the queue empty, whatever went wrong."""
        for stage in self.started:
            if self.updated(stage).isActive():
                self.proj.stopProtocol(stage)

    def queued(self, stage: Any, source: Any, *, steps: bool, **values: Any) -> Any:
        """Start a stage in the queue and give it."""
        protocol = self.stage(stage, source, **{"numberOfThreads": 3, "binThreads": 1, **values})
        protocol._useQueue.set(True)
        asked = {"JOB_HOURS": "1", "JOB_MEMORY": "1", "QUEUE_FOR_JOBS": "Y" if steps else "N"}
        protocol.setQueueParams(("debug", asked))
        self.started.append(protocol)
        self.proj.launchProtocol(protocol, wait=False)
        return protocol

    def updated(self, protocol: Any) -> Any:
        """Give a stage as it is now."""
        self.proj._updateProtocol(protocol)
        return protocol

    def finished(self, *arguments: Any, **values: Any) -> Any:
        """Run a stage in the queue and give it, finished."""
        protocol = self.queued(*arguments, **values)
        headless.wait_for_end(self.proj, protocol)
        self.assertTrue(protocol.isFinished(), protocol.getErrorMessage())
        return protocol

    def jobs(self) -> List[str]:
        """Give the numbers of the jobs in the queue."""
        return subprocess.check_output(["squeue", "-h", "-o", "%i"], text=True).split()

    def programs(self, protocol: Any) -> List[str]:
        """Give the commands of this machine that work on files of a run."""
        commands = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:  # it ended
                continue
            if b"etomotut" in words and os.fsencode(protocol.getPath()) in b" ".join(words):
                commands.append(b" ".join(words).decode())
        return commands

    def test_whole_stages_are_jobs(self) -> None:
        made = self.finished(ProtEtomotutReconstruct, self.source, steps=False, tomoThickness=20)
        self.assertEqual(sorted(made.Tomograms.getTSIds()), ["TS_1", "TS_2"])
        (script,) = Path(made._getLogsPath()).glob("*.job")
        self.assertIn("--cpus-per-task=2\n", script.read_text())

    def test_programs_of_every_series_are_jobs(self) -> None:
        binned = self.finished(ProtEtomotutPreprocess, self.source, steps=True, binning=1)
        self.assertEqual(sorted(binned.TiltSeries.getTSIds()), ["TS_1", "TS_2"])
        logs = Path(binned._getLogsPath())
        scripts = sorted(logs.glob("*.job"))
        self.assertEqual(len(scripts), 2)
        for script in scripts:
            self.assertIn("--cpus-per-task=1\n", script.read_text())
            self.assertEqual(script.with_suffix(".err").read_text(), "")
        self.assertEqual([*logs.glob("*.log"), *logs.glob("*.status")], [])
        self.assertIn("140 x 130 x 11 became 140 x 130 x 11", binned.summary()[1])

    def test_a_cancelled_job_fails_its_series_only(self) -> None:
        stage = self.queued(ProtEtomotutTomo3d, self.source, steps=True, **LONG)
        self.wait_for(lambda: len(self.programs(stage)) >= 2, PATIENCE)
        first, *_ = self.jobs()
        subprocess.run(["scancel", first], check=True)
        self.wait_for(lambda: len(self.records(stage)) == 1, PATIENCE)
        (record,) = self.records(stage).values()
        self.assertRegex(record["reason"], r"left the queue before its end, cancelled or out of")
        self._stop(stage)

    def test_stopping_a_stage_cancels_its_job_and_ends_its_programs(self) -> None:
        stage = self.queued(ProtEtomotutTomo3d, self.source, steps=False, **LONG)
        self._stop(stage)

    def test_stopping_a_stage_cancels_the_jobs_of_its_programs(self) -> None:
        stage = self.queued(ProtEtomotutTomo3d, self.source, steps=True, **LONG)
        self._stop(stage)

    def _stop(self, stage: Any) -> None:
        self.wait_for(lambda: self.programs(stage), PATIENCE)
        self.wait_for(lambda: self.updated(stage).getJobIds(), PATIENCE)
        self.proj.stopProtocol(stage)
        self.wait_for(lambda: not self.jobs(), PATIENCE)
        self.wait_for(lambda: not self.programs(stage), PATIENCE)
        self.assertTrue(stage.isAborted())
