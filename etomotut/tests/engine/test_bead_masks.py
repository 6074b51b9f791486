"""Finding gold in single views, and masking it with its fringes."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine import bead_detection, bead_masks, beads
from etomotut.engine.bead_masks import Outline

SHAPE = (120, 160)
PLACES = np.array([[30.3, 40.6], [80.0, 30.2], [120.4, 90.0], [60.8, 95.5], [100.5, 60.5]])
RADIUS = 5.0


def series(places, *, views=3, depth=8.0, seed=0, shape=SHAPE):
    """Give views (view, y, x) of noise 1 with dark discs that have a bright fringe of 2 pixels."""
    y, x = np.indices(shape)
    clean = np.zeros(shape)
    for column, row in places:
        distance = np.hypot(x - column, y - row) - RADIUS
        clean -= depth * np.clip(0.5 - distance, 0, 1)
        clean += 1.0 * ((distance > 0.5) & (distance < 2.5))
    random = np.random.default_rng(seed)
    return (clean + random.standard_normal((views, *shape))).astype(np.float32)


def sure(found):
    return found.xy[found.probability >= 0.9]


def nearest(places, others):
    return np.linalg.norm(np.asarray(places)[:, None] - others[None], axis=2).min(axis=1)


def test_all_beads_are_found_where_they_are_and_nothing_else():
    found, _ = bead_detection.detect(series(PLACES), RADIUS)
    for each in found:
        assert len(sure(each)) == len(PLACES)
        assert nearest(PLACES, sure(each)).max() < 0.3


def test_beads_at_the_edge_and_beyond_it_are_found():
    cut = np.array([[158.0, 60.0], [20.0, -1.5], [0.5, 118.0]])
    found, _ = bead_detection.detect(series(np.concatenate([PLACES, cut])), RADIUS)
    for each in found:
        assert nearest(cut, sure(each)).max() < 2.0
        assert len(sure(each)) == len(PLACES) + len(cut)


def test_a_hot_pixel_beside_a_bead_does_not_hide_it():
    views = series(PLACES)
    views[1, 40, 37] = 500
    found, _ = bead_detection.detect(views, RADIUS)
    assert len(sure(found[1])) == len(PLACES)


def test_noise_alone_has_no_gold():
    grain = ndimage.gaussian_filter(series([], views=6, shape=(400, 400)), (0, 1.5, 1.5))
    found, _ = bead_detection.detect(grain, RADIUS)
    assert all(len(sure(each)) == 0 for each in found)


def test_a_view_without_gold_among_others_has_none():
    views = series(PLACES, views=4)
    views[2] = series([], views=1, seed=5)[0]
    found, _ = bead_detection.detect(views, RADIUS)
    assert [len(sure(each)) for each in found] == [5, 5, 0, 5]


def test_darkness_of_another_shape_is_no_gold():
    views = series(PLACES)
    y, x = np.indices(SHAPE)
    views -= 5 * np.exp(-((x - 30) ** 2 + (y - 90) ** 2) / (2 * 12.0**2)).astype(np.float32)
    views[:, 5:8] -= 6
    found, _ = bead_detection.detect(views, RADIUS)
    assert [len(sure(each)) for each in found] == [5, 5, 5]


def test_the_outline_holds_the_fringe_and_no_more():
    views = series(PLACES, views=20)
    outline = bead_masks.measure_outline(*bead_detection.profiles(views, [PLACES] * 20, RADIUS))
    assert outline.disc == pytest.approx(RADIUS, abs=0.5)
    assert outline.mask == pytest.approx(RADIUS + 2.5, abs=0.7)


def test_membranes_that_beads_lie_on_do_not_belong_to_the_outline():
    views, two = series(PLACES[:2], views=20), PLACES[:2]
    for column, row in two:
        views[:, int(row) : int(row) + 3, int(column) - 20 : int(column) + 21] -= 2.0
    profile, lopsided = bead_detection.profiles(views, [two] * 20, RADIUS)
    assert bead_masks.measure_outline(profile, lopsided).mask < RADIUS + 3.5
    assert bead_masks.measure_outline(profile, 0 * lopsided).mask > RADIUS + 8


def test_a_fringe_behind_a_quiet_gap_is_not_taken_for_one():
    profile = np.zeros(60)
    profile[:20] = -8.0
    profile[40:44] = 0.3
    assert bead_masks.measure_outline(profile, np.zeros(60)).mask < 20 * beads.PROFILE_STEP + 1


def test_a_disc_has_the_pixels_whose_centre_it_holds():
    mask = bead_masks.draw((9, 9), np.array([[4.0, 4.0]]), 1.0)
    assert np.argwhere(mask).tolist() == [[3, 4], [4, 3], [4, 4], [4, 5], [5, 4]]
    assert not bead_masks.draw((9, 9), np.array([[-30.0, 4.0], [4.0, 90.0]]), 3.0).any()


def test_a_bead_behind_another_is_masked_too():
    view = series([*PLACES, (106.0, 63.0)], views=1)[0]
    mask = bead_masks.mask_beads(view, PLACES, Outline(RADIUS, RADIUS + 2.5))
    hidden = bead_masks.draw(SHAPE, np.array([[106.0, 63.0]]), RADIUS)
    assert (mask & hidden).sum() >= 0.99 * hidden.sum()


def test_what_is_dark_elsewhere_is_not_masked():
    view = series([*PLACES, (140.0, 20.0)], views=1)[0]
    mask = bead_masks.mask_beads(view, PLACES, Outline(RADIUS, RADIUS + 2.5))
    assert not mask[10:30, 130:150].any()
    assert np.array_equal(mask, bead_masks.draw(SHAPE, PLACES, RADIUS + 2.5))


def test_points_are_seen_where_the_demo_puts_them():
    from etomotut.demo.geometry import make_views, track
    from etomotut.demo.parameters import PRESETS

    views = make_views(PRESETS["tiny"][0], np.random.default_rng(0))
    xyz = np.array([[100.0, -300.0, 500.0], [0.0, 50.0, -700.0]])
    seen = bead_masks.project(xyz, views.transforms, views.true_angles)
    assert np.allclose(seen, track(xyz, views), atol=1e-6)


def test_beads_in_a_shadow_are_found_by_the_noise_there():
    views = series(PLACES, depth=16.0)
    shade = np.where(np.arange(SHAPE[1]) > 70, 0.2, 1.0)
    found, _ = bead_detection.detect((views * shade).astype(np.float32), RADIUS)
    assert [len(sure(each)) for each in found] == [5, 5, 5]


def test_clipped_beads_are_found_beside_areas_without_data():
    views = np.maximum(series(PLACES, depth=16.0), -8)
    views[:, :, :14] = 0
    views[:, 110:] = -3
    found, _ = bead_detection.detect(views, RADIUS)
    assert [len(sure(each)) for each in found] == [5, 5, 5]
