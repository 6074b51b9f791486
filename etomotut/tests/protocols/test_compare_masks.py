"""The command and the summary of the comparison of segmentations."""

from etomotut.protocols import ProtEtomotutCompareMasks as Stage
from etomotut.tests.protocols.test_commands import check, form


def test_the_masks_are_compared_within_the_tolerance():
    files = {"first": "a.mrc", "second": "b.mrc", "result": "c.mrc", "figures": "d.json"}
    (values,) = check(Stage.commands(form("ProtEtomotutCompareMasks", tolerance=3.0), files))
    assert (values["FirstFile"], values["SecondFile"], values["Tolerance"]) == (
        "a.mrc",
        "b.mrc",
        3.0,
    )


def test_the_summary_tells_both_coefficients():
    numbers = {"dice": 0.714, "dice_near": 0.951, "tolerance": 2.0}
    assert Stage.describe(None, numbers) == "Dice 0.71, 0.95 within 2 voxels"
