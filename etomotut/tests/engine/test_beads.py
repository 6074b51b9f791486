"""Finding and locating beads in single views."""

import numpy as np
import pytest

from etomotut.engine import beads

PLACES = np.array([[40.3, 50.8], [100.0, 30.5], [88.7, 91.2], [30.1, 100.4]])


def view(places=PLACES, radius=4.0, noise=0.2, size=128, seed=0):
    y, x = np.mgrid[:size, :size]
    image = np.random.default_rng(seed).normal(0, noise, (size, size))
    for column, row in places:
        image -= np.clip(radius + 0.5 - np.hypot(x - column, y - row), 0, 1)
    return image.astype(np.float32)


def profile_of(image, places, radius=4.0):
    patches, corners, _ = beads.cut(image, places, 10)
    return beads.radial_profile(patches, places - corners, beads.REACH * radius)


def test_the_strongest_candidates_are_the_beads():
    found = beads.find(view(), 4.0, limit=50)
    distance = np.hypot(*(found.xy[:4, None] - PLACES[None]).transpose(2, 0, 1))
    assert (distance.min(axis=0) < 1.5).all()
    assert found.strength[3] > 2 * (found.strength[4] if len(found.strength) > 4 else 0)


def test_no_more_candidates_are_given_than_asked_for():
    assert len(beads.find(view(), 4.0, limit=3).xy) == 3


def test_a_constant_view_has_no_candidates():
    assert len(beads.find(np.ones((64, 64), np.float32), 4.0, limit=10).xy) == 0


@pytest.mark.parametrize("factor", [1 / 1.7, 1.0, 1.7])
def test_the_radius_is_measured_whatever_was_typed(factor):
    measured = beads.measure_radius([view(), view(seed=1)], 4.0 * factor, wanted=4)
    assert measured == pytest.approx(3.9, abs=0.4)


def test_beads_are_located_to_a_twentieth_of_a_pixel():
    image = view(noise=0.1)
    found = beads.locate(image, np.rint(PLACES), 4.0, profile=profile_of(image, PLACES))
    assert np.abs(found.xy - PLACES).max() < 0.1
    assert np.sqrt(np.mean((found.xy - PLACES) ** 2)) < 0.05
    assert (found.likeness > 0.8).all()


def test_a_neighbour_does_not_draw_a_bead_away():
    places = np.array([[60.2, 60.4], [69.9, 62.0]])
    image = view(places, noise=0.02)
    profile = profile_of(view(noise=0.02), PLACES)
    found = beads.locate(image, np.rint(places), 4.0, profile=profile)
    assert np.abs(found.xy - places).max() < 0.1


def test_a_slope_of_the_background_does_not_shift_a_bead():
    image = view(noise=0.02) + np.linspace(0, 5, 128, dtype=np.float32)[None, :]
    found = beads.locate(image, np.rint(PLACES), 4.0, profile=profile_of(view(noise=0.02), PLACES))
    assert np.abs(found.xy - PLACES).max() < 0.05


def test_a_place_without_a_bead_is_not_like_one():
    image = view()
    empty = np.array([[64.0, 64.0], [20.0, 30.0]])
    assert (beads.locate(image, empty, 4.0, profile=profile_of(image, PLACES)).likeness < 0.5).all()


def test_places_at_the_edge_stay_and_are_not_believed():
    image = view()
    found = beads.locate(image, np.array([[2.0, 60.0]]), 4.0, profile=profile_of(image, PLACES))
    assert found.xy.tolist() == [[2.0, 60.0]]
    assert found.likeness.tolist() == [0.0]


def test_places_near_filled_areas_are_not_clear():
    image = view()
    image[:, 100:] = 0.5
    places = np.array([[60.0, 60.0], [98.0, 60.0], [110.0, 60.0], [2.0, 60.0]])
    assert beads.clear_of_fill(image, places, 6.0).tolist() == [True, False, False, False]


def test_a_profile_is_that_of_the_disc():
    profile = profile_of(view(noise=0.0), PLACES)
    assert profile[:8] == pytest.approx(np.full(8, -1.0), abs=0.05)
    assert profile[int(5.5 / beads.PROFILE_STEP) :] == pytest.approx(0.0, abs=0.05)
