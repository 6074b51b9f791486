"""Three planes of a tomogram, where they meet, and the beads near them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.findings import Array
from etomotut.report.images import Limits, planes, robust_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP, EDGE, GAP, NOTE = 68, 24, 10, 22
TALLEST = 980  # pixels of the whole picture's planes
NEAR = 0.5  # of a bead's diameter: how far a ringed bead may be from a plane


def draw_sections(
    volume: Any,
    *,
    pixel_size: float,
    name: str,
    point: Optional[Sequence[int]] = None,
    slab: int = 5,
    beads: Optional[Array] = None,
    bead_diameter: float = 0.0,
) -> Figure:
    """Draw the planes of a volume (z, y, x) through a point (x, y, z), its centre by default.

    Each plane is the mean of `slab` planes. `beads` (n, 3) are voxels (x, y, z) to be ringed where
    a plane cuts them, `bead_diameter` in voxels, `pixel_size` in Å. Anything indexed as an array
    will do as the volume, so an open file is read no further than needed.
    """
    depth, height, width = volume.shape
    centre = tuple(point) if point is not None else (width // 2, height // 2, depth // 2)
    scale = min((style.PAGE - 2 * EDGE - GAP) / (width + depth), TALLEST / (height + depth))
    across, down, deep = (max(round(scale * n), 1) for n in (width, height, depth))
    left = max((style.PAGE - across - deep - GAP) // 2, EDGE)
    total = TOP + down + GAP + deep + NOTE + EDGE
    section, slice_, side = planes(volume, centre, slab)
    limits = shared_limits((section, slice_, side))
    with style.drawing():
        figure = style.new_figure(style.PAGE, total)
        style.heading(figure, name, _summary(volume.shape, pixel_size, slab))
        boxes = (
            (left, TOP, across, down),
            (left, TOP + down + GAP, across, deep),
            (left + across + GAP, TOP, deep, down),
        )
        for plane, box, axes_of in zip((section, slice_, side), boxes, _AXES):
            axes = style.place(figure, box)
            style.show_image(axes, plane, limits)
            _cross(axes, centre[axes_of[0]], centre[axes_of[1]])
            if beads is not None and len(beads):
                _ring_beads(axes, beads, centre, axes_of, bead_diameter)
            if axes_of == _AXES[0]:
                style.scale_bar(axes, pixel_size)
        _label(figure, boxes, centre, pixel_size)
    return figure


def shared_limits(images: Sequence[npt.NDArray[Any]]) -> Limits:
    """Give one contrast for several planes, robust against gold in any of them."""
    each = [robust_limits(image) for image in images]
    return each[0][0], each[0][1]


# the volume's axes (0: x, 1: y, 2: z) across and up a plane, and through it
_AXES = ((0, 1, 2), (0, 2, 1), (2, 1, 0))


def _summary(shape: Sequence[int], pixel_size: float, slab: int) -> str:
    nm = pixel_size / 10
    size = " x ".join(str(n) for n in shape[::-1])
    lengths = " x ".join(f"{n * nm:.0f}" for n in shape[::-1])
    return f"{size} voxels = {lengths} nm · means of {slab} planes = {slab * nm:.1f} nm"


def _cross(axes: Axes, across: float, up: float) -> None:
    """Mark at the edges where the other two planes cut this one."""
    about: Dict[str, Any] = {"color": style.ORANGE, "linewidth": 1.6, "zorder": 4}
    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    box = axes.get_window_extent()
    tick_x, tick_y = 8 * (x1 - x0) / box.width, 8 * (y1 - y0) / box.height
    for start, end in ((y0, y0 + tick_y), (y1 - tick_y, y1)):
        axes.plot([across, across], [start, end], **about)
    for start, end in ((x0, x0 + tick_x), (x1 - tick_x, x1)):
        axes.plot([start, end], [up, up], **about)


def _ring_beads(
    axes: Axes, beads: Array, centre: Sequence[int], axes_of: Tuple[int, int, int], diameter: float
) -> None:
    from matplotlib.patches import Circle

    across, up, through = axes_of
    near = np.abs(beads[:, through] - centre[through]) <= NEAR * diameter
    for bead in beads[near]:
        axes.add_patch(
            Circle((bead[across], bead[up]), diameter, fill=False, edgecolor=style.ORANGE, lw=1.2)
        )


def _label(
    figure: Figure, boxes: Sequence[Sequence[int]], centre: Sequence[int], pixel_size: float
) -> None:
    """Write below and beside the planes which they are."""
    width, height = figure.get_figwidth() * style.DPI, figure.get_figheight() * style.DPI
    x, y, z = (f"{place * pixel_size / 10:.0f} nm" for place in centre)
    texts = (
        f"x-y at z = {z}, x-z below it at y = {y}, y-z beside it at x = {x}; "
        "z is the direction of the beam; marks at the edges show where the planes meet"
    )
    left, top = boxes[1][0], boxes[1][1] + boxes[1][3] + 6
    figure.text(left / width, 1 - top / height, texts, fontsize=9, color=style.FAINT, va="top")
