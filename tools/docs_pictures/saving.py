"""Pictures as files that may go along with the sources: with few colours, and small."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

LARGEST = 150_000  # bytes of a picture
STEPS = ((64, 1.0), (24, 1.0), (24, 0.85), (16, 0.75), (14, 0.65), (12, 0.6))  # greys, scale
COLOURS, VIVID = 40, 24  # beside the greys, and how far their channels differ at least


def save_figure(path: Path, figure: Any) -> None:
    """Write a figure of matplotlib."""
    whole = BytesIO()
    figure.savefig(whole)
    save(path, Image.open(whole))


def save(path: Path, image: Image.Image) -> None:
    """Write a picture as a PNG with a palette, with fewer colours and pixels where it is large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image.convert("RGB")
    for colours, scale in STEPS:
        size = round(image.width * scale), round(image.height * scale)
        smaller = image if scale == 1 else image.resize(size, Image.Resampling.LANCZOS)
        few = smaller.quantize(palette=_palette(image, colours), dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            break
    print(path, flush=True)


def _palette(image: Image.Image, greys: int) -> Image.Image:
    """Give a palette of greys, which noise would take all of, and of what else is in an image."""
    pixels = np.asarray(image).reshape(-1, 3)
    vivid = pixels[np.ptp(pixels, axis=1) > VIVID]
    table = [(round(255 * n / (greys - 1)),) * 3 for n in range(greys)]
    if len(vivid):
        row = Image.fromarray(vivid[None])
        few = row.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)
        found = few.getpalette() or []
        table += [tuple(found[n : n + 3]) for n in range(0, 3 * len(few.getcolors()), 3)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in table for value in colour])
    return palette
