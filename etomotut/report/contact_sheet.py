"""A few views of a tilt series beside each other, as recorded and aligned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.findings import Array, Numbers
from etomotut.report.images import robust_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WANTED = (-60.0, -30.0, 0.0, 30.0, 60.0)  # degrees
TOP, EDGE, GAP, TITLE = 68, 24, 10, 24
ROW = Tuple[str, Sequence[npt.NDArray[Any]]]


def choose_views(tilt_angles: Array, wanted: Sequence[float] = WANTED) -> Numbers:
    """Give the views nearest to wanted tilt angles, each once, in their order."""
    nearest = [int(np.argmin(np.abs(tilt_angles - angle))) for angle in wanted]
    return np.unique(nearest)


def draw_contact_sheet(
    rows: Sequence[ROW], *, tilt_angles: Sequence[float], pixel_size: float, name: str, about: str
) -> Figure:
    """Draw rows of images (y, x), each row with its caption; one tilt angle (degrees) a column."""
    columns = len(tilt_angles)
    width = (style.PAGE - 2 * EDGE - (columns - 1) * GAP) // columns
    heights = [round(width * images[0].shape[0] / images[0].shape[1]) for _, images in rows]
    total = TOP + sum(heights) + len(rows) * (TITLE + GAP) + EDGE
    with style.drawing():
        figure = style.new_figure(style.PAGE, total)
        style.heading(figure, name, about)
        top = TOP
        for (caption, images), height in zip(rows, heights):
            top += TITLE
            boxes = [(EDGE + i * (width + GAP), top, width, height) for i in range(columns)]
            titles = _titles(caption, tilt_angles)
            for image, box, title in zip(images, boxes, titles):
                axes = style.place(figure, box)
                style.show_image(axes, image, robust_limits(image))
                axes.set_title(title, fontsize=9.5, pad=4)
                if box is boxes[0]:
                    style.scale_bar(axes, pixel_size)
            top += height + GAP
    return figure


def _titles(caption: str, tilt_angles: Sequence[float]) -> List[str]:
    titles = [f"{angle:.1f}°" for angle in tilt_angles]
    titles[0] = f"{caption}, {titles[0]}"
    return titles
