"""Scipion's objects as the items that windows list, each loaded when it is chosen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from tomo.objects import (
    LandmarkModel,
    SetOfLandmarkModels,
    SetOfTiltSeries,
    SetOfTomograms,
    TiltSeries,
)

from etomotut.backends import Backend
from etomotut.convert.series import Series
from etomotut.errors import EtomotutError
from etomotut.protocols import outputs
from etomotut.protocols.job import safe_name
from etomotut.report.findings import Findings
from etomotut.viewers import bead_fixer, gather, imod
from etomotut.viewers.imod import Call
from etomotut.viewers.items import Item
from etomotut.viewers.model_files import ModelFiles
from etomotut.viewers.series_model import SeriesModel
from etomotut.viewers.tomogram_model import TomogramModel

AS_TRACKED, ALIGNED = "as tracked", "aligned"
BEAD = 100.0  # Å: how large beads are ringed in tomograms, which do not say
Find = Optional[Callable[[], Findings]]
Marked = Tuple[Any, Series]


class Listing:
    """Makes items; files for 3dmod, if it is there, go to the folder `cache`."""

    def __init__(self, cache: Path, backend: Optional[Backend]) -> None:
        self._cache, self._backend, self._shown = cache, backend, ""
        self.coordinates: Optional[Any] = None  # Scipion's set of beads in 3D, for tomograms
        self.neighbours: Optional[Callable[[], Mapping[str, Any]]] = None  # all sets of them
        self.maker: Optional[Callable[[Any], Any]] = None  # gives the protocol that made a set

    def of(self, obj: Any) -> List[Item]:
        """Give the items of a set of tilt series, landmark models or tomograms, or of one of them.

        Raises EtomotutError where an object does not say what it belongs to.
        """
        for kind, make in (
            (SetOfTiltSeries, self._of_series_set),
            (SetOfLandmarkModels, self._of_models),
            (SetOfTomograms, self._of_tomograms),
            (TiltSeries, self._of_series),
            (LandmarkModel, self._of_model),
        ):
            if isinstance(obj, kind):
                return make(obj)
        return [self._tomogram_item(str(obj.getTsId()), "", lambda: obj)]

    def of_alignment(self, protocol: Any, abouts: Mapping[str, str]) -> List[Item]:
        """Give the items of a fiducial alignment: models with their gaps filled, in two frames."""
        aligned, models, places = (
            getattr(protocol, name, None)
            for name in (outputs.TILT_SERIES, outputs.MODEL_NO_GAPS, outputs.COORDINATES)
        )
        if aligned is None or models is None:
            return []
        items = []
        for item in self._of_models(models):
            name = item.name
            find = partial(gather.findings_of, name, aligned, models, places)
            load = partial(_aligned_model, models, aligned, name)
            items.append(replace(item, about=abouts.get(name, ""), load=load, find=find))
        return items

    # ------------------------------------------------------------------ sets
    def _of_series_set(self, items: Any) -> List[Item]:
        rows = gather.rows_of(items, lambda each: f"{each.getSize()} views")
        is_aligned = bool(items.hasAlignment())
        return [
            self._series_item(
                name,
                about,
                partial(gather.series_of, items, name),
                partial(gather.findings_of, name, items) if is_aligned else None,
            )
            for name, about in rows
        ]

    def _of_models(self, models: Any) -> List[Item]:
        if models.getSetOfTiltSeries() is None:
            raise EtomotutError("the models do not say on which tilt series they were made")
        files = ModelFiles(models, None if self.maker is None else self.maker(models))
        files.refresh_all()
        items = []
        for name, about in gather.rows_of(models, lambda each: f"{each.getCount()} beads"):
            find = partial(gather.findings_of, name, None, models)
            item = self._model_item(name, about, partial(_marked, models, name), find)
            items.append(replace(item, reread=partial(files.refresh, name)))
        return items

    def _of_tomograms(self, items: Any) -> List[Item]:
        self._shown = items.getFileName()
        rows = gather.rows_of(items, gather.size_of)
        return [
            self._tomogram_item(name, about, partial(gather.item_of, items, name))
            for name, about in rows
        ]

    # ------------------------------------------------------------------ single objects
    def _of_series(self, tilt_series: Any) -> List[Item]:
        series = gather.series_alone(tilt_series)
        return [self._series_item(series.ts_id, "", lambda: series)]

    def _of_model(self, landmarks: Any) -> List[Item]:
        name, tilt_series = str(landmarks.getTsId()), landmarks.getTiltSeries()
        if tilt_series is None:
            raise EtomotutError(f"{name}: the model does not say on which tilt series it was made")
        series = gather.series_alone(tilt_series)
        return [self._model_item(name, "", lambda: (landmarks, series))]

    # ------------------------------------------------------------------ one item
    def _series_item(
        self, name: str, about: str, load: Callable[[], Series], find: Find = None
    ) -> Item:
        def call(backend: Backend) -> Call:
            return Call(imod.series_words(backend, load(), self._cache))

        return Item(name, about, lambda: _series_model(load()), self._in_3dmod(call), find)

    def _model_item(
        self, name: str, about: str, load: Callable[[], Marked], find: Find = None
    ) -> Item:
        def call(backend: Backend) -> Call:
            landmarks, series = load()
            if not landmarks.getModelName():
                raise EtomotutError(f"{name}: there is no IMOD model of it")
            if not landmarks.applyTSTransformation():
                series = imod.without_transforms(series)
            return bead_fixer.call(backend, series, landmarks, self._cache)

        return Item(name, about, lambda: _marked_model(*load()), self._in_3dmod(call), find)

    def _tomogram_item(self, name: str, about: str, load: Callable[[], Any]) -> Item:
        def call(backend: Backend) -> Call:
            return Call(imod.tomogram_words(backend, load().getFileName()))

        beside = None if self.neighbours is None else partial(self._beside, name)
        show = partial(self._tomogram_model, name, load)
        return Item(name, about, show, self._in_3dmod(call), beside=beside)

    def _tomogram_model(self, name: str, load: Callable[[], Any]) -> TomogramModel:
        loaded = load()
        tomogram, mask = gather.tomogram_of(loaded), gather.mask_of(loaded)
        beads = gather.positions_of(self.coordinates, name, tomogram.pixel_size)
        return TomogramModel(
            tomogram.path,
            tomogram.pixel_size,
            None if beads is None else tomogram.voxels(beads),
            BEAD / tomogram.pixel_size,
            mask,
            tomogram.origin,
        )

    def _beside(self, name: str) -> Dict[str, Callable[[], TomogramModel]]:
        """Give how a series' tomograms in other sets are loaded, by the names of these."""
        assert self.neighbours is not None
        return {
            label: partial(self._tomogram_model, name, partial(gather.item_of, items, name))
            for label, items in self.neighbours().items()
            if items.getFileName() != self._shown and name in gather.ids_of(items)
        }

    def _in_3dmod(self, call: Callable[[Backend], Call]) -> Optional[Callable[[], Call]]:
        backend = self._backend
        return None if backend is None else lambda: call(backend)


def with_pictures(items: Sequence[Item], protocol: Any) -> List[Item]:
    """Give items of a stage with the pictures that it left in their folders."""
    return [replace(each, pictures=_pictures_of(protocol, each.name)) for each in items]


def _pictures_of(protocol: Any, ts_id: str) -> Dict[str, Path]:
    """Give the pictures of an item, by the ending that their names have beyond its own."""
    name = safe_name(ts_id)
    found = sorted(Path(protocol._getExtraPath(name)).glob(f"{name}_*.png"))
    return {each.stem[len(name) + 1 :].capitalize(): each for each in found}


def _series_model(series: Series) -> SeriesModel:
    frames = {ALIGNED: gather.frame_of(series)} if _is_moved(series) else {}
    return SeriesModel(series, frames)


def _marked(models: Any, name: str) -> Marked:
    landmarks = gather.item_of(models, name)
    return landmarks, gather.series_of(models.getSetOfTiltSeries(), name)


def _marked_model(landmarks: Any, series: Series) -> SeriesModel:
    marks = gather.marks_of(landmarks, series)
    frames = {AS_TRACKED: marks.frame} if landmarks.applyTSTransformation() else {}
    return SeriesModel(series, frames, marks)


def _aligned_model(models: Any, aligned_set: Any, name: str) -> SeriesModel:
    """Give the views of an alignment, with its marks, as tracked and as aligned."""
    landmarks, series = _marked(models, name)
    marks = gather.marks_of(landmarks, series)
    found = gather.findings_of(name, aligned_set, models)
    frames = {AS_TRACKED: marks.frame, ALIGNED: found.aligned}
    return SeriesModel(series, frames, marks)


def _is_moved(series: Series) -> bool:
    return any(view.transform is not None for view in series.used)
