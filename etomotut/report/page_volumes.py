"""Tomograms and CTF of a series on a page, and the pictures that its stages left."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.report import page_pictures as pictures
from etomotut.report.findings import Array, Findings
from etomotut.report.page_alignment import figure
from etomotut.report.page_chart import Chart, span
from etomotut.report.page_facts import Ctf, Volume
from etomotut.report.page_html import Html, tag
from etomotut.report.page_views import overlay, scale_bar

SHOWN = 6  # tomograms of a series
WIDE = 210  # pixels: about how wide an x-y plane is on a page
NEAR = 0.5  # of a bead's diameter: how far a ringed bead may be from a plane
PLANES = ("x-y", "x-z", "y-z")
# the volume's axes (0: x, 1: y, 2: z) across and up each plane, and through it
AXES = ((0, 1, 2), (0, 2, 1), (2, 1, 0))
MICROMETRE = 1e4  # Å


def volume_figures(volumes: List[Volume], findings: Optional[Findings]) -> Tuple[List[Html], str]:
    """Give figures of some tomograms, and a sentence on those that are not shown."""
    shown = [volume for volume in volumes if volume.is_shown][:SHOWN]
    left_out = [volume.label for volume in volumes if volume not in shown]
    words = f"Not shown: {', '.join(left_out)}." if left_out else ""
    return [_figure_or_reason(volume, findings) for volume in shown], words


def ctf_figures(ctf: Ctf) -> List[Html]:
    """Give the defocus of each view, and the resolution of its fit where that is known."""
    order = np.argsort(ctf.tilt_angles, kind="stable")
    angles = ctf.tilt_angles[order]
    u, v = ctf.defocus_u[order] / MICROMETRE, ctf.defocus_v[order] / MICROMETRE
    chart = Chart(
        span(angles),
        span(np.concatenate([u, v]), 0.2, room=0.2),
        x_label="tilt angle (degrees)",
        y_label="underfocus (µm)",
    )
    differs = bool(np.abs(u - v).max() > 0.005)
    for values, colour, name in ((u, "blue", "U"), (v, "orange", "V"))[: 1 + differs]:
        chart.line(angles, values, colour, name if differs else "")
        chart.points(angles, values, colour, radius=2.4)
    mean, middle = (u + v) / 2, int(np.argmin(np.abs(angles)))
    told = (
        f"{mean[middle]:.2f} µm at {angles[middle]:.0f}°, {mean.min():.2f} to {mean.max():.2f} µm; "
        f"astigmatism {1000 * float(np.median(np.abs(u - v))):.0f} nm"
    )
    words = f"{told}. A view that jumps by more than 0.3 µm was probably fitted wrongly."
    made = [figure("Defocus of each view", chart.svg(told), words)]
    if ctf.resolutions is not None:
        made.append(_resolutions(angles, ctf.resolutions[order]))
    return made


def kept_figures(kept: Mapping[str, Path], captions: Mapping[str, str]) -> List[Html]:
    """Give the pictures that stages left, each on paper, which they were drawn for."""
    made = []
    for name, path in kept.items():
        try:
            image = pictures.img(pictures.picture_file(path), name)
        except OSError as error:
            made.append(tag("p", f"{name}: {path} cannot be read: {error}.", class_="problem"))
            continue
        made.append(
            tag(
                "figure",
                tag("h4", name),
                tag("div", image, class_="drawn", tabindex=0, role="group", aria_label=name),
                tag("figcaption", captions.get(name, "")),
                class_="kept wide" if name.endswith("position") else "kept",
            )
        )
    return made


def shape_of(volume: Volume) -> Optional[Tuple[int, int, int]]:
    """Give the shape (z, y, x) of a tomogram, None where its file cannot be read."""
    try:
        return Stack(volume.tomogram.path).shape
    except (EtomotutError, OSError):
        return None


def thumbnail_of(volume: Volume) -> Optional[pictures.Grey]:
    """Give a small picture of the middle of a tomogram, None where its file cannot be read."""
    try:
        (section, _, _), _ = pictures.planes_of(Stack(volume.tomogram.path), pictures.THUMBNAIL)
    except (EtomotutError, OSError):
        return None
    return section


def _figure_or_reason(volume: Volume, findings: Optional[Findings]) -> Html:
    try:
        return _figure(volume, findings)
    except (EtomotutError, OSError) as error:
        return tag("p", f"{volume.label}: {error}.", class_="problem")


def _figure(volume: Volume, findings: Optional[Findings]) -> Html:
    stack, tomogram = Stack(volume.tomogram.path), volume.tomogram
    planes, scale = pictures.planes_of(stack)
    masks = _masks(volume, scale)
    beads, diameter = _beads(volume, findings)
    parts = []
    for number, (plane, name) in enumerate(zip(planes, PLANES)):
        height, width = plane.shape
        drawn = _rings(beads, diameter, number, stack.shape, scale)
        if number == 0:
            drawn.append(scale_bar((width, height), tomogram.pixel_size / scale, WIDE))
        mask = masks.get(number)
        parts.append(
            tag(
                "div",
                pictures.img(pictures.as_webp(plane), f"{volume.label}, {name} plane"),
                pictures.img(mask, "", "mask") if mask else None,
                overlay((width, height), *drawn),
                class_=f"stack p{number}",
            )
        )
    depth, height, width = stack.shape
    nm = tomogram.pixel_size / 10
    columns = f"grid-template-columns:{planes[0].shape[1]}fr {planes[2].shape[1]}fr"
    size = " x ".join(str(n) for n in (width, height, depth))
    lengths = " x ".join(f"{n * nm:.0f}" for n in (width, height, depth))
    words = (
        f"{size} voxels of {nm:.3g} nm = {lengths} nm. Middle planes: x-y, x-z below it, y-z "
        "beside it."
    )
    check = None
    if masks:
        box = tag("input", type="checkbox", checked=True, data_shows="mask")
        check = tag("label", box, volume.mask_label, class_="check")
    return tag(
        "figure",
        tag("h4", volume.label),
        tag("div", *parts, class_="planes", style=columns),
        tag("figcaption", check, words),
        class_="volume",
    )


def _masks(volume: Volume, scale: float) -> Dict[int, pictures.Picture]:
    """Give overlays of the planes; none where the mask is of another size or not there."""
    if volume.mask is None:
        return {}
    try:
        mask = Stack(volume.mask)
    except (EtomotutError, OSError):
        return {}
    if mask.shape != Stack(volume.tomogram.path).shape:
        return {}
    return {n: pictures.as_overlay(each) for n, each in enumerate(pictures.masks_of(mask, scale))}


def _beads(volume: Volume, findings: Optional[Findings]) -> Tuple[Array, float]:
    """Give the beads (n, 3) in voxels of the tomogram, and their diameter."""
    if findings is None or findings.positions is None or findings.marks is None:
        return np.zeros((0, 3)), 0.0
    scale = findings.pixel_size / volume.tomogram.pixel_size
    return volume.tomogram.voxels(findings.positions * scale), findings.marks.diameter * scale


def _rings(
    beads: Array, diameter: float, plane: int, shape: Tuple[int, int, int], scale: float
) -> List[Html]:
    across, up, through = AXES[plane]
    size = shape[::-1]
    near = np.abs(beads[:, through] - size[through] // 2) <= NEAR * diameter
    made = []
    for bead in np.flatnonzero(near):
        x, y = beads[bead, across] * scale, (size[up] - 1 - beads[bead, up]) * scale
        ring: Dict[str, Any] = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{diameter * scale:.1f}"}
        made.append(tag("circle", **ring, class_="ring gold", data_bead=int(bead) + 1))
    return made


def _resolutions(angles: Array, resolutions: Array) -> Html:
    chart = Chart(
        span(angles),
        (0, 1.15 * float(np.nanmax(resolutions))),
        x_label="tilt angle (degrees)",
        y_label="resolution (Å)",
    )
    chart.line(angles, resolutions, "blue")
    chart.points(angles, resolutions, "blue", radius=2.4)
    told = f"Best {np.nanmin(resolutions):.1f} Å, worst {np.nanmax(resolutions):.1f} Å"
    return figure("Resolution of the CTF fit", chart.svg(told), f"{told}. Lower is better.")
