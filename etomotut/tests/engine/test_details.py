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
    found = details.collect(made, made.shape, 8.0)
    strongest = np.argsort(found.strengths)[-3:]
    places = found.points[strongest] + (np.array(made.shape[::-1]) - 1) / 2
    assert np.sort(places, axis=0) == pytest.approx(np.sort(PLACES, axis=0), abs=0.6)
    assert np.sort(found.strengths)[-3] > 5 * np.sort(found.strengths)[:-3].max(initial=0)


def test_pieces_give_what_the_whole_gives(monkeypatch):
    made = volume()
    pieces = details.collect(made, made.shape, 8.0)
    monkeypatch.setattr(details, "_CHUNK", 1000)
    whole = details.collect(made, made.shape, 8.0)
    assert pieces.points[pieces.strengths > 10] == pytest.approx(whole.points[whole.strengths > 10])
    assert pieces.energy == pytest.approx(whole.energy, rel=1e-3)


def test_energy_is_where_the_structure_is():
    made = np.random.default_rng(4).normal(0, 1, (90, 64, 64)).astype(np.float32)
    made[30:50] *= 4
    found = details.collect(made, made.shape, 4.0)
    profile = found.energy.mean(axis=(1, 2))
    loud = found.z[profile > profile.max() / 2]
    assert (loud[0], loud[-1]) == pytest.approx((-14.5, 4.5), abs=2)


def test_tiles_leave_out_the_edges():
    made = volume()
    found = details.collect(made, made.shape, 8.0)
    assert found.x == pytest.approx(-found.x[::-1], abs=1)
    assert np.abs(found.x).max() < 45 - 10
