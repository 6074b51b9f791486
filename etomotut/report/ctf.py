"""The CTF of a tilt series, view by view: defocus, astigmatism, and how good the estimates are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.findings import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP, HIGH = 100, 330  # pixels: above the panels, and of a row of them
LEAST_SPAN = 0.2  # µm: less is drawn as flat
LISTED = 8  # excluded views


@dataclass(frozen=True)
class CtfCurves:
    """Estimates of the views of a series by ascending tilt angle; all arrays are (view,).

    `tilt_angles` in degrees, `defocus` (view, 2) of the major and the minor axis in Å, `axis` the
    direction of the former, `phase_shift` in degrees, `resolution` in Å, up to which a fit holds,
    `score` of the fit. What is not known is NaN. `is_used` is false for disabled views.
    """

    tilt_angles: Array
    defocus: Array
    axis: Array
    phase_shift: Array
    resolution: Array
    score: Array
    is_used: npt.NDArray[np.bool_]

    @property
    def mean(self) -> Array:
        """The mean defocus of each view, Å."""
        mean: Array = self.defocus.mean(axis=1)
        return mean

    def about(self) -> str:
        """Tell the range of defocus and in how many views it is known."""
        known = self.mean[self.is_used & np.isfinite(self.mean)] / 1e4
        if not len(known):
            return "no view has a CTF"
        return f"{known.min():.2f} to {known.max():.2f} µm, {len(known)} views"


def draw_ctf(curves: CtfCurves, name: str) -> Figure:
    """Draw the curves of a series that say something; disabled views are left out, and listed."""
    used = curves.is_used
    angles, defocus = curves.tilt_angles[used], curves.defocus[used] / 1e4
    astigmatism = 1e3 * (defocus[:, 0] - defocus[:, 1])
    others = [
        (astigmatism, "Astigmatism", "nm"),
        (curves.resolution[used], "Resolution up to which the fit holds", "Å"),
        (curves.score[used], "Score of the fit", ""),
        (curves.phase_shift[used], "Phase shift", "degrees"),
    ]
    others = [each for each in others if (np.nan_to_num(each[0]) != 0).any()]
    rows = (len(others) + 1) // 2
    with style.drawing():
        figure = style.new_figure(style.PAGE, TOP + HIGH * (1 + rows))
        style.heading(figure, name, _summary(curves))
        axes = style.place(figure, (92, TOP, 1120, HIGH - 80))
        _draw_defocus(axes, angles, defocus, bool(others) and others[0][1] == "Astigmatism")
        for number, (values, title, unit) in enumerate(others):
            left, top = 92 + 620 * (number % 2), TOP + HIGH * (1 + number // 2)
            _draw(style.place(figure, (left, top, 500, HIGH - 80)), angles, values, title, unit)
    return figure


def _summary(curves: CtfCurves) -> str:
    excluded = np.flatnonzero(~curves.is_used) + 1
    text = curves.about()
    if len(excluded):
        listed = ", ".join(map(str, excluded[:LISTED])) + (" ..." if len(excluded) > LISTED else "")
        text += f" · excluded: {listed}"
    return text


def _draw_defocus(axes: Axes, angles: Array, defocus: Array, is_astigmatic: bool) -> None:
    """Draw the defocus, of both axes where they differ, and the median to see views far from it."""
    looks = [(style.BLUE, "o", "major axis"), (style.ORANGE, "s", "minor axis")]
    for values, (colour, marker, label) in zip(defocus.T, looks if is_astigmatic else looks[:1]):
        line, name = f"-{marker}", label if is_astigmatic else ""
        axes.plot(angles, values, line, color=colour, markersize=3.5, linewidth=1.1, label=name)
    known = defocus[np.isfinite(defocus)]
    if len(known):
        middle = float(np.median(known))
        axes.axhline(middle, color=style.FAINT, linewidth=0.8, label=f"median {middle:.2f} µm")
        half = max(0.56 * float(np.ptp(known)), LEAST_SPAN / 2)
        centre = (known.min() + known.max()) / 2
        axes.set_ylim(centre - half, centre + half)
        axes.legend(loc="best")
    _name(axes, "Defocus (underfocus is positive)", "µm")


def _draw(axes: Axes, angles: Array, values: Array, title: str, unit: str) -> None:
    axes.plot(angles, values, "-o", color=style.BLUE, markersize=3.5, linewidth=1.1)
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(values))))
    _name(axes, title, unit)


def _name(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.set_xlabel("tilt angle (degrees)")
    axes.ticklabel_format(axis="y", useOffset=False)
