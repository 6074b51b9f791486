"""A tomogram before and after denoising, side by side, and how much was removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.engine.diffusion import edged, gradient_sums
from etomotut.engine.removal import Removal, measure
from etomotut.formats.mrc import Stack
from etomotut.report import style
from etomotut.report.images import Limits, robust_limits, window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP, EDGE, GAP, TITLE = 68, 24, 10, 24
_SECTIONS = 32  # enough to know the mean gradient of a tomogram
Image = npt.NDArray[np.float32]


def write_comparison(
    path: Union[str, Path], raw: str, denoised: str, *, pixel_size: float, name: str
) -> Removal:
    """Draw volumes before and after into a PNG file, and give what was removed."""
    before, after = Stack(raw), Stack(denoised)
    removal = measure(before, after)
    draw_comparison(before, after, removal, pixel_size=pixel_size, name=name).savefig(path)
    return removal


def draw_comparison(
    before: Any, after: Any, removal: Removal, *, pixel_size: float, name: str
) -> Figure:
    """Draw the middle section and slice of volumes (z, y, x) before and after, and the difference.

    Where a panel has fewer pixels than a volume, its middle is shown voxel by voxel: a reduced
    picture would show less noise than there is. The difference has the scale of the first.
    """
    side = (style.PAGE - 2 * EDGE - 2 * GAP) // 3
    planes = [_planes(volume, side) for volume in (before, after)]
    scale = side / planes[0][0].shape[1]
    heights = [round(scale * plane.shape[0]) for plane in planes[0]]
    titles = ("Before", "After", "Difference")
    with style.drawing():
        figure = style.new_figure(style.PAGE, TOP + TITLE + sum(heights) + GAP + EDGE)
        style.heading(figure, name, describe(removal))
        top = TOP + TITLE
        for row, height in enumerate(heights):
            images = [planes[0][row], planes[1][row], planes[0][row] - planes[1][row]]
            limits = [_limits(planes[k][0]) for k in (0, 1)]
            half = (limits[0][1] - limits[0][0]) / 2
            for column, (image, ends) in enumerate(zip(images, [*limits, (-half, half)])):
                box = EDGE + column * (side + GAP), top, side, height
                axes = style.place(figure, box)
                style.show_image(axes, image, ends)
                if row == 0:
                    axes.set_title(titles[column], fontsize=9.5, pad=4)
                    if column == 0:
                        style.scale_bar(axes, pixel_size)
            top += height + GAP
    return figure


def describe(removal: Removal) -> str:
    """Tell in words what was removed."""
    part = removal.deviation / removal.before if removal.before else 0.0
    share = round(100 * removal.structure, 1) + 0.0  # not -0.0
    return (
        f"removed {100 * part:.0f}% of the standard deviation; "
        f"{share:.1f}% of the removed energy goes with structure"
    )


def mean_gradient(path: str) -> float:
    """Give the mean length of gradients in the middle sections of a volume, densities a voxel."""
    volume = Stack(path)
    sections = window(len(volume) // 2, _SECTIONS, len(volume))
    u = edged(np.asarray(volume[sections], np.float32))
    return float(gradient_sums(u, range(len(u))).sum() / (u.shape[0] * np.prod(volume.shape[1:])))


def _planes(volume: Any, side: int) -> Tuple[Image, Image]:
    """Give the middle of the middle section (y, x) and slice (z, x)."""
    depth, height, width = volume.shape
    x, y = (window(size // 2, min(side, size), size) for size in (width, height))
    section = np.asarray(volume[depth // 2], np.float32)[y, x]
    return section, np.asarray(volume[:, height // 2], np.float32)[:, x]


def _limits(image: Image) -> Limits:
    return robust_limits(image, 1.0)
