"""Dark details are found where they are, in pieces as in the whole."""

import numpy as np
import pytest

from etomotut.engine import details

PLACES = np.array([[60.0, 20.0, 30.0], [18.0, 33.0, 47.4], [40.0, 62.0, 70.6]])  # x, y, z


def volume(shape=(100, 80, 90), diameter=8.0):
    """Give a volume (z, y, x) of noise with dark balls at PLACES."""
    made = np.random.default_rng(2).normal(0, 1, shape).astype(np.float32)
    z, y, x = np.indices(shape)
    for px, py, pz in PLACES:
        made -= 20 * (np.sqrt((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2) < diameter / 2)
    return made


def test_dark_balls_are_the_strongest_details():
    made = volume()
    points, strengths = details.find_details(made, made.shape, 8.0)
    strongest = np.argsort(strengths)[-3:]
    places = points[strongest] + (np.array(made.shape[::-1]) - 1) / 2
    assert np.sort(places, axis=0) == pytest.approx(np.sort(PLACES, axis=0), abs=0.6)
    assert np.sort(strengths)[-3] > 5 * np.sort(strengths)[:-3].max(initial=0)


def test_pieces_give_what_the_whole_gives(monkeypatch):
    made = volume()
    pieces, strengths = details.find_details(made, made.shape, 8.0)
    monkeypatch.setattr(details, "_CHUNK", 1000)
    whole, whole_strengths = details.find_details(made, made.shape, 8.0)
    assert pieces[strengths > 10] == pytest.approx(whole[whole_strengths > 10])
