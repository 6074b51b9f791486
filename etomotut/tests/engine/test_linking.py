"""Linking candidates of single views."""

import numpy as np
import pytest

from etomotut.engine import linking, transforms
from etomotut.tests.engine import phantoms


def link(marks, axis=5.0, extra=0, seed=0, drop=0.0, search=30.0):
    """Link the marks in shuffled order, among others that mean nothing; gives true bead numbers."""
    random = np.random.default_rng(seed)
    upright = transforms.rotation(-axis)
    tables, labels = [], []
    for view in range(marks.shape[1]):
        kept = np.flatnonzero(random.random(len(marks)) >= drop)
        noise = random.uniform(-128, 128, (extra, 2))
        order = random.permutation(len(kept) + extra)
        tables.append(transforms.apply(upright, np.concatenate([marks[kept, view], noise]))[order])
        labels.append(np.concatenate([kept, np.full(extra, -1)])[order])
    table = linking.link(tables, phantoms.ANGLES, depth_sd=100.0, search=search)
    return [
        np.array([labels[view][point] for view, point in enumerate(row) if point >= 0])
        for row in table
    ]


def pure(tracks, length):
    """Give the number of tracks of at least a length that follow one bead all the time."""
    long = [track for track in tracks if len(track) >= length]
    return sum(len(np.unique(track)) == 1 and track[0] >= 0 for track in long), len(long)


def test_all_beads_are_followed_through_all_views():
    assert pure(link(phantoms.geometry(wobble=0.2).marks), 21) == (12, 12)


def test_chance_candidates_do_not_confuse_the_beads():
    good, _ = pure(link(phantoms.geometry().marks, extra=25), 19)
    assert good >= 10


def test_beads_missing_in_some_views_are_picked_up_again():
    good, long = pure(link(phantoms.geometry().marks, drop=0.15), 13)
    assert good == long >= 10


@pytest.mark.parametrize("off", [-3.0, 3.0])
def test_an_axis_that_is_off_by_degrees_is_borne(off):
    good, long = pure(link(phantoms.geometry().marks, axis=5.0 + off), 15)
    assert good == long >= 10


def test_jumps_between_views_are_found():
    marks = phantoms.geometry().marks
    marks[:, 14:] += (18.0, -11.0)
    marks[:, 4] -= (15.0, 20.0)
    good, long = pure(link(marks), 19)
    assert good == long >= 11


def test_views_without_candidates_are_passed_over():
    marks = phantoms.geometry().marks
    tables = [marks[:, view] for view in range(21)]
    tables[12] = np.zeros((0, 2))
    table = linking.link(
        [transforms.apply(transforms.rotation(-5.0), each) for each in tables],
        phantoms.ANGLES, depth_sd=100.0, search=30.0,
    )  # fmt: skip
    assert (table[:, 12] == -1).all()
    assert ((table >= 0).sum(axis=1) == 20).sum() >= 11
