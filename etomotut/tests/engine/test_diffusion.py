"""Diffusion: known answers of single steps, and the stored result of IMOD's program."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine import diffusion
from etomotut.engine.diffusion import Beltrami, EdgeEnhancing, Nonlinear

FLOWS = [EdgeEnhancing(), Beltrami(), Nonlinear(), Nonlinear(sigma=1.0)]


def after(volume, flow, contrast, steps=1, workers=1):
    u = diffusion.edged(np.asarray(volume, np.float32))
    spare = np.zeros_like(u)
    for _ in range(steps):
        u, spare = diffusion.advance(u, flow, contrast, spare, workers=workers)
    return diffusion.inside(u)


def noise(shape=(9, 40, 21), seed=1):
    return np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_volume_without_structure_stays_as_it_is(flow):
    assert np.array_equal(after(np.full((5, 6, 7), 3.0), flow, 1.0), np.full((5, 6, 7), 3.0))


@pytest.mark.parametrize("flow", [EdgeEnhancing(), Nonlinear(), Nonlinear(sigma=1.0)])
def test_nothing_flows_out_of_a_volume(flow):
    volume = noise()
    before, made = volume.mean(dtype=float), after(volume, flow, 8.0, 5).mean(dtype=float)
    assert made == pytest.approx(before, rel=1e-7)


@pytest.mark.parametrize("flow", FLOWS)
def test_far_below_the_contrast_a_step_is_that_of_heat(flow):
    volume = noise()
    expected = volume + flow.step * ndimage.laplace(volume, mode="nearest")
    assert np.allclose(after(volume, flow, 1e4), expected, atol=1e-3)


@pytest.mark.parametrize("flow", [EdgeEnhancing(), Nonlinear(), Nonlinear(sigma=1.0)])
def test_an_edge_above_the_contrast_stays_sharp_and_noise_below_it_goes(flow):
    volume = np.random.default_rng(2).normal(0, 1, (16, 24, 24))
    volume[:, :, 12:] += 100
    made = after(volume, flow, 10.0, 40)
    assert made[:, :, 12:].min() - made[:, :, :12].max() > 96
    assert made[:, :, :11].std() < 0.4


def test_flow_goes_along_an_edge_but_not_across_it():
    z, _, x = np.indices((16, 24, 24)).astype(np.float32)
    volume = 50 * np.sign(x - 11.5) * np.exp(-((z - 8) ** 2) / 8)  # an edge that fades along z
    made = after(volume, EdgeEnhancing(), 5.0)
    assert made[8, 12, 12] < volume[8, 12, 12] - 0.5
    across = after(volume[8][None].repeat(3, 0), EdgeEnhancing(), 5.0)
    assert np.allclose(across[1], volume[8], atol=1e-3)


@pytest.mark.parametrize("sigma", [0.0, 1.0])
def test_nonlinear_diffusion_never_makes_densities_more_extreme(sigma):
    volume = noise()
    made = after(volume, Nonlinear(0.16, sigma), 8.0, 10)
    assert volume.min() <= made.min() <= made.max() <= volume.max()


def test_beltrami_flow_is_that_of_its_metric():
    z, y, x = np.indices((40, 40, 40)) / 8.0
    u = np.sin(x) * np.cos(y) + 0.5 * np.sin(z)
    gradient = np.gradient(u)
    root = np.sqrt(1 + sum(g**2 for g in gradient))
    divergence = sum(np.gradient(g / root, axis=k) for k, g in enumerate(gradient))
    moved = after(u, Beltrami(0.1), 1.0) - u
    inner = (slice(4, -4),) * 3
    assert np.allclose(moved[inner], (0.1 * divergence / root)[inner], atol=2e-5)


def test_rows_are_shared_among_threads_without_a_trace():
    volume = noise((5, 3 * diffusion.STRIP - 7, 12))
    for flow in FLOWS:
        assert np.array_equal(after(volume, flow, 9.0, 3), after(volume, flow, 9.0, 3, workers=3))


def test_gradients_are_summed_plane_by_plane():
    volume = noise()
    lengths = np.sqrt(sum(g**2 for g in np.gradient(volume)))[1:-1, 1:-1, 1:-1]
    sums = diffusion.gradient_sums(diffusion.edged(volume[:, 1:-1, 1:-1]), range(len(volume)))
    rough = lengths.sum() / sums[1:-1].sum()
    assert 0.95 < rough < 1.05  # the margins differ
