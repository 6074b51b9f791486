"""Fiducial models that were corrected by hand are an output that stays and can be aligned."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
from pyworkflow.protocol.constants import MODE_RESTART, MODE_RESUME
from tomo.objects import SetOfLandmarkModels

from etomotut.convert import fiducials
from etomotut.formats import model, tlt
from etomotut.protocols import ProtEtomotutEditFiducials, ProtEtomotutFiducialAlignment
from etomotut.tests.projects.project import ProjectTest
from etomotut.tests.viewers import editing
from etomotut.viewers.editor_files import Saver, editor_items
from etomotut.viewers.editor_solution import solve

VIEWS = len(editing.ANGLES)
PIXEL = 5.0
OFF = 9.0  # pixels


class TestEditFiducials(ProjectTest):
    """One project: models are edited, saved, run on, opened again, aligned."""

    @classmethod
    def setUpClass(cls) -> None:
        """Import a series, give it a model with one mark that is off, and edit that."""
        super().setUpClass()
        editing.write_stack(cls.data / "TS_1.mrcs")
        tlt.write(cls.data / "TS_1.rawtlt", editing.ANGLES)
        cls.imported = cls.import_series(samplingRate=PIXEL, tiltAxisAngle=0.0001)
        models = cls.add_models()
        cls.saver = Saver(cls.proj, models, cls.imported)
        (item,) = editor_items(models)
        editor = item.load()
        editor.take(solve(editor.points, editor.geometry), editor.points)
        editor.go_to_residual()
        editor.put(editor.expected + 2)
        cls.wait_for(cls.saver.is_ready)
        cls.saver.write("TS_1", editor.edited(), editor.history.counts())
        cls.run_of_edits = cls.saver._run

    @classmethod
    def add_models(cls) -> Any:
        """Let the import have made a model of the series."""
        bead, view = np.indices((len(editing.BEADS), VIEWS)).reshape(2, -1)
        seen = np.stack([editing.places(n) - editing.SHIFTS[n] for n in range(VIEWS)], axis=1)
        rows = np.column_stack([seen[bead, view], view])
        rows[20, 0] += OFF
        files = [cls.imported._getExtraPath(name) for name in ("a.sfid", "a.fid")]
        unknown = np.full((len(rows), 2), np.nan)
        size = (*editing.SIZE, VIEWS)
        model.write(files[1], model.from_tracks(rows, bead, size=size, pixel_size=PIXEL))
        fiducials.write_landmarks(files[0], rows, bead, unknown)
        models = SetOfLandmarkModels.create(cls.imported.getPath(), prefix="models")
        models.setSetOfTiltSeries(cls.imported.outputTiltSeries)
        models.append(fiducials.landmark_model("TS_1", *files, 40.0, False))
        models.write()
        cls.imported._defineOutputs(Models=models)
        cls.imported._store()
        models.close()
        return models

    def counted(self, run: Any) -> str:
        """Give what a run says of the series in its summary."""
        return next(line for line in run._summary() if line.startswith("TS_1"))

    def test_the_input_stays_as_it_was(self) -> None:
        rows, _ = model.tracks(model.read(self.imported._getExtraPath("a.fid")))
        assert np.ptp(np.diff(rows[18:22, 0])) > OFF

    def test_the_run_says_what_was_done(self) -> None:
        told = self.counted(self.run_of_edits)
        assert told == "TS_1: 7 beads, 77 points, 0 gaps; by hand: 1 moved"

    def test_going_on_keeps_what_was_edited(self) -> None:
        output = self.run_of_edits.FiducialModelGaps
        before = model.tracks(model.read(self.path(output)))[0]
        self.run_of_edits.runMode.set(MODE_RESUME)
        self.finish(self.run_of_edits)
        assert self.run_of_edits.isFinished()
        assert np.allclose(model.tracks(model.read(self.path(output)))[0], before)
        assert "1 moved" in self.counted(self.run_of_edits)

    def test_what_a_restart_would_throw_away_is_told(self) -> None:
        self.run_of_edits.runMode.set(MODE_RESUME)
        assert self.run_of_edits._warnings() == []
        self.run_of_edits.runMode.set(MODE_RESTART)
        (told,) = self.run_of_edits._warnings()
        self.run_of_edits.runMode.set(MODE_RESUME)
        assert told == "What was edited by hand in TS_1 will be lost: Continue keeps it."

    def test_a_project_that_is_opened_again_has_it(self) -> None:
        from pyworkflow.project import Manager

        opened = Manager().loadProject(self.proj.path)
        run = opened.getProtocol(self.run_of_edits.getObjId())
        assert isinstance(run, ProtEtomotutEditFiducials)
        (item,) = editor_items(run.FiducialModelGaps)
        editor = item.load()
        assert solve(editor.points, editor.geometry).residual < 0.1
        opened.closeMapper()

    def test_it_can_be_aligned_at_once(self) -> None:
        source = self.run_of_edits, "FiducialModelGaps"
        aligned = self.run_stage(ProtEtomotutFiducialAlignment, source, "inputSetOfLandmarkModels")
        assert aligned.isFinished(), aligned.getErrorMessage()
        numbers = self.records(aligned)["TS_1"]["numbers"]
        assert numbers["points"] == 77
        assert numbers["residual"] < 0.1

    @staticmethod
    def path(models: Any) -> str:
        """Give the file of the only model of a set."""
        found = next(iter([each.getModelName() for each in models.iterItems()]))
        models.close()
        return str(found)


if __name__ == "__main__":
    unittest.main()
