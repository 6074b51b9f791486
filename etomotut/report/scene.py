"""Surfaces and their tomogram in one HTML file that any browser shows in 3D.

The file needs no network and no other file: triangles, a binned copy of the tomogram and our own
script (scene.html) are in it.
"""

from __future__ import annotations

import base64
import html
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.report.images import as_bytes, robust_limits

Array = npt.NDArray[np.float64]
Colour = Tuple[float, float, float]

TEMPLATE = Path(__file__).with_name("scene.html")
# distinct to colour-blind readers, after Okabe and Ito and Paul Tol
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#aa9933", "#88ccee",
           "#44aa99", "#cc6677", "#999933", "#882255")  # fmt: skip
_VOXELS = 3_000_000  # of the tomogram in a scene, at most
_QUALITY = 80  # of its sections, JPEG


@dataclass(frozen=True)
class Shown:
    """A surface to show: vertices (n, 3) in Å from the first voxel, faces (m, 3), a line of text.

    `curvature` (n,) is the mean curvature in 1/Å, where it is known.
    """

    name: str
    vertices: Array
    faces: npt.NDArray[np.int64]
    curvature: Optional[Array] = None


def colour_of(number: int) -> str:
    """Give the colour of the nth thing, from 0."""
    return COLOURS[number % len(COLOURS)]


def write_scene(
    path: Union[str, Path],
    surfaces: Sequence[Shown],
    *,
    title: str,
    size: Sequence[float],
    volume: Optional[Any] = None,
) -> None:
    """Write a scene of surfaces in a tomogram of `size` (x, y, z) Å.

    `volume` (z, y, x), an array or an open stack, gives three planes that can be moved.
    """
    steep = _steep(surfaces)
    data: Dict[str, Any] = {
        "size": [float(each) for each in size],
        "surfaces": [_surface(each, number, steep) for number, each in enumerate(surfaces)],
        "volume": None if volume is None else _volume(volume),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in (
        ("@TITLE@", html.escape(title)),
        ("@STEEP@", f"{10 * steep:.2g}"),
        ("@DATA@", json.dumps(data).replace("</", "<\\/")),
    ):
        text = text.replace(name, value)
    Path(path).write_text(text, encoding="utf-8")


def _steep(surfaces: Sequence[Shown]) -> float:
    """Give the curvature, 1/Å, at which the colours end."""
    known = [each.curvature for each in surfaces if each.curvature is not None]
    values = np.concatenate(known) if known else np.zeros(0)
    return max(float(np.percentile(values, 95)), 1e-5) if len(values) else 1e-3


def _surface(shown: Shown, number: int, steep: float) -> Dict[str, Any]:
    low = shown.vertices.min(axis=0)
    step = max(float(np.ptp(shown.vertices, axis=0).max()) / 65535, 1e-9)
    places = np.round((shown.vertices - low) / step).astype("<u2")
    bend = np.zeros(len(places)) if shown.curvature is None else shown.curvature
    bytes_ = as_bytes(np.asarray(bend, np.float32), (-steep / 4, steep))
    hexes = colour_of(number)
    return {
        "name": shown.name,
        "colour": [int(hexes[k : k + 2], 16) / 255 for k in (1, 3, 5)],
        "low": low.tolist(),
        "step": step,
        "places": _text(places.tobytes()),
        "faces": _text(shown.faces.astype("<u4").tobytes()),
        "bend": _text(bytes_.tobytes()),
    }


def _volume(volume: Any) -> Dict[str, Any]:
    """Give a volume as a sheet of its sections, side by side, binned and in grey values."""
    from PIL import Image

    sections = _binned(volume)
    depth, height, width = sections.shape
    columns = int(np.ceil(np.sqrt(depth * height / width)))
    rows = -(-depth // columns)
    sheet = np.zeros((rows, height, columns, width), np.uint8)
    limits = robust_limits(sections[depth // 2], 1.0)
    for z, section in enumerate(sections):
        sheet[z // columns, :, z % columns] = as_bytes(section, limits)
    file = io.BytesIO()
    image = Image.fromarray(sheet.reshape(rows * height, columns * width))
    image.save(file, "JPEG", quality=_QUALITY)
    return {
        "shape": [width, height, depth],
        "columns": columns,
        "image": "data:image/jpeg;base64," + _text(file.getvalue()),
    }


def _binned(volume: Any) -> npt.NDArray[np.float32]:
    """Give a volume binned so that it has no more than _VOXELS, read a few sections at a time."""
    factor = max(1, int(np.ceil(np.cbrt(np.prod(volume.shape, dtype=float) / _VOXELS))))
    depth, height, width = (max(n // factor, 1) for n in volume.shape)
    made: List[npt.NDArray[np.float32]] = []
    for z in range(depth):
        slab = np.asarray(volume[z * factor : (z + 1) * factor], np.float32).mean(axis=0)
        cut = slab[: height * factor, : width * factor]
        blocks = cut.reshape(height, min(factor, cut.shape[0]), width, min(factor, cut.shape[1]))
        made.append(blocks.mean(axis=(1, 3)))
    return np.stack(made)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
