"""The window of a tomogram shows the planes that meet in a point."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.formats import mrc
from etomotut.viewers.tomogram_model import SECTION, SIDE, SLICE, TomogramModel
from etomotut.viewers.viewport import Viewport

VOLUME = np.random.default_rng(4).normal(size=(40, 24, 30)).astype(np.float32)


@pytest.fixture
def model(tmp_path) -> TomogramModel:
    mrc.write(tmp_path / "a.mrc", VOLUME, pixel_size=10.0, volume=True)
    return TomogramModel(str(tmp_path / "a.mrc"), 10.0, [[5, 6, 7], [20, 6, 30]], 4.0)


def fill(model: TomogramModel) -> np.ndarray:
    for _ in range(3):
        model.fill_side()
    assert model.is_side_full
    return model.image(SIDE)


def test_planes_meet_in_the_middle_at_first(model):
    assert model.point == [15, 12, 20]
    assert np.allclose(model.image(SECTION), VOLUME[20])
    assert np.allclose(model.image(SLICE), VOLUME[:, 12])
    assert np.allclose(fill(model), VOLUME[:, :, 15].T)


def test_a_click_moves_the_point_in_its_plane(model):
    model.click(SIDE, 3.2, 7.9)
    assert model.point == [15, 8, 3]
    model.click(SLICE, 29.4, 100)
    assert model.point == [29, 8, 39]


def test_a_step_goes_through_the_planes_and_not_beyond_the_volume(model):
    model.step(SECTION, 5)
    assert model.point == [15, 12, 25]
    model.step(SIDE, -99)
    assert model.point[0] == 0


def test_the_side_is_read_again_only_where_the_point_moved_across(model):
    fill(model)
    model.step(SECTION, 1)
    assert model.is_side_full
    model.step(SIDE, 1)
    assert not model.is_side_full
    assert np.allclose(fill(model), VOLUME[:, :, 16].T)


def test_slabs_are_means(model):
    model.slab = 3
    assert np.allclose(model.image(SECTION), VOLUME[19:22].mean(axis=0), atol=1e-6)
    assert np.allclose(fill(model), VOLUME[:, :, 14:17].mean(axis=2).T, atol=1e-6)


def test_contrast_follows_the_noise_that_a_slab_leaves(model):
    low, high = model.limits()
    model.slab = 9
    lower, higher = model.limits()
    assert higher - lower == pytest.approx((high - low) / 3, rel=0.3)


def test_beads_are_ringed_in_the_planes_that_cut_them(model):
    model.click(SECTION, 0, 0)
    model.go_to(2, 8)
    assert np.allclose(model.beads_near(SECTION), [[5, 6]])
    model.go_to(0, 20)
    assert np.allclose(model.beads_near(SIDE), [[30, 6]])
    assert len(model.beads_near(SLICE)) == 0


def test_a_canvas_shows_a_plane_the_right_way_up(model):
    model.clipped = 0.0
    viewport = Viewport(model.size_of(SECTION), (30, 24))
    viewport.fit()
    shown = model.render(SECTION, viewport)[::-1].astype(float)
    assert np.corrcoef(shown.ravel(), VOLUME[20].ravel())[0, 1] > 0.99


def test_the_point_is_told_in_voxels_and_nanometres(model):
    assert model.caption().startswith("x 16/30, y 13/24, z 21/40  ·  15, 12, 20 nm")


def test_a_tomogram_of_one_section_is_shown_too(tmp_path):
    mrc.write(tmp_path / "flat.mrc", VOLUME[:1], pixel_size=10.0)
    flat = TomogramModel(str(tmp_path / "flat.mrc"), 10.0)
    assert flat.image(SLICE).shape == (1, 30)
    assert fill(flat).shape == (24, 1)


def test_tomograms_of_one_specimen_meet_at_the_same_place(tmp_path):
    """The second one is cropped, and binned by two: its first voxel is at voxel (8, 4, 10)."""
    mrc.write(tmp_path / "a.mrc", VOLUME, pixel_size=10.0, volume=True)
    mrc.write(tmp_path / "b.mrc", VOLUME[10:30:2, 4:20:2, 8:24:2], pixel_size=20.0, volume=True)
    first = TomogramModel(str(tmp_path / "a.mrc"), 10.0, origin=(-15, -12, -20))
    second = TomogramModel(str(tmp_path / "b.mrc"), 20.0, origin=(-3.5, -4, -5))
    first.point = [14, 8, 16]
    second.go_to_place(first.place)
    assert second.point == [3, 2, 3]
    first.go_to_place(second.place)
    assert np.abs(np.array(first.point) - (14, 8, 16)).max() <= 1
    second.go_to_place([1e6, 0, 0])
    assert second.point[0] == 7
