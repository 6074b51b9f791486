"""The views of a series on a page: the least tilted one with its beads, and all as a movie."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np

from etomotut.report import page_pictures as pictures
from etomotut.report.findings import Array, Findings, Frame, Marks
from etomotut.report.page_html import Html, tag
from etomotut.report.style import nanometres, round_length

RINGED = 1.4  # diameters of a bead
SHOWN = 480  # pixels: about how wide a view is on a page
SEEN = 3.0  # pixels of the drawing: the smallest ring's radius


def views_of(findings: Findings, anchor: str) -> Html:
    """Give both figures of a series, side by side where there is room."""
    parts = [zero_view(findings, anchor), movies(findings, anchor)]
    return tag("div", *parts, class_="pair")


def zero_view(findings: Findings, anchor: str) -> Html:
    """Give the least tilted view with its beads ringed and numbered, and their ways through all."""
    view, marks = findings.least_tilted, findings.marks
    frame = findings.aligned if marks is None or marks.is_solved else marks.frame
    image, scale = pictures.image_of_view(findings, view, frame, pictures.VIEW)
    height, width = image.shape
    drawn: List[Html] = []
    style = f"--letters:{width / 40:.1f}px;--ratio:{width / height:.4f}"
    words = f"View at {findings.tilt_angles[view]:.1f}°"
    if marks is not None and len(marks.rows):
        points = marks.in_frame(frame) * scale
        points[:, 1] = height - 1 - points[:, 1]
        drawn = [_ways(marks, points), _rings(marks, points, view, scale, anchor)]
        beads = int((marks.views == view).sum())
        words += (
            f" with {beads} of {len(np.unique(marks.beads))} beads. Rings: beads in this view, "
            "dotted where predicted, not measured. Lines: their ways through all views."
        )
    shown = tag(
        "div",
        pictures.img(pictures.as_webp(image), f"{findings.ts_id}, view near 0 degrees"),
        overlay(
            (width, height), *drawn, scale_bar((width, height), findings.pixel_size / scale, SHOWN)
        ),
        class_="stack",
        style=style,
    )
    label = tag("label", _box("beads"), "beads", class_="check") if drawn else None
    return tag("figure", shown, tag("figcaption", label, words), class_="view")


def movies(findings: Findings, anchor: str) -> Html:
    """Give the movie of all views before and after the alignment, with its controls."""
    before, after = pictures.turned_only(findings), findings.aligned
    order = np.argsort(findings.tilt_angles, kind="stable")
    start = int(np.flatnonzero(order == findings.least_tilted)[0])
    parts = [
        _sheet(findings, frame, kind) for kind, frame in (("before", before), ("after", after))
    ]
    angles = [f"{findings.tilt_angles[view]:.1f}" for view in order]
    width, height, columns = parts[0][1]
    player = tag(
        "div",
        *(part for part, _ in parts),
        class_="player",
        style=f"aspect-ratio:{width}/{height};--columns:{columns};--ratio:{width / height:.4f}",
    )
    return tag(
        "figure",
        player,
        _controls(anchor, len(order), start),
        tag(
            "figcaption",
            "All views in the order of their tilt angles. Aligned, beads move along level lines "
            "and never jump; before, each view is only turned by the angle of the tilt axis.",
        ),
        class_="movie",
        data_angles=" ".join(angles),
        data_order=" ".join(map(str, order.tolist())),
        data_columns=columns,
    )


def overlay(size: Tuple[int, int], *parts: Html) -> Html:
    """Give drawings over a picture of a size (x, y), in its pixels from the top left."""
    return tag("svg", *parts, viewBox=f"0 0 {size[0]} {size[1]}", class_="over", aria_hidden="true")


def scale_bar(size: Tuple[int, int], pixel_size: float, shown: int) -> Html:
    """Give a bar of a round length for a picture with pixels of so many Å.

    Its letters are of the right size where the picture is shown about so many pixels wide.
    """
    nm = pixel_size / 10
    length = round_length(max(size[0] * nm / 4, 1e-3))
    unit = size[0] / shown
    across, left, bottom = length / nm, 10 * unit, size[1] - 10 * unit
    text = nanometres(length)
    wide = max(across, 7.5 * unit * len(text))
    return tag(
        "g",
        tag(
            "rect",
            x=f"{left - 5 * unit:.1f}",
            y=f"{bottom - 19 * unit:.1f}",
            width=f"{wide + 10 * unit:.1f}",
            height=f"{24 * unit:.1f}",
            class_="paper",
        ),
        tag("rect", x=f"{left:.1f}", y=f"{bottom - 3 * unit:.1f}", width=f"{across:.1f}",
            height=f"{3 * unit:.1f}", class_="ink"),
        tag("text", text, x=f"{left:.1f}", y=f"{bottom - 6 * unit:.1f}", class_="ink",
            font_size=f"{11 * unit:.1f}"),
        class_="scale",
    )  # fmt: skip


def _box(what: str) -> Html:
    return tag("input", type="checkbox", checked=True, data_shows=what)


def _ways(marks: Marks, points: Array) -> Html:
    words = []
    for bead in np.unique(marks.beads):
        own = np.flatnonzero(marks.beads == bead)
        own = own[np.argsort(marks.views[own])]
        words.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points[own]))
    path = "".join(words)
    lines = [tag("path", d=path, class_=f"way {kind}") for kind in ("dark", "bright")]
    return tag("g", *lines, class_="beads")


def _rings(marks: Marks, points: Array, view: int, scale: float, anchor: str) -> Html:
    parts: List[Html] = []
    radius = max(marks.diameter * RINGED / 2 * scale, SEEN)
    for number in np.flatnonzero(marks.views == view):
        (x, y), bead = points[number], int(marks.beads[number]) + 1
        kind = "ring" if marks.is_measured[number] else "ring dotted"
        at = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:.1f}"}
        place = {"x": f"{x + 0.75 * radius:.1f}", "y": f"{y - 0.75 * radius:.1f}"}
        parts.append(
            tag(
                "g",
                tag("title", f"bead {bead}"),
                tag("circle", **at, class_=f"{kind} dark"),
                tag("circle", **at, class_=f"{kind} bright"),
                tag("text", bead, **place),
                data_bead=bead,
            )
        )
    return tag("g", *parts, class_="beads marks")


def _sheet(findings: Findings, frame: Frame, kind: str) -> Tuple[Html, Tuple[int, int, int]]:
    made = pictures.movie(findings, frame)
    words = {"before": "before the alignment", "after": "after the alignment"}[kind]
    image = pictures.img(made.picture, f"all views of {findings.ts_id}, {words}", kind)
    return image, (*made.size, made.columns)


def _controls(anchor: str, count: int, start: int) -> Html:
    name = f"frames-{anchor}"
    choices = [
        tag(
            "label",
            tag("input", type="radio", name=name, value=kind, checked=kind == "after"),
            text,
        )
        for kind, text in (("before", "before"), ("after", "aligned"))
    ]
    return tag(
        "div",
        tag("button", "Play", type="button", class_="play", aria_pressed="false"),
        tag(
            "input",
            type="range",
            min=0,
            max=count - 1,
            value=start,
            step=1,
            aria_label="view, by tilt angle",
        ),
        tag("output", ""),
        tag("fieldset", tag("legend", "which views", class_="aloud"), *choices),
        class_="controls",
    )
