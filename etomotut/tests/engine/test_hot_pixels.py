"""Finding hot and dead pixels."""

import numpy as np
import pytest

from etomotut.engine.hot_pixels import Criteria, find_hot_pixels

CRITERIA = Criteria(peak=8, difference=6, radius=4.2)


def grain(seed=0, level=200.0):
    """Give an image of noise of SD 10."""
    return np.random.default_rng(seed).normal(level, 10, (120, 150)).astype(np.float32)


def add_bead(image, x, y, radius, height):
    """Add a disc with a fringe of the opposite sign, both with edges of a pixel."""
    distance = np.hypot(*np.meshgrid(np.arange(150) - x, np.arange(120) - y))
    image += height * np.clip(radius + 0.5 - distance, 0, 1)
    image -= 0.6 * height * np.clip(1.2 - abs(distance - radius - 1.5), 0, 1)
    return image


def pixels(image, criteria=CRITERIA):
    """Give the set of (x, y) of all pixels found."""
    patches = find_hot_pixels(image, criteria)
    return {(int(x), int(y)) for patch in patches for x, y in patch.pixels}


@pytest.mark.parametrize("sign", [1, -1])
def test_single_pixels_are_found_and_nothing_else(sign):
    image = grain()
    places = {(20, 30), (80, 31), (81, 100), (140, 7)}
    for x, y in places:
        image[y, x] += sign * 150
    assert pixels(image) == places


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, np.float64])
def test_every_type_is_searched(dtype):
    image = grain()
    image[30, 20] = 1200
    assert pixels(image.astype(dtype)) == {(20, 30)}


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_densities_does_not_matter(scale):
    image = grain(level=0)
    image[30, 20] = 300
    assert pixels(image * scale) == {(20, 30)}


@pytest.mark.parametrize(
    "event",
    [
        np.array([[1.0, 0.7]]),
        np.array([[1.0, 0.6], [0.4, 0.0]]),
        np.array([[0.0, 0.3, 0.0], [0.3, 1.0, 0.4], [0.0, 0.3, 0.0]]),
        np.array([[1.0, 0.8, 0.9, 0.6, 0.7]]),
        np.eye(4),
    ],
)
def test_an_event_of_several_pixels_is_one_patch(event):
    image = grain()
    height, width = event.shape
    image[50 : 50 + height, 60 : 60 + width] += 500 * event
    (patch,) = find_hot_pixels(image, CRITERIA)
    expected = {(60 + x, 50 + y) for y, x in np.argwhere(event)}
    assert expected <= {tuple(pixel) for pixel in patch.pixels}
    assert patch.excess > 10


@pytest.mark.parametrize("height", [-150, 150])
@pytest.mark.parametrize("radius", [2, 3, 5, 8])
def test_beads_with_fringes_are_not_touched(radius, height):
    image = add_bead(grain(), 40, 60, radius, height)
    image = add_bead(image, 90, 60, radius, height)
    image = add_bead(image, 90 + 2 * radius + 1, 62, radius, height)  # touching the second one
    assert pixels(image) == set()


def test_the_crossing_of_two_fringes_is_not_touched():
    image = add_bead(add_bead(grain(), 34, 60, 4, -150), 46, 60, 4, -150)
    image[59:62, 39:42] = 340
    image[60, 40] = 560  # half of its height above the surroundings stands above these pixels
    assert pixels(image) == set()
    image[60, 40] = 1000
    assert pixels(image) == {(40, 60)}


@pytest.mark.parametrize(("x", "y"), [(40, 60), (45, 60), (46, 60), (48, 60)])
def test_a_hot_pixel_on_or_beside_a_bead_is_found(x, y):
    image = add_bead(grain(), 40, 60, 5, -150)
    image[y, x] += 800
    assert pixels(image) == {(x, y)}


def test_only_what_is_unmistakable_is_erased_at_the_border():
    image = grain()
    image[2, 50], image[2, 90], image[60, 60] = 2000, 300, 300
    criteria = Criteria(peak=8, difference=6, radius=4.2, edge=4)
    assert pixels(image, criteria) == {(50, 2), (60, 60)}


@pytest.mark.parametrize(("x", "y"), [(0, 0), (149, 0), (0, 119), (149, 119), (70, 0)])
def test_pixels_on_the_border_are_found(x, y):
    image = grain()
    image[y, x] = 2000
    assert pixels(image) == {(x, y)}


def test_an_extra_large_patch_needs_its_own_criterion():
    image = grain()
    for step in range(-5, 6):
        image[50 + step, 60 + step] += 500 if step == 0 else 400
    track = {(60 + step, 50 + step) for step in range(-5, 6)}
    assert pixels(image) == track
    assert pixels(image, Criteria(peak=8, difference=6, radius=4.2, giant=0)) == set()


def test_a_constant_image_holds_nothing_and_one_pixel_in_it_is_found():
    image = np.full((50, 40), 7, np.int16)
    assert pixels(image) == set()
    image[20, 30] = 8
    assert pixels(image) == {(30, 20)}


def test_counts_of_few_electrons_are_left_alone():
    image = np.random.default_rng(0).poisson(1.0, (400, 400)).astype(np.int8)
    assert len(pixels(image)) <= 16  # 1 in 10,000


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (3, 3)])
def test_tiny_images_are_searched(shape):
    assert pixels(np.ones(shape, np.float32)) == set()
