"""Where the specimen was found: its detail seen from two sides, its faces, and their profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]

TOP, EDGE, GAP, TITLE, NOTE = 68, 24, 16, 24, 40
LEFT, PROFILE, HEIGHT = 60, 250, 250  # pixels: numbers beside an axis, a profile, a panel
AROUND = 1000.0  # Å above and below the specimen that are shown
BRIGHTEST = 2.5  # times the usual density in the specimen
NAMES = {
    "positions": "solved bead positions",
    "beads": "beads in the tomogram",
    "density": "the parallax of its detail",
    "positions and density": "bead positions and the parallax of all detail",
    "beads and density": "beads and the parallax of all detail",
}


def draw_position(found: Mapping[str, Any], evidence: Mapping[str, Any], *, name: str) -> Figure:
    """Draw the density of detail as x-z and y-z planes with the faces found, and its profile.

    `found` and `evidence` are what findsection wrote of a series as ResultFile and EvidenceFile;
    lengths in them are Å from the tilt axis.
    """
    heights = np.array(evidence["heights"])
    shown = (heights > found["bottom"] - AROUND) & (heights < found["top"] + AROUND)
    beads = np.array(evidence.get("beads", [])).reshape(-1, 3)
    wide = style.PAGE - 2 * EDGE - LEFT - GAP - LEFT - PROFILE
    below = TOP + TITLE + HEIGHT + NOTE + TITLE
    with style.drawing():
        figure = style.new_figure(style.PAGE, below + HEIGHT + NOTE + EDGE)
        style.heading(figure, name, _summary(found))
        for axis, top in zip("xy", (TOP + TITLE, below)):
            places, plane = _plane(evidence, axis)
            axes = style.place(figure, (EDGE + LEFT, top, wide, HEIGHT))
            inside = (heights > found["bottom"]) & (heights < found["top"])
            full = max(float(np.median(plane[:, inside])), 1e-6)
            _show(axes, places, heights[shown], plane[:, shown].T / full)
            axes.set_title(f"Detail along {axis}, mean over the field, and all beads", pad=4)
            axes.set_xlabel(f"{axis} (nm)")
            axes.set_ylabel("height (nm)")
            _draw_faces(axes, found, f"slope_{axis}", places)
            _draw_beads(axes, beads, found, "xy".index(axis))
        box = (style.PAGE - EDGE - PROFILE, TOP + TITLE, PROFILE, below + HEIGHT - TOP - TITLE)
        _draw_profile(style.place(figure, box), found, evidence, shown)
    return figure


def _plane(evidence: Mapping[str, Any], axis: str) -> Tuple[Array, Array]:
    """Give where tiles lie along an axis, and their mean density there (place, z)."""
    along = np.array([tile[axis] for tile in evidence["tiles"]])
    density = np.array([tile["profile"] for tile in evidence["tiles"]])
    places = np.unique(along)
    return places, np.array([density[along == place].mean(axis=0) for place in places])


def _show(axes: Axes, places: Array, heights: Array, plane: Array) -> None:
    """Show a plane (z, place) with axes in nm, interpolated between the tiles."""
    half = np.ptp(places) / max(len(places) - 1, 1) / 2 or 1.0
    left, right, low, high = places[0] - half, places[-1] + half, heights[0], heights[-1]
    axes.grid(False)
    axes.imshow(
        plane,
        cmap="gray_r",
        vmin=0,
        vmax=BRIGHTEST,
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        extent=(left / 10, right / 10, low / 10, high / 10),
    )


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


def _draw_faces(axes: Axes, found: Mapping[str, Any], slope: str, places: Array) -> None:
    """Draw both faces where they cut the plane through the tilt axis."""
    ends = np.array([places[0], places[-1]])
    for face in ("bottom", "top"):
        axes.plot(
            ends / 10, (found[face] + found[slope] * ends) / 10, color=style.ORANGE, linewidth=1.4
        )


def _draw_beads(axes: Axes, beads: Array, found: Mapping[str, Any], axis: int) -> None:
    """Ring the beads, each moved along the faces into the plane that is shown."""
    other = 1 - axis
    heights = beads[:, 2] - beads[:, other] * found[("slope_x", "slope_y")[other]]
    limits = axes.get_xlim(), axes.get_ylim()
    axes.plot(
        beads[:, axis] / 10,
        heights / 10,
        "o",
        color=style.BLUE,
        markersize=6,
        fillstyle="none",
        markeredgewidth=1.2,
    )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def _draw_profile(
    axes: Axes, found: Mapping[str, Any], evidence: Mapping[str, Any], shown: Any
) -> None:
    """Draw the mean density of detail at each height, levelled, and where the faces are."""
    heights = np.array(evidence["heights"])[shown] / 10
    axes.plot(np.array(evidence["profile"])[shown], heights, color=style.BLUE, linewidth=1.2)
    for face in ("bottom", "top"):
        axes.axhline(found[face] / 10, color=style.ORANGE, linewidth=1.4)
    axes.axvline(0, color=style.LINE, linewidth=0.8)
    axes.set_ylim(heights[0], heights[-1])
    axes.set_title("Levelled, whole field", pad=4)
    axes.set_ylabel("height above the tilt axis (nm)")
    axes.set_xlabel("density of detail")
