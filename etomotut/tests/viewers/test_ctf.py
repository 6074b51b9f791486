"""CTF estimates of any plugin become curves by tilt angle."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from pyworkflow.viewer import MessageView

from etomotut.tests.report.marked import ANGLES
from etomotut.tests.viewers import sets
from etomotut.viewers.ctf import EtomotutCtfViewer, items_of


@pytest.fixture
def estimates(tmp_path):
    return sets.ctf_set(tmp_path, sets.series_set(tmp_path))


def test_curves_stand_by_tilt_angle(estimates):
    (item,) = items_of(estimates)
    curves = item.find()
    assert item.name == "TS_1"
    assert np.allclose(curves.tilt_angles, np.sort(ANGLES))
    assert np.allclose(curves.mean[curves.is_used], 30000 + 10 * np.sort(ANGLES)[curves.is_used])
    assert np.allclose(curves.resolution[curves.is_used], 8.5)


def test_a_view_that_is_excluded_says_nothing(estimates):
    curves = items_of(estimates)[0].find()
    assert list(np.flatnonzero(~curves.is_used)) == [sets.EXCLUDED - 1]
    assert curves.about() == "2.94 to 3.06 µm, 8 views"


def test_what_a_program_does_not_tell_is_not_drawn_as_zero(estimates):
    curves = items_of(estimates)[0].find()
    assert np.isnan(curves.score).all()
    assert np.isnan(curves.phase_shift).all()


def test_the_viewer_opens_what_a_stage_made(tmp_path, estimates):
    project = SimpleNamespace(getTmpPath=lambda *names: str(tmp_path))
    viewer = EtomotutCtfViewer(project=project)
    (found,) = viewer._visualize(SimpleNamespace(CTFTomoSeries=estimates))
    assert not isinstance(found, MessageView)
    (found,) = viewer._visualize(SimpleNamespace())
    assert "nothing to show yet" in found.getMessage()
