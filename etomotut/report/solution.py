"""What an alignment did to each view: turned, magnified, shifted it, and changed its tilt angle."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Sequence, Tuple

import numpy as np

from etomotut.engine.transforms import natural
from etomotut.report import style
from etomotut.report.findings import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 760
SMALLEST_SPANS = 0.4, 0.4, 0.4, 4.0  # degrees, degrees, percent, nm: less is drawn as flat


def draw_solution(
    transforms: Array, *, tilt_angles: Array, nominal_angles: Array, pixel_size: float, name: str
) -> Figure:
    """Draw the solution of a series, view by view.

    `transforms` (view, 2, 3) take recorded views to aligned ones, pixels of `pixel_size` Å;
    angles in degrees.
    """
    axis, magnification = axis_angles(transforms), natural(transforms)[:, 0]
    shifts = transforms[:, :, 2] * pixel_size / 10
    changes = tilt_angles - nominal_angles
    with style.drawing():
        figure = style.new_figure(style.PAGE, HEIGHT)
        style.heading(figure, name, _summary(axis, changes, magnification, shifts))
        boxes = [(92 + 620 * column, 100 + 330 * row, 500, 250) for row, column in _CELLS]
        panels = [style.place(figure, box) for box in boxes]
        _draw(panels[0], nominal_angles, [axis], "Angle of the tilt axis", "degrees", 0)
        _draw(
            panels[1], nominal_angles, [changes], "Tilt angle, solved minus nominal", "degrees", 1
        )
        _draw(panels[2], nominal_angles, [100 * magnification], "Magnification", "percent", 2)
        _draw(panels[3], nominal_angles, list(shifts.T), "Shifts of the aligned views", "nm", 3)
        _name_shifts(panels[3], pixel_size)
    return figure


def axis_angles(transforms: Array) -> Array:
    """Give the angle of the tilt axis in each view that transforms (view, 2, 3) make vertical.

    Degrees from the vertical, counter-clockwise positive.
    """
    return np.degrees(np.unwrap(-natural(transforms)[:, 1]))


_CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


def _summary(axis: Array, changes: Array, magnification: Array, shifts: Array) -> str:
    largest = float(np.hypot(*shifts.T).max())
    return (
        f"{len(axis)} views · tilt axis at {axis.mean():.2f}° · tilt angles changed by up to "
        f"{np.abs(changes).max():.2f}° · magnification {100 * magnification.min():.2f} to "
        f"{100 * magnification.max():.2f}% · shifts up to {largest:.0f} nm"
    )


def _draw(
    axes: Axes, angles: Array, series: Sequence[Array], title: str, unit: str, panel: int
) -> None:
    for values, colour, marker in zip(series, (style.BLUE, style.ORANGE), "os"):
        axes.plot(angles, values, f"-{marker}", color=colour, markersize=3.5, linewidth=1.1)
    low, high = float(np.min(series)), float(np.max(series))
    if title.startswith("Tilt angle,"):
        low, high = min(low, 0.0), max(high, 0.0)
        axes.axhline(0, color=style.FAINT, linewidth=0.8)
    axes.set_ylim(_span(low, high, SMALLEST_SPANS[panel]))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.set_xlabel("nominal tilt angle (degrees)")


def _span(low: float, high: float, smallest: float) -> Tuple[float, float]:
    """Give limits around a range, wider than what would show noise as if it were large."""
    half = 0.56 * max(high - low, smallest)
    return (low + high) / 2 - half, (low + high) / 2 + half


def _name_shifts(axes: Axes, pixel_size: float) -> None:
    nm = pixel_size / 10
    right = axes.secondary_yaxis(
        "right", functions=(partial(np.multiply, 1 / nm), partial(np.multiply, nm))
    )
    right.set_ylabel("pixels")
    right.spines["right"].set_visible(True)
    lines = axes.get_lines()
    axes.legend(lines, ["x, across the tilt axis", "y, along it"], loc="best")
