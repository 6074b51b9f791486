"""The embedded ctfphaseflip through its command line."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.demo import PRESETS
from etomotut.demo.series import prepare
from etomotut.formats import defocus, mrc, tlt, xf

ANGLES = np.array([-60.0, 0.0, 60.0])
SETTINGS = "-pixelSize {} -volt 300 -cs 2.7 -ampContrast 0.1 -defTol 200 -iWidth 15"


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def noise():
    """Write three views of noise with their angles and one defocus for all."""
    stack = np.random.default_rng(0).normal(100, 10, (3, 60, 96)).astype(np.float32)
    mrc.write("a.ali", stack, pixel_size=5.52)
    tlt.write("a.tlt", ANGLES)
    defocus.write("a.defocus", defocus.single([35000.0] * 3, ANGLES))
    return stack


def correct(*options, stack="a.ali", result="out.mrc"):
    """Run the program and give its exit status."""
    files = ["-input", stack, "-output", result, "-angleFn", "a.tlt", "-defFn", "a.defocus"]
    return main(["ctfphaseflip", *files, *SETTINGS.format(0.552).split(), *options])


def corrected(*options):
    """Give the stack that the program writes."""
    assert correct(*options) == 0
    return mrc.read("out.mrc")


def likeness(a, b):
    """Give the correlation of two images."""
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_both_edges_of_a_view_at_60_degrees_agree_with_the_projection_without_ctf():
    """Of the same specimen, which is thin, as a view has no room for a second defocus."""
    still = {"shift_range": 1e-6, "jumps": 0, "angle_offset": 0.0, "angle_scale": 1.0}
    flat = {"vesicles": 0, "beads": 0, "beads_beyond": 0, "pairs": 0, "damage": False}
    parameters = replace(
        PRESETS["tiny"][0], size=(720, 192), pixel_size=5.52, angles=(-60, 60, 60), **still,
        **flat, axis_angle=0.0, angle_jitter=0.0, rotation_spread=0.0, magnification_spread=0.0,
        thickness=300.0,
    )  # fmt: skip
    views, _, projector, _, _ = prepare(parameters)
    mrc.write("a.ali", np.stack([projector.view(n) for n in range(3)]), pixel_size=5.52)
    tlt.write("a.tlt", views.angles)
    defocus.write("a.defocus", defocus.single(views.defocus, views.angles))
    found, wrong = corrected(), corrected("-invert")
    for view in (0, 2):
        for edge in (slice(0, 64), slice(-64, None)):
            truth = -projector.phase(view)[:, edge]
            assert agreement(found[view][:, edge], truth) > 0.99
            assert agreement(wrong[view][:, edge], truth) < 0.9


def agreement(a, b):
    """Give the share of 32 rings up to 90% of the Nyquist limit in which images correlate."""
    window = np.hanning(a.shape[0])[:, None] * np.hanning(a.shape[1])
    fa, fb = (np.fft.fft2((image - image.mean()) * window) for image in (a, b))
    k = np.hypot(np.fft.fftfreq(a.shape[0])[:, None], np.fft.fftfreq(a.shape[1]))
    cross = np.bincount((k * 32 / 0.45).astype(int).ravel(), (fa * fb.conj()).real.ravel())
    return (cross[1:32] > 0).mean()


def test_inverted_angles_exchange_the_sides(noise):
    mrc.write("a.ali", noise[[0, 0, 0]], pixel_size=5.52)
    plain, inverted = corrected(), corrected("-invert")
    assert np.allclose(plain, inverted[::-1], atol=1e-3)
    assert likeness(plain[0], plain[2]) < 0.95


def test_transforms_move_the_line_of_the_given_defocus(noise):
    """As if the defocus were given for the centre: less by the gradient times the shift."""
    xf.write("a.xf", np.tile([[1, 0, 20.0], [0, 1, 0]], (3, 1, 1)))
    moved = corrected("-xform", "a.xf")
    change = 20 * 5.52 * np.tan(np.radians(ANGLES))
    defocus.write("a.defocus", defocus.single(35000 - change, ANGLES))
    assert likeness(moved, corrected()) > 0.9999


def test_transforms_turn_the_axis_of_astigmatism(noise):
    turn = np.radians(30)
    matrix = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0]]
    xf.write("a.xf", [matrix] * 3)
    values = np.array([[36000.0, 33000.0]] * 3)
    defocus.write("a.defocus", defocus.single(values, ANGLES, axis=20))
    turned = corrected("-xform", "a.xf")
    defocus.write("a.defocus", defocus.single(values, ANGLES, axis=50))
    assert np.allclose(turned, corrected(), atol=1e-2)


def test_a_phase_plate_of_180_degrees_inverts_the_contrast(noise):
    table = defocus.single([35000.0] * 3, ANGLES)
    plain = corrected()
    table.phase_shift = np.full(3, 180.0)
    defocus.write("a.defocus", table)
    assert likeness(corrected()[1], plain[1]) < -0.999


def test_a_range_of_views_is_written_alone_and_whole_numbers_stay_so(noise):
    mrc.write("a.ali", noise.astype(np.int16), pixel_size=5.52)
    everything, part = corrected(), corrected("-views", "2,3")
    assert part.dtype == np.int16
    assert np.array_equal(part, everything[1:])


def test_threads_do_not_change_the_result(noise):
    assert np.array_equal(corrected("-Threads", "1"), corrected("-Threads", "2"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-views", "2,4"], "StartingEndingViews is 2,4; the stack has views 1 to 3"),
        (["-totalViews", "1,3"], "TotalViews is not embedded"),
        (["-aAngle", "3"], "AxisAngle is not embedded"),
        (["-xform", "b.xf"], "b.xf has 1 transforms for 3 views"),
        (["-angleFn", "b.tlt"], "b.tlt has 2 angles for 3 views"),
        (["-angleFn", "steep.tlt"], "a tilt angle beyond 89 degrees"),
        (["-defFn", "absent"], "absent cannot be read"),
    ],
)
def test_what_cannot_be_is_refused(noise, options, message, capsys):
    xf.write("b.xf", np.eye(3)[None, :2])
    tlt.write("b.tlt", [0, 1])
    tlt.write("steep.tlt", [0, 1, 90])
    assert correct(*options) == 1
    assert message in capsys.readouterr().out


def test_a_view_with_gaps_in_its_numbers_is_named(noise, capsys):
    noise[1, 3, 5] = np.nan
    mrc.write("a.ali", noise, pixel_size=5.52)
    assert correct() == 1
    assert "view 2 of a.ali has 1 of " in capsys.readouterr().out
