"""Back-projection of lines that were not filtered: where things land."""

import numpy as np
import pytest

from etomotut.engine import reconstruction
from etomotut.engine.reconstruction import BackProjector, Geometry


def back_project(views, tilts, thickness=21, slices=None, outside=0.0, dtype=np.float32, **about):
    views = np.asarray(views, np.float32)
    count, rows, columns = views.shape
    about = {"axis_x": (columns - 1) / 2, "axis_y": (rows - 1) / 2, "width": columns, **about}
    x_tilts = about.pop("x_tilts", np.zeros(count))
    geometry = Geometry(tilts, x_tilts, columns, rows, thickness=thickness, **about)
    projector = BackProjector(geometry)
    slices = range(rows) if slices is None else slices
    needed = projector.lines_for(slices)
    lines = np.pad(views[:, needed.start : needed.stop], ((0, 0), (0, 0), (0, 2)))
    level = np.full(lines.shape[:2], outside, np.float32)
    out = np.empty((len(slices), thickness, geometry.width), dtype)
    projector.reconstruct(lines, level, needed.start, slices, out)
    return out


def delta(column, columns=41, rows=1, row=0, views=1):
    image = np.zeros((views, rows, columns))
    image[:, row, column] = 1
    return image


def centres(slices, axis=-1):
    place = np.arange(slices.shape[axis])
    return np.moveaxis(slices, axis, -1) @ place / slices.sum(axis=axis)


@pytest.mark.parametrize("columns", [40, 41])
@pytest.mark.parametrize("thickness", [20, 21])
def test_at_zero_tilt_a_slice_repeats_the_line(columns, thickness):
    line = np.random.default_rng(1).random((1, 1, columns))
    made = back_project(line, [0], thickness)
    assert np.allclose(made, line[:, :, None][0], atol=1e-6)


@pytest.mark.parametrize("tilt", [-50.0, -20.0, 15.0, 60.0])
def test_a_point_on_the_axis_is_spread_along_its_ray(tilt):
    blob = np.exp(-((np.arange(81) - 40) ** 2) / 8)
    made = back_project(blob[None, None], [tilt])[0]
    z = 10 - np.arange(21)
    assert np.allclose(centres(made), 40 - z * np.tan(np.radians(tilt)), atol=0.05)
    assert np.allclose(made.sum(axis=1), blob.sum() / np.cos(np.radians(tilt)), rtol=0.01)


def test_a_delta_lands_where_x_cos_plus_z_sin_is_its_column():
    made = back_project(delta(14, 40), [30])[0]
    depth, x = np.nonzero(made > 0.3)
    u = (x - 19.5) * np.cos(np.pi / 6) + (10 - depth) * np.sin(np.pi / 6)
    assert np.all(np.abs(u - (14 - 19.5)) < 0.75)


def test_rays_of_a_point_meet_at_it():
    tilts = np.arange(-60, 61, 10)
    columns = 30 + 7 * np.cos(np.radians(tilts)) - 4 * np.sin(np.radians(tilts))
    views = np.exp(-((np.arange(61) - columns[:, None]) ** 2) / 2)[:, None]
    made = back_project(views, tilts)[0]
    assert np.unravel_index(made.argmax(), made.shape) == (10 + 4, 30 + 7)


@pytest.mark.parametrize("count", [7, 8, 9, 17])
def test_views_add_up(count):
    views = np.random.default_rng(count).random((count, 1, 30))
    tilts = np.linspace(-50, 55, count)
    alone = [back_project(views[[k]], tilts[[k]]) for k in range(count)]
    assert np.allclose(back_project(views, tilts), np.sum(alone, axis=0), atol=1e-4)


def test_a_wider_slice_is_centred_on_a_narrower_one():
    views, tilts = np.random.default_rng(2).random((5, 1, 40)), [-40, -20, 0, 20, 40]
    wide, narrow = back_project(views, tilts), back_project(views, tilts, width=30)
    assert np.allclose(wide[:, :, 5:-5], narrow, atol=1e-5)


def test_positive_shifts_move_the_content_right_and_up_in_depth():
    views, tilts = np.random.default_rng(3).random((5, 1, 40)), [-40, -20, 0, 20, 40]
    plain = back_project(views, tilts)
    moved = back_project(views, tilts, shift_x=3, shift_depth=2)
    assert np.allclose(moved[:, 2:, 3:], plain[:, :-2, :-3], atol=1e-5)


def test_the_tilt_axis_may_lie_beside_the_centre():
    made = back_project(delta(25), [40], axis_x=25.0)[0]
    assert centres(made)[10] == pytest.approx(25, abs=0.02)
    assert centres(made)[5] < 24


def test_rays_that_miss_a_view_get_what_lies_outside():
    made = back_project(np.ones((1, 1, 20)), [60], 41, outside=5.0)[0]
    assert made[0, 0] == made[-1, -1] == 5
    assert made[20, 10] == 1


def test_a_volume_may_be_one_voxel_thick_and_one_wide():
    assert back_project(delta(20), [30], 1).shape == (1, 1, 41)
    assert back_project(delta(20), [30], 1, width=1)[0, 0, 0] == pytest.approx(1)


@pytest.mark.parametrize("x_tilts", [[10.0, 10.0], [10.0, 10.001]])
def test_an_x_axis_tilt_turns_rows_into_depth(x_tilts):
    views = delta(10, 21, rows=41, row=20, views=2)
    made = back_project(views, [0, 0], x_tilts=np.array(x_tilts))[:, :, 10]
    depth = np.arange(21) - 10
    assert np.allclose(centres(made, 0), 20 + depth * np.tan(np.radians(10)), atol=0.15)


def test_no_ray_leaves_the_samples_whatever_the_geometry(monkeypatch):
    def check(samples, margin, shifts, row, *_):
        assert np.all(margin + shifts > 0)
        assert np.all(margin + shifts + row.size + 1 < samples.shape[1])
        return 0.0, 0.0, 0.0

    for name, stand_in in (("project", check), ("stretch_views", lambda *_: None)):
        monkeypatch.setattr(reconstruction.kernels, name, stand_in)
    rng = np.random.default_rng(0)
    for draw in range(60):
        rows, turn = rng.integers(1, 25), rng.uniform(-40, 40, 2)
        about = {"axis_y": rng.uniform(-50, 100), "shift_depth": rng.uniform(-20, 20)}
        about["x_tilts"] = turn if draw % 2 else turn[[0, 0]]
        slices = range(rng.integers(0, rows), rows)
        views, thickness = np.ones((2, rows, 20)), int(rng.integers(1, 40))
        back_project(views, rng.uniform(-85, 85, 2), thickness, slices, **about)


def test_both_ways_of_x_axis_tilting_agree():
    y, x = np.mgrid[:30, :40]
    views = np.array([np.sin(x / 5 + k) + np.cos(y / 4 - k) for k in range(3)])
    same = back_project(views, [-30, 0, 30], x_tilts=np.full(3, 6.0), slices=range(8, 22))
    each = back_project(views, [-30, 0, 30], x_tilts=np.array([6, 6, 6.0001]), slices=range(8, 22))
    assert np.allclose(same, each, atol=0.12)  # an eighth of a pixel times the slope


def test_a_slab_of_turned_slices_equals_its_slices_alone():
    views = np.random.default_rng(4).random((3, 30, 40))
    about = {"tilts": [-30, 0, 30], "x_tilts": np.full(3, -7.0)}
    slab = back_project(views, slices=range(5, 15), **about)
    alone = [back_project(views, slices=range(y, y + 1), **about)[0] for y in range(5, 15)]
    assert np.allclose(slab, alone, atol=1e-5)


def test_whole_numbers_are_rounded_and_kept_within_their_type():
    views = np.array([[[1.4, 1.6, -1.6, 1e6, -1e6, 2.0]]])
    made = back_project(views, [0], 1, dtype=np.int16)
    assert made[0, 0].tolist() == [1, 2, -2, 32767, -32768, 2]


def test_views_from_along_x_are_refused():
    with pytest.raises(ValueError, match="beyond 89 degrees"):
        back_project(delta(20), [90])
