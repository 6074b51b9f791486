"""A tilt series before and after its gold was erased, with what was masked between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from etomotut.formats.mrc import Stack
from etomotut.report import style
from etomotut.report.images import robust_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP, EDGE, GAP, TITLE = 68, 24, 10, 24
MASKED = "#d55e00"
Image = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Erased:
    """How much a mask of a series marks: areas a view, in the median, and the share of pixels."""

    areas: float
    share: float


def measure_mask(path: str) -> Erased:
    """Give how much the mask of a series in a file marks."""
    masks = Stack(path)
    views = [masks[index] != 0 for index in range(len(masks))]
    areas = [ndimage.label(view, np.ones((3, 3), bool))[1] for view in views]
    return Erased(float(np.median(areas)), float(np.mean([view.mean() for view in views])))


def write_erasing(path: str, files: Sequence[str], views: Sequence[int], **about: Any) -> None:
    """Draw some views, from 0, of a series into a PNG file.

    `files` are the series before, its mask, and the series after; `about` the named arguments of
    `draw_erasing`.
    """
    stacks = [Stack(file) for file in files]
    rows = [[np.asarray(stack[view], np.float32) for stack in stacks] for view in views]
    draw_erasing(rows, **about).savefig(path)


def draw_erasing(
    rows: Sequence[Sequence[Image]],
    *,
    erased: Erased,
    titles: Sequence[str],
    pixel_size: float,
    name: str,
) -> Figure:
    """Draw for each view, titled, the image (y, x) before, its mask's outline on it, and after.

    All three have the greys of the last, so that what is left of gold is seen.
    """
    side = (style.PAGE - 2 * EDGE - 2 * GAP) // 3
    down = round(side * rows[0][0].shape[0] / rows[0][0].shape[1])
    with style.drawing():
        figure = style.new_figure(style.PAGE, TOP + len(rows) * (TITLE + down) + EDGE)
        style.heading(figure, name, describe(erased))
        for number, (before, mask, after) in enumerate(rows):
            top = TOP + TITLE + number * (TITLE + down)
            for column, image in enumerate((before, before, after)):
                axes = style.place(figure, (EDGE + column * (side + GAP), top, side, down))
                style.show_image(axes, image, robust_limits(after))
                label = ("before", "what is erased", "after")[column]
                axes.set_title(f"{titles[number]}, {label}", fontsize=9.5, pad=4)
                if column == 1 and mask.any():
                    axes.contour(mask, levels=[0.5], colors=MASKED, linewidths=0.8)
        style.scale_bar(figure.axes[0], pixel_size)
    return figure


def describe(erased: Erased) -> str:
    """Tell in words how much was erased."""
    if not erased.share:
        return "no gold was found, nothing is erased"
    return f"{erased.areas:.0f} areas a view, {100 * erased.share:.1f}% of the pixels"
