"""The beads of a series: where they are in the least tilted view, and how they were followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.findings import Array, Marks, Numbers
from etomotut.report.images import robust_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP, EDGE, GAP = 68, 24, 70  # pixels of the figure
RINGED = 1.5  # diameters of a bead


def draw_tracks(
    image: npt.NDArray[Any],
    marks: Marks,
    points: Array,
    *,
    view: int,
    tilt_angles: Array,
    pixel_size: float,
    name: str,
) -> Figure:
    """Draw the beads over an image (y, x) of a view, and a chart of bead by view.

    `points` (point, 2) are the marks' places in the frame of the image. Lines follow each bead
    through all views; their colour, and that of the chart, is the residual.
    """
    height, width = image.shape
    is_upright = height > width
    shown = 740 if is_upright else style.PAGE - 2 * EDGE
    scale = shown / width
    if height * scale > 980:
        scale = 980 / height
    across, down = round(width * scale), round(height * scale)
    chart = _chart_box(marks, across, down, is_upright)
    total = max(TOP + down + EDGE, chart[1] + chart[3] + 160)
    with style.drawing():
        figure = style.new_figure(style.PAGE, total)
        style.heading(figure, name, _summary(marks, tilt_angles, view, pixel_size))
        axes = style.place(figure, (EDGE, TOP, across, down))
        style.show_image(axes, image, robust_limits(image))
        style.scale_bar(axes, pixel_size)
        _draw_beads(axes, marks, points, view)
        _draw_chart(style.place(figure, chart), marks, tilt_angles)
        below = chart[0], chart[1] + chart[3] + 48
        if marks.is_solved:
            _draw_colours(style.place(figure, (*below, min(chart[2], 460), 10)), marks)
        _explain(figure, (below[0], below[1] + (54 if marks.is_solved else 0)), marks)
    return figure


def _chart_box(marks: Marks, across: int, down: int, is_upright: bool) -> Tuple[int, ...]:
    """Give the place of the chart: beside an upright image, below a wide one."""
    beads = int(marks.beads.max(initial=0)) + 1
    height = int(np.clip(beads * 17, 220, 760))
    if is_upright:
        left = EDGE + across + GAP
        return left, TOP + 22, style.PAGE - left - EDGE, min(height, max(down - 170, 220))
    return EDGE + 46, TOP + down + 50, style.PAGE - 2 * EDGE - 46, height


def _summary(marks: Marks, tilt_angles: Array, view: int, pixel_size: float) -> str:
    beads, lengths = len(np.unique(marks.beads)), marks.lengths
    views = len(tilt_angles)
    text = f"{beads} beads in {views} views, shown at {tilt_angles[view]:.1f}°"
    missing = beads * views - int(marks.is_measured.sum())
    text += f" · {missing} of {beads * views} points not measured"
    if np.isfinite(lengths).any():
        mean = float(np.nanmean(lengths))
        text += f" · mean residual {mean:.2f} px = {mean * pixel_size / 10:.2f} nm"
    return text


def _draw_beads(axes: Axes, marks: Marks, points: Array, view: int) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize
    from matplotlib.patheffects import withStroke

    lines, residuals, dashed = _segments(marks, points)
    dark = LineCollection(lines, colors="black", linewidths=2.0, alpha=0.35, zorder=2)
    axes.add_collection(dark)
    known = np.isfinite(residuals)
    limit = style.residual_range(marks.lengths)
    if known.any():
        coloured = LineCollection(
            [line for line, is_known in zip(lines, known) if is_known],
            array=residuals[known],
            cmap=style.residual_ramp(),
            norm=Normalize(0, limit),
            linewidths=1.2,
            zorder=3,
        )
        axes.add_collection(coloured)
    unknown = [line for line, is_known in zip(lines, known) if not is_known]
    axes.add_collection(LineCollection(unknown, colors="white", linewidths=1.0, zorder=3))
    axes.add_collection(
        LineCollection(dashed, colors="white", linewidths=1.0, linestyles=(0, (2, 2)), zorder=3)
    )
    outline = [withStroke(linewidth=2.2, foreground="black", alpha=0.75)]
    here = marks.views == view
    radius = marks.diameter * RINGED / 2
    for (x, y), bead, is_measured in zip(points[here], marks.beads[here], marks.is_measured[here]):
        _ring(axes, (x, y), radius, is_measured)
        axes.annotate(
            str(bead + 1),
            (x + 0.72 * radius, y + 0.72 * radius),
            xytext=(1.5, 1.5),
            textcoords="offset points",
            color="white",
            fontsize=9,
            fontweight="bold",
            path_effects=outline,
            annotation_clip=True,
            zorder=6,
        )


def _ring(axes: Axes, centre: Tuple[float, float], radius: float, is_measured: bool) -> None:
    from matplotlib.patches import Circle

    look = {} if is_measured else {"linestyle": (0, (1.5, 1.5))}
    axes.add_patch(Circle(centre, radius, fill=False, edgecolor="black", lw=2.6, alpha=0.5))
    axes.add_patch(Circle(centre, radius, fill=False, edgecolor="white", lw=1.3, zorder=4, **look))


def _segments(marks: Marks, points: Array) -> Tuple[List[Array], Array, List[Array]]:
    """Split tracks into lines between neighbouring views, their residuals, and lines over gaps."""
    lines, residuals, dashed = [], [], []
    for bead in np.unique(marks.beads):
        own = np.flatnonzero(marks.beads == bead)
        own = own[np.argsort(marks.views[own])]
        for a, b in zip(own[:-1], own[1:]):
            line = points[[a, b]]
            is_whole = marks.views[b] == marks.views[a] + 1
            if is_whole and marks.is_measured[[a, b]].all():
                lines.append(line)
                residuals.append(np.mean(marks.lengths[[a, b]]))
            else:
                dashed.append(line)
    return lines, np.array(residuals, float), dashed


def _draw_chart(axes: Axes, marks: Marks, tilt_angles: Array) -> None:
    """Draw a cell for each bead and view: its residual, or a mark where nothing was measured."""
    residuals, is_marked = marks.by_bead_and_view()
    beads, views = residuals.shape
    limit = style.residual_range(marks.lengths)
    axes.imshow(residuals, cmap=style.residual_ramp(), vmin=0, vmax=limit, aspect="auto", zorder=1)
    if not marks.is_solved:
        axes.imshow(np.where(is_marked, 0.0, np.nan), cmap="Blues_r", vmin=-1, aspect="auto")
    missing = np.argwhere(~np.isfinite(residuals) if marks.is_solved else ~is_marked)
    axes.scatter(
        missing[:, 1], missing[:, 0], s=9, marker="x", c=style.FAINT, linewidths=0.8, zorder=2
    )
    axes.grid(False)
    axes.set_xlim(-0.5, views - 0.5)
    axes.set_ylim(beads - 0.5, -0.5)
    shown = _even_ticks(views, 9)
    axes.set_xticks(shown, [f"{np.rint(tilt_angles[view]) + 0.0:.0f}" for view in shown])
    step = max(1, -(-beads // 45))
    axes.set_yticks(range(0, beads, step), [str(bead + 1) for bead in range(0, beads, step)])
    axes.tick_params(length=0, labelsize=8.5)
    axes.set_xlabel("tilt angle (degrees)")
    axes.set_ylabel("bead")
    axes.set_title("Every bead in every view; crossed where it was not measured")


def _draw_colours(axes: Axes, marks: Marks) -> None:
    """Draw the scale of the residuals' colours."""
    limit = style.residual_range(marks.lengths)
    ramp = np.linspace(0, limit, 256)[None]
    axes.imshow(ramp, cmap=style.residual_ramp(), aspect="auto", extent=(0, limit, 0, 1))
    axes.grid(False)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=2, labelsize=8.5)
    axes.set_xlabel("residual (px)", labelpad=2)


def _explain(figure: Figure, corner: Tuple[float, float], marks: Marks) -> None:
    """Write what the lines and rings mean, below the chart."""
    lines = ["Ring: the bead in this view. Line: its way through all views."]
    if marks.is_solved:
        lines.append("Dotted ring, dashed line: predicted, not measured.")
    else:
        lines.append("Dashed line: views in which it was not found.")
    width, height = figure.get_figwidth() * style.DPI, figure.get_figheight() * style.DPI
    figure.text(
        corner[0] / width,
        1 - corner[1] / height,
        "\n".join(lines),
        fontsize=9,
        color=style.FAINT,
        va="top",
        linespacing=1.5,
    )


def _even_ticks(count: int, wanted: int) -> Numbers:
    """Give places spread evenly from the first to the last, both among them."""
    return np.unique(np.rint(np.linspace(0, count - 1, min(wanted, count))).astype(np.int64))
