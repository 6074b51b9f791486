"""Where the specimen was found in a tomogram: slices with its faces, and the profile that tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

from etomotut.formats.mrc import Stack
from etomotut.report import style
from etomotut.report.images import planes
from etomotut.report.sections import shared_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP, EDGE, GAP, TITLE, NOTE = 68, 24, 16, 24, 26
PROFILE, NUMBERS = 250, 60  # pixels across, at least; of these for the numbers beside it
TALLEST = 420  # pixels of a slice
SLAB = 5  # planes that are averaged
LEAST_HEIGHT = 220  # pixels, of the profile
NAMES = {
    "positions": "solved bead positions",
    "beads": "beads in the density",
    "density": "structure",
}


def write_position(
    path: str, volume: str, found: Mapping[str, Any], evidence: Mapping[str, Any], **about: Any
) -> None:
    """Write the picture of a slab that findsection found in the tomogram `volume`.

    `found` and `evidence` are what it wrote as ResultFile and EvidenceFile, `about` the named
    arguments of `draw_position`.
    """
    draw_position(Stack(volume), found, evidence, **about).savefig(path)


def draw_position(
    volume: Any,
    found: Mapping[str, Any],
    evidence: Mapping[str, Any],
    *,
    pixel_size: float,
    name: str,
) -> Figure:
    """Draw x-z and y-z slices of a volume (z, y, x), the faces found, and the profile along z.

    Lengths in `found` and `evidence` are Å from the centre, `pixel_size` is in Å.
    """
    depth, height, width = volume.shape
    across = style.PAGE - 2 * EDGE - PROFILE - GAP
    scale = min(across / max(width, height), TALLEST / depth)
    deep = max(round(scale * depth), 1)
    below = TOP + TITLE + deep + GAP + TITLE
    total = max(below + deep, TOP + TITLE + LEAST_HEIGHT) + NOTE + EDGE
    _, by_x, by_y = planes(volume, (width // 2, height // 2, depth // 2), SLAB)
    images = by_x, by_y.T
    limits = shared_limits(images)
    beads = np.array(evidence.get("beads", [])).reshape(-1, 3)
    with style.drawing():
        figure = style.new_figure(style.PAGE, total)
        style.heading(figure, name, _summary(found))
        for image, axis, top in zip(images, "xy", (TOP + TITLE, below)):
            box = (EDGE, top, max(round(scale * image.shape[1]), 1), deep)
            axes = style.place(figure, box)
            style.show_image(axes, image, limits)
            axes.set_title(f"{axis}-z slice through the middle, and all beads", pad=4)
            _draw_faces(axes, found, f"slope_{axis}", image.shape, pixel_size)
            _draw_beads(axes, beads, found, "xy".index(axis), image.shape, pixel_size)
        style.scale_bar(figure.axes[0], pixel_size)
        left = EDGE + round(scale * max(width, height)) + GAP + NUMBERS
        right = min(style.PAGE - EDGE, left + 2 * PROFILE)
        box = (left, TOP + TITLE, right - left, total - TOP - TITLE - NOTE - EDGE)
        _draw_profile(style.place(figure, box), found, evidence)
    return figure


def _summary(found: Mapping[str, Any]) -> str:
    thickness, height = found["thickness"] / 10, found["height"] / 10
    side = "above" if height >= 0 else "below"
    words = [f"{thickness:.0f} nm thick", f"its middle {abs(height):.1f} nm {side} the centre"]
    if found["tilt_offset_error"] < 90:
        words.append(f"tilt offset {found['tilt_offset']:.2f} ± {found['tilt_offset_error']:.2f}°")
        words.append(f"x-axis tilt {found['x_axis_tilt']:.2f} ± {found['x_axis_tilt_error']:.2f}°")
    else:
        words.append("how it leans is not known")
    return " · ".join([*words, f"told by {NAMES[found['source']]}"])


def _draw_faces(
    axes: Axes, found: Mapping[str, Any], slope: str, shape: Sequence[int], pixel_size: float
) -> None:
    """Draw both faces where they cut a slice (z, x or y) through the middle."""
    middle = (np.array(shape) - 1) / 2
    ends = np.array([0.0, shape[1] - 1.0])
    for face in ("bottom", "top"):
        heights = found[face] / pixel_size + found[slope] * (ends - middle[1]) + middle[0]
        axes.plot(ends, heights, color=style.ORANGE, linewidth=1.4)


def _draw_beads(
    axes: Axes,
    beads: Any,
    found: Mapping[str, Any],
    axis: int,
    shape: Sequence[int],
    pixel_size: float,
) -> None:
    """Ring the beads, each moved along the faces into the slice that is shown."""
    other = 1 - axis
    lift = beads[:, other] * found[("slope_x", "slope_y")[other]]
    along = beads[:, axis] / pixel_size + (shape[1] - 1) / 2
    heights = (beads[:, 2] - lift) / pixel_size + (shape[0] - 1) / 2
    axes.plot(
        along, heights, "o", color=style.BLUE, markersize=6, fillstyle="none", markeredgewidth=1.2
    )


def _draw_profile(axes: Axes, found: Mapping[str, Any], evidence: Mapping[str, Any]) -> None:
    """Draw the energy of details at each height, levelled, and where the faces are."""
    heights = np.array(evidence["heights"]) / 10
    axes.plot(evidence["profile"], heights, color=style.BLUE, linewidth=1.2)
    for face in ("bottom", "top"):
        axes.axhline(found[face] / 10, color=style.ORANGE, linewidth=1.4)
    axes.set_ylim(heights[0], heights[-1])
    axes.set_xlim(0, 1.05)
    axes.set_title("Details, levelled", pad=4)
    axes.set_ylabel("height above the centre (nm)")
    axes.set_xlabel("energy")
