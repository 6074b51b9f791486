"""CTF estimations: Scipion's CTF series from and to plain values and IMOD's defocus tables.

An estimation belongs to the view of the same acquisition order. Where a CTF set lacks the order,
it belongs to the view of the same section, as other plugins take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from etomotut.convert.series import Series, View
from etomotut.errors import EtomotutError
from etomotut.formats.defocus import Defocus, single

FAILED = -999.0  # the defocus that Scipion gives to a view whose estimation failed
_UNKNOWN = 0.0  # the resolution to which an estimation is good, which defocus files do not tell


@dataclass(frozen=True)
class ViewCtf:
    """The estimation for one view: defocus (U, V) in Å, axis and phase shift in degrees.

    `cut_on` is in 1/nm, `order` the acquisition order, `section` counts from 1.
    """

    order: Optional[int]
    section: Optional[int]
    defocus: Tuple[float, float]
    axis: float = 0.0
    phase_shift: Optional[float] = None
    cut_on: Optional[float] = None


def read_ctf(series: Any) -> List[ViewCtf]:
    """Give the estimations of a Scipion CTF series that are enabled and did not fail."""
    found = [_read(each) for each in series.iterItems() if each.isEnabled()]
    return [ctf for ctf in found if ctf.defocus[0] != FAILED and np.all(np.isfinite(ctf.defocus))]


def table_for(views: Sequence[View], estimations: Sequence[ViewCtf]) -> Tuple[Defocus, List[View]]:
    """Give the defocus table of a stack of views, and the views that have no estimation.

    A table has a row for each view with one, numbered by the view's place in the stack, from 0.
    Raises EtomotutError if no view has one.
    """
    orders = {ctf.order: ctf for ctf in estimations if ctf.order is not None}
    sections = {ctf.section: ctf for ctf in estimations if ctf.order is None}
    matched = [orders.get(view.order, sections.get(view.section)) for view in views]
    rows = [(place, ctf) for place, ctf in enumerate(matched) if ctf is not None]
    if not rows:
        raise EtomotutError("no enabled view has a CTF estimation")
    places = np.array([place for place, _ in rows], np.int64)
    table = single(
        np.array([ctf.defocus for _, ctf in rows]),
        [views[place].tilt_angle for place in places],
    )
    table.views = np.stack([places, places], axis=1)
    if table.axis is not None:
        table.axis = np.array([ctf.axis for _, ctf in rows])
    if any(ctf.phase_shift for _, ctf in rows):
        table.phase_shift = np.array([ctf.phase_shift or 0.0 for _, ctf in rows])
        if any(ctf.cut_on for _, ctf in rows):
            table.cut_on = np.array([ctf.cut_on or 0.0 for _, ctf in rows])
    return table, [view for view, ctf in zip(views, matched) if ctf is None]


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
        model.setResolution(_UNKNOWN)  # RELION's plugin cannot write that there is none
        if table.phase_shift is not None:
            model.setPhaseShift(float(table.phase_shift[row]))
        if table.cut_on is not None:
            model.setCutOnFreq(float(table.cut_on[row]))
        if not view.is_enabled:
            model.setWrongDefocus()
            model.setEnabled(False)
        models.append(model)
    return whole, models


def _read(ctf: Any) -> ViewCtf:
    cut_on = ctf.getCutOnFreq() if hasattr(ctf, "_cutOnFreq") else None
    return ViewCtf(
        ctf.getAcquisitionOrder(),
        ctf.getIndex(),
        (float(ctf.getDefocusU()), float(ctf.getDefocusV())),
        float(ctf.getDefocusAngle() or 0.0),
        float(ctf.getPhaseShift()) if ctf.hasPhaseShift() else None,
        None if cut_on is None else float(cut_on),
    )
