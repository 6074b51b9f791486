"""Pictures for pages: views, movies and planes of tomograms, small and inside the page.

Images are shown as IMOD shows them, the first row at the bottom.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.formats.mrc import Stack
from etomotut.report.findings import Findings, Frame, Size
from etomotut.report.images import as_bytes, robust_limits, sampled
from etomotut.report.page_html import Html, tag

VIEW, FRAME, PLANE, KEPT, THUMBNAIL = 760, 288, 560, 1000, 200  # pixels of the longer side
QUALITY, MOVIE_QUALITY = 72, 45  # of WebP
SLAB = 5
MASK = (230, 120, 0, 120)

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A picture as text for a page, and its size (x, y) in pixels."""

    address: str
    size: Size


@dataclass(frozen=True)
class Movie:
    """Frames side by side in one picture, `columns` in a row, each of `size`."""

    picture: Picture
    size: Size
    columns: int
    frames: int


def image_of_view(findings: Findings, view: int, frame: Frame, longest: int) -> Tuple[Grey, float]:
    """Give a view in a frame as grey values, first row at the top, and the scale it is shown at."""
    small, scale = shrunk(frame, longest)
    image = Stack(findings.stack)[int(findings.sections[view])]
    seen = _moved(image, small.transforms[view], scale, small.size)
    return as_bytes(seen, robust_limits(seen))[::-1], scale


def movie(findings: Findings, frame: Frame, longest: int = FRAME) -> Movie:
    """Give all views in a frame, each with its own contrast, as one picture of small ones."""
    small, scale = shrunk(frame, longest)
    stack, frames = Stack(findings.stack), []
    for view, section in enumerate(findings.sections):
        seen = _moved(stack[int(section)], small.transforms[view], scale, small.size)
        frames.append(as_bytes(seen, robust_limits(seen))[::-1])
    columns = int(np.ceil(np.sqrt(len(frames) * small.size[1] / small.size[0])))
    rows = -(-len(frames) // columns)
    width, height = small.size
    sheet = np.zeros((rows, height, columns, width), np.uint8)
    for number, each in enumerate(frames):
        sheet[number // columns, :, number % columns] = each
    joined = sheet.reshape(rows * height, columns * width)
    return Movie(as_webp(joined, MOVIE_QUALITY), small.size, columns, len(frames))


def turned_only(findings: Findings) -> Frame:
    """Give the frame in which views are turned as the aligned ones are, but not shifted."""
    aligned = findings.aligned
    turn = aligned.transforms[:, :, :2].mean(axis=0)
    turn /= np.sqrt(abs(np.linalg.det(turn)))
    still = np.concatenate([turn, np.zeros((2, 1))], axis=1)
    return Frame(np.tile(still, (len(aligned.transforms), 1, 1)), aligned.size)


def shrunk(frame: Frame, longest: int) -> Tuple[Frame, float]:
    """Give a frame whose longer side has so many pixels at most, and its scale."""
    scale = min(longest / max(frame.size), 1.0)
    width, height = (max(round(n * scale), 1) for n in frame.size)
    return Frame(frame.transforms, (width, height)), scale


def planes_of(volume: Any, longest: int = PLANE) -> Tuple[Tuple[Grey, Grey, Grey], float]:
    """Give (y, x), (z, x) and (y, z) planes through the middle of a volume, first row at the top.

    They are means of a few planes, of one contrast. Gives the scale that they are shown at, too.
    Rows that would not be seen are not read for the plane on the side, which takes a bit of each.
    """
    depth, height, width = volume.shape
    scale = min(longest / max(width, height), 1.0)
    x, y, z = (_window(n) for n in (width, height, depth))
    step = max(int(1 / scale), 1)
    section = np.mean(volume[z], axis=0, dtype=np.float32)
    slice_ = np.mean(volume[:, y, :], axis=1, dtype=np.float32)
    side = np.mean(volume[:, ::step, x], axis=2, dtype=np.float32).T
    low, high = robust_limits(section)
    made = []
    for plane, rows in ((section, height), (slice_, depth), (side, height)):
        columns = depth if plane is side else width
        size = max(round(columns * scale), 1), max(round(rows * scale), 1)
        made.append(as_bytes(_resized(plane, size), (low, high))[::-1])
    return (made[0], made[1], made[2]), scale


def masks_of(mask: Any, scale: float) -> Tuple[Grey, Grey, Grey]:
    """Give the same planes of a mask, 255 where it is above zero."""
    depth, height, width = mask.shape
    x, y, z = width // 2, height // 2, depth // 2
    made = []
    for plane in (mask[z], mask[:, y, :], np.asarray(mask[:, :, x]).T):
        rows, columns = plane.shape
        size = max(round(columns * scale), 1), max(round(rows * scale), 1)
        shown = _resized((np.asarray(plane) > 0).astype(np.float32), size) > 0.5
        made.append((255 * shown[::-1]).astype(np.uint8))
    return made[0], made[1], made[2]


def as_webp(image: npt.NDArray[Any], quality: int = QUALITY) -> Picture:
    """Give grey values (y, x) or colours (y, x, 3) as a picture inside the page."""
    return _encoded(_pillow(image), "WEBP", quality=quality, method=4)


def as_overlay(mask: Grey, colour: Sequence[int] = MASK) -> Picture:
    """Give a mask (y, x) as a coloured picture that is transparent elsewhere."""
    from PIL import Image

    image = Image.fromarray((mask > 0).astype(np.uint8), mode="P")
    image.putpalette([0, 0, 0, *colour[:3]])
    return _encoded(image, "PNG", transparency=bytes([0, colour[3]]), optimize=True)


def as_pixels(image: npt.NDArray[np.uint8]) -> Picture:
    """Give colours (y, x, rgba) as they are, for pictures of few pixels."""
    return _encoded(_pillow(image), "PNG", optimize=True)


def picture_file(path: Path, longest: int = KEPT) -> Picture:
    """Give a picture that a stage left, made smaller."""
    from PIL import Image

    with Image.open(path) as image:
        image.thumbnail((longest, 4 * longest))
        return _encoded(image.convert("RGB"), "WEBP", quality=80, method=4)


def write_thumbnail(path: Path, image: Grey) -> Size:
    """Write a small picture beside a page and give its size."""
    made = _pillow(image)
    made.thumbnail((THUMBNAIL, THUMBNAIL))
    made.save(path, "WEBP", quality=QUALITY)
    width, height = made.size
    return width, height


def img(picture: Picture, about: str, class_: Optional[str] = None) -> Html:
    """Give the element of a picture; `about` is what is read aloud instead."""
    width, height = picture.size
    return tag(
        "img",
        src=picture.address,
        alt=about,
        width=width,
        height=height,
        class_=class_,
    )


def _moved(image: npt.NDArray[Any], transform: Any, scale: float, size: Size) -> Any:
    """Give an image (y, x) moved by a centred transform, in full pixels, into a smaller frame."""
    forward = np.vstack([np.asarray(transform, float), [0.0, 0.0, 1.0]])
    forward[:2] *= scale
    start, end = np.eye(3), np.eye(3)
    start[:2, 2] = -(np.array(image.shape[::-1]) - 1) / 2
    end[:2, 2] = -(np.array(size) - 1) / 2
    return sampled(image, np.linalg.inv(start) @ np.linalg.inv(forward) @ end, size)


def _resized(image: npt.NDArray[Any], size: Size) -> npt.NDArray[np.float32]:
    from PIL import Image

    source = Image.fromarray(np.ascontiguousarray(image, np.float32))
    return np.asarray(source.resize(size, Image.Resampling.BOX), np.float32)


def _window(size: int) -> slice:
    middle = size // 2
    return slice(max(middle - SLAB // 2, 0), min(middle + SLAB // 2 + 1, size))


def _pillow(image: npt.NDArray[Any]) -> Any:
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(image))


def _encoded(image: Any, kind: str, **options: Any) -> Picture:
    file = io.BytesIO()
    image.save(file, kind, **options)
    text = base64.b64encode(file.getvalue()).decode("ascii")
    width, height = image.size
    return Picture(f"data:image/{kind.lower()};base64,{text}", (width, height))
