"""Defocus as plain values turned into Scipion's series of CTF models."""

from __future__ import annotations

from typing import Any, List, Tuple

from etomotut.convert.series import Series
from etomotut.formats.defocus import Defocus


def ctf_series(tilt_series: Any, series: Series, table: Defocus) -> Tuple[Any, List[Any]]:
    """Give a CTF series without its models, and the models of all views of a tilt series.

    `table` has one row a view, in the order of `series.views`. Models of disabled views are
    disabled and say nothing, as Scipion marks a CTF that is not known.
    """
    from tomo.objects import CTFTomo, CTFTomoSeries

    whole = CTFTomoSeries(tsId=series.ts_id)
    whole.copyInfo(tilt_series)
    whole.setTsId(series.ts_id)
    models = []
    for row, view in enumerate(series.views):
        model = CTFTomo(index=view.section, acqOrder=view.order)
        model.setDefocusU(float(table.defocus[row, 0]))
        model.setDefocusV(float(table.defocus[row, 1]))
        model.setDefocusAngle(0.0 if table.axis is None else float(table.axis[row]))
        model.standardize()
        if table.phase_shift is not None:
            model.setPhaseShift(float(table.phase_shift[row]))
        if table.cut_on is not None:
            model.setCutOnFreq(float(table.cut_on[row]))
        if not view.is_enabled:
            model.setWrongDefocus()
            model.setEnabled(False)
        models.append(model)
    return whole, models
