"""The picture of what a denoiser did, and the numbers beside it."""

import numpy as np
import pytest
from scipy import ndimage

from etomotut.engine.removal import Removal
from etomotut.formats import mrc
from etomotut.report.denoising import describe, mean_gradient, write_comparison


@pytest.fixture
def volumes(tmp_path):
    """Write a volume (40, 90, 120) and the same smoothed."""
    raw = np.random.default_rng(2).normal(100, 10, (40, 90, 120)).astype(np.float32)
    for name, data in (("raw", raw), ("smooth", ndimage.gaussian_filter(raw, 1))):
        mrc.write(tmp_path / f"{name}.mrc", data, pixel_size=5.0, volume=True)
    return tmp_path


def test_a_comparison_is_drawn_and_measured(volumes):
    files = [str(volumes / f"{name}.mrc") for name in ("raw", "smooth")]
    found = write_comparison(volumes / "a.png", *files, pixel_size=5.0, name="TS $1")
    assert found.before == pytest.approx(10, rel=0.02)
    assert abs(found.structure) < 0.03
    assert (volumes / "a.png").stat().st_size > 20000


def test_the_heading_tells_both_numbers():
    said = describe(Removal(deviation=3.0, before=4.0, structure=0.125))
    assert (
        said
        == "removed 75% of the standard deviation; 12.5% of the removed energy goes with structure"
    )


def test_the_mean_gradient_is_that_of_the_middle_sections(volumes):
    slope = np.zeros((100, 30, 30), np.float32) + 3 * np.arange(30, dtype=np.float32)
    slope[:20] *= 100
    mrc.write(volumes / "slope.mrc", slope, pixel_size=5.0)
    assert mean_gradient(str(volumes / "slope.mrc")) == pytest.approx(3 * 29 / 30)
