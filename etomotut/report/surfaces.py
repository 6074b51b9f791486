"""Pictures of surfaces, drawn without a screen: shaded, from above and from the side.

Each pixel is given the triangle that is nearest in its middle: slower than a graphics card, but
numpy is all it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.report import style
from etomotut.report.scene import Shown, colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

TOP, EDGE, GAP = 68, 24, 16
_FINE = 2  # times finer than it is shown, against ragged edges
_LIGHT = np.array([-0.35, 0.45, 0.82])
_INSIDE = 0.72  # of the brightness of the outside
_GROUPS = 6  # of triangles by their size, gone through alike
_FLAT = 1e-6  # square pixels, of twice the area: with less, triangles are seen from their edge
_ON_EDGE = -1e-9  # share of a corner: so that no pixel falls between two triangles
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
    scale = np.array([_FINE / step, _FINE / step, 1.0])
    shift = np.array([(width - 1) / 2, (height - 1) / 2, 0.0])
    depths, colours = np.full((height, width), -np.inf), np.ones((height, width, 3))
    for number, shown in enumerate(surfaces):
        places = (shown.vertices - middle) @ turn.T
        y, x, faces, weights = _seen((places * scale + shift)[shown.faces], depths)
        normals = (_normals(places, shown.faces)[shown.faces[faces]] * weights[..., None]).sum(
            axis=1
        )
        colours[y, x] = _shaded(normals, number)
    blocks = colours.reshape(height // _FINE, _FINE, width // _FINE, _FINE, 3)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _normals(places: Array, faces: Numbers) -> Array:
    """Give normals at vertices, of any length."""
    corners = places[faces]
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = [np.bincount(faces.ravel(), np.repeat(crosses[:, k], 3), len(places)) for k in range(3)]
    return np.stack(sums, axis=1)


def _seen(corners: Array, depths: Array) -> Tuple[Numbers, Numbers, Numbers, Array]:
    """Find the pixels (y, x) where triangles with these corners (n, 3, 3) are nearest so far.

    Corners are x, y in pixels, and how near they are; `depths` (y, x) is how near what is seen is,
    and is updated. Gives y, x, the triangle, and the weights of its three corners there.
    """
    owners = np.full(depths.shape, -1)
    planes = np.concatenate([corners[..., :2], np.ones((len(corners), 3, 1))], axis=2)
    kept = np.flatnonzero(np.abs(np.linalg.det(planes)) > _FLAT)
    # weights of the corners that make a pixel's x, y, 1 of theirs
    weights = np.zeros_like(planes)
    weights[kept] = np.linalg.inv(planes[kept].transpose(0, 2, 1))
    low = np.ceil(corners[..., :2].min(axis=1)).astype(np.int64)
    counts = np.floor(corners[..., :2].max(axis=1)).astype(np.int64) - low + 1
    for part in np.array_split(kept[np.argsort(counts[kept].max(axis=1))], _GROUPS):
        columns, rows = counts[part].max(axis=0) if len(part) else (0, 0)
        for dy, dx in np.ndindex(rows, columns):
            x, y = low[part, 0] + dx, low[part, 1] + dy
            _put(depths, owners, (y, x), part, (weights[part], corners[part, :, 2]))
    y, x = np.nonzero(owners >= 0)
    faces = owners[y, x]
    return y, x, faces, _weigh(weights[faces], x, y)


def _shaded(normals: Array, number: int) -> Array:
    """Give colours (n, rgb) of points by how they stand to light and eye."""
    unit = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    away = unit[:, 2] < 0
    unit[away] *= -1
    light = 0.35 + 0.65 * np.clip(unit @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, 1)
    text = colour_of(number)
    colour = np.array([int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.asarray((light * np.where(away, _INSIDE, 1.0))[:, None] * colour)


def _weigh(weights: Array, x: Numbers, y: Numbers) -> Array:
    """Give the weights (n, 3) of the corners of triangles at pixels."""
    return weights[..., 0] * x[:, None] + weights[..., 1] * y[:, None] + weights[..., 2]


def _put(
    depths: Array,
    owners: Numbers,
    pixels: Tuple[Numbers, Numbers],
    faces: Numbers,
    planes: Tuple[Array, Array],
) -> None:
    """Let pixels, one a triangle, show it where it covers them and is nearest, in place."""
    (y, x), (weights, heights) = pixels, planes
    shares = _weigh(weights, x, y)
    is_inside = (x >= 0) & (x < depths.shape[1]) & (y >= 0) & (y < depths.shape[0])
    covered = np.flatnonzero(is_inside & (shares >= _ON_EDGE).all(axis=1))
    near = (shares[covered] * heights[covered]).sum(axis=1)
    order = np.argsort(near, kind="stable")  # of several in one pixel the nearest comes last
    order = order[near[order] > depths[y[covered[order]], x[covered[order]]]]
    chosen = covered[order]
    depths[y[chosen], x[chosen]] = near[order]
    owners[y[chosen], x[chosen]] = faces[chosen]
