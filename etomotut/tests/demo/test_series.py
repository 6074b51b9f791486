"""Whole series: drawing, simulating, writing."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import HARD, PRESETS, Parameters, series_of, truth
from etomotut.demo.__main__ import main
from etomotut.demo.series import prepare, simulate, write
from etomotut.errors import OptionError
from etomotut.formats import defocus, mrc, tlt

TINY = replace(PRESETS["tiny"][0], halves=True)


@pytest.fixture(scope="module")
def tiny():
    return simulate(TINY, workers=2)


@pytest.fixture(scope="module")
def files(tiny, tmp_path_factory):
    return write(tiny, tmp_path_factory.mktemp("demo"))


def test_the_data_do_not_depend_on_the_number_of_workers(tiny):
    assert np.array_equal(simulate(TINY, workers=1).stack, tiny.stack)


def test_another_seed_gives_other_data(tiny):
    assert not np.array_equal(simulate(replace(TINY, seed=2)).truth.beads, tiny.truth.beads)


def test_another_dose_changes_neither_specimen_nor_geometry(tiny):
    other = prepare(replace(TINY, dose=1.0))
    assert np.array_equal(other[1].beads, tiny.specimen.beads)
    assert np.array_equal(other[0].transforms, tiny.views.transforms)


def test_even_and_odd_frames_add_up(tiny):
    assert np.array_equal(tiny.even + tiny.odd, tiny.stack)


def test_the_stack_has_what_users_have(files, tiny):
    stack = mrc.Stack(files["stack"])
    assert stack.shape == (21, 128, 180)
    assert stack.dtype == np.int16
    assert stack.pixel_size == pytest.approx(11.04)
    assert np.array_equal(stack[:], tiny.stack)
    assert tlt.read(files["angles"]).tolist() == list(range(-60, 61, 6))


def test_the_halves_stand_where_a_pattern_for_stacks_does_not_find_them(files):
    assert files["even"].parent != files["stack"].parent
    assert mrc.Stack(files["odd"]).shape == (21, 128, 180)


def test_the_defocus_file_holds_the_true_defocus(files, tiny):
    assert np.allclose(defocus.read(files["defocus"]).defocus, tiny.views.defocus, atol=1)


def test_the_written_truth_makes_no_error(files):
    found = truth.read(files["truth"])
    assert truth.alignment_error(found.transforms, found.true_angles, found) < 1e-3
    assert found.details["parameters"]["seed"] == TINY.seed


def test_hot_pixels_stand_out_where_the_truth_says(tiny):
    view, row, column, added = tiny.bad_pixels.hot.T
    assert (tiny.stack[view, row, column] >= added).all()


@pytest.mark.parametrize("preset", HARD)
def test_hard_presets_can_be_drawn(preset):
    views, specimen, *_ = prepare(PRESETS[preset][0])
    assert len(specimen.beads) == PRESETS[preset][0].beads + PRESETS[preset][0].beads_beyond
    assert np.isfinite(views.transforms).all()


def test_all_beads_of_the_field_are_in_the_untilted_view():
    world = prepare(PRESETS["many-beads"][0])
    beads = world[1].beads[:80, :2] / 11.04
    raw = np.linalg.inv(world[0].transforms[20, :, :2]) @ (beads - world[0].transforms[20, :, 2]).T
    assert (np.abs(raw.T) < (180, 128)).all()


def test_more_series_than_a_preset_has_get_other_seeds():
    made = series_of("demo", count=3)
    assert [one.name for one in made] == ["TS_01", "TS_02", "TS_03"]
    assert len({one.seed for one in made}) == 3


def test_an_unknown_preset_is_refused_with_the_known_ones(tmp_path, capsys):
    assert main([str(tmp_path), "--preset", "nice"]) == 1
    assert "ERROR: DEMO-DATA - no preset 'nice'; there are demo, " in capsys.readouterr().out


def test_the_command_writes_series_and_says_where(tmp_path, capsys):
    assert main([str(tmp_path), "--preset", "tiny"]) == 0
    assert "TS_01: 180 x 128 at 11.04 A/px" in capsys.readouterr().out
    assert (tmp_path / "TS_01_truth.json").exists()


@pytest.mark.parametrize(
    "change", [{"handedness": 0}, {"pairs": 20}, {"angles": (0.0, 80.0, 2.0)}, {"dose": 0.0}]
)
def test_what_cannot_be_simulated_is_refused(change):
    with pytest.raises(OptionError, match=f"{next(iter(change))} .* cannot be simulated"):
        replace(Parameters(), **change)


def test_too_many_beads_are_refused():
    with pytest.raises(OptionError, match="no room for 5006 beads"):
        prepare(Parameters(beads=5000))
