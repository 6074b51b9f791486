"""Series without gold in a project: refined by us, and aligned by an AreTomo that is a stand-in."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import numpy as np

from etomotut import backends
from etomotut.demo import series_of
from etomotut.demo.series import simulate, write
from etomotut.engine import transforms as linear
from etomotut.formats import aln, tlt
from etomotut.protocols import (
    ProtEtomotutAreTomo,
    ProtEtomotutPrealign,
    ProtEtomotutPreprocess,
    ProtEtomotutRefineAlignment,
)
from etomotut.tests.projects.project import ProjectTest

DARK = 3  # section of the stack, from 0, that the stand-in takes for dark


class TestWithoutGold(ProjectTest):
    """One tiny series without beads."""

    @classmethod
    def setUpClass(cls) -> None:
        """Run the stages."""
        super().setUpClass()
        parameters = replace(series_of("tiny")[0], beads=0, beads_beyond=0, pairs=0)
        write(simulate(parameters), cls.data)
        imported = cls.import_series("*.mdoc", samplingRate=11.04, tiltAxisAngle=-95.0)
        source = imported, "outputTiltSeries"
        cls.binned = cls.run_stage(ProtEtomotutPreprocess, source, binning=1)
        source = cls.binned, "TiltSeries"
        cls.coarse = cls.run_stage(ProtEtomotutPrealign, source)
        source = cls.coarse, "TiltSeries"
        cls.fine = cls.run_stage(ProtEtomotutRefineAlignment, source, patchSize=48)
        home = cls.data / "aretomo"
        cls.stand_in(home, parameters.angles)
        os.environ["ARETOMO_HOME"] = str(home)
        try:
            source = cls.binned, "TiltSeries"
            cls.theirs = cls.run_stage(ProtEtomotutAreTomo, source, backend=backends.IMOD)
        finally:
            del os.environ["ARETOMO_HOME"]

    @classmethod
    def stand_in(cls, home, angles) -> None:
        """Write an AreTomo2 that leaves an alignment with a dark view, sections by tilt."""
        first, last, step = angles
        tilts = np.arange(first, last + 1, step)
        used = [each for each in range(len(tilts)) if each != DARK]
        moves = np.repeat(linear.rotation(95.0)[None], len(tilts), axis=0)
        moves[:, 0, 2] = np.arange(len(tilts))
        home.mkdir()
        known = aln.Alignment(
            used[::-1], moves[used][::-1], tilts[used][::-1], [DARK], (180, 128, len(tilts))
        )
        aln.write(home / "known.aln", known)
        tlt.write(home / "known.tlt", tilts)
        (home / "AreTomo2").write_text(
            f"#!{sys.executable}\nimport pathlib, shutil, sys\n"
            "given = dict(zip(sys.argv, sys.argv[1:]))\n"
            "name = pathlib.Path(given['-InMrc']).with_suffix('.aln').name\n"
            f"shutil.copy({str(home / 'known.aln')!r},"
            " pathlib.Path(given['-OutMrc']).with_name(name))\n"
        )
        (home / "AreTomo2").chmod(0o755)

    def views(self, protocol):
        """Give the images of a protocol's series by ascending tilt."""
        series = protocol.TiltSeries.getFirstItem()
        return [image.clone() for image in series.iterItems(orderBy="_tiltAngle")]

    def test_refinement_gives_every_view_a_transform_with_the_axis_upright(self) -> None:
        views = self.views(self.fine)
        turns = [view.getTransform().getMatrix()[0, 1] for view in views]
        assert len(views) == 21
        assert np.allclose(turns, np.sin(np.radians(-95.0)), atol=0.05)
        assert not hasattr(self.fine, "FailedTiltSeries")

    def test_the_summary_tells_how_far_views_moved(self) -> None:
        assert "rounds" in " ".join(self.fine.summary())

    def test_aretomos_rows_go_to_the_views_of_their_sections(self) -> None:
        views = self.views(self.theirs)
        across = [view.getTransform().getMatrix()[0, 2] for view in views]
        expected = np.arange(21.0)
        expected[DARK] = 0
        assert np.allclose(across, expected, atol=2e-3)

    def test_views_that_aretomo_left_out_are_disabled(self) -> None:
        enabled = [view.isEnabled() for view in self.views(self.theirs)]
        assert [place for place, each in enumerate(enabled) if not each] == [DARK]
        assert "1 dark views disabled" in " ".join(self.theirs.summary())
