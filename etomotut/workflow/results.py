"""What a run of the template left for each series, as files that any program can take up.

Exported files speak of the raw stack: transforms and models in its unbinned pixels, views in its
order. The tomogram is that of the last stage that made one.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.convert.series import Series, read_series
from etomotut.engine import transforms
from etomotut.errors import EtomotutError
from etomotut.formats import fiducials, model, tlt, xf
from etomotut.formats.mrc import Stack

Array = npt.NDArray[np.float64]

COARSE, ALIGNED = "ProtEtomotutFiducialModel", "ProtEtomotutFiducialAlignment"
TOMOGRAM_STAGES = ("ProtEtomotutReconstruct", "ProtEtomotutCrop")


@dataclass(frozen=True)
class Solved:
    """A series that was aligned: before and after, its model without gaps, positions, tomogram."""

    prealigned: Series
    aligned: Series
    model_file: str
    positions: fiducials.Positions
    tomogram: Optional[str]


def gather(project: Any) -> List[Solved]:
    """Give what the stages of a project have for every series that was aligned."""
    by_class: Dict[str, Any] = {run.getClassName(): run for run in project.getRuns()}
    coarse, fine = by_class[COARSE], by_class[ALIGNED]
    if not hasattr(fine, "TiltSeries"):
        return []
    before = _series_of(coarse.inputSetOfTiltSeries.get())
    tomograms: Dict[str, str] = {}
    for name in TOMOGRAM_STAGES:
        made = getattr(by_class.get(name), "Tomograms", None)
        for tomogram in made.iterItems() if made is not None else ():
            tomograms[tomogram.getTsId()] = tomogram.getFileName()
    models = {each.getTsId(): each.getModelName() for each in fine.FiducialModelNoGaps.iterItems()}
    positions = _positions_of(fine.TiltSeriesCoordinates.iterItems())
    found = []
    for ts_id, aligned in _series_of(fine.TiltSeries).items():
        xyz = positions.get(ts_id, np.zeros((0, 3))) / aligned.pixel_size
        numbers = np.stack([np.ones(len(xyz)), 1 + np.arange(len(xyz))], axis=1).astype(np.int64)
        solved = fiducials.Positions(xyz, numbers, aligned.pixel_size)
        found.append(Solved(before[ts_id], aligned, models[ts_id], solved, tomograms.get(ts_id)))
    return found


def export(solved: Solved, raw: Path, folder: Path) -> None:
    """Write .xf, .tlt, .fid, .xyz and the tomogram of a series into a folder.

    `raw` is the stack that the series began with. Views that were excluded get the identity and
    the angle that they came with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stack = Stack(raw)
    _, height, width = stack.shape
    binning = round(solved.aligned.pixel_size / _raw_pixel_size(solved, stack))
    whole = [_matrix(view.transform) for view in solved.aligned.views]
    name = solved.aligned.ts_id
    xf.write(folder / f"{name}.xf", transforms.scale_shifts(np.array(whole), binning))
    tlt.write(folder / f"{name}.tlt", [view.tilt_angle for view in solved.aligned.views])
    model.write(
        folder / f"{name}.fid", _in_raw_pixels(solved, (width, height, len(stack)), binning)
    )
    fiducials.write_positions(
        folder / f"{name}.xyz", _positions_in_raw_pixels(solved, (width, height), binning)
    )
    if solved.tomogram is not None:
        _copy(Path(solved.tomogram), folder / f"{name}.mrc")


def _raw_pixel_size(solved: Solved, stack: Stack) -> float:
    """Give the pixel size of the raw stack: by the ratio of widths where its header has none."""
    binned = Stack(solved.aligned.files[""])
    return solved.aligned.pixel_size / round(stack.shape[2] / binned.shape[2])


def _in_raw_pixels(solved: Solved, size: Tuple[int, int, int], binning: int) -> model.Model:
    """Give the model, made on the prealigned views that were used, for the raw stack."""
    made = model.read(solved.model_file)
    rows, tracks = model.tracks(made)
    used = solved.prealigned.used
    view = np.rint(rows[:, 2]).astype(int)
    if len(view) and view.max() >= len(used):
        raise EtomotutError(
            f"{solved.model_file} has points on view {view.max() + 1} of {len(used)}"
        )
    back = transforms.invert(solved.prealigned.transforms())[view]
    centred = rows[:, :2] - (np.array(made.size[:2]) - 1) / 2
    raw = binning * (np.einsum("pij,pj->pi", back[:, :, :2], centred) + back[:, :, 2])
    section = np.array([each.section - 1 for each in used])[view]
    return model.from_tracks(
        np.column_stack([raw + (np.array(size[:2]) - 1) / 2, section]),
        tracks,
        size=size,
        pixel_size=made.pixel_size / binning,
        symbol_size=made.objects[0].symbol_size * binning if made.objects else 7,
    )


def _positions_in_raw_pixels(
    solved: Solved, size: Tuple[int, int], binning: int
) -> fiducials.Positions:
    """Give the 3D positions in raw pixels from the corner of the aligned image.

    An image is turned on its side, as Scipion's plugins do, where its axis is nearer to horizontal.
    """
    if 45 < abs(solved.aligned.rotation()) < 135:
        size = size[::-1]
    corner = np.array([*size, 0.0]) / 2
    return fiducials.Positions(
        binning * solved.positions.xyz + corner,
        solved.positions.numbers,
        solved.positions.pixel_size / binning,
        size,
    )


def _matrix(transform: Optional[Array]) -> Array:
    return transforms.IDENTITY if transform is None else transform


def _series_of(items: Any) -> Dict[str, Series]:
    found = {}
    for each in items.iterItems():
        images = [image.clone() for image in each.iterItems()]
        found[each.getTsId()] = read_series(each, images)
    return found


def _positions_of(items: Iterable[Any]) -> Dict[str, Array]:
    """Give the positions (bead, 3) in Å, from the image centre, of each series."""
    found: Dict[str, List[Tuple[float, float, float]]] = {}
    for each in items:
        found.setdefault(each.getTsId(), []).append((each.getX(), each.getY(), each.getZ()))
    return {ts_id: np.array(places, float) for ts_id, places in found.items()}


def _copy(source: Path, target: Path) -> None:
    """Copy a file under a temporary name first; a link on the same disk where that is possible."""
    partial = target.with_name(target.name + ".partial")
    if partial.exists():
        partial.unlink()
    try:
        os.link(source, partial)
    except OSError:
        shutil.copyfile(source, partial)
    os.replace(partial, target)
