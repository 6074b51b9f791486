"""The options of TARDIS and MemBrain: our stages give none that these lack, our twins take all."""

from __future__ import annotations

from pathlib import Path

import pytest

from etomotut.backends import Backend
from etomotut.programs import membrain, tardis_mem
from etomotut.protocols import ProtEtomotutMemBrain, ProtEtomotutSkeleton, ProtEtomotutTardis
from etomotut.protocols.protocol_tardis import BOTH, INSTANCES, SEMANTIC
from etomotut.tests.network_programs import MEMBRAIN, TARDIS, read
from etomotut.tests.protocols.test_commands import form

INSTALLED = Backend(others={"TARDIS": Path("/tardis"), "MemBrain": Path("/membrain")})


def words_of(commands):
    """Give the words after the program's name of a single command, and what was left out."""
    ((name, values),) = commands
    words, absent = INSTALLED.command(name, values)
    assert Path(words[0]).name == name
    return words[1:], absent


@pytest.mark.parametrize("wanted", [INSTANCES, SEMANTIC, BOTH])
@pytest.mark.parametrize("is_on", [False, True])
def test_tardis_knows_all_that_our_stage_says(wanted, is_on):
    changes = {"segmentationType": wanted, "rotate": is_on, "useGpu": is_on}
    files = {"cnnCheckpoint": "a.pth", "distCheckpoint": "b.pth"} if is_on else {}
    stage = form("ProtEtomotutTardis", membranesAreBright=True, **changes, **files)
    words, absent = words_of(ProtEtomotutTardis.commands(stage, "folder", 5.52))
    given = read(words, TARDIS)
    assert (given["path"], given["device"]) == ("folder", "0" if is_on else "cpu")
    assert absent == ["bright"]


@pytest.mark.parametrize("is_on", [False, True])
def test_membrain_knows_all_that_our_stage_says(is_on):
    changes = {"storeConnectedComponents": is_on, "testTimeAugmentation": is_on}
    stage = form("ProtEtomotutMemBrain", checkpoint="a.ckpt", segmentationThreshold=-1, **changes)
    (command, *words), absent = words_of(ProtEtomotutMemBrain.commands(stage, "a.mrc", "out", 10))
    given = read(words, MEMBRAIN[command])
    assert (given["ckpt-path"], given["segmentation-threshold"]) == ("a.ckpt", "-1")
    assert ("no-test-time-augmentation" in given, absent) == (not is_on, [])


def test_membrain_knows_all_that_thinning_says():
    (command, *words), _ = words_of(ProtEtomotutSkeleton.commands("a.mrc", "out"))
    assert read(words, MEMBRAIN[command])["label-path"] == "a.mrc"


def test_a_misspelt_option_would_be_seen():
    with pytest.raises(ValueError, match="No such option: --cnn-threshold"):
        read(["--cnn-threshold", "0.5"], TARDIS)
    with pytest.raises(ValueError, match="not in tuple"):
        read(["--rotate", "yes"], {"rotate": "boolean"})


def test_the_twins_have_every_option_and_no_other():
    own = {option.name for option in tardis_mem.OPTIONS if not option.extra}
    assert own == set(TARDIS)
    own = {option.name for option in membrain.OPTIONS if not option.extra}
    assert own == {"command"}.union(*MEMBRAIN.values())


def test_membrain_is_told_the_pixel_size_where_it_is_not_the_networks():
    stage = form("ProtEtomotutMemBrain", checkpoint="a.ckpt")
    for pixel_size in (5.52, 10.0):
        words, _ = words_of(ProtEtomotutMemBrain.commands(stage, "a.mrc", "out", pixel_size))
        assert ("--rescale-patches" in words) == (pixel_size != 10.0)


def test_the_checkpoint_of_membrains_own_plugin_is_taken_where_none_is_given(monkeypatch):
    monkeypatch.setenv("MEMBRAIN_SEG_MODEL", "/models/a.ckpt")
    for given, wanted in ((None, "/models/a.ckpt"), ("b.ckpt", "b.ckpt")):
        stage = form("ProtEtomotutMemBrain", checkpoint=given)
        ((_, values),) = ProtEtomotutMemBrain.commands(stage, "a.mrc", "out", 10.0)
        assert values["ckpt-path"] == wanted
