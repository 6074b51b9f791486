"""The viewer of CTF estimates, whichever plugin made them: curves, series by series."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from tomo.objects import CTFTomoSeries, SetOfCTFTomoSeries

from etomotut import protocols
from etomotut.convert.ctf import FAILED
from etomotut.errors import EtomotutError
from etomotut.protocols.outputs import CTFS
from etomotut.report.ctf import CtfCurves
from etomotut.viewers import gather
from etomotut.viewers.entries import EtomotutViewer
from etomotut.viewers.items import Item

WORST = 900.0  # Å: what some programs write where they have no resolution
Row = Tuple[float, ...]


class EtomotutCtfViewer(EtomotutViewer):
    """Defocus, astigmatism, resolution and score, view by view."""

    _name = "CTF curves"
    _targets = [CTFTomoSeries, SetOfCTFTomoSeries, protocols.ProtEtomotutImportCtf]

    def _items(self, obj: Any) -> Sequence[Item]:
        if isinstance(obj, CTFTomoSeries):
            curves = curves_of(obj, obj.getTiltSeries())
            return [Item(str(obj.getTsId()), curves.about(), lambda: curves, find=lambda: curves)]
        found = obj if isinstance(obj, SetOfCTFTomoSeries) else getattr(obj, CTFS, None)
        return [] if found is None else items_of(found)

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.ctf_window import CtfWindow

        return CtfWindow(self.getName(), items, root)


def items_of(estimates: Any) -> List[Item]:
    """Give the items of a set of CTF series."""
    return [
        Item(name, about, find, find=find)
        for name, about in gather.rows_of(estimates, lambda each: f"{each.getSize()} views")
        for find in [partial(_curves_in, estimates, name)]
    ]


def curves_of(ctfs: Any, tilt_series: Optional[Any]) -> CtfCurves:
    """Give the curves of a Scipion CTF series.

    Views have the tilt angles of the tilt series by their acquisition order, or by their index
    where estimates lack that; without a tilt series they are numbered.
    """
    angles = {} if tilt_series is None else _angles(tilt_series)
    rows = sorted(_row(each, angles) for each in ctfs.iterItems(iterate=False))
    if not rows:
        raise EtomotutError(f"{ctfs.getTsId()} has no CTF estimates")
    table = np.array(rows, float)
    return CtfCurves(
        tilt_angles=table[:, 0],
        defocus=table[:, 1:3],
        axis=table[:, 3],
        phase_shift=table[:, 4],
        resolution=table[:, 5],
        score=table[:, 6],
        is_used=table[:, 7] > 0,
    )


def _curves_in(estimates: Any, name: str) -> CtfCurves:
    found = estimates[{"_tsId": name}]
    series = estimates.getSetOfTiltSeries()
    tilt_series = None if series is None else series[{"_tsId": name}]
    curves = curves_of(found, tilt_series)
    for each in (estimates, series):
        if each is not None:
            each.close()
    return curves


def _angles(tilt_series: Any) -> Dict[Tuple[str, int], float]:
    """Give tilt angles by acquisition order and by index."""
    found: Dict[Tuple[str, int], float] = {}
    for image in tilt_series.iterItems():
        found["order", int(image.getAcquisitionOrder())] = float(image.getTiltAngle())
        found["index", int(image.getIndex())] = float(image.getTiltAngle())
    return found


def _row(ctf: Any, angles: Dict[Tuple[str, int], float]) -> Row:
    order, index = ctf.getAcquisitionOrder(), ctf.getIndex()
    key = ("index", index) if order is None else ("order", order)
    defocus = float(ctf.getDefocusU()), float(ctf.getDefocusV())
    has_failed = defocus[0] == FAILED
    resolution, score = ctf.getResolution() or 0.0, ctf.getFitQuality() or 0.0
    return (
        angles.get(key, float(index or order or 0)),
        *((np.nan, np.nan) if has_failed else defocus),
        float(ctf.getDefocusAngle() or 0.0),
        float(ctf.getPhaseShift()) if ctf.hasPhaseShift() else np.nan,
        float(resolution) if 0 < resolution < WORST else np.nan,
        float(score) if score > 0 else np.nan,
        float(ctf.isEnabled() and not has_failed),
    )
