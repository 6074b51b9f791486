"""Drawing patches and filling them."""

import numpy as np
import pytest

from etomotut.engine import erasing
from etomotut.engine.erasing import Filling, Patch

SHAPE = (40, 50)


def plane():
    x, y = np.meshgrid(np.arange(50.0), np.arange(40.0))
    return (100 + 2 * x - 3 * y).astype(np.float32)


def square(x, y, size=2):
    columns, rows = np.meshgrid(np.arange(x, x + size), np.arange(y, y + size))
    return Patch(np.stack([columns.ravel(), rows.ravel()], axis=1))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("without_adjacent", [False, True])
def test_a_polynomial_continues_a_plane(order, without_adjacent):
    image, patch = plane(), square(20, 20)
    image[20:22, 20:22] = 1e4
    filled = erasing.replace_patches(image, [patch], Filling(order, 2, without_adjacent))
    assert np.allclose(filled, plane(), atol=1e-2)


def test_adjacent_pixels_may_be_left_out():
    image = plane()
    image[19:23, 19:23] = 1e4
    filled = erasing.replace_patches(image, [square(20, 20)], Filling(without_adjacent=True))
    assert np.allclose(filled[20:22, 20:22], plane()[20:22, 20:22], atol=1e-2)


def test_order_0_is_the_mean_of_the_border():
    image = plane()
    filled = erasing.replace_patches(image, [square(20, 20)], Filling(0, 1))
    ring = image[19:23, 19:23].sum() - image[20:22, 20:22].sum()
    assert np.allclose(filled[20:22, 20:22], ring / 12)


def test_noise_is_drawn_from_the_border_and_the_same_each_time():
    image = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    filled = erasing.replace_patches(image, [square(20, 20, 5)], Filling(-1, 2))
    drawn = filled[20:25, 20:25]
    assert np.isin(drawn, image[18:27, 18:27]).all()
    assert drawn.std() == pytest.approx(1, abs=0.4)
    assert np.array_equal(
        filled, erasing.replace_patches(image, [square(20, 20, 5)], Filling(-1, 2))
    )


def test_no_other_patch_serves_to_fill_one():
    image, patches = plane(), [square(20, 20), square(22, 20)]
    image[20:22, 20:24] = 1e4
    assert np.allclose(erasing.replace_patches(image, patches, Filling()), plane(), atol=1e-2)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (48, 38), (0, 20)])
def test_patches_at_the_border_are_filled(x, y):
    image = plane()
    image[y : y + 2, x : x + 2] = 1e4
    filled = erasing.replace_patches(image, [square(x, y)], Filling())
    assert np.abs(filled - plane()).max() < 20


def test_a_patch_that_covers_all_stays():
    image = np.ones((2, 2), np.float32)
    assert np.array_equal(erasing.replace_patches(image, [square(0, 0)], Filling()), image)


def test_a_circle_holds_the_pixels_within_its_radius():
    assert len(erasing.circle((20, 20), 1, SHAPE).pixels) == 5
    assert len(erasing.circle((20.5, 20.5), 1, SHAPE).pixels) == 4
    assert len(erasing.circle((0, 0), 1, SHAPE).pixels) == 3
    assert len(erasing.circle((-9, 5), 2, SHAPE).pixels) == 0


def test_a_line_is_without_gaps():
    found = erasing.line(np.array([[3.0, 4.0], [13.0, 7.0], [13.0, 2.0]]), SHAPE).pixels
    assert set(found[:, 0]) == set(range(3, 14))
    assert {(3, 4), (13, 7), (13, 2)} <= set(map(tuple, found.tolist()))


def test_an_outline_holds_the_pixels_inside():
    corners = np.array([[2.5, 3.5], [7.5, 3.5], [7.5, 5.5], [2.5, 5.5]])
    found = erasing.polygon(corners, SHAPE).pixels
    expected = {(x, y) for x in range(3, 8) for y in (4, 5)}
    assert set(map(tuple, found.tolist())) == expected
    assert len(erasing.polygon(corners - 100, SHAPE).pixels) == 0


def test_touching_patches_become_one():
    far = square(30, 30)
    merged = erasing.merge_patches([square(20, 20), square(22, 22), far], SHAPE)
    assert sorted(len(patch.pixels) for patch in merged) == [4, 8]
    assert {tuple(p) for p in merged[1].pixels} == {tuple(p) for p in far.pixels}


def test_a_circle_off_centre_grows_over_the_rest_of_its_bead():
    image = np.random.default_rng(0).normal(100, 2, SHAPE)
    bead = erasing.circle((20, 20), 4, SHAPE)
    image[bead.pixels[:, 1], bead.pixels[:, 0]] = 20
    grown = erasing.expand(image, erasing.circle((21, 20), 3.5, SHAPE), 3)
    found, wanted = (erasing.cover([patch], SHAPE) for patch in (grown, bead))
    assert found[wanted].all()
    assert (found & ~wanted).sum() < 12  # only what the first circle had beside it
