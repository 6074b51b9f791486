"""Masks over their tomograms in three planes, one tomogram or several side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.images import planes, robust_limits
from etomotut.report.scene import colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP, TITLE, EDGE, GAP = 68, 24, 24, 12
SLAB = 5  # sections of the tomogram that are averaged: single ones are noisier than what is judged
_FILL, _BINS = 0.45, 4
# where there is only the first mask, only the second, both (engine.overlap)
DIFFERENCES = (style.ORANGE, style.BLUE, style.GREEN)


@dataclass(frozen=True)
class Layer:
    """A tomogram (z, y, x) with a mask over it, arrays or open stacks, and a title.

    The mask's numbers choose the colours: those of DIFFERENCES, or one a membrane. None is bare.
    """

    title: str
    tomogram: Any
    mask: Any
    is_difference: bool = False


def write_overlays(
    path: Union[str, Path], layers: Sequence[Layer], *, name: str, text: str, pixel_size: float
) -> None:
    """Draw masks over their tomograms into a PNG file."""
    draw_overlays(layers, name=name, text=text, pixel_size=pixel_size).savefig(path)


def draw_overlays(layers: Sequence[Layer], *, name: str, text: str, pixel_size: float) -> Figure:
    """Draw the planes where there is most of the first mask: section, slice and side.

    Each layer is a column; all show the same planes at one scale. A single one stands beside its
    bare tomogram.
    """
    point = fullest(layers[0].mask)
    if len(layers) == 1:
        layers = [Layer("tomogram", layers[0].tomogram, None), *layers]
    depth, height, width = layers[0].tomogram.shape
    side = (style.PAGE - 2 * EDGE - (len(layers) - 1) * GAP) // len(layers)
    scale = min(side / max(width, height), 1100 / (height + 2 * depth))
    rows = [round(scale * n) for n in (height, depth, depth)]
    with style.drawing():
        figure = style.new_figure(style.PAGE, TOP + TITLE + sum(rows) + 2 * GAP + EDGE)
        style.heading(figure, name, text)
        for column, layer in enumerate(layers):
            top = TOP + TITLE
            left = EDGE + column * (side + GAP)
            images = _planes_of(layer.tomogram, point, SLAB)
            cuts = _planes_of(layer.mask, point, 1) if layer.mask is not None else ()
            for row, image in enumerate(images):
                box = left, top, round(scale * image.shape[1]), rows[row]
                axes = style.place(figure, box)
                style.show_image(axes, image, robust_limits(images[0], 1.0))
                if cuts:
                    coloured = _coloured(cuts[row], layer)
                    axes.imshow(coloured, origin="lower", interpolation="nearest")
                if row == 0:
                    axes.set_title(style.plain(layer.title), fontsize=9.5, pad=4)
                    if column == 0:
                        style.scale_bar(axes, pixel_size)
                top += rows[row] + GAP
    return figure


def fullest(mask: Any) -> Tuple[int, int, int]:
    """Give the point (x, y, z) whose planes have most of a mask, the middle for an empty one."""
    counts = [np.zeros(n, np.int64) for n in mask.shape]
    for z in range(len(mask)):
        section = mask[z] > 0
        counts[0][z] = section.sum()
        counts[1] += section.sum(axis=1)
        counts[2] += section.sum(axis=0)
    best = []
    for each in counts:
        smooth = np.convolve(each, np.ones(_BINS), "same")
        best.append(int(smooth.argmax()) if each.any() else len(each) // 2)
    return best[2], best[1], best[0]


def _planes_of(volume: Any, point: Sequence[int], slab: int) -> List[npt.NDArray[Any]]:
    """Give section (y, x), slice (z, x) and side (z, y) of a volume through a point."""
    section, slice_, side = planes(volume, point, slab)
    return [section, slice_, side.T]


def _coloured(cut: npt.NDArray[Any], layer: Layer) -> npt.NDArray[np.float64]:
    """Give colours (y, x, RGBA) of a plane of a mask."""
    numbers = np.round(cut).astype(int)
    result = np.zeros((*cut.shape, 4))
    for number in np.unique(numbers[numbers > 0]):
        text = DIFFERENCES[number - 1] if layer.is_difference else colour_of(number - 1)
        colour = [int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        result[numbers == number] = [*colour, _FILL]
    return result
