"""Pictures of a series as PNG files, as a run without a window leaves them behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from etomotut.formats.mrc import Stack
from etomotut.report import contact_sheet, residuals, sections, solution, tracks
from etomotut.report.findings import Array, Findings, Frame
from etomotut.report.images import Image, moved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL = 512  # pixels: what a view of the contact sheet is reduced to before it is drawn


def write_pictures(folder: Union[str, Path], findings: Findings) -> List[Path]:
    """Write all pictures that can be made of what is known, and give their paths.

    They are called NAME_beads.png, NAME_residuals.png, NAME_solution.png, NAME_views.png and
    NAME_tomogram.png in `folder`, which is made if need be.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, figure in draw_all(findings):
        path = folder / f"{findings.name}_{kind}.png"
        figure.savefig(path)
        written.append(path)
    return written


def draw_all(findings: Findings) -> Iterator[Tuple[str, Figure]]:
    """Give every picture of a series with the name of its kind, one after another."""
    for kind, draw in PICTURES.items():
        figure = draw(findings)
        if figure is not None:
            yield kind, figure


def draw_beads(findings: Findings) -> Optional[Figure]:
    """Give the picture of the beads in the least tilted view, None if there are none."""
    marks, view = findings.marks, findings.least_tilted
    if marks is None or not len(marks.rows):
        return None
    frame = findings.aligned if marks.is_solved else marks.frame
    return tracks.draw_tracks(
        view_in(findings, view, frame),
        marks,
        marks.in_frame(frame),
        view=view,
        tilt_angles=findings.tilt_angles,
        pixel_size=findings.pixel_size,
        name=findings.ts_id,
    )


def draw_residuals(findings: Findings) -> Optional[Figure]:
    """Give the picture of the residuals, None if there are none."""
    if findings.marks is None or not np.isfinite(findings.marks.residuals).any():
        return None
    return residuals.draw_residuals(
        findings.marks,
        tilt_angles=findings.tilt_angles,
        pixel_size=findings.pixel_size,
        name=findings.ts_id,
    )


def draw_solution(findings: Findings) -> Figure:
    """Give the picture of what the alignment did to each view."""
    return solution.draw_solution(
        findings.aligned.transforms,
        tilt_angles=findings.tilt_angles,
        nominal_angles=findings.nominal_angles,
        pixel_size=findings.pixel_size,
        name=findings.ts_id,
    )


def draw_views(findings: Findings) -> Figure:
    """Give the contact sheet of a few views, as recorded and aligned."""
    chosen = contact_sheet.choose_views(findings.nominal_angles)
    angles = findings.nominal_angles
    rows = [
        (caption, [view_in(findings, view, _shrunk(frame)) for view in chosen])
        for caption, frame in (("As recorded", findings.recorded), ("Aligned", findings.aligned))
    ]
    width, height = findings.recorded.size
    return contact_sheet.draw_contact_sheet(
        rows,
        tilt_angles=[float(angles[view]) for view in chosen],
        pixel_size=findings.pixel_size * _shrinking(findings.recorded),
        name=findings.ts_id,
        about=f"{len(angles)} views of {width} x {height} pixels from {angles.min():.1f}° to "
        f"{angles.max():.1f}° · {findings.pixel_size / 10:.3g} nm a pixel",
    )


def draw_tomogram(findings: Findings) -> Optional[Figure]:
    """Give three planes of the tomogram, None if there is none."""
    if findings.tomogram is None:
        return None
    tomogram = findings.tomogram
    diameter = findings.marks.diameter if findings.marks is not None else 0.0
    return sections.draw_sections(
        Stack(tomogram.path),
        pixel_size=tomogram.pixel_size,
        name=findings.ts_id,
        beads=beads_in_tomogram(findings),
        bead_diameter=diameter * findings.pixel_size / tomogram.pixel_size,
    )


def beads_in_tomogram(findings: Findings) -> Optional[Array]:
    """Give the solved positions (bead, 3) as indices x, y, z of the tomogram's voxels."""
    if findings.positions is None or findings.tomogram is None:
        return None
    scale = findings.pixel_size / findings.tomogram.pixel_size
    return findings.tomogram.voxels(findings.positions * scale)


def view_in(findings: Findings, view: int, frame: Frame) -> Image:
    """Read a view and give it as it lies in a frame."""
    image = Stack(findings.stack)[int(findings.sections[view])]
    return moved(image, frame.transforms[view], frame.size)


def _shrinking(frame: Frame) -> float:
    return max(max(frame.size) / SMALL, 1.0)


def _shrunk(frame: Frame) -> Frame:
    """Give a frame with fewer pixels, for small pictures."""
    factor = _shrinking(frame)
    size = round(frame.size[0] / factor), round(frame.size[1] / factor)
    return Frame(frame.transforms / factor, size)


PICTURES: Dict[str, Callable[[Findings], Optional[Figure]]] = {
    "views": draw_views,
    "beads": draw_beads,
    "residuals": draw_residuals,
    "solution": draw_solution,
    "tomogram": draw_tomogram,
}
