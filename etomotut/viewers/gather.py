"""Scipion's sets as plain values that windows and pictures show.

A set is read by tsId and closed again, so that no other process waits for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

import numpy as np
from tomo.objects import TomoMask

from etomotut.convert import fiducials
from etomotut.convert.series import FULL, Series, images_of, read_series
from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.formats.fiducials import match_residuals
from etomotut.formats.mrc import Stack
from etomotut.protocols.job import resampling, safe_name
from etomotut.report.findings import Array, Findings, Frame, Marks, Tomogram, still


def rows_of(items: Any, tell: Callable[[Any], str]) -> List[Tuple[str, str]]:
    """Give each item's tsId and what `tell` says of it, sorted."""
    rows = sorted((str(item.getTsId()), tell(item)) for item in items.iterItems())
    items.close()
    return rows


def ids_of(items: Any) -> List[str]:
    """Give the tsIds of a set, sorted."""
    found = sorted(str(each) for each in items.getUniqueValues("_tsId"))
    items.close()
    return found


def series_of(items: Optional[Any], ts_id: str) -> Series:
    """Give a tilt series of a set; raises EtomotutError if it is not there or has no views."""
    if items is None:
        raise EtomotutError(f"{ts_id}: there are no tilt series to show")
    found = read_series(*_series_and_images(items, ts_id))
    items.close()
    return found


def series_alone(tilt_series: Any) -> Series:
    """Give a Scipion tilt series, loaded with its images, as plain values."""
    return read_series(tilt_series, images_of(tilt_series))


def item_of(items: Any, ts_id: str) -> Any:
    """Give a copy of an item of a set; raises EtomotutError if it is not there."""
    if ts_id not in items.getUniqueValues("_tsId"):
        items.close()
        raise EtomotutError(f"{ts_id} is not in {items.getFileName()}")
    found = items[{"_tsId": ts_id}].clone()
    items.close()
    return found


def frame_of(series: Series) -> Frame:
    """Give the frame into which a series' transforms bring its used views."""
    shape = Stack(series.files[FULL]).shape
    size = resampling(series, shape).get("SizeToOutputInXandY", (shape[2], shape[1]))
    return Frame(series.transforms(), (int(size[0]), int(size[1])))


def recorded_frame(series: Series) -> Frame:
    """Give the frame of a series' used views as they are in its file."""
    shape = Stack(series.files[FULL]).shape
    return still(len(series.used), (shape[2], shape[1]))


def marks_of(landmarks: Any, series: Series) -> Marks:
    """Give the points of a Scipion landmark model that was made on a series.

    They are read from IMOD's model where there is one, since users change it; residuals come from
    Scipion's table. Raises EtomotutError if the model has more views than the series.
    """
    table, table_beads, residuals = fiducials.read_landmarks(landmarks.getFileName())
    frame = frame_of(series) if landmarks.applyTSTransformation() else recorded_frame(series)
    rows, beads = table, table_beads
    if landmarks.getModelName():
        made = model.read(landmarks.getModelName())
        rows, beads = model.tracks(made)
        known = np.isfinite(residuals[:, 0])
        measured = np.column_stack([table, residuals])[known]
        residuals = match_residuals(rows, measured)
        frame = Frame(frame.transforms, made.size[:2] if all(made.size[:2]) else frame.size)
    views = len(series.used)
    if len(rows) and rows[:, 2].max() >= views:
        raise EtomotutError(
            f"{series.ts_id}: the model has points in view {int(rows[:, 2].max()) + 1}, "
            f"but {views} views are enabled: generate the model again"
        )
    return Marks(
        rows,
        beads,
        residuals,
        frame,
        landmarks.getSize() / series.pixel_size,
        bool(np.isfinite(residuals).any()),
    )


def size_of(tomogram: Any) -> str:
    """Give the size of a tomogram as text, or that its file cannot be read."""
    try:
        return " x ".join(map(str, Stack(tomogram.getFileName()).shape[::-1]))
    except EtomotutError:
        return "no file"


def tomogram_of(tomogram: Any) -> Tomogram:
    """Give where a Scipion tomogram's file is and where its first voxel lies.

    For a mask it is its tomogram that is given, where that is there.
    """
    pixel = float(tomogram.getSamplingRate())
    x, y, z = (float(shift) / pixel for shift in tomogram.getShiftsFromOrigin())
    path = tomogram.getVolName() if mask_of(tomogram) else tomogram.getFileName()
    return Tomogram(path, pixel, (x, y, z))


def mask_of(tomogram: Any) -> Optional[str]:
    """Give the file of a mask to be shown over its tomogram, None for what is no such mask."""
    if not isinstance(tomogram, TomoMask):
        return None
    path = tomogram.getVolName()
    return tomogram.getFileName() if path and Path(path).is_file() else None


def findings_of(
    ts_id: str,
    aligned_set: Optional[Any] = None,
    models: Optional[Any] = None,
    coordinates: Optional[Any] = None,
    tomograms: Optional[Any] = None,
) -> Findings:
    """Give all that is known of a series from Scipion's sets.

    `aligned_set` are tilt series with the solution, `models` the landmark models that belong to
    it, `coordinates` their 3D positions. A set that lacks the series counts as not given. Raises
    EtomotutError if there are neither aligned series nor models.
    """
    has_marks = _has(models, ts_id)
    start = series_of(models.getSetOfTiltSeries() if has_marks else aligned_set, ts_id)
    aligned = series_of(aligned_set, ts_id) if _has(aligned_set, ts_id) else start
    solved = _in_order_of(aligned, start)
    transforms = [np.eye(3)[:2] if v.transform is None else v.transform for v in solved]
    return Findings(
        ts_id=ts_id,
        name=safe_name(ts_id),
        pixel_size=start.pixel_size,
        stack=start.files[FULL],
        sections=np.array([view.section - 1 for view in start.used]),
        tilt_angles=np.array([view.tilt_angle for view in solved]),
        nominal_angles=start.tilt_angles(),
        recorded=recorded_frame(start),
        aligned=Frame(np.array(transforms), frame_of(aligned).size),
        marks=marks_of(item_of(models, ts_id), start) if has_marks else None,
        positions=positions_of(coordinates, ts_id, start.pixel_size),
        tomogram=tomogram_of(item_of(tomograms, ts_id)) if _has(tomograms, ts_id) else None,
    )


def positions_of(coordinates: Optional[Any], ts_id: str, pixel_size: float) -> Optional[Array]:
    """Give the 3D positions (bead, 3) of a series in pixels, None if there are none."""
    if coordinates is None:
        return None
    found = fiducials.positions_of(coordinates, ts_id) / pixel_size
    return found if len(found) else None


def _has(items: Optional[Any], ts_id: str) -> bool:
    return items is not None and ts_id in ids_of(items)


def _series_and_images(items: Any, ts_id: str) -> Tuple[Any, List[Any]]:
    if ts_id not in items.getUniqueValues("_tsId"):
        items.close()
        raise EtomotutError(f"{ts_id} is not in {items.getFileName()}")
    found = items[{"_tsId": ts_id}]
    return found, images_of(found)


def _in_order_of(aligned: Series, start: Series) -> List[Any]:
    """Give the views of the aligned series in the order of those that it was solved from."""
    by_order = {view.order: view for view in aligned.views}
    lacking = [view.order for view in start.used if view.order not in by_order]
    if lacking:
        raise EtomotutError(f"{start.ts_id}: the aligned series lacks view {lacking[0]}")
    return [by_order[view.order] for view in start.used]
