"""What a run of the template left for each series, as files that any program can take up.

Exported files speak of the raw stack: transforms and models in its unbinned pixels, views in its
order. The tomogram is that of the last stage that made one; those of earlier stages bear what they
are in their names.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.convert.series import FULL, Series
from etomotut.engine import transforms
from etomotut.errors import EtomotutError
from etomotut.formats import fiducials, model, tlt, xf
from etomotut.formats.mrc import Stack
from etomotut.protocols.job import safe_name
from etomotut.report.export import write_pictures
from etomotut.viewers import gather
from etomotut.workflow import branches

Array = npt.NDArray[np.float64]
Size = Tuple[int, int]


@dataclass(frozen=True)
class Stages:
    """The sets that a run of the template made; None where a stage made none.

    `tomograms` by what they are, the last stage's first; so are `masks`, and `surfaces`, which are
    the folders in which a stage left those of each tomogram.
    """

    prealigned: Any
    aligned: Any
    models: Any
    coordinates: Any
    tomograms: Mapping[str, Any]
    masks: Mapping[str, Any]
    surfaces: Mapping[str, Path]

    def ids(self) -> List[str]:
        """Give the tsIds of the series that were aligned."""
        return gather.ids_of(self.aligned) if self.aligned is not None else []

    def tomogram(self, ts_id: str) -> Optional[Path]:
        """Give the last tomogram's file of a series, None where there is none."""
        return next((path for _, path in self.tomograms_of(ts_id)), None)

    def tomograms_of(self, ts_id: str) -> Iterator[Tuple[str, Path]]:
        """Give what each tomogram of a series is, and its file, the last stage's first."""
        for what, made in self.tomograms.items():
            if ts_id in gather.ids_of(made):
                yield what, Path(gather.item_of(made, ts_id).getFileName()).absolute()


def stages_of(protocols: Mapping[str, Any]) -> Stages:
    """Give what the protocols of a workflow, by their numbers in the template, made."""
    fine = branches.aligned_by(protocols)
    tomograms: Dict[str, Any] = {}
    for number, what in branches.TOMOGRAMS:
        made = getattr(protocols.get(number), "Tomograms", None)
        if made is not None:
            tomograms.setdefault(what, made)
    masks = {
        what: getattr(protocols.get(number), output, None)
        for number, output, what in branches.MASKS
    }
    surfaces = {
        what: Path(protocols[number]._getExtraPath()).absolute()
        for number, what in branches.SURFACES
        if number in protocols
    }
    return Stages(
        getattr(protocols[branches.PREALIGNED], "TiltSeries", None),
        getattr(fine, "TiltSeries", None),
        getattr(fine, "FiducialModelNoGaps", None),
        getattr(fine, "TiltSeriesCoordinates", None),
        tomograms,
        {what: made for what, made in masks.items() if made is not None},
        surfaces,
    )


def draw(stages: Stages, ts_id: str, folder: Path) -> None:
    """Write pictures of a series into a folder."""
    last = next((made for made in stages.tomograms.values() if ts_id in gather.ids_of(made)), None)
    sets = stages.aligned, stages.models, stages.coordinates, last
    write_pictures(folder, gather.findings_of(ts_id, *sets))


def export(stages: Stages, ts_id: str, raw: Path, folder: Path) -> None:
    """Write .xf, .tlt, .fid, .xyz, tomograms, masks and surfaces of a series into a folder.

    `raw` is the stack that the series began with. Views that were excluded get the identity and
    the angle that they came with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aligned = gather.series_of(stages.aligned, ts_id)
    shape = Stack(raw).shape
    binning = round(shape[2] / Stack(aligned.files[FULL]).shape[2])
    whole = [transforms.IDENTITY if v.transform is None else v.transform for v in aligned.views]
    xf.write(folder / f"{ts_id}.xf", transforms.scale_shifts(np.array(whole), binning))
    tlt.write(folder / f"{ts_id}.tlt", [view.tilt_angle for view in aligned.views])
    if stages.models is not None:
        _export_beads(stages, ts_id, aligned, shape, folder)
    for number, (what, tomogram) in enumerate(stages.tomograms_of(ts_id)):
        _copy(tomogram, folder / (f"{ts_id}_{what}.mrc" if number else f"{ts_id}.mrc"))
    for what, made in stages.masks.items():
        if ts_id in gather.ids_of(made):
            mask = Path(gather.item_of(made, ts_id).getFileName()).absolute()
            _copy(mask, folder / f"{ts_id}_{what}.mrc")
    for what, source in stages.surfaces.items():
        _export_surfaces(source / safe_name(ts_id), folder / f"{ts_id}_{what}")


def _export_surfaces(source: Path, target: Path) -> None:
    """Copy the surfaces of a tomogram with their table, page and script, which name each other."""
    if not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.is_file():
            _copy(file.absolute(), target / file.name)


def _export_beads(
    stages: Stages, ts_id: str, aligned: Series, shape: Tuple[int, int, int], folder: Path
) -> None:
    """Write the model and the 3D positions of the beads of a series."""
    binning = round(shape[2] / Stack(aligned.files[FULL]).shape[2])
    prealigned = gather.series_of(stages.prealigned, ts_id)
    made = model.read(gather.item_of(stages.models, ts_id).getModelName())
    model.write(folder / f"{ts_id}.fid", _in_raw_pixels(made, prealigned, shape, binning))
    positions = gather.positions_of(stages.coordinates, ts_id, aligned.pixel_size)
    size = (shape[2], shape[1])
    if 45 < abs(aligned.rotation()) < 135:  # Scipion's plugins turn the image on its side
        size = size[::-1]
    xyz = _positions(positions, size, binning, aligned.pixel_size)
    fiducials.write_positions(folder / f"{ts_id}.xyz", xyz)


def _in_raw_pixels(
    made: model.Model, prealigned: Series, shape: Tuple[int, int, int], binning: int
) -> model.Model:
    """Give the model, made on the prealigned views that were used, for the raw stack."""
    rows, tracks = model.tracks(made)
    used = prealigned.used
    view = np.rint(rows[:, 2]).astype(int)
    if len(view) and view.max() >= len(used):
        raise EtomotutError(
            f"the model of {prealigned.ts_id} has points on view {view.max() + 1} of {len(used)}"
        )
    back = transforms.invert(prealigned.transforms())[view]
    centred = rows[:, :2] - (np.array(made.size[:2]) - 1) / 2
    raw = binning * (np.einsum("pij,pj->pi", back[:, :, :2], centred) + back[:, :, 2])
    section = np.array([each.section - 1 for each in used])[view]
    return model.from_tracks(
        np.column_stack([raw + (np.array(shape[:0:-1]) - 1) / 2, section]),
        tracks,
        size=shape[::-1],
        pixel_size=made.pixel_size / binning,
        symbol_size=binning * made.objects[0].symbol_size if made.objects else 7,
    )


def _positions(
    xyz: Optional[Array], size: Size, binning: int, pixel_size: float
) -> fiducials.Positions:
    """Give 3D positions (bead, 3) in raw pixels from the corner of the aligned image."""
    known = np.zeros((0, 3)) if xyz is None else xyz
    corner = np.array([*size, 0.0]) / 2
    numbers = np.stack([np.ones(len(known)), 1 + np.arange(len(known))], axis=1).astype(np.int64)
    return fiducials.Positions(binning * known + corner, numbers, pixel_size / binning, size)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, by a link where the disk is the same, under a temporary name first."""
    partial = target.with_name(target.name + ".partial")
    if partial.exists():
        partial.unlink()
    try:
        os.link(source, partial)
    except OSError:
        shutil.copyfile(source, partial)
    os.replace(partial, target)
