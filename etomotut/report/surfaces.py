"""Pictures of surfaces, drawn without a screen: shaded, from above and from the side.

Triangles are covered with points closer than pixels, and the nearest point of each pixel is seen:
slower than a graphics card, but numpy is all it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.scene import Shown, colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

TOP, EDGE, GAP = 68, 24, 16
_FINE = 2  # times finer than it is shown, against ragged edges
_LIGHT = np.array([-0.35, 0.45, 0.82])
_INSIDE = 0.72  # of the brightness of the outside
_GROUPS = 6  # of triangles by their size, covered alike
# rows: where x, y and z of the tomogram go; from above, and along y from below a little
VIEWS = (
    np.eye(3),
    np.array([[1.0, 0.0, 0.0], [0.0, 0.34, 0.94], [0.0, -0.94, 0.34]]),
)


def write_surfaces(
    path: Union[str, Path],
    surfaces: Sequence[Shown],
    *,
    name: str,
    text: str,
    size: Sequence[float],
) -> None:
    """Draw surfaces in a tomogram of `size` (x, y, z) Å into a PNG file."""
    draw_surfaces(surfaces, name=name, text=text, size=size).savefig(path)


def draw_surfaces(
    surfaces: Sequence[Shown], *, name: str, text: str, size: Sequence[float]
) -> Figure:
    """Draw surfaces from above and from the side, at one scale."""
    across = (style.PAGE - 2 * EDGE - GAP) // 2
    step = size[0] / across  # Å a pixel
    boxes = [np.abs(turn) @ np.asarray(size, float) for turn in VIEWS]
    step = max(step, max(box[1] for box in boxes) / 1100)
    heights = [round(box[1] / step) for box in boxes]
    widths = [round(box[0] / step) for box in boxes]
    middle = np.asarray(size, float) / 2
    with style.drawing():
        figure = style.new_figure(style.PAGE, TOP + max(heights) + EDGE)
        style.heading(figure, name, text)
        for column, turn in enumerate(VIEWS):
            image = render(surfaces, turn, middle, (widths[column], heights[column]), step)
            left = EDGE + column * (across + GAP)
            axes = style.place(figure, (left, TOP, widths[column], heights[column]))
            style.show_image(axes, np.zeros(image.shape[:2]), (0.0, 1.0))
            axes.imshow(image, origin="lower", interpolation="antialiased")
            if column == 0:
                style.scale_bar(axes, step)
    return figure


def render(
    surfaces: Sequence[Shown], turn: Array, middle: Array, size: Tuple[int, int], step: float
) -> npt.NDArray[np.float64]:
    """Give colours (y, x, rgb) of surfaces turned about a point; a pixel has `step` Å."""
    width, height = (n * _FINE for n in size)
    fine = step / _FINE
    depths, colours = np.full(width * height, -np.inf), np.ones((width * height, 3))
    for number, shown in enumerate(surfaces):
        places = (shown.vertices - middle) @ turn.T
        for points, normals in _covered(places, shown.faces, fine):
            x, y = (np.floor(points[:, k] / fine + n / 2) for k, n in ((0, width), (1, height)))
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            pixels = (y[inside] * width + x[inside]).astype(np.int64)
            _put(depths, colours, pixels, points[inside, 2], _shaded(normals[inside], number))
    blocks = colours.reshape(height // _FINE, _FINE, width // _FINE, _FINE, 3)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _covered(
    places: Array, faces: npt.NDArray[np.int64], step: float
) -> Iterator[Tuple[Array, Array]]:
    """Give points on triangles, no further than `step` apart, and the normals there."""
    corners = places[faces]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    at_vertices = np.zeros_like(places)
    for k in range(3):
        np.add.at(at_vertices, faces[:, k], crosses)
    counts = np.ceil(sides.max(axis=1) / step).astype(int) + 1
    for part in np.array_split(np.argsort(counts), _GROUPS):
        count = int(counts[part].max()) if len(part) else 0
        for i in range(count + 1):
            for j in range(count + 1 - i):
                weights = np.array([count - i - j, i, j]) / max(count, 1)
                normals = np.tensordot(weights, at_vertices[faces[part]], (0, 1))
                yield np.tensordot(weights, corners[part], (0, 1)), normals


def _shaded(normals: Array, number: int) -> Array:
    """Give colours (n, rgb) of points by how they stand to light and eye."""
    unit = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    away = unit[:, 2] < 0
    unit[away] *= -1
    light = 0.35 + 0.65 * np.clip(unit @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, 1)
    text = colour_of(number)
    colour = np.array([int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.asarray((light * np.where(away, _INSIDE, 1.0))[:, None] * colour)


def _put(
    depths: Array, colours: Array, pixels: npt.NDArray[np.int64], heights: Array, shades: Array
) -> None:
    """Let pixels show points that are nearer than what they show, in place."""
    order = np.argsort(heights, kind="stable")  # of several in one pixel the nearest comes last
    pixels, heights, shades = pixels[order], heights[order], shades[order]
    nearer = heights > depths[pixels]
    depths[pixels[nearer]] = heights[nearer]
    colours[pixels[nearer]] = shades[nearer]
