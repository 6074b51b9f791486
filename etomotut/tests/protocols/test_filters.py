"""The commands and checks of the filters, from the values of their forms."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import etomotut.protocols as stages
from etomotut.__main__ import main
from etomotut.convert.series import Series, View, read_series
from etomotut.engine.dose_weighting import dose_response
from etomotut.engine.frequency_filters import Edges, filter_array
from etomotut.errors import EtomotutError
from etomotut.formats import mrc
from etomotut.protocols.facts import Facts
from etomotut.protocols.job import Job
from etomotut.protocols.protocol_dose_filter import _voltage
from etomotut.tests.protocols.test_commands import check, form
from etomotut.tests.scipion_objects import tilt_series

TOMOGRAMS = Facts(size=(1440, 1024, 300), items=2, pixel_size=5.0)
LOW, HIGH, BAND, GAUSSIAN, MEDIAN = range(5)
NAME = "ProtEtomotutFilterTomograms"


def values(**changes):
    stage = stages.ProtEtomotutFilterTomograms
    return check(stage.commands(form(NAME, **changes), 5.0, "a.mrc", "b.mrc"))[0]


def problems(facts=TOMOGRAMS, **changes):
    return stages.ProtEtomotutFilterTomograms.problems(form(NAME, **changes), facts)


@pytest.mark.parametrize("cutoff", [12.0, 25.0, 60.0, 500.0])
def test_half_of_the_amplitude_is_left_at_a_cutoff(cutoff):
    frequency = np.array([5.0 / cutoff])
    low = values(lowPassCutoff=cutoff)["LowPassRadiusSigma"]
    assert Edges(low_pass=low)(frequency) == pytest.approx(0.5, abs=1e-4)
    high = values(filterType=HIGH, highPassCutoff=cutoff)["HighPassSigma"]
    assert Edges(high_pass=(0.0, high))(frequency) == pytest.approx(0.5, abs=1e-4)


def test_each_filter_has_its_options_and_no_others():
    assert values()["FilterIn3D"] is True
    assert "HighPassSigma" not in values()
    assert "LowPassRadiusSigma" not in values(filterType=HIGH)
    assert {"HighPassSigma", "LowPassRadiusSigma"} <= values(filterType=BAND).keys()
    assert values(filterType=GAUSSIAN, gaussianSigma=2.0)["Gaussian"] == 2.0
    assert values(filterType=MEDIAN, medianSize=5)["Median"] == 5


def test_a_filter_is_described_by_its_lengths():
    what = stages.ProtEtomotutFilterTomograms.what
    assert what(form(NAME, filterType=BAND)) == "band-pass 60 to 2000 A"
    assert what(form(NAME, filterType=MEDIAN)) == "median of 3^3 voxels"


def test_filters_that_take_nothing_away_are_problems():
    assert problems() == problems(filterType=BAND) == problems(filterType=MEDIAN) == []
    assert "two voxels" in problems(lowPassCutoff=8.0)[0]
    assert "twice the tomogram's width" in problems(filterType=HIGH, highPassCutoff=2e4)[0]
    assert problems(filterType=GAUSSIAN, lowPassCutoff=8.0) == []


def test_contradictions_are_problems():
    assert "must be below" in problems(filterType=BAND, highPassCutoff=60.0)[0]
    assert "it must be odd" in problems(filterType=MEDIAN, medianSize=4)[0]


DOSES = {"inputDoseType": 0, "fixedImageDose": 3.0, "initialDose": 0.0}
VIEWS = [View(2, 1, -3.0, doses=(3, 2)), View(1, 2, 0.0, doses=(0, 3)), View(3, 3, 3.0)]


def doses_of(views=VIEWS, sections=3, **changes):
    stage = stages.ProtEtomotutDoseFilter
    series = Series("TS_1", {}, views, 5.0)
    return stage.doses_of(form(stage.__name__, **changes), series, sections)


def test_doses_stand_in_the_order_of_the_file():
    views = [*VIEWS[:2], replace(VIEWS[2], doses=(5, 3))]
    assert doses_of(views) == [(3, 2), (0, 3), (5, 3)]


def test_fixed_doses_add_up_in_the_order_of_acquisition():
    assert doses_of(inputDoseType=1, fixedImageDose=2.0) == [(2, 2), (0, 2), (4, 2)]


def test_views_that_are_not_used_need_no_dose():
    views = [*VIEWS[:2], replace(VIEWS[2], is_enabled=False)]
    assert doses_of(views, sections=4) == [(3, 2), (0, 3), (0, 0), (0, 0)]


def test_series_without_doses_are_refused():
    with pytest.raises(EtomotutError, match="view 3 has no dose"):
        doses_of()
    with pytest.raises(EtomotutError, match="all its doses are 0"):
        doses_of([replace(view, doses=(0.0, 0.0)) for view in VIEWS])


def test_doses_go_to_mtffilter_with_pixel_size_and_voltage():
    stage = stages.ProtEtomotutDoseFilter
    about = form(stage.__name__, initialDose=1.5)
    (found,) = check(stage.commands(about, (5.0, 200), "a", "b", "d.txt"))
    assert (found["PixelSize"], found["Voltage"], found["InitialDose"]) == (0.5, 200, 1.5)
    assert (found["TypeOfDoseFile"], found["DoseWeightingFile"]) == (2, "d.txt")


def test_voltages_without_known_critical_doses_are_refused():
    assert (_voltage(300.0), _voltage(200)) == (300, 200)
    with pytest.raises(EtomotutError, match="120 kV; critical doses are known for 200 and 300"):
        _voltage(120)


def here(words, environment, say):
    """Run an embedded program in this process."""
    return main(words[3:])


def test_halves_are_weighed_by_the_doses_of_their_views(tmp_path):
    series, images = tilt_series(tmp_path, (-10.0, 0.0, 10.0), halves=True, size=(40, 32))
    for image in images:
        image.getAcquisition().setAccumDose(30.0 * image.getAcquisitionOrder())
    read, noise = read_series(series, images), np.random.default_rng(0)
    for path in read.files.values():
        views = noise.normal(100, 10, (3, 32, 40)).astype(np.float32)
        mrc.write(path, views, pixel_size=5.0)
    stage = stages.ProtEtomotutDoseFilter()
    job = Job(
        "TS_1",
        form(type(stage).__name__),
        tmp_path / "extra" / "TS_1",
        tmp_path / "tmp" / "TS_1",
        read.files,
        series=read,
        item=SimpleNamespace(object=series),
        execute=here,
    )
    job.start()
    result = stage.process(job)
    changes = result.outputs["TiltSeries"]
    assert result.numbers == {"dose": 90.0, "voltage": 300}
    for part, path in read.files.items():
        for view, dose in enumerate((60.0, 30.0, 90.0)):
            known = filter_array(mrc.read(path)[view], dose_response(dose, 5.0))
            assert np.allclose(mrc.read(changes.files[part])[view], known, atol=1e-3)
