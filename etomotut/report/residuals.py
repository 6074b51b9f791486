"""How far the beads of a series are from where its alignment wants them: by view, bead, place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Tuple

import numpy as np

from etomotut.report import style
from etomotut.report.findings import Array, Marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LIMIT = 1.0  # pixels of mean residual: what the tutorial calls good is below
HEIGHT = 1000


def draw_residuals(marks: Marks, *, tilt_angles: Array, pixel_size: float, name: str) -> Figure:
    """Draw the residuals of a solved series: mean a view, mean a bead, and as lines in the field.

    Only measured points count. Angles in degrees, `pixel_size` in Å.
    """
    with style.drawing():
        figure = style.new_figure(style.PAGE, HEIGHT)
        style.heading(figure, name, _summary(marks, pixel_size))
        _draw_views(style.place(figure, (70, 96, 1180, 230)), marks, tilt_angles)
        _draw_beads(style.place(figure, (70, 396, 560, 540)), marks)
        _draw_field(style.place(figure, (700, 396, 540, 540)), marks, pixel_size)
    return figure


def _summary(marks: Marks, pixel_size: float) -> str:
    lengths = marks.lengths[marks.is_measured]
    if not len(lengths):
        return "no point has a residual"
    mean, worst, nm = float(lengths.mean()), float(lengths.max()), pixel_size / 10
    return (
        f"mean residual {mean:.2f} px = {mean * nm:.2f} nm, largest {worst:.2f} px, "
        f"of {len(lengths)} points of {len(np.unique(marks.beads))} beads · "
        f"1 px = {nm:.3g} nm"
    )


def _draw_views(axes: Axes, marks: Marks, tilt_angles: Array) -> None:
    """Draw the mean residual of each view, with the range of the middle 80% of its points."""
    residuals, _ = marks.by_bead_and_view()
    seen = np.isfinite(residuals).any(axis=0)
    angles, known = tilt_angles[seen], residuals[:, seen]
    mean = np.nanmean(known, axis=0)
    low, high = np.nanpercentile(known, [10, 90], axis=0)
    axes.vlines(angles, low, high, color=style.BLUE, alpha=0.25, linewidth=4)
    axes.plot(angles, mean, "-o", color=style.BLUE, markersize=4, linewidth=1.2)
    _limit_line(axes, float(max(high.max(initial=0), mean.max(initial=0))))
    axes.set_xlim(_padded(tilt_angles))
    axes.set_xlabel("tilt angle (degrees)")
    axes.set_ylabel("residual (px)")
    axes.set_title("Mean residual of each view; bars: the middle 80% of its points")


def _draw_beads(axes: Axes, marks: Marks) -> None:
    """Draw the mean residual of each bead, the worst first, numbered as in the model."""
    residuals, _ = marks.by_bead_and_view()
    seen = np.flatnonzero(np.isfinite(residuals).any(axis=1))
    mean = np.nanmean(residuals[seen], axis=1)
    order = np.argsort(-mean)
    seen, mean = seen[order], mean[order]
    places = np.arange(len(seen))
    colours = [style.RED if value > LIMIT else style.BLUE for value in mean]
    axes.bar(places, mean, color=colours, width=0.75, alpha=0.85)
    _limit_line(axes, float(mean.max(initial=0)))
    step = max(1, -(-len(seen) // 32))
    axes.set_xticks(places[::step], [str(bead + 1) for bead in seen[::step]])
    axes.tick_params(axis="x", length=0, labelsize=8, rotation=90 if len(seen) > 24 else 0)
    axes.grid(axis="x", visible=False)
    axes.set_xlim(-0.7, max(len(seen), 1) - 0.3)
    axes.set_xlabel("bead")
    axes.set_ylabel("mean residual (px)")
    axes.set_title("Mean residual of each bead, the worst first")


def _draw_field(axes: Axes, marks: Marks, pixel_size: float) -> None:
    """Draw every residual as a line from where it was measured, long enough to be seen."""
    from matplotlib.collections import LineCollection

    measured = marks.is_measured
    points, vectors = marks.rows[measured, :2], marks.residuals[measured]
    width, height = marks.frame.size
    nm = pixel_size / 10
    axes.set_aspect("equal", anchor="NW")
    axes.set_xlim(0, width * nm)
    axes.set_ylim(0, height * nm)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_xlabel("x (nm)")
    axes.set_ylabel("y (nm)")
    unit, factor = line_scale(marks)
    ends = points + vectors * factor
    lines = LineCollection(
        np.stack([points, ends], axis=1) * nm, colors=style.BLUE, linewidths=1.0, alpha=0.65
    )
    axes.add_collection(lines)
    x, y = (points * nm).T
    axes.scatter(x, y, s=4, color=style.INK, linewidths=0, zorder=3)
    axes.set_title(f"All residuals in the field, from the dots on, {factor:g} times as long")
    _draw_unit(axes, unit, factor, nm)


def line_scale(marks: Marks) -> Tuple[float, float]:
    """Give a round residual (px) to draw as a yardstick, and how much longer lines are drawn.

    The lines of most points then reach over a fifteenth of the field.
    """
    lengths = marks.lengths[marks.is_measured]
    typical = max(float(np.percentile(lengths, 90)) if len(lengths) else 1.0, 1e-3)
    unit = style.round_length(typical * 1.5)
    return unit, style.round_length(max(marks.frame.size) / 15 / typical)


def _draw_unit(axes: Axes, unit: float, factor: float, nm: float) -> None:
    """Draw a bar as long as the line of a residual of `unit` pixels, under the field."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = axes.get_figure()
    assert figure is not None
    below = ScaledTranslation(0, -38 / style.DPI, figure.dpi_scale_trans)
    mixed = blended_transform_factory(axes.transData, axes.transAxes) + below
    end = axes.get_xlim()[1]
    start = end - unit * factor * nm
    about: Dict[str, Any] = {"transform": mixed, "clip_on": False}
    axes.plot([start, end], [0, 0], color=style.INK, linewidth=2, **about)
    axes.text(start, 0, f"{unit:g} px  ", ha="right", va="center", **about)


def _limit_line(axes: Axes, highest: float) -> None:
    """Draw the line that mean residuals should stay below, and leave room for it."""
    axes.axhline(LIMIT, color=style.RED, linewidth=1.2, linestyle=(0, (5, 3)))
    axes.text(
        1.0,
        LIMIT,
        "1 px",
        transform=axes.get_yaxis_transform(),
        color=style.RED,
        fontsize=9,
        ha="right",
        va="bottom",
    )
    axes.set_ylim(0, 1.12 * max(highest, LIMIT))


def _padded(values: Array) -> Tuple[float, float]:
    low, high = float(np.min(values)), float(np.max(values))
    pad = 0.02 * max(high - low, 1.0)
    return low - pad, high + pad
