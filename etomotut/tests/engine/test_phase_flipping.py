"""Phase flipping on images whose transfer function is known column by column."""

import numpy as np
import pytest

from etomotut.engine.ctf import Defocus, Frequencies, Microscope, grid
from etomotut.engine.phase_flipping import Strips, flip_phases

KRIOS = Microscope(300, 2.7, 0.1)
PIXEL = 5.52
STEEP = PIXEL * np.tan(np.radians(60))
WIDE = 3 * STEEP
FLAT = Defocus(35000, 35000)


def imaged(truth, defocus, slope):
    """Give an image of a truth (y, x) in which each column is seen with its own defocus."""
    rows, columns = truth.shape
    kx, ky = grid((rows, 2 * columns), PIXEL)
    frequencies = Frequencies(KRIOS, kx, ky)
    total = np.zeros((len(ky), 2 * columns), np.complex64)
    step = np.exp(-2j * np.pi * kx * PIXEL).astype(np.complex64)
    lines, place = np.fft.rfft(truth, axis=0).astype(np.complex64), np.ones_like(step)
    fixed = frequencies.argument(defocus)
    for column in range(columns):
        level = np.float32(slope * (column - (columns - 1) / 2)) * frequencies.per_defocus
        total -= lines[:, column, None] * place * np.sin(fixed + level)
        place = place * step
    return np.fft.irfft(np.fft.ifft(total, axis=1), rows, axis=0)[:, :columns]


def corrected(image, slope, defocus=FLAT, **changes):
    """Give an image with the phases flipped."""
    middle = (image.shape[1] - 1) / 2
    values = {"pixel_size": PIXEL, "middle": middle, "strips": Strips(), **changes}
    return flip_phases(image, defocus, KRIOS, slope=slope, **values)


def right_signs(found, truth, defocus, least=0.3):
    """Give the share of frequencies that agree with the truth, inverted, where contrast is left.

    Of all up to 90% of the Nyquist limit, averaged over pieces along y; the images (y, x) are so
    narrow that one defocus holds for them.
    """
    size = 64, truth.shape[1]
    window = np.hanning(size[0])[:, None] * np.hanning(size[1])
    frequencies = Frequencies(KRIOS, *grid(size, PIXEL))
    contrast = np.sin(frequencies.argument(defocus))
    chosen = (abs(contrast) > least) & (frequencies.magnitude < 0.9 * 0.5 / PIXEL)
    product = np.zeros(contrast.shape)
    for start in range(0, len(truth) - 63, 32):
        rows = slice(start, start + 64)
        spectra = [np.fft.fft(np.fft.rfft(i[rows] * window, axis=0)) for i in (found, -truth)]
        product += (spectra[0] * spectra[1].conj()).real
    return (product[chosen] > 0).mean()


@pytest.fixture(scope="module")
def truth():
    """Give noise (y, x), in which all frequencies are alike."""
    return np.random.default_rng(0).standard_normal((320, 256)).astype(np.float32)


@pytest.fixture(scope="module")
def steep(truth):
    """Give an image whose defocus changes as over 768 columns at 60 degrees."""
    return imaged(truth, FLAT, WIDE)


EDGES = [(slice(0, 48), -104), (slice(208, 256), 104)]


@pytest.mark.parametrize(("edge", "place"), EDGES)
def test_the_sign_is_right_at_both_edges_of_a_view_at_60_degrees(truth, steep, edge, place):
    found = corrected(steep, WIDE, strips=Strips(distance=5))
    there = Defocus(*[35000 + WIDE * place] * 2)
    assert right_signs(found[:, edge], truth[:, edge], there) > 0.99
    assert right_signs(steep[:, edge], truth[:, edge], there) < 0.6


@pytest.mark.parametrize(("edge", "place"), EDGES)
def test_the_wrong_gradient_leaves_both_edges_wrong(truth, steep, edge, place):
    found = corrected(steep, -WIDE, strips=Strips(distance=5))
    there = Defocus(*[35000 + WIDE * place] * 2)
    assert right_signs(found[:, edge], truth[:, edge], there) < 0.9


def test_astigmatism_is_corrected_in_its_direction(truth):
    astigmatic = Defocus(38000, 30000, axis=30)
    found = corrected(imaged(truth, astigmatic, 0.0), 0.0, astigmatic)
    assert right_signs(found, truth, astigmatic) > 0.99
    turned = corrected(imaged(truth, astigmatic, 0.0), 0.0, Defocus(38000, 30000, axis=-30))
    assert right_signs(turned, truth, astigmatic) < 0.9


def test_a_flat_view_has_one_strip_and_a_steep_one_lines_as_near_as_wanted():
    strips = Strips(tolerance=2000.0, distance=15.0)
    assert strips.lines(1440, 0.0).tolist() == [719.5]
    assert np.diff(strips.lines(1440, STEEP)).max() <= 200 / STEEP
    assert np.diff(strips.lines(1440, 10 * STEEP)).min() == pytest.approx(15)


def test_a_mirrored_view_of_the_opposite_tilt_gives_the_mirrored_result(steep):
    found, mirrored = corrected(steep, WIDE), corrected(steep[:, ::-1], -WIDE)
    assert np.corrcoef(found.ravel(), mirrored[:, ::-1].ravel())[0, 1] > 0.999


def test_densities_stay_where_nothing_is_to_be_seen():
    image = np.full((40, 50), 300.0, np.int16)
    assert np.allclose(corrected(image, STEEP), 300.0, atol=1e-3)


def test_small_and_odd_views_are_corrected_too(truth):
    assert corrected(truth[:7, :5], STEEP).shape == (7, 5)
