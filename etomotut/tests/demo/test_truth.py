"""Reading a truth, and measuring alignments against it."""

import numpy as np
import pytest

from etomotut.demo import truth as truths
from etomotut.demo.geometry import make_views, track
from etomotut.demo.parameters import PRESETS
from etomotut.engine import transforms
from etomotut.errors import FormatError
from etomotut.formats import tlt, xf

TINY = PRESETS["tiny"][0]


@pytest.fixture(scope="module")
def truth():
    views = make_views(TINY, np.random.default_rng(2))
    beads = np.random.default_rng(3).uniform(-30, 30, (8, 3))
    return truths.Truth(
        angles=views.angles,
        true_angles=views.true_angles,
        transforms=views.transforms,
        beads=beads,
        track=track(beads, views),
        pixel_size=11.04,
        axis_angle=-95.0,
        bead_diameter=100.0,
        size=(180, 128),
        details={"seed": 7, "defocus": np.ones((2, 2))},
    )


def test_a_truth_survives_writing_and_reading(truth, tmp_path):
    truths.write(tmp_path / "t.json", truth)
    found = truths.read(tmp_path / "t.json")
    for name in ("true_angles", "transforms", "beads", "track"):
        assert np.allclose(getattr(found, name), getattr(truth, name), atol=1e-6), name
    assert (found.size, found.axis_angle, found.bead_diameter) == ((180, 128), -95.0, 100.0)
    assert found.details == {"seed": 7, "defocus": [[1, 1], [1, 1]]}


def test_the_true_alignment_has_no_error(truth):
    error = truths.alignment_error(truth.transforms, truth.true_angles, truth)
    assert error == pytest.approx(0, abs=1e-9)


def test_shaken_views_show_as_the_rms_of_what_they_moved(truth):
    shaken = truth.transforms.copy()
    shaken[:, 1, 2] += np.where(np.arange(len(shaken)) % 2, 0.5, -0.5)
    found = truths.alignment_error(shaken, truth.true_angles, truth)
    assert found == pytest.approx(0.5, rel=0.02)


def test_what_the_beads_may_absorb_is_no_error(truth):
    moved = transforms.then(truth.transforms, [[1, 0, 0], [0, 1, 7.5]])
    tilts = np.radians(truth.true_angles)
    moved[:, 0, 2] += 3 * np.cos(tilts) - 4 * np.sin(tilts)
    assert truths.alignment_error(moved, truth.true_angles, truth) == pytest.approx(0, abs=1e-9)
    places = truths.bead_places(moved, truth.true_angles, truth)
    assert np.allclose(places, truth.beads + (3, 7.5, -4))


def test_beads_outside_the_views_do_not_count(truth):
    seen = truth.seen((40, 40))
    inside = (np.abs(truth.track) < 20).all(axis=2)
    assert np.array_equal(seen, inside)
    residuals = truths.bead_residuals(truth.transforms, truth.angles, truth, size=(40, 40))
    assert not np.isfinite(residuals[~seen]).any()


def test_the_size_of_the_views_must_be_known(truth):
    nameless = truths.Truth(**{**vars(truth), "size": None})
    with pytest.raises(ValueError, match="does not tell the size"):
        nameless.seen()


@pytest.mark.parametrize("text", ["", "[]", '{"angles": [1]}', '{"angles": ["x"]}'])
def test_what_is_no_truth_is_refused(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(FormatError, match=r"t\.json is no file of a series' truth"):
        truths.read(tmp_path / "t.json")


@pytest.mark.reference
def test_imods_alignment_of_the_reference_is_0_64_pixels_off(reference):
    truth = truths.read(reference / "truth.json")
    final, tilts = xf.read(reference / "final.xf"), tlt.read(reference / "tiltalign.tlt")
    error = truths.alignment_error(final, tilts, truth, size=(256, 360))
    assert error == pytest.approx(0.6425, abs=5e-4)
    assert truth.axis_angle == 4.2
