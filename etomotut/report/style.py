"""How our figures look: quiet, legible at 100 dots an inch, and safe for colour-blind readers.

Colours are from Okabe and Ito's set; lengths are told in nm and angles in degrees.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, Sequence, Tuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
PAGE = 1280  # pixels
INK, FAINT, LINE = "#2b2b2b", "#6f6f6f", "#dcdcdc"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
RESIDUAL_COLOURS = ("#2c6fbb", "#56b4e9", "#f0e442", "#e69f00", "#d55e00")

_LOCK = threading.RLock()
_RC: Dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "grid.color": "#ececec",
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in our style inside this block, one thread at a time, and leave matplotlib as it was."""
    import matplotlib

    with _LOCK, matplotlib.rc_context(_RC):  # the settings are those of all threads
        yield


def new_figure(width: int, height: int) -> Figure:
    """Give an empty figure of a size in pixels; it belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI)


def heading(figure: Figure, name: str, text: str) -> None:
    """Write a series' name and a line of numbers at the top left of a figure."""
    height = figure.get_figheight() * DPI
    left, top = 24 / (figure.get_figwidth() * DPI), 1 - 16 / height
    figure.text(left, top, plain(name), fontsize=13, fontweight="bold", va="top")
    figure.text(left, top - 26 / height, text, fontsize=10.5, color=FAINT, va="top")


def place(figure: Figure, box: Sequence[float], **about: Any) -> Axes:
    """Add axes in a box given in pixels as left, top, width and height from the top left."""
    width, height = figure.get_figwidth() * DPI, figure.get_figheight() * DPI
    left, top, across, down = box
    bottom = height - top - down
    axes: Axes = figure.add_axes(
        (left / width, bottom / height, across / width, down / height), **about
    )
    return axes


def show_image(axes: Axes, image: npt.NDArray[Any], limits: Tuple[float, float]) -> None:
    """Show a grey image (y, x), its first row at the bottom, without ticks."""
    axes.imshow(
        image,
        cmap="gray",
        vmin=limits[0],
        vmax=limits[1],
        origin="lower",
        interpolation="antialiased",
        aspect="equal",
    )
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(-0.5, image.shape[0] - 0.5)


def scale_bar(axes: Axes, pixel_size: float) -> None:
    """Draw a bar of a round length at the lower left of an image; pixels are of so many Å."""
    from matplotlib.patches import Rectangle

    width = float(np.ptp(axes.get_xlim()))
    dots = axes.get_window_extent().width / width  # of the figure a pixel of the image
    length = round_length(pixel_size / 10 * width / 5)
    long, margin, thick = length * 10 / pixel_size, 14 / dots, 4 / dots
    x, y = axes.get_xlim()[0] + margin, axes.get_ylim()[0] + margin
    back = Rectangle(
        (x - 7 / dots, y - 7 / dots),
        max(long, 46 / dots) + 14 / dots,
        34 / dots,
        facecolor="white",
        alpha=0.82,
        linewidth=0,
        zorder=5,
    )
    axes.add_patch(back)
    axes.add_patch(Rectangle((x, y), long, thick, facecolor=INK, linewidth=0, zorder=6))
    axes.text(x, y + 7 / dots, nanometres(length), fontsize=9, va="bottom", zorder=6)


def round_length(limit: float) -> float:
    """Give the largest of 1, 2 and 5 times a power of ten that is no more than a limit."""
    power = 10.0 ** np.floor(np.log10(limit))
    return float(max(step * power for step in (1, 2, 5) if step * power <= limit * (1 + 1e-9)))


def nanometres(length: float) -> str:
    """Give a length in nm as text, in µm from 1000 nm on."""
    return f"{length / 1000:g} µm" if length >= 1000 else f"{length:g} nm"


def residual_ramp() -> Any:
    """Give the colour map of residuals: blue is good, red is bad."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("residual", RESIDUAL_COLOURS)


def residual_range(lengths: npt.NDArray[np.float64]) -> float:
    """Give the residual at which the colours end: a round number above most of them.

    It is half a pixel at least, so that a good alignment looks good.
    """
    known = lengths[np.isfinite(lengths)]
    high = max(float(np.percentile(known, 97)) if len(known) else 1.0, 0.5)
    power = 10.0 ** np.floor(np.log10(high))
    return float(min(s * power for s in (1, 1.5, 2, 3, 5, 7, 10) if s * power >= high))


def plain(text: str) -> str:
    """Give text in which matplotlib finds no formula, and that fits a line."""
    shown = "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
