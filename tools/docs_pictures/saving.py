"""Pictures as files that may go along with the sources: with few colours, so small."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

COLOURS = 64


def save_figure(path: Path, figure: Any) -> None:
    """Write a figure of matplotlib."""
    whole = BytesIO()
    figure.savefig(whole)
    save(path, Image.open(whole))


def save(path: Path, image: Image.Image, colours: int = COLOURS) -> None:
    """Write an image, and say so."""
    image.convert("RGB").quantize(colours).save(path, optimize=True)
    print(path, flush=True)
