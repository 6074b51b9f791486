"""Pieces of sheets: membranes that do not close, and edges that are none."""

import numpy as np
import pytest

from etomotut.engine.sheet_pieces import find_pieces
from etomotut.engine.sheets import Sheets

SHAPE, SPACING = (80, 160, 160), 10.0


def patch(normal, middle=(80.0, 80.0, 40.0), half=70):
    """Give the points and normals of a flat square patch that is clear."""
    normal = np.asarray(normal, float) / np.linalg.norm(normal)
    across = np.cross(normal, [0.0, 0.0, 1.0])
    up = np.cross(across / np.linalg.norm(across), normal)
    a, b = (each.ravel() for each in np.mgrid[-half:half, -30:30])
    places = middle + a[:, None] * across / np.linalg.norm(across) + b[:, None] * up
    count = len(places)
    return Sheets(
        places.astype(np.float32),
        np.tile(normal, (count, 1)).astype(np.float32),
        np.full(count, 6.0, np.float32),
    )


def dark_line(sheets, step=0.0):
    """Give a volume that is dark at a patch, and denser by a step behind it."""
    z, y, x = np.indices(SHAPE)
    away = np.stack([x, y, z], axis=-1) - sheets.points.mean(axis=0)
    off = away @ sheets.normals[0]
    return (-np.exp(-((off / 2) ** 2) / 2) - step * (off > 0)).astype(np.float32)


def test_a_large_flat_membrane_is_a_piece():
    sheets = patch((0.7, 0.7, 0.1))
    (piece,) = find_pieces(sheets, dark_line(sheets), SPACING)
    assert len(piece) == len(sheets)


def test_the_rim_of_something_dense_is_none():
    sheets = patch((0.7, 0.7, 0.1))
    assert find_pieces(sheets, dark_line(sheets, step=2.0), SPACING) == []


@pytest.mark.parametrize("normal", [(0.9, 0.05, 0.4), (1.0, 0.1, 0.0), (0.1, 1.0, 0.0)])
def test_planes_where_views_end_are_none(normal):
    sheets = patch(normal)
    assert find_pieces(sheets, dark_line(sheets), SPACING) == []


def test_a_membrane_that_meets_the_end_of_views_stays():
    end, membrane = patch((1.0, 0.0, 0.0), (30.0, 80.0, 40.0)), patch((0.7, 0.7, 0.1), half=30)
    both = Sheets(*(np.concatenate([getattr(s, n) for s in (end, membrane)]) for n in vars(end)))
    (piece,) = find_pieces(both, dark_line(membrane), SPACING)
    assert 0.8 * len(membrane) < len(piece) <= len(membrane)


def test_a_small_or_faint_piece_is_none():
    small, faint = patch((0.7, 0.7, 0.1), half=10), patch((0.7, 0.7, 0.1))
    faint.support[:] = 3.0
    assert find_pieces(small.take(small.points[:, 2] < 40), dark_line(small), SPACING) == []
    assert find_pieces(faint, dark_line(faint), SPACING) == []
