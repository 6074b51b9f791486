"""Membranes of known vesicles, and what must not be taken for one."""

import numpy as np
import pytest

from etomotut.engine import sheets
from etomotut.engine.membranes import find_membranes, part_crossing, stands_out
from etomotut.engine.sheets import Sheets
from etomotut.engine.star_surface import Surface
from etomotut.tests.engine.membrane_phantom import distance, tomogram

SHAPE, SPACING = (56, 90, 104), 11.0
VESICLES = [((28.0, 30.0, 27.0), 240.0), ((70.0, 54.0, 28.0), 280.0)]


@pytest.fixture(scope="module")
def found():
    """Give the membranes of two vesicles that touch, near a bead."""
    volume = tomogram(SHAPE, VESICLES, pixel_size=SPACING, beads=[(12.0, 70.0, 28.0)])
    return find_membranes(volume, SPACING)


def test_each_vesicle_is_one_instance(found):
    assert set(found.numbers) == {1, 2}
    assert len(found.surfaces) == 2
    for centre, radius in VESICLES:
        near = np.abs(np.linalg.norm(found.points - centre, axis=1) * SPACING - radius) < 25
        main = np.bincount(found.numbers[near]).argmax()
        assert (found.numbers[near] == main).mean() > 0.97


def test_points_lie_on_the_membranes_and_their_normals_point_outwards(found):
    sure = (found.confidence > 0.5) & (np.abs(found.normals[:, 2]) < 0.65)
    off = [
        np.abs(np.linalg.norm(found.points[sure] - centre, axis=1) * SPACING - radius)
        for centre, radius in VESICLES
    ]
    assert (np.min(off, axis=0) < 20).mean() > 0.95
    centre = np.array(VESICLES[0][0])
    first = np.argmin(off, axis=0) == 0
    outwards = ((found.points[sure][first] - centre) * found.normals[sure][first]).sum(axis=1)
    assert (outwards > 0).all()


def test_what_views_can_show_is_painted_at_any_pixel_size(found):
    for pixel_size in (11.0, 5.5):
        shape = tuple(round(n * SPACING / pixel_size) for n in SHAPE)
        sure, numbers = found.paint(0, shape, pixel_size)
        for centre, radius in VESICLES:
            middle = tuple((c + 0.5) * SPACING / pixel_size - 0.5 for c in centre)
            ring = np.abs(distance(shape, middle) * pixel_size - radius) < 8
            height = np.abs(np.arange(shape[0]) - middle[2])[:, None, None] * pixel_size
            ring &= height < 0.5 * radius
            assert (sure[ring] > 0.5).mean() > 0.9
        assert ((sure > 0) == (numbers > 0)).all()


def test_sections_painted_one_by_one_are_those_painted_together(found):
    whole = found.paint(0, SHAPE, SPACING)[0]
    parts = [found.paint(z, (8, *SHAPE[1:]), SPACING)[0] for z in range(0, SHAPE[0], 8)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_nothing_is_made_up_across_the_beam(found):
    assert np.abs(found.normals[:, 2]).max() < 0.88


def test_noise_and_beads_are_no_membranes():
    volume = tomogram(SHAPE, [], pixel_size=SPACING, beads=[(40.0, 40.0, 28.0), (70.0, 60.0, 20.0)])
    assert len(find_membranes(volume, SPACING).points) == 0


def test_tiles_give_what_the_whole_gives(monkeypatch):
    volume = tomogram(SHAPE, VESICLES, pixel_size=SPACING)
    sheets.standardize(volume)
    whole, _ = sheets.find_sheets(volume.copy(), SPACING)
    monkeypatch.setattr(sheets, "_TILE", 40**3)
    tiled, _ = sheets.find_sheets(volume.copy(), SPACING, workers=2)
    first, second = (np.lexsort(each.points.T) for each in (whole, tiled))
    assert np.array_equal(whole.points[first], tiled.points[second])
    assert np.allclose(whole.support[first], tiled.support[second], atol=1e-4)


def test_profiles_see_neither_level_nor_slope():
    ramp = np.arange(sheets.profiles().shape[1])
    assert np.allclose(sheets.profiles().sum(axis=1), 0, atol=1e-5)
    assert np.allclose(sheets.profiles() @ ramp, 0, atol=1e-4)


def ball(centre, radius):
    return Surface(np.array(centre), np.array([radius / SPACING * np.sqrt(4 * np.pi)]), 0)


def test_a_surface_stands_out_where_there_is_a_membrane_alone():
    volume = tomogram(SHAPE, VESICLES, pixel_size=SPACING)
    sheets.standardize(volume)
    assert all(stands_out(ball(*vesicle), volume, SPACING) for vesicle in VESICLES)
    assert not stands_out(ball((30.0, 66.0, 28.0), 180.0), volume, SPACING)
    assert not stands_out(ball(VESICLES[0][0], 170.0), volume, SPACING)


@pytest.mark.parametrize(("faint", "left"), [(1.0, "outside"), (5.0, "all")])
def test_a_membrane_ends_where_it_would_cross_another_unless_it_is_seen_there(faint, left):
    body, bud = ball((50.0, 40.0, 30.0), 240.0), ball((72.0, 40.0, 30.0), 160.0)
    (whole, normals), (places, across) = body.sample(3000), bud.sample(2000)
    off = body.beside(places)[0]
    support = np.where(off < 0, faint, 6.0)
    parts = [Sheets(whole, normals, np.full(3000, 6.0)), Sheets(places, across, support)]
    first, second = part_crossing([body, bud], parts, SPACING)
    assert len(first) == 3000
    assert len(second) == (2000 if left == "all" else (off * SPACING >= -30).sum())
