"""CTF estimations find their views and become IMOD's table."""

from types import SimpleNamespace

import numpy as np
import pytest
from tomo.objects import CTFTomo

from etomotut.convert.ctf import ViewCtf, ctf_series, read_ctf, table_for
from etomotut.convert.series import View, read_series
from etomotut.errors import EtomotutError
from etomotut.formats import defocus
from etomotut.tests.scipion_objects import tilt_series

VIEWS = [View(3, 1, -60.0), View(1, 2, 0.0), View(2, 3, 60.0)]


def series(*items):
    """Give what stands for one of Scipion's series."""
    return SimpleNamespace(iterItems=lambda: iter(items))


def ctf(order, defocus=(30000.0, 29000.0), angle=20.0, *, enabled=True, phase_shift=None):
    """Give one of Scipion's estimations."""
    made = CTFTomo(index=order or 7, acqOrder=order)
    made.setStandardDefocus(*defocus, angle)
    made.setEnabled(enabled)
    if phase_shift is not None:
        made.setPhaseShift(phase_shift)
    return made


def test_an_estimation_is_read_as_it_is():
    (found,) = read_ctf(series(ctf(2, phase_shift=90.0)))
    assert found == ViewCtf(2, 2, (30000.0, 29000.0), 20.0, 90.0)


def test_a_cut_on_frequency_is_read_as_a_number():
    given = ctf(2, phase_shift=90.0)
    given.setCutOnFreq(0.03)
    assert read_ctf(series(given))[0].cut_on == 0.03


def test_disabled_and_failed_estimations_are_none():
    failed = ctf(3)
    failed.setWrongDefocus()
    assert read_ctf(series(ctf(1, enabled=False), failed)) == []


def test_estimations_belong_to_views_by_acquisition_order():
    given = [ViewCtf(order, None, (10000.0 * order, 10000.0 * order)) for order in (1, 2, 3)]
    table, lacking = table_for(VIEWS, given)
    assert lacking == []
    assert table.defocus[:, 0].tolist() == [30000, 10000, 20000]
    assert table.angles[:, 0].tolist() == [-60, 0, 60]
    assert table.axis is None
    assert table.phase_shift is None


def test_without_an_order_the_section_counts():
    table, _ = table_for(VIEWS, [ViewCtf(None, 3, (20000.0, 20000.0))])
    assert table.views.tolist() == [[2, 2]]


def test_views_without_an_estimation_are_named_and_have_no_row():
    table, lacking = table_for(VIEWS, [ViewCtf(3, 1, (3e4, 2e4), 30.0, 90.0, 0.1)])
    assert [view.order for view in lacking] == [1, 2]
    assert table.views.tolist() == [[0, 0]]
    assert [float(each[0]) for each in (table.axis, table.phase_shift, table.cut_on)] == [
        30,
        90,
        0.1,
    ]


def test_astigmatism_is_each_views_own():
    given = [ViewCtf(order, None, (3e4, 3e4 - order), 10.0 * order) for order in (1, 2, 3)]
    assert np.array_equal(table_for(VIEWS, given)[0].axis, [30, 10, 20])


def test_all_that_a_defocus_file_tells_survives_the_import(tmp_path):
    images = tilt_series(tmp_path, [-60.0, 0.0, 60.0])
    given = defocus.single([[3e4, 2.9e4], [3.1e4, 3e4], [3.2e4, 3.1e4]], [-60, 0, 60], axis=20)
    given.phase_shift, given.cut_on = np.array([80.0, 90.0, 85.0]), np.array([0.02, 0.03, 0.02])
    whole = read_series(*images)
    _, models = ctf_series(images[0], whole, given)
    table, lacking = table_for(whole.used, read_ctf(series(*models)))
    assert lacking == []
    for name in ("views", "angles", "defocus", "axis", "phase_shift", "cut_on"):
        assert np.allclose(getattr(table, name), getattr(given, name)), name


def test_every_view_has_a_resolution_that_others_can_write_as_a_number(tmp_path):
    whole, images = tilt_series(tmp_path, (-20.0, 0.0, 20.0), disabled=[2])
    given = defocus.single([3e4] * 3, [-20.0, 0.0, 20.0])
    _, models = ctf_series(whole, read_series(whole, images), given)
    assert [f"{model.getResolution():.1f}" for model in models] == ["0.0"] * 3


def test_a_series_without_any_estimation_is_refused():
    with pytest.raises(EtomotutError, match="no enabled view has a CTF estimation"):
        table_for(VIEWS, [ViewCtf(9, 9, (3e4, 3e4))])
