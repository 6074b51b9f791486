"""Commands and checks of the stages that segment membranes, from the values of their forms."""

from __future__ import annotations

import pytest

from etomotut.protocols import ProtEtomotutMemBrain, ProtEtomotutTardis
from etomotut.protocols.facts import Facts
from etomotut.protocols.protocol_tardis import SEMANTIC
from etomotut.tests.protocols.test_commands import check, form


def tardis(**changes):
    commands = ProtEtomotutTardis.commands(form("ProtEtomotutTardis", **changes), "here", 5.52)
    (values,) = check(commands)
    return values


def membrain(**changes):
    wanted = form("ProtEtomotutMemBrain", **changes)
    (values,) = check(ProtEtomotutMemBrain.commands(wanted, "a.mrc", "out", 5.52))
    return values


def test_the_tutorials_segmentation_asks_tardis_for_masks_and_points():
    values = tardis(useGpu=False)
    assert (values["path"], values["output_format"]) == ("here", "mrc_csv")
    assert (values["cnn_threshold"], values["dist_threshold"]) == (0.5, 0.9)
    assert (values["correct_px"], values["device"], values["rotate"]) == (5.52, "cpu", "False")


def test_without_instances_tardis_writes_no_points():
    assert tardis(segmentationType=SEMANTIC)["output_format"] == "mrc_None"


def test_membrain_numbers_membranes_where_that_is_wanted():
    values = membrain(connectedComponentsThreshold=30)
    assert values["store-connected-components"] is True
    assert values["connected-component-thres"] == 30
    assert membrain(storeConnectedComponents=False)["connected-component-thres"] is None


def test_membrains_augmentation_is_switched_by_one_of_two_flags():
    assert membrain()["test-time-augmentation"] is True
    assert membrain()["no-test-time-augmentation"] is False
    assert membrain(testTimeAugmentation=False)["no-test-time-augmentation"] is True


def test_numbers_go_on_from_a_first_one():
    files = {"mask": "m.mrc", "points": "p.csv", "result": "r.mrc"}
    (values,) = check(ProtEtomotutTardis.number(files, 7, 5.52))
    assert (values["FirstNumber"], values["PointsFile"]) == (7, "p.csv")


@pytest.mark.parametrize(
    ("stage", "changes", "said"),
    [
        (ProtEtomotutTardis, {"cnnCheckpoint": "no.pth"}, "no.pth does not exist"),
        (ProtEtomotutTardis, {"patchSize": 100}, "a multiple of 8 is needed"),
        (ProtEtomotutTardis, {"cnnThreshold": 0.0}, "threshold of membranes is 0"),
        (ProtEtomotutMemBrain, {"checkpoint": "no.ckpt"}, "no.ckpt does not exist"),
        (ProtEtomotutMemBrain, {"slidingWindowSize": 100}, "a multiple of 32 is needed"),
    ],
)
def test_what_cannot_work_is_refused(stage, changes, said):
    assert said in stage.problems(form(stage.__name__, **changes), Facts())[0]
    assert stage.problems(form(stage.__name__), Facts()) == []
