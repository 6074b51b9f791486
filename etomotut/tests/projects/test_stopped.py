"""Runs that a user stops, and runs of one project at the same time."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import List

import psutil
from pwem.objects import Set
from pyworkflow.protocol import getUpdatedProtocol

from etomotut import backends
from etomotut.protocols import (
    ProtEtomotutPrealign,
    ProtEtomotutPreprocess,
    ProtEtomotutTomo3d,
)
from etomotut.tests.killing import contents
from etomotut.tests.projects.project import ProjectTest

IMPORTED = "outputTiltSeries"


class TestStopped(ProjectTest):
    """Stop, as the window's button does it."""

    @classmethod
    def setUpClass(cls) -> None:
        """Import some series."""
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2", "TS_3"])

    def test_embedded_programs_end_with_their_run(self) -> None:
        source = self.import_series(), IMPORTED
        values = {"tomoThickness": 100, "nIterations": 2000, "numberOfThreads": 3}
        stage = self.stage(ProtEtomotutTomo3d, source, **values)
        self._check_stop(stage, "etomotut tomo3d", 2)

    def test_programs_of_the_user_end_with_those_that_they_started(self) -> None:
        stage = self._stage_that_sleeps("sleep 987 &\nsleep 986")
        self._check_stop(stage, "sleep 98", 4)

    def test_programs_do_not_outlive_a_run_that_was_killed_alone(self) -> None:
        stage = self._stage_that_sleeps("exec sleep 986")
        self._wait_for_programs(stage, "sleep 98", 2)
        self.proj._updateProtocol(stage)  # it is told the process of the shell before
        os.kill(stage.getPid(), signal.SIGKILL)
        self.wait_for(lambda: not self._commands(), 10.0)

    def test_an_input_that_never_closes_is_left_by_a_stop_and_taken_up_again(self) -> None:
        imported = self.import_series()
        series = self.series_of(imported.outputTiltSeries)
        stream = self.rewrite(imported.outputTiltSeries, [series["TS_1"]], Set.STREAM_OPEN)
        stage = self.stage(ProtEtomotutPreprocess, (imported, IMPORTED), binning=1)
        self.proj.launchProtocol(stage, wait=False)
        self.wait_for(lambda: "TS_1" in self.records(stage))
        self.append(stream, series["TS_2"], Set.STREAM_OPEN)
        self.wait_for(lambda: "TS_2" in self.records(stage))
        self._stop(stage)
        self.assertTrue(stage.isAborted())
        self.assertTrue(stage.TiltSeries.isStreamClosed())
        self.assertEqual(sorted(stage.TiltSeries.getTSIds()), ["TS_1", "TS_2"])

        written = os.path.getmtime(stage._getExtraPath("TS_1", "TS_1.mrcs"))
        self.append(stream, series["TS_3"], Set.STREAM_CLOSED)
        self.finish(stage)
        self.assertTrue(stage.isFinished(), stage.getErrorMessage())
        self.assertEqual(sorted(stage.TiltSeries.getTSIds()), ["TS_1", "TS_2", "TS_3"])
        self.assertEqual(os.path.getmtime(stage._getExtraPath("TS_1", "TS_1.mrcs")), written)

    def _stage_that_sleeps(self, script: str):
        """Give a stage of two series at once whose program is one of the user's, a script."""
        program = self.data / "theirs" / "bin" / "newstack"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        os.environ["IMOD_HOME"] = str(self.data / "theirs")
        self.addCleanup(os.environ.pop, "IMOD_HOME")
        values = {"binning": 1, "backend": backends.IMOD, "numberOfThreads": 3}
        return self.stage(ProtEtomotutPreprocess, (self.import_series(), IMPORTED), **values)

    def _check_stop(self, stage, command: str, count: int) -> None:
        """Stop a stage when so many commands like this run, and look for what is left."""
        self._wait_for_programs(stage, command, count)
        self._stop(stage)
        self.wait_for(lambda: not self._commands(), 10.0)
        self.assertTrue(stage.isAborted())
        self.assertEqual(self.records(stage), {})

    def _wait_for_programs(self, stage, command: str, count: int) -> None:
        self.proj.launchProtocol(stage, wait=False)
        self.wait_for(lambda: sum(command in each for each in self._commands()) == count)

    def _stop(self, stage) -> None:
        self.proj._updateProtocol(stage)
        self.proj.stopProtocol(stage)

    def _commands(self) -> List[str]:
        """Give the command lines of the other processes that work in the project's folder."""
        found = []
        for each in psutil.process_iter():
            with suppress(psutil.Error, OSError):  # it ended while it was looked at
                if each.cwd() == os.getcwd() and each.pid != os.getpid():
                    found.append(" ".join(each.cmdline()))
        return [command for command in found if command]  # the dead have none


class TestAtOnce(ProjectTest):
    """Several stages that run at the same time in one project."""

    @classmethod
    def setUpClass(cls) -> None:
        """Write some series."""
        super().setUpClass()
        cls.write_noise(["TS_1", "TS_2", "TS_3"])

    def test_a_stage_takes_the_series_of_one_that_is_running_as_they_come(self) -> None:
        imported = self.import_series()
        series = self.series_of(imported.outputTiltSeries)
        stream = self.rewrite(imported.outputTiltSeries, [series["TS_1"]], Set.STREAM_OPEN)
        first = self.stage(ProtEtomotutPreprocess, (imported, IMPORTED), binning=1)
        self.proj.launchProtocol(first, wait=False)
        self.wait_for(lambda: "TS_1" in self.records(first))
        self.proj._updateProtocol(first)
        second = self.stage(ProtEtomotutPrealign, (first, "TiltSeries"))
        self.proj.launchProtocol(second, wait=False)
        self.wait_for(lambda: "TS_1" in self.records(second))
        self.append(stream, series["TS_2"], Set.STREAM_OPEN)
        self.wait_for(lambda: "TS_2" in self.records(second))
        self.append(stream, series["TS_3"], Set.STREAM_CLOSED)
        for stage in (first, second):
            done = self._end_of(stage)
            self.assertEqual(sorted(done.TiltSeries.getTSIds()), ["TS_1", "TS_2", "TS_3"])
            self.assertTrue(done.TiltSeries.isStreamClosed())

    def test_stages_at_once_make_what_they_make_alone(self) -> None:
        source = self.import_series(), IMPORTED
        kinds = [(ProtEtomotutPreprocess, {"binning": 1}), (ProtEtomotutPrealign, {})]
        alone = [self.run_stage(kind, source, **values) for kind, values in kinds]
        at_once = [self.stage(kind, source, **values) for kind, values in kinds + kinds[:1]]
        for stage in at_once:
            self.proj.launchProtocol(stage, wait=False)
        for stage, model in zip(at_once, alone + alone):
            done = self._end_of(stage)
            expected = str(sorted(contents(model), key=str))
            expected = expected.replace(model.getPath(), done.getPath())
            self.assertEqual(str(sorted(contents(done), key=str)), expected)

    def _end_of(self, stage):
        """Wait for the end of a stage and give it as it is then."""
        self.wait_for(lambda: not getUpdatedProtocol(stage).isActive(), 120.0)
        done = getUpdatedProtocol(stage)
        self.assertTrue(done.isFinished(), done.getErrorMessage())
        return done
