"""The command of the skeleton stage, and the strips in which MemBrain gets large masks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etomotut.backends import Backend
from etomotut.convert.series import FULL
from etomotut.engine.skeleton import skeletonize
from etomotut.formats import mrc
from etomotut.protocols import ProtEtomotutSkeleton as Stage
from etomotut.protocols.job import Job
from etomotut.protocols.protocol_skeleton import REACH, strips
from etomotut.tests.engine.test_skeleton import shell
from etomotut.tests.protocols.test_commands import check


def test_a_mask_is_given_to_membrain():
    (values,) = check(Stage.commands("a b.mrc", "folder"))
    words, absent = Backend().command("membrain", values)
    assert words[-7] == "skeletonize"
    pairs = dict(zip(words[-6::2], words[-5::2]))
    wanted = {"--label-path": "a b.mrc", "--batch-size": "1000000", "--out-folder": "folder"}
    assert pairs == wanted
    assert absent == []


@pytest.mark.parametrize("shape", [(200, 720, 512), (400, 1440, 1024), (9, 50, 9)])
def test_strips_are_each_row_once_with_rows_around(shape):
    found = list(strips(shape))
    assert [row for core, _ in found for row in core] == list(range(shape[1]))
    for core, rows in found:
        assert rows.start == max(core.start - REACH, 0)
        assert rows.stop == min(core.stop + REACH, shape[1])


def begin(folder):
    """Give the started job of thinning the mask m.mrc in a folder."""
    folders = [folder / name / "TS_1" for name in ("kept", "scratch")]
    item = SimpleNamespace(object=SimpleNamespace(getSamplingRate=lambda: 5.0))
    job = Job("TS_1", None, *folders, {FULL: str(folder / "m.mrc")}, item=item)
    job.start()
    return job


def test_strips_give_what_the_whole_gives(tmp_path, monkeypatch):
    mask = np.concatenate([shell()[0][10:50]] * 3, axis=1)
    mrc.write(tmp_path / "m.mrc", mask.astype(np.int8), pixel_size=5.0)
    job = begin(tmp_path)
    monkeypatch.setattr(
        "etomotut.protocols.protocol_skeleton.strips", lambda shape: strips(shape, 200_000)
    )
    made = mrc.read(Stage._thin_in_strips(Stage(), job, job.source[FULL])) > 0
    assert np.array_equal(made[1:-1, 1:-1, 1:-1], skeletonize(mask)[1:-1, 1:-1, 1:-1])
    assert len(list(Path(job.scratch).glob("*_thinned/*"))) > 2


def test_the_origin_that_membrain_leaves_out_is_kept(tmp_path, monkeypatch):
    mask = np.ones((4, 5, 6), np.int8)
    mrc.write(tmp_path / "m.mrc", mask, pixel_size=5.0, volume=True, origin=(1, 2, 3))
    mrc.write(tmp_path / "made.mrc", mask, pixel_size=5.0, volume=True)
    module = "etomotut.protocols.protocol_skeleton"
    monkeypatch.setattr(f"{module}.mask_beside", lambda _, file: file)
    monkeypatch.setattr(Stage, "_thin", lambda *_: str(tmp_path / "made.mrc"))
    (kept,) = Stage().process(begin(tmp_path)).outputs.values()
    assert mrc.Stack(kept).origin == (1, 2, 3)


def test_the_summary_tells_what_is_left():
    assert Stage.describe(None, {"mask": 900, "skeleton": 100}) == "100 of 900 voxels"
    assert "no membrane" in Stage.describe(None, {"mask": 0, "skeleton": 0})
