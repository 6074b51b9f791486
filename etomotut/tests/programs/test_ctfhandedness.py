"""The embedded ctfhandedness through its command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from etomotut.__main__ import main
from etomotut.formats import defocus, mrc, tlt
from etomotut.tests.engine.test_phase_flipping import FLAT, PIXEL, imaged

ANGLES = np.array([-60.0, -50.0, -40.0, -30.0, 0.0, 30.0, 40.0, 50.0, 60.0])


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def measure(*options, pixel_size=PIXEL):
    """Run the program on a.ali and give what it writes."""
    optics = f"-pixelSize {pixel_size / 10} -volt 300 -cs 2.7 -ampContrast 0.1"
    words = f"-input a.ali -output a.json -angleFn a.tlt -defFn a.defocus {optics}"
    assert main(["ctfhandedness", *words.split(), *options]) == 0
    return json.loads(Path("a.json").read_text())


@pytest.fixture(scope="module")
def views():
    """Give noise (view, y, x) as a microscope shows it, underfocus rising to the right."""
    random = np.random.default_rng(0)
    slopes = PIXEL * np.tan(np.radians(ANGLES))
    truth = random.standard_normal((len(ANGLES), 128, 256)).astype(np.float32)
    return [imaged(image, FLAT, slope) for image, slope in zip(truth, slopes)]


def write(views):
    mrc.write("a.ali", np.array(views, np.float32), pixel_size=PIXEL)
    tlt.write("a.tlt", ANGLES)
    defocus.write("a.defocus", defocus.single([FLAT.u] * len(ANGLES), ANGLES))


def test_the_direction_is_told_and_how_sure_it_is(views, capsys):
    write(views)
    found = measure()
    assert (found["handedness"], found["pairs"], found["agreeing"]) == (1, 4, 4)
    assert "the underfocus rises to the right: 4 of 4 pairs" in capsys.readouterr().out


def test_inverted_angles_and_mirrored_views_turn_it_round(views):
    write(views)
    assert measure("-invert")["handedness"] == -1
    write([view[:, ::-1] for view in views])
    assert measure()["handedness"] == -1


def test_at_coarse_pixels_nothing_is_claimed(views, capsys):
    write(views)
    found = measure(pixel_size=12.0)
    assert (found["handedness"], found["is_sure"]) == (0, False)
    assert "Nothing can be seen" in capsys.readouterr().out
