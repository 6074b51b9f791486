"""Diffusion in tiles: the same numbers as at once, within the memory that is allowed."""

import numpy as np
import pytest

from etomotut.engine.diffusion import Beltrami, EdgeEnhancing, Nonlinear
from etomotut.engine.tiled_diffusion import BYTES, Contrast, Diffusion, cut, plan


def diffuse(volume, flow, contrast, memory, **about):
    made = []

    def scratch(shape):
        made.append(shape)
        return np.empty(shape, np.float32)

    diffusion = Diffusion(flow, steps=5, contrast=contrast, memory=memory, scratch=scratch, **about)
    return diffusion.run(volume), diffusion.contrasts, made


@pytest.mark.parametrize("contrast", [8.0, Contrast.VARYING])
@pytest.mark.parametrize("flow", [EdgeEnhancing(), Beltrami(), Nonlinear(sigma=0.7)])
def test_tiles_give_what_the_whole_gives(flow, contrast):
    volume = np.random.default_rng(3).normal(0, 10, (61, 20, 14)).astype(np.float32)
    whole, contrasts, no_scratch = diffuse(volume, flow, contrast, 1 << 30, sigma=0.5)
    tiled, others, scratch = diffuse(volume, flow, contrast, 20 * 22 * 16 * BYTES, sigma=0.5)
    assert not no_scratch
    assert len(scratch) == 2
    assert np.array_equal(tiled, whole)
    assert others == pytest.approx(contrasts, rel=1e-12)


def test_a_varying_contrast_follows_what_is_left_of_the_noise():
    volume = np.random.default_rng(4).normal(0, 10, (20, 20, 20)).astype(np.float32)
    _, contrasts, _ = diffuse(volume, EdgeEnhancing(), Contrast.VARYING, 1 << 30)
    assert contrasts == sorted(contrasts, reverse=True)
    _, doubled, _ = diffuse(volume, EdgeEnhancing(), Contrast.VARYING, 1 << 30, relative=2.0)
    assert doubled[0] == pytest.approx(2 * contrasts[0])


def test_a_volume_that_fits_is_done_at_once():
    assert plan(100, 10, 2, 15, 1000) == (15, 100)


def test_tiles_with_their_margins_fit_in_memory():
    steps, thickness = plan(1000, 10, 2, 15, 2000)
    assert steps > 1
    margin = 2 * steps + 1
    assert thickness + 2 * margin <= 200
    assert thickness >= 3 * margin


def test_a_step_is_done_however_little_memory_there_is():
    assert plan(1000, 10, 2, 15, 1) == (1, 1)


def test_tiles_end_where_the_volume_ends():
    tiles = cut(10, 4, 3)
    assert [(tile.start, tile.stop) for tile in tiles] == [(0, 4), (4, 8), (8, 10)]
    assert [(tile.low, tile.high) for tile in tiles] == [(0, 7), (1, 10), (5, 10)]
