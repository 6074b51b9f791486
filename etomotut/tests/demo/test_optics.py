"""The contrast transfer function, and IMOD's opinion of its gradient."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import PRESETS, optics
from etomotut.demo.series import prepare
from etomotut.engine.ctf import wavelength
from etomotut.formats import defocus, mrc, tlt

TINY = PRESETS["tiny"][0]
DEFOCUS = np.array([30000.0, 30000.0])


def test_interaction_at_300_kv():
    assert optics.interaction(300) == pytest.approx(6.526e-4, rel=1e-3)  # rad / (V Å)


def test_contrast_begins_at_the_amplitude_contrast():
    contrast = optics.Optics(TINY, (64, 64), half=True).contrast(DEFOCUS, 0.0)
    assert contrast[0, 0] == pytest.approx(-0.1, abs=1e-6)


def test_contrast_is_zero_where_the_phase_says():
    """Without aberration and amplitude contrast: at k = 1 / sqrt(lambda defocus)."""
    plain = replace(TINY, aberration_mm=0.0, amplitude_contrast=0.0, pixel_size=5.0)
    found = optics.Optics(plain, (4096, 8), half=True)
    contrast = found.contrast(DEFOCUS, 0.0)[: 4096 // 2, 0]
    first = np.flatnonzero(contrast[1:] > 0)[0] + 1
    expected = 1 / np.sqrt(wavelength(300) * 30000)
    assert found.frequency[first, 0] == pytest.approx(expected, abs=1 / (4096 * 5))


def test_what_stands_higher_has_less_defocus():
    right = optics.Optics(TINY, (64, 64), half=True)
    wrong = optics.Optics(replace(TINY, handedness=-1), (64, 64), half=True)
    lower = right.contrast(DEFOCUS - 1000, 0.0)
    assert np.allclose(right.contrast(DEFOCUS, 1000.0), lower, atol=1e-4)
    assert np.allclose(wrong.contrast(DEFOCUS, -1000.0), lower, atol=1e-4)


def test_the_major_axis_of_astigmatism_has_the_larger_defocus():
    found = optics.Optics(replace(TINY, astigmatism_axis=90.0), (64, 64), half=False)
    phase = found.phase(np.array([32000.0, 28000.0]), 0.0)
    upright = found.phase(np.array([32000.0, 32000.0]), 0.0)
    level = found.phase(np.array([28000.0, 28000.0]), 0.0)
    assert phase[10, 0] == pytest.approx(upright[10, 0], rel=1e-5)
    assert phase[0, 10] == pytest.approx(level[0, 10], rel=1e-5)


def test_damage_takes_fine_detail_first():
    left = optics.Optics(TINY, (64, 64), half=True).damage(100.0)
    assert left[0, 0] == pytest.approx(1, abs=0.01)
    assert 0 < left[32, 0] < left[10, 0] < left[2, 0]


@pytest.mark.imod
def test_ctfphaseflip_corrects_both_edges_of_a_tilted_view(imod, tmp_path):
    """Its gradient and ours run the same way, or one edge would come out inverted."""
    still = {"shift_range": 1e-6, "jumps": 0, "angle_offset": 0.0, "angle_scale": 1.0}
    flat = {"vesicles": 0, "beads": 0, "beads_beyond": 0, "pairs": 0, "damage": False}
    parameters = replace(
        TINY, size=(720, 128), pixel_size=5.52, angles=(-60, 60, 60), axis_angle=0.0, **still,
        **flat, angle_jitter=0.0, rotation_spread=0.0, magnification_spread=0.0,
    )  # fmt: skip
    views, _, projector, _, _ = prepare(parameters)
    expected = np.stack([projector.view(index) for index in range(3)])
    mrc.write(tmp_path / "e.mrc", expected, pixel_size=5.52)
    tlt.write(tmp_path / "e.tlt", views.angles)
    defocus.write(tmp_path / "e.defocus", defocus.single(views.defocus, views.angles))
    command = "-input e.mrc -output c.mrc -angleFn e.tlt -defFn e.defocus -defTol 50 -iWidth 15"
    optical = "-pixelSize 0.552 -volt 300 -cs 2.7 -ampContrast 0.1"
    words = [imod("ctfphaseflip"), *command.split(), *optical.split()]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    corrected = mrc.read(tmp_path / "c.mrc")
    for view in (0, 2):
        for edge in (slice(0, 180), slice(540, 720)):
            found = _correlation(corrected[view][:, edge], -projector.phase(view)[:, edge])
            assert found[1:].min() > 0.5


def _correlation(a, b, rings=16):
    """Correlate two images by rings of spatial frequency up to 0.4 a pixel."""
    window = np.hanning(a.shape[0])[:, None] * np.hanning(a.shape[1])
    fa, fb = (np.fft.fft2((image - image.mean()) * window) for image in (a, b))
    k = np.hypot(np.fft.fftfreq(a.shape[0])[:, None], np.fft.fftfreq(a.shape[1]))
    ring = (k * 40).astype(int).ravel()
    cross, pa, pb = (
        np.bincount(ring, values.ravel())[:rings]
        for values in ((fa * fb.conj()).real, np.abs(fa) ** 2, np.abs(fb) ** 2)
    )
    return cross / np.sqrt(pa * pb)
