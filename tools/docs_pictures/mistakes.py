"""Pictures of what goes wrong, for the tutorial.

PYTHONPATH=tools python -m docs_pictures.mistakes FOLDER.
Simulated series are aligned and reconstructed with one thing wrong at a time: the tilt axis, two
tracks, the thickness, the side on which the defocus grows. The programs are the embedded ones.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Tuple

import numpy as np

from docs_pictures.saving import save_figure
from etomotut.__main__ import main as etomotut
from etomotut.demo import PRESETS
from etomotut.demo.series import simulate, write
from etomotut.engine import handedness
from etomotut.engine.ctf import Defocus, Microscope
from etomotut.formats import defocus, fiducials, model, tlt, xf
from etomotut.formats.mrc import Stack
from etomotut.report import residuals, style, tracks
from etomotut.report.findings import Frame, Marks
from etomotut.report.images import moved, robust_limits, window

AXIS, WRONG_AXIS = -95.0, -5.0  # degrees; the second as another program might count
BEAD = 100.0  # Å
PIXEL, FINE = 11.04, 5.52  # Å
SIZE = 256, 360  # x, y of the aligned views
EXCHANGED = 24  # the view from which two tracks are exchanged
TITLE, EDGE, GAP, TOP = 26, 24, 14, 66  # pixels of a figure


def main(folder: Path) -> None:
    """Make all pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder.absolute()
    with tempfile.TemporaryDirectory() as scratch, _inside(scratch):
        write(simulate(replace(PRESETS["small"][0], halves=False)), Path("data"))
        run("ccderaser", "-find", "data/TS_01.mrc", "clean.mrc")
        _align("right", AXIS)
        _align("wrong", WRONG_AXIS)
        save_figure(
            target / "bad-axis-tracks.png", _draw_tracks("wrong", "Tilt axis 90 degrees off")
        )
        save_figure(target / "bad-axis-tomogram.png", _draw_axes())
        save_figure(target / "bad-thickness.png", _draw_thicknesses())
        _exchange_tracks()
        save_figure(target / "bad-tracks.png", _draw_tracks("exchanged", "Two tracks exchanged"))
        save_figure(
            target / "bad-residuals.png", _draw_residuals("exchanged", "Two tracks exchanged")
        )
        save_figure(target / "bad-handedness.png", _draw_handedness())


def run(*words: object) -> None:
    """Run an embedded program, silently; raises SystemExit if it fails."""
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
        status = etomotut([str(word) for word in words])
    if status:
        raise SystemExit(f"{words[0]} failed")


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _align(name: str, axis: float) -> None:
    """Prealign, find and track beads, and solve, with files NAME.*."""
    angles = ("-tiltfile", "data/TS_01.rawtlt", "-rotation", axis)
    run("tiltxcorr", "clean.mrc", f"{name}.prexf", *angles, "-cumulative")
    run("xftoxg", "-nfit", 0, f"{name}.prexf", f"{name}.prexg")
    run("newstack", "-xform", f"{name}.prexg", "-mode", 2, "clean.mrc", f"{name}_preali.mrc")
    lines = {
        "ImageFile": f"{name}_preali.mrc",
        "InputSeedModel": f"{name}.seed",
        "OutputModel": f"{name}.fid",
        "RotationAngle": axis,
        "TiltFile": "data/TS_01.rawtlt",
        "BeadDiameter": round(BEAD / PIXEL, 2),
    }
    Path(f"{name}.com").write_text("\n".join(f"{key} {value}" for key, value in lines.items()))
    run("autofidseed", "-track", f"{name}.com", "-number", 40, "-two")
    run("beadtrack", "-ParameterFile", f"{name}.com")
    _solve(name, axis)


def _solve(name: str, axis: float) -> None:
    run(
        *("tiltalign", "-ModelFile", f"{name}.fid", "-TiltFile", "data/TS_01.rawtlt"),
        *("-RotationAngle", axis, "-EveryView", "-ShiftZFromOriginal"),
        *("-OutputTransformFile", f"{name}.tltxf", "-OutputTiltFile", f"{name}.tlt"),
        *("-OutputResidualFile", f"{name}.resid"),
    )


def _reconstruct(name: str, size: Sequence[int], thickness: int) -> Stack:
    """Give the tomogram of a solution; aligned views are of `size` (x, y)."""
    run("xfproduct", f"{name}.prexg", f"{name}.tltxf", f"{name}.xf")
    words = ("-xform", f"{name}.xf", "-size", f"{size[0]},{size[1]}", "-mode", 2)
    run("newstack", *words, "clean.mrc", "aligned.mrc")
    about = ("-TILTFILE", f"{name}.tlt", "-THICKNESS", thickness, "-PERPENDICULAR")
    run("tilt", "aligned.mrc", "slices.mrc", *about, "-RADIAL", ".25,.05", "-MODE", 2)
    run("trimvol", "-rx", "slices.mrc", f"{name}_{thickness}.mrc")
    return Stack(f"{name}_{thickness}.mrc")


def _marks(name: str) -> Marks:
    """Give the tracks of a model with the residuals of their solution."""
    rows, contours = model.tracks(model.read(f"{name}.fid"))
    beads = np.unique(contours, return_inverse=True)[1]
    rows = rows - (0.5, 0.5, 0)
    found = np.full((len(rows), 2), np.nan)
    for x, y, view, dx, dy in fiducials.read_residuals(f"{name}.resid"):
        near = np.hypot(rows[:, 0] + 0.5 - x, rows[:, 1] + 0.5 - y) + np.abs(rows[:, 2] - view)
        found[near.argmin()] = dx, dy
    width, height = Stack("clean.mrc").shape[:0:-1]
    frame = Frame(xf.read("right.prexg"), (width, height))
    return Marks(rows, beads, found, frame, BEAD / PIXEL)


def _draw_tracks(name: str, title: str) -> Any:
    """Draw the tracks of a solution over its least tilted view."""
    marks, angles = _marks(name), tlt.read("data/TS_01.rawtlt")
    marks = replace(marks, frame=Frame(xf.read(f"{name}.prexg"), marks.frame.size))
    view = int(np.abs(angles).argmin())
    shown = Frame(linear_frame(name), SIZE)
    image = moved(Stack("clean.mrc")[view], shown.transforms[view], SIZE)
    return tracks.draw_tracks(
        image,
        marks,
        marks.in_frame(shown),
        view=view,
        tilt_angles=angles,
        pixel_size=PIXEL,
        name=title,
    )


def linear_frame(name: str) -> Any:
    """Give the transforms of a prealigned series, turned so that the true axis is vertical."""
    turn = np.radians(-AXIS)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.einsum("ij,vjk->vik", matrix, xf.read(f"{name}.prexg"))


def _draw_residuals(name: str, title: str) -> Any:
    angles = tlt.read("data/TS_01.rawtlt")
    return residuals.draw_residuals(_marks(name), tilt_angles=angles, pixel_size=PIXEL, name=title)


def _exchange_tracks() -> None:
    """Exchange the marks of the two nearest beads from a view on, as trackers may, and solve."""
    whole = model.read("right.fid")
    contours = whole.objects[0].contours
    places = [_at(contour.points, EXCHANGED) for contour in contours]
    pairs = [(a, b) for b in range(len(places)) for a in range(b) if places[a] and places[b]]
    first, second = min(pairs, key=lambda pair: np.hypot(*np.subtract(*(places[n] for n in pair))))
    parts = [_split(contours[n].points) for n in (first, second)]
    for n, early, late in zip((first, second), parts, parts[::-1]):
        contours[n].points = np.vstack([early[0], late[1]])
    model.write("exchanged.fid", whole)
    shutil.copy("right.prexg", "exchanged.prexg")
    _solve("exchanged", AXIS)


def _at(points: Any, view: int) -> Tuple[float, ...]:
    return next(((x, y) for x, y, z in points if round(z) == view), ())


def _split(points: Any) -> Tuple[Any, Any]:
    is_late = np.rint(points[:, 2]) >= EXCHANGED
    return points[~is_late], points[is_late]


def _draw_axes() -> Any:
    """Draw a section of the tomogram with the right axis and with a wrong one."""
    volumes = [_reconstruct("right", SIZE, 200), _reconstruct("wrong", SIZE[::-1], 200)]
    sections = [np.mean(each[window(110, 5, 200)], axis=0, dtype=np.float32) for each in volumes]
    sections[1] = np.rot90(sections[1], -1)
    titles = "Right tilt axis", "Tilt axis 90 degrees off"
    return _draw_images("The same section", dict(zip(titles, sections)), 430)


def _draw_thicknesses() -> Any:
    """Draw slices along the beam of a tomogram that is too thin, as it should be, too thick."""
    images: Dict[str, Any] = {}
    for thickness, what in ((90, "too thin"), (220, "right"), (560, "too thick")):
        volume = _reconstruct("right", SIZE, thickness)
        images[f"{thickness} voxels: {what}"] = np.max(
            np.stack([-_slice(volume, row) for row in range(20, SIZE[1] - 20, 4)]), axis=0
        )
    return _draw_images("Thickness: what is darkest along the tilt axis", images, 330, invert=True)


def _slice(volume: Stack, row: int) -> Any:
    return np.asarray(volume[:, row, :], np.float32)


def _draw_images(title: str, images: Dict[str, Any], width: int, *, invert: bool = False) -> Any:
    """Draw images (y, x) beside each other, each `width` pixels wide, with one contrast."""
    heights = [round(width * image.shape[0] / image.shape[1]) for image in images.values()]
    across = 2 * EDGE + len(images) * width + (len(images) - 1) * GAP
    with style.drawing():
        figure = style.new_figure(across, TOP + TITLE + max(heights) + EDGE)
        style.heading(figure, title, "simulated series, 41 views of 256 x 360 at 11.04 Å")
        for number, ((name, image), height) in enumerate(zip(images.items(), heights)):
            shown = -image if invert else image
            box = (EDGE + number * (width + GAP), TOP + TITLE, width, height)
            axes = style.place(figure, box)
            style.show_image(axes, shown, robust_limits(shown))
            style.scale_bar(axes, PIXEL)
            axes.set_title(name, pad=5)
    return figure


def _draw_handedness() -> Any:
    """Draw what tilted views say of the side on which their defocus grows, and its opposite."""
    angles, found = _evidence()
    sure = handedness.decide(found, angles)
    with style.drawing():
        figure = style.new_figure(1100, 400)
        style.heading(
            figure,
            "On which side does the defocus grow?",
            f"{sure.agreeing} of {sure.pairs} pairs of views agree, {sure.sigma:.1f} sigma",
        )
        panels = ("As ctfphaseflip takes it", found), ("Tilt angles with the wrong sign", -found)
        for number, (title, values) in enumerate(panels):
            axes = style.place(figure, (70 + number * 520, 100, 480, 240))
            colours = np.where(values > 0, style.BLUE, style.RED)
            axes.bar(angles, values, 2.2, color=colours)
            axes.axhline(0, color=style.FAINT, linewidth=0.8)
            axes.set_ylim(-1.05 * np.abs(found).max(), 1.05 * np.abs(found).max())
            axes.set_xlabel("tilt angle (degrees)")
            axes.set_title(title)
            if not number:
                axes.set_ylabel("evidence of a view")
    return figure


def _evidence() -> Tuple[Any, Any]:
    """Give the tilt angles of views, and what each says for the side that is usual."""
    series = simulate(replace(PRESETS["demo"][0], halves=False))
    files = write(series, Path("fine"))
    xf.write("fine.xf", series.views.transforms)
    rows, columns = Stack(files["stack"]).shape[1:]
    words = ("-xform", "fine.xf", "-size", f"{rows},{columns}", "-mode", 2)
    run("newstack", *words, files["stack"], "fine.mrc")
    views, table, tilts = (
        Stack("fine.mrc"),
        defocus.read(files["defocus"]),
        series.views.true_angles,
    )
    chosen = np.flatnonzero(np.abs(tilts) > handedness.LEAST_TILT)
    found = [
        handedness.evidence(
            views[view],
            Defocus(*table.defocus[view]),
            Microscope(300.0, 2.7, 0.1),
            pixel_size=FINE,
            slope=FINE * float(np.tan(np.radians(tilts[view]))),
            middle=(views.shape[2] - 1) / 2,
        )
        for view in chosen
    ]
    return np.asarray(tilts)[chosen], np.array(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
