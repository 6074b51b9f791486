"""The middle between leaflets, and what shows none."""

import numpy as np
import pytest

from etomotut.engine import leaflets, sheets
from etomotut.engine.leaflets import has_leaflets, settle
from etomotut.engine.sheets import Sheets
from etomotut.engine.star_surface import GROUND, Surface, spread
from etomotut.tests.engine.membrane_phantom import distance, tomogram

SHAPE, SPACING, CENTRE, RADIUS = (64, 76, 78), 11.0, (39.0, 38.0, 32.0), 320.0


def dense_vesicle(leaflets_apart=True):
    """Give a vesicle that is dense inside, which draws dark bands inwards."""
    away = distance(SHAPE, CENTRE) * SPACING
    volume = tomogram(SHAPE, [(CENTRE, RADIUS)] if leaflets_apart else [], pixel_size=SPACING)
    if not leaflets_apart:
        volume -= 2 * np.exp(-(((away - RADIUS) / 25) ** 2) / 2).astype(np.float32)
    volume += 0.5 * np.tanh((away - RADIUS + 20) / 20).astype(np.float32)
    sheets.standardize(volume)
    return volume


def ball(radius, centre=CENTRE):
    return Surface(np.array(centre), np.array([radius / SPACING * GROUND]), 0)


def radii(surface):
    return surface.radius(spread(1000)) * SPACING


@pytest.mark.parametrize("start", [290.0, 345.0])
def test_a_surface_is_moved_to_the_middle_between_leaflets(start):
    (settled,) = settle([ball(start)], dense_vesicle(), SPACING)
    assert settled.is_moved
    shown = np.abs(spread(1000)[:, 2]) < 0.6
    off = np.abs(radii(settled.surface) - RADIUS)
    assert off[shown].max() < 5
    assert off.max() < 10
    assert np.abs(settled.offsets).max() < 3


def test_what_shows_no_leaflets_is_left_out_where_others_show_them():
    settled = settle([ball(310.0), ball(100.0, (20.0, 20.0, 20.0))], dense_vesicle(), SPACING)
    assert [round(radii(each.surface).mean(), -1) for each in settled] == [320]


def test_a_surface_that_is_far_off_is_moved_where_others_show_what_to_look_for():
    settled = settle([ball(310.0), ball(200.0)], dense_vesicle(), SPACING)
    assert [round(radii(each.surface).mean(), -1) for each in settled] == [320, 320]


def test_surfaces_stay_where_the_tomogram_resolves_no_leaflets():
    (settled,) = settle([ball(310.0)], dense_vesicle(leaflets_apart=False), SPACING)
    assert not settled.is_moved
    assert np.allclose(radii(settled.surface), 310)


def test_a_piece_has_leaflets_whichever_way_its_normals_point():
    volume = dense_vesicle()
    places, normals = (each.astype(np.float32) for each in ball(RADIUS - 10).sample(4000))
    normals[::2] *= -1
    piece = Sheets(places, normals, np.ones(len(places), np.float32))
    assert has_leaflets(piece, volume, SPACING)
    inside = (places - CENTRE) * 0.5 + CENTRE
    assert not has_leaflets(Sheets(inside, normals, piece.support), volume, SPACING)


def test_the_profile_sees_neither_level_nor_steps():
    shape = leaflets.profile()
    t = np.linspace(-1, 1, len(shape))
    for other in (np.ones_like(t), t, t**2, np.tanh((t * leaflets.REACH + 20) / 15)):
        assert abs(shape @ other) < 1e-9
