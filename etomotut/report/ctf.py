"""The CTF of a tilt series, view by view: defocus, astigmatism, and how good the estimates are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.findings import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 760
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
    """Draw the curves of a series; disabled views are left out, and listed."""
    with style.drawing():
        figure = style.new_figure(style.PAGE, HEIGHT)
        style.heading(figure, name, _summary(curves))
        boxes = [(92 + 620 * column, 100 + 330 * row, 500, 250) for row, column in _CELLS]
        panels = [style.place(figure, box) for box in boxes]
        used = curves.is_used
        angles = curves.tilt_angles[used]
        _draw_defocus(panels[0], angles, curves.defocus[used] / 1e4)
        astigmatism = (curves.defocus[used, 0] - curves.defocus[used, 1]) / 10
        _draw(panels[1], angles, astigmatism, "Astigmatism", "nm")
        resolution = "Resolution up to which the fit holds"
        _draw(panels[2], angles, curves.resolution[used], resolution, "Å")
        if np.isfinite(curves.score[used]).any():
            _draw(panels[3], angles, curves.score[used], "Score of the fit", "")
        else:
            _draw(panels[3], angles, curves.phase_shift[used], "Phase shift", "degrees")
    return figure


_CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


def _summary(curves: CtfCurves) -> str:
    excluded = np.flatnonzero(~curves.is_used) + 1
    text = curves.about()
    if len(excluded):
        listed = ", ".join(map(str, excluded[:LISTED])) + (" ..." if len(excluded) > LISTED else "")
        text += f" · excluded: {listed}"
    return text


def _draw_defocus(axes: Axes, angles: Array, defocus: Array) -> None:
    """Draw both axes' defocus, and the median that a view far from it is told by."""
    looks: Sequence[Tuple[str, str, str]] = (
        (style.BLUE, "o", "major axis"),
        (style.ORANGE, "s", "minor axis"),
    )
    for values, (colour, marker, label) in zip(defocus.T, looks):
        line = f"-{marker}"
        axes.plot(angles, values, line, color=colour, markersize=3.5, linewidth=1.1, label=label)
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
    if np.isfinite(values).any():
        axes.plot(angles, values, "-o", color=style.BLUE, markersize=3.5, linewidth=1.1)
        axes.set_ylim(bottom=min(0.0, float(np.nanmin(values))))
    else:
        axes.text(0.5, 0.5, "not told", transform=axes.transAxes, color=style.FAINT, ha="center")
        axes.set_yticks([])
    _name(axes, title, unit)


def _name(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.set_xlabel("tilt angle (degrees)")
    axes.ticklabel_format(axis="y", useOffset=False)
