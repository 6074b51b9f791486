"""SIRT: projection is the adjoint of back-projection, and slices come to agree with views."""

import numpy as np
import pytest

from etomotut.engine.reconstruction import BackProjector, Geometry
from etomotut.engine.sirt import Sirt, bytes_needed

TILTS = np.linspace(-60, 60, 31)


def solver(thickness=30, columns=60, tilts=TILTS, **about):
    tilts = np.asarray(tilts, float)
    about = {"axis_x": (columns - 1) / 2, "axis_y": 2.0, "width": columns, **about}
    return Sirt(Geometry(tilts, np.zeros(len(tilts)), columns, 5, thickness=thickness, **about))


def ball(thickness=30, columns=60, x=34, depth=12, radius=5):
    at_depth, at_x = np.mgrid[:thickness, :columns]
    return (np.hypot(at_depth - depth, at_x - x) < radius).astype(np.float32)


def lines_of(sirt, slice_):
    sirt.slice[:] = slice_
    return sirt.project()


GEOMETRIES = [
    {},
    {"width": 80, "shift_x": -7.3},
    {"width": 41, "shift_depth": 3.5, "thickness": 21},
    {"axis_x": 33.2, "thickness": 200},
    {"thickness": 1, "tilts": [20.0]},
    {"tilts": np.zeros(9)},
]


@pytest.mark.parametrize("about", GEOMETRIES)
def test_projection_is_the_adjoint_of_back_projection(about):
    sirt, rng = solver(**about), np.random.default_rng(0)
    slice_ = rng.standard_normal(sirt.slice.shape).astype(np.float32)
    projected = lines_of(sirt, slice_) / sirt._gains
    lines = rng.standard_normal(projected.shape).astype(np.float32)
    sirt.slice[:] = 0
    sirt.back_project(lines)
    both = np.sum(projected * lines, dtype=float), np.sum(slice_ * sirt.slice, dtype=float)
    size = np.linalg.norm(projected) * np.linalg.norm(lines)
    assert abs(both[0] - both[1]) < 1e-5 * size


def test_back_projection_is_that_of_the_weighted_one():
    sirt, lines = solver(), np.random.default_rng(1).random((31, 62), np.float32)
    lines[:, 60:] = 0
    out = np.empty((1, 30, 60), np.float32)
    plain = BackProjector(sirt._geometry)
    plain.reconstruct(lines[:, None], np.zeros((31, 1), np.float32), 0, range(1), out)
    sirt.slice[:] = 0
    sirt.back_project(lines[:, :60])
    assert np.allclose(sirt.slice, out[0], atol=1e-5)


@pytest.mark.parametrize("tilt", [-55.0, -20.0, 0.0, 35.0])
def test_a_point_is_seen_at_x_cos_plus_z_sin(tilt):
    sirt = solver(31, 61, [tilt])
    point = np.zeros((31, 61))
    point[15 - 8, 30 + 11] = 31  # z = 8
    line = lines_of(sirt, point)[0]
    place = 30 + 11 * np.cos(np.radians(tilt)) + 8 * np.sin(np.radians(tilt))
    assert line @ np.arange(61) / line.sum() == pytest.approx(place, abs=0.05)
    assert line.sum() == pytest.approx(1, abs=0.03)


def test_a_full_slice_looks_as_thick_as_its_rays_are_long():
    seen = lines_of(solver(10, 200), 1.0)[:, 90:110]
    assert np.allclose(seen, 1 / np.cos(np.radians(TILTS))[:, None], rtol=1e-5)


def test_differences_never_grow_and_the_slice_comes_near():
    sirt = solver()
    lines, energies, likeness = lines_of(sirt, ball()).copy(), [], []
    for _, (slice_, energy) in zip(range(60), sirt.iterate(lines)):
        energies.append(energy)
        likeness.append(np.corrcoef(slice_.ravel(), ball().ravel())[0, 1])
    assert np.all(np.diff(energies) < 0)
    assert energies[-1] < 0.01 * sirt.energy(lines)
    assert np.all(np.diff(likeness) > 0)
    assert likeness[-1] > 0.85  # a missing wedge of 60 degrees remains


def test_the_first_iteration_spreads_lines_over_the_slice():
    sirt, lines = solver(), np.random.default_rng(2).random((31, 60), np.float32)
    first, _ = next(sirt.iterate(lines))
    first = first.copy()
    sirt.slice[:] = 0
    sirt.back_project(lines * np.cos(np.radians(TILTS))[:, None] / 31)
    assert np.allclose(first, sirt.slice, atol=1e-5)


def test_a_slice_that_explains_its_lines_stays():
    sirt = solver()
    start = np.random.default_rng(3).random((31, 60), np.float32)
    sirt.slice[:] = 0
    sirt.back_project(start)
    known, lines = sirt.slice.copy(), sirt.project().copy()
    slice_, left = next(sirt.iterate(lines, start))
    assert np.allclose(slice_, known, rtol=1e-4)
    assert left < 1e-8 * sirt.energy(lines)


def test_the_memory_is_what_it_says():
    sirt = solver(200, 600)
    held = sum(each.nbytes for each in vars(sirt).values() if isinstance(each, np.ndarray))
    told = bytes_needed(sirt._geometry, 1)
    assert held < told < 2 * held


def test_slices_tilted_about_x_are_refused():
    with pytest.raises(ValueError, match="depend on each other"):
        Sirt(Geometry([0, 10], [1, 1], 20, 5, 9.5, 2, 20, 10))
