"""The alignment of a series on a page: residuals, the solved curves, beads from the side."""

from __future__ import annotations

import warnings
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from etomotut.engine.transforms import natural
from etomotut.report import page_pictures as pictures
from etomotut.report import style
from etomotut.report.findings import Array, Findings, Marks, Tomogram
from etomotut.report.page_chart import Chart, span
from etomotut.report.page_html import Html, tag
from etomotut.report.residuals import LIMIT, line_scale
from etomotut.report.solution import SMALLEST_SPANS, axis_angles


def residual_figures(findings: Findings, quality: Optional[Mapping[str, Any]] = None) -> List[Html]:
    """Give the charts of residuals: a view, a bead, both, and where they are in the field.

    A quality adds the leave-one-out error of each view.
    """
    marks = findings.marks
    if marks is None or not np.isfinite(marks.residuals).any():
        return []
    return [
        _by_view(marks, findings.tilt_angles, _left_out(quality)),
        _by_bead(marks),
        _both(marks, findings.tilt_angles),
        _field(marks, findings.pixel_size / 10),
    ]


def solution_figures(findings: Findings) -> List[Html]:
    """Give the curves of what the alignment did to each view."""
    transforms, nominal = findings.aligned.transforms, findings.nominal_angles
    shifts = transforms[:, :, 2] * findings.pixel_size / 10
    changes = findings.tilt_angles - nominal
    axis, magnification = axis_angles(transforms), 100 * natural(transforms)[:, 0]
    smooth = "Smooth is good; a single view that stands out was not aligned well."
    return [
        _curve("Angle of the tilt axis", nominal, axis, "degrees", SMALLEST_SPANS[0], smooth),
        _curve(
            "Tilt angle, solved minus nominal",
            nominal,
            changes,
            "degrees",
            SMALLEST_SPANS[1],
            "What the beads say of the stage: rarely more than a degree.",
        ),
        _curve("Magnification", nominal, magnification, "percent", SMALLEST_SPANS[2], smooth),
        _shifts(nominal, shifts),
    ]


def side_figures(
    findings: Findings,
    volumes: Sequence[Tuple[str, Tomogram, Tuple[int, int, int]]],
    found: Optional[Mapping[str, Any]],
) -> List[Html]:
    """Give the beads in 3D seen along y and along x, with outlines of volumes (label, it, shape).

    `found` are the faces of the specimen where a stage found them.
    """
    if findings.positions is None or not len(findings.positions):
        return []
    nm = findings.positions * findings.pixel_size / 10
    return [_side(nm, axis, volumes, found) for axis in (0, 1)]


def figure(title: str, chart: Html, words: str, *more: Html, class_: str = "") -> Html:
    """Give a chart with its title above and what it means below."""
    return tag(
        "figure",
        tag("h4", title),
        chart,
        *more,
        tag("figcaption", words) if words else None,
        class_=f"chart {class_}".strip(),
    )


def _by_view(marks: Marks, angles: Array, left_out: Array) -> Html:
    residuals, _ = marks.by_bead_and_view()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of views without any measured point
        mean = np.nanmean(residuals, axis=0)
        low, high = np.nanpercentile(residuals, [10, 90], axis=0)
    highest = max(float(np.nanmax(high)), float(left_out[:, 1].max(initial=0)))
    top = 1.15 * max(highest, LIMIT if highest > LIMIT / 3 else 0.05)
    chart = Chart(span(angles), (0, top), x_label="tilt angle (degrees)", y_label="residual (px)")

    def about(view: int) -> Tuple[str, int]:
        return f"{angles[view]:.1f}°: {mean[view]:.2f} px", view

    colours = ["pale"] * len(angles)
    known = np.isfinite(mean)
    chart.bars(angles, np.where(known, low, 0), np.where(known, high, 0), colours, width=1.4)
    if top > LIMIT:
        chart.rule(LIMIT, "red", "1 px")
    chart.line(angles, mean, "blue", "residual" if len(left_out) else "")
    if len(left_out):
        chart.line(left_out[:, 0], left_out[:, 1], "orange", "leave-one-out")
    chart.points(angles, mean, "blue", about=about, link="view")
    worst = int(np.nanargmax(mean))
    told = f"Worst at {angles[worst]:.1f}°, {mean[worst]:.2f} px; mean {np.nanmean(mean):.2f} px"
    return figure(
        "Residual of each view",
        chart.svg(told),
        f"{told}. Bars: the middle 80% of its points. A click on a dot shows it in the movie.",
    )


def _left_out(quality: Optional[Mapping[str, Any]]) -> Array:
    """Give rows of tilt angle and leave-one-out error of the views that have one."""
    views = (quality or {}).get("views") or {}
    rows = zip(views.get("tilt_deg") or [], views.get("leave_one_out_px") or [])
    known = [(angle, error) for angle, error in rows if angle is not None and error is not None]
    return np.array(sorted(known), float).reshape(-1, 2)


def _by_bead(marks: Marks) -> Html:
    residuals, _ = marks.by_bead_and_view()
    seen = np.flatnonzero(np.isfinite(residuals).any(axis=1))
    mean = np.nanmean(residuals[seen], axis=1)
    order = np.argsort(-mean, kind="stable")
    seen, mean = seen[order], mean[order]
    places = np.arange(len(seen), dtype=float)
    top = 1.15 * max(float(mean.max()), LIMIT if float(mean.max()) > LIMIT / 3 else 0.05)
    chart = Chart(
        (-0.7, max(len(seen), 8) - 0.3), (0, top), x_label="bead", y_label="mean residual (px)"
    )
    step = -(-len(seen) // 11)
    chart.name_x([(float(n), str(seen[n] + 1)) for n in range(0, len(seen), step)])
    colours = ["red" if value > LIMIT else "blue" for value in mean]

    def about(place: int) -> Tuple[str, int]:
        return f"bead {seen[place] + 1}: {mean[place]:.2f} px", int(seen[place]) + 1

    chart.bars(places, 0 * mean, mean, colours, width=0.75, about=about, link="bead")
    if top > LIMIT:
        chart.rule(LIMIT, "red", "1 px")
    told = f"Worst: bead {seen[0] + 1}, {mean[0]:.2f} px"
    words = f"{told}. A bead far above the others was marked wrongly in some views, or moves."
    return figure("Residual of each bead, the worst first", chart.svg(told), words)


def _both(marks: Marks, angles: Array) -> Html:
    """Give a picture with a pixel for each bead and view: its residual, or nothing."""
    residuals, _ = marks.by_bead_and_view()
    limit = style.residual_range(marks.lengths)
    known = np.isfinite(residuals)
    share = np.clip(np.where(known, residuals, 0) / limit, 0, 1)
    colours = (255 * _ramp(share)).astype(np.uint8)
    rgba = np.concatenate([colours, np.where(known, 255, 0)[..., None].astype(np.uint8)], axis=2)
    beads, views = residuals.shape
    missing = int((~known).sum())
    picture = pictures.img(
        pictures.as_pixels(rgba), f"residual of {beads} beads in {views} views", "pixels"
    )
    scale = tag(
        "p",
        tag("span", "0", class_="low"),
        tag("span", class_="ramp", style=f"background:linear-gradient(90deg,{_gradient()})"),
        tag("span", f"{limit:g} px and more"),
        class_="ramp-row",
    )
    ends = tag(
        "p", tag("span", f"{angles[0]:.0f}°"), tag("span", f"{angles[-1]:.0f}°"), class_="ends"
    )
    words = (
        f"Each bead is a row, each view a column. {missing} of {known.size} were not measured "
        "(empty): long empty runs are gaps to be filled."
    )
    return figure("Every bead in every view", picture, words, ends, scale)


def _field(marks: Marks, nm: float) -> Html:
    measured = marks.is_measured
    points, vectors = marks.rows[measured, :2] * nm, marks.residuals[measured]
    width, height = (n * nm for n in marks.frame.size)
    factor = line_scale(marks)[1]
    down = int(np.clip(round(276 * height / width), 120, 420))
    chart = Chart((0, width), (0, height), x_label="x (nm)", y_label="y (nm)", height=down + 50)
    chart.segments(points, points + vectors * factor * nm, "blue")
    words = (
        f"All residuals where they were measured, {factor:g} times as long. "
        "Lines that point the same way side by side tell of a specimen that moved or warped."
    )
    return figure("Residuals in the field", chart.svg("residual vectors in the field"), words)


def _curve(
    title: str, angles: Array, values: Array, unit: str, smallest: float, words: str
) -> Html:
    chart = Chart(
        span(angles), span(values, smallest), x_label="nominal tilt angle (degrees)", y_label=unit
    )
    chart.line(angles, values, "blue")

    def about(view: int) -> Tuple[str, int]:
        return f"{angles[view]:.1f}°: {values[view]:.2f} {unit}", view

    chart.points(angles, values, "blue", about=about, link="view", radius=2.6)
    told = f"{values.min():.2f} to {values.max():.2f} {unit}"
    return figure(title, chart.svg(f"{title}: {told}"), f"{told}. {words}")


def _shifts(angles: Array, shifts: Array) -> Html:
    chart = Chart(
        span(angles),
        span(shifts, SMALLEST_SPANS[3], room=0.14),
        x_label="nominal tilt angle (degrees)",
        y_label="nm",
    )
    for column, colour, name in ((0, "blue", "x, across the axis"), (1, "orange", "y, along it")):
        chart.line(angles, shifts[:, column], colour, name)
        chart.points(angles, shifts[:, column], colour, radius=2.2)
    largest = float(np.hypot(*shifts.T).max())
    told = f"Up to {largest:.0f} nm"
    words = f"{told}. Shifts beyond a quarter of the field leave its rim empty in the tomogram."
    return figure("Shifts of the aligned views", chart.svg(f"shifts: {told}"), words)


def _side(
    nm: Array,
    axis: int,
    volumes: Sequence[Tuple[str, Tomogram, Tuple[int, int, int]]],
    found: Optional[Mapping[str, Any]],
) -> Html:
    boxes = [(label, *_box_of(tomogram, shape, axis)) for label, tomogram, shape in volumes]
    across = np.concatenate([nm[:, axis], *(x for _, x, _ in boxes)])
    heights = np.concatenate([nm[:, 2], *(z for _, _, z in boxes)])
    name = "xy"[axis]
    chart = Chart(
        span(across),
        span(heights, room=0.2),
        x_label=f"{name} (nm)",
        y_label="height z (nm)",
        width=460,
    )
    for (label, x, z), colour in zip(boxes, ("faint", "green", "orange")):
        chart.rectangle((x[0], x[1]), (z[0], z[1]), colour, label)
    other = 1 - axis
    slopes = (0.0, 0.0) if found is None else (found["slope_x"], found["slope_y"])
    if found is not None:
        ends = span(nm[:, axis])
        for face in ("bottom", "top"):
            height = [found[face] / 10 + slopes[axis] * end for end in ends]
            chart.line(ends, height, "orange", "specimen's faces" if face == "top" else "")

    def about(bead: int) -> Tuple[str, int]:
        return f"bead {bead + 1}, z = {nm[bead, 2]:.0f} nm", bead + 1

    # along the faces, into the plane that is shown
    chart.points(nm[:, axis], nm[:, 2] - nm[:, other] * slopes[other], "blue", about=about,
                 link="bead")  # fmt: skip
    spread = float(np.ptp(nm[:, 2]))
    told = f"{len(nm)} beads over {spread:.0f} nm of height"
    direction = ("along y", "along x")[axis]
    words = f"{told}. Gold sits on the specimen's faces: a tomogram must reach beyond both."
    return figure(f"Beads in 3D, seen {direction}", chart.svg(told), words)


def _box_of(tomogram: Tomogram, shape: Tuple[int, int, int], axis: int) -> Tuple[Array, Array]:
    """Give where a volume begins and ends across and in height, nm from the tilt axis."""
    nm = tomogram.pixel_size / 10
    across = np.array([0, shape[2 - axis]]) + tomogram.origin[axis]
    return across * nm, (np.array([0, shape[0]]) + tomogram.origin[2]) * nm


def _ramp(share: Array) -> Array:
    """Give the colours (…, 3), 0 to 1, of shares of the largest residual."""
    known = np.array([_rgb(colour) for colour in style.RESIDUAL_COLOURS])
    places = np.linspace(0, 1, len(known))
    return np.stack([np.interp(share, places, known[:, k]) for k in range(3)], axis=-1)


def _rgb(colour: str) -> Tuple[float, ...]:
    return tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))


def _gradient() -> str:
    return ",".join(style.RESIDUAL_COLOURS)
