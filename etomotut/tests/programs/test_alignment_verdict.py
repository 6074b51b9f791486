"""Verdicts, and the sentences that give their reasons."""

import pytest

from etomotut.programs.alignment_verdict import judge

GOOD = {
    "pixel_size_A": 10.0,
    "expected_error_px": 0.1,
    "uncertainty_px": 0.08,
    "misfit_px": 0.06,
    "leave_one_out_px": 0.3,
    "ratio": 5.0,
    "bad_share": 0.05,
    "views": 41,
}


def verdict(are_beads=True, misplaced=(), unmarked=(), thin=(), **changes):
    lists = {"misplaced": misplaced, "unmarked": unmarked, "thin": thin}
    return judge({**GOOD, **changes}, are_beads=are_beads, **lists)


def test_a_good_alignment_is_told_with_what_is_allowed():
    assert verdict().word == "good"
    assert verdict().reasons == [
        "Marks lie 0.30 px (0.30 nm) from where the others predict them (1 px are good), and the "
        "alignment is expected to be 0.10 px (0.10 nm) from the truth (0.5 px are good)."
    ]


@pytest.mark.parametrize(
    ("changes", "word", "start"),
    [
        ({"expected_error_px": 0.7}, "usable", "The alignment is expected to be 0.70 px (0.70 nm)"),
        ({"expected_error_px": 1.6}, "bad", "The alignment is expected to be 1.60 px"),
        ({"expected_error_px": None}, "bad", "The marks do not suffice"),
        ({"leave_one_out_px": 1.5}, "usable", "Marks lie 1.50 px (1.50 nm) from where"),
        ({"leave_one_out_px": None}, "bad", "No mark can be predicted"),
        ({"ratio": 1.2}, "usable", "There are 1.2 measured numbers for each unknown"),
        ({"ratio": 0.8}, "bad", "There are 0.8 measured numbers"),
        ({"bad_share": 0.4}, "usable", "40% of the marks do not fit"),
        ({"misplaced": [7]}, "usable", "View 7 of 41 lies elsewhere"),
        ({"misplaced": [7, 9]}, "bad", "2 of 41 views (7 and 9) lie elsewhere"),
        ({"unmarked": [7, 8, 9]}, "usable", "3 of 41 views (7, 8 and 9) have no mark"),
        ({"thin": range(1, 11)}, "usable", "10 of 41 views (1, 2, 3, 4, 5, 6, 7, 8, ...) have"),
        ({"thin": [40, 41]}, "good", "Marks lie"),
    ],
)
def test_each_number_decides_where_it_is_beyond_what_is_allowed(changes, word, start):
    found = verdict(**changes)
    assert found.word == word
    assert found.reasons[0].startswith(start)
    assert len(found.reasons) == 1


def test_the_worst_reason_comes_first():
    found = verdict(bad_share=0.4, leave_one_out_px=3.0, unmarked=[4])
    assert found.word == "bad"
    assert [text.split()[0] for text in found.reasons] == ["Marks", "View", "40%"]


def test_advice_depends_on_what_the_error_comes_from():
    noisy = verdict(expected_error_px=0.8, uncertainty_px=0.8, misfit_px=0.1).reasons[0]
    stiff = verdict(expected_error_px=0.8, uncertainty_px=0.1, misfit_px=0.8).reasons[0]
    assert "track more beads" in noisy
    assert "refine every view" in stiff
    patches = verdict(expected_error_px=0.8, uncertainty_px=0.8, are_beads=False).reasons[0]
    assert "track more patches" in patches


def test_more_patches_than_beads_may_be_bad():
    assert verdict(bad_share=0.3).reasons[0].endswith("25% are tolerable: curate the model.")
    assert verdict(bad_share=0.3, are_beads=False).word == "good"
    patches = verdict(bad_share=0.4, are_beads=False).reasons[0]
    assert patches.endswith("35% are tolerable: track larger patches.")


def test_fine_pixels_are_allowed_more_of_them():
    assert verdict(leave_one_out_px=2.0).word == "usable"
    assert verdict(leave_one_out_px=2.0, pixel_size_A=2.0).word == "good"
    assert "2.5 px are good" in verdict(pixel_size_A=2.0).reasons[0]
    assert verdict(leave_one_out_px=2.0, pixel_size_A=None).word == "usable"
