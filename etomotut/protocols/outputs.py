"""Adding results to a protocol's output sets, as other plugins expect to find them.

A set is written before it is shown, open while it grows, and closed between additions so that no
other process waits for it. Adding an item that a set already has does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Collection, Dict, FrozenSet, Mapping, Optional, Sequence

from pwem.objects import Set
from tomo.objects import (
    Coordinate3D,
    CTFTomoSeries,
    LandmarkModel,
    SetOfCoordinates3D,
    SetOfCTFTomoSeries,
    SetOfLandmarkModels,
    SetOfTiltSeries,
    SetOfTiltSeriesCoordinates,
    SetOfTomograms,
    SetOfTomoMasks,
    TiltSeries,
    Tomogram,
    TomoMask,
)

from etomotut.convert.series import Changes, change_acquisition, derive

TILT_SERIES = "TiltSeries"
INTERPOLATED = "InterpolatedTiltSeries"
MASKS = "FiducialMasks"
MODEL_GAPS = "FiducialModelGaps"
MODEL_NO_GAPS = "FiducialModelNoGaps"
COORDINATES = "TiltSeriesCoordinates"
CTFS = "CTFTomoSeries"
TOMOGRAMS = "Tomograms"
TOMO_MASKS = "TomoMasks"
INSTANCE_MASKS = "InstanceMasks"
SURFACES = "MembraneSurfaces"
POINTS = "MembranePoints"
COORDINATES_3D = "Coordinates3D"
QUALITY = "AlignmentQuality"
FAILED_SERIES = "FailedTiltSeries"
FAILED_TOMOGRAMS = "FailedTomograms"
FILES = {
    TILT_SERIES: "tiltseries",
    INTERPOLATED: "interpolated",
    MASKS: "fiducialMasks",
    MODEL_GAPS: "setOfLandmarksGaps",
    MODEL_NO_GAPS: "setOfLandmarksNoGaps",
    COORDINATES: "tiltSeriesCoordinates",
    CTFS: "ctfTomoSeries",
    TOMOGRAMS: "tomograms",
    TOMO_MASKS: "tomoMasks",
    INSTANCE_MASKS: "instanceMasks",
    SURFACES: "membraneSurfaces",
    POINTS: "membranePoints",
    COORDINATES_3D: "coordinates3D",
    QUALITY: "alignmentQuality",
    FAILED_SERIES: "tiltseriesFailed",
    FAILED_TOMOGRAMS: "tomogramsFailed",
}


@dataclass
class Item:
    """An input item, read: a tilt series with its images, or a tomogram.

    `partners` are the items of other inputs that belong to it, by what they are.
    """

    ts_id: str
    object: Any
    images: Sequence[Any] = ()
    partners: Dict[str, Any] = field(default_factory=dict)


@dataclass
class CtfModels:
    """A Scipion CTF series that is still empty, and its models, one a view."""

    series: Any
    models: Sequence[Any]


@dataclass
class Result:
    """What a stage made of an item.

    `outputs` by name: Changes to the input series, a Tomogram, a TomoMask, a LandmarkModel,
    CtfModels, Things, or a list of coordinates. `numbers` go into the summary and the records.
    """

    outputs: Mapping[str, Any]
    numbers: Dict[str, Any] = field(default_factory=dict)


def _as_it_is(made: Any) -> None:
    """Leave a new set as it is."""


@dataclass
class Things:
    """Items for a set of any other kind; `prepare` sets up such a set when it is made."""

    kind: Any
    items: Sequence[Any]
    prepare: Callable[[Any], None] = _as_it_is


class Outputs:
    """The output sets of one protocol; `source` is the pointer to the set that it works on."""

    def __init__(self, protocol: Any, source: Any) -> None:
        self._protocol, self._source = protocol, source
        self._written: Dict[str, Dict[str, Any]] = {}  # properties of sets by file

    def add(self, item: Item, result: Result) -> None:
        """Add the results of an item to the sets that they belong to, made if need be."""
        for name, thing in result.outputs.items():
            if isinstance(thing, Changes):
                self._add_series(name, item, thing)
            elif isinstance(thing, CtfModels):
                self._add_models(name, thing)
            elif isinstance(thing, Things):
                self._add_things(name, thing)
            elif isinstance(thing, LandmarkModel):
                self._add(name, SetOfLandmarkModels, [thing])
            elif isinstance(thing, Tomogram):
                is_mask = isinstance(thing, TomoMask)
                self._add(name, SetOfTomoMasks if is_mask else SetOfTomograms, [thing])
            else:
                self._add(name, SetOfTiltSeriesCoordinates, thing)

    def drop_unfinished(self, names: Sequence[str], done: Collection[str]) -> None:
        """Take items out of sets that a run was adding when it was stopped."""
        for name in names:
            output = getattr(self._protocol, name, None)
            if output is None or output.isEmpty():
                continue
            output.enableAppend()
            items = [each.clone() for each in output.iterItems()]
            for item in [each for each in items if _id_of(each) not in done]:
                if isinstance(item, (TiltSeries, CTFTomoSeries)):
                    output._setItemMapperPath(item)
                    images = item._getMapper().db
                    for table in ("Objects", "Classes"):
                        images.executeCommand(f"DROP TABLE IF EXISTS {images.tablePrefix}{table}")
                output._getMapper().delete(item)
            output.write()
            output.close()
            output.load()  # which counts anew
            output.close()

    def ids(self, name: str) -> FrozenSet[str]:
        """Give what an output set holds, by tsId; nothing if there is no such output."""
        output = getattr(self._protocol, name, None)
        if output is None:
            return frozenset()
        key = Coordinate3D.TOMO_ID_ATTR if isinstance(output, SetOfCoordinates3D) else "_tsId"
        return frozenset(output.getUniqueValues(key))

    def replace_failed(self, name: str, items: Sequence[Item], reasons: Mapping[str, str]) -> None:
        """Let the set of failed items hold exactly these, each with its reason as comment.

        A set that was there stays, empty if need be: a running protocol cannot take an output
        away from the project.
        """
        old = getattr(self._protocol, name, None)
        if old is None and not items:
            return
        if old is not None:
            old.close()
        is_series = name == FAILED_SERIES
        output = self._create(name, SetOfTiltSeries if is_series else SetOfTomograms)
        for item in items:
            copy = item.object.clone()
            copy.setObjId(None)
            copy.setObjComment(reasons[item.ts_id])
            Set.append(output, copy)  # the sets' own would read files, which may be missing
            for image in item.images:
                image.setObjId(None)
                Set.append(copy, image)
            if item.images:
                copy._hasAlignment.set(item.images[0].hasTransform())
                copy._hasOddEven.set(item.images[0].hasOddEven())
                copy.write()
                output.update(copy)
        self._publish(name, output, is_new=True)

    def _add_series(self, name: str, item: Item, changes: Changes) -> None:
        if item.ts_id in self.ids(name):
            return
        series, images = derive(item.object, item.images, changes)
        output = self._open(name, SetOfTiltSeries)
        output.setSamplingRate(series.getSamplingRate())
        change_acquisition(output.getAcquisition(), changes)
        output.append(series)
        for image in images:
            series.append(image)
        series.write()
        output.update(series)
        self._publish(name, output)

    def _add_models(self, name: str, found: CtfModels) -> None:
        if found.series.getTsId() in self.ids(name):
            return
        output = self._open(name, SetOfCTFTomoSeries)
        output.append(found.series)
        for model in found.models:
            found.series.append(model)
        found.series.write(properties=False)
        output.update(found.series)
        self._publish(name, output)

    def _add(self, name: str, set_class: Any, things: Sequence[Any]) -> None:
        if not things or things[0].getTsId() in self.ids(name):
            return
        output = self._open(name, set_class)
        for thing in things:
            if isinstance(thing, Tomogram):
                output.setSamplingRate(thing.getSamplingRate())
            if isinstance(thing, LandmarkModel):
                output.setHasResidualInfo(bool(thing.hasResidualInfo()))
            output.append(thing)
        self._publish(name, output)

    def _add_things(self, name: str, found: Things) -> None:
        if not found.items or _id_of(found.items[0]) in self.ids(name):
            return
        output = self._open(name, found.kind, found.prepare)
        for each in found.items:
            output.append(each)
        self._publish(name, output)

    def _open(
        self, name: str, set_class: Any, prepare: Optional[Callable[[Any], None]] = None
    ) -> Any:
        output = getattr(self._protocol, name, None)
        if output is None:
            return self._create(name, set_class, prepare)
        output.enableAppend()
        output.setStreamState(Set.STREAM_OPEN)
        return output

    def _create(
        self, name: str, set_class: Any, prepare: Optional[Callable[[Any], None]] = None
    ) -> Any:
        path = self._protocol.getPath(f"{FILES[name]}.sqlite")
        discard_table(path)
        self._written.pop(path, None)
        output = set_class.create(self._protocol.getPath(), prefix=FILES[name])
        if prepare is not None:
            prepare(output)
        elif hasattr(output, "setSetOfTiltSeries"):
            output.setSetOfTiltSeries(self._source)
        else:
            output.copyInfo(self._source.get())
        output.setStreamState(Set.STREAM_OPEN)
        return output

    def _publish(self, name: str, output: Any, *, is_new: bool = False) -> None:
        protocol = self._protocol
        self._write_properties(output)
        if is_new or getattr(protocol, name, None) is None:
            protocol._defineOutputs(**{name: output})
            protocol._defineSourceRelation(self._source, output)
        protocol._store(output)
        output.close()

    def _write_properties(self, output: Any) -> None:
        """Write what a set says of itself, as far as it changed, and all that was added to it.

        Scipion would write all, and for each property list all tables of the file, which has two
        for every series. Whether the set is open is written always: Scipion's window may close it.
        """
        values = {"self": output.getClassName(), **output.getObjDict()}
        known = self._written.get(output.getFileName(), {})
        for key, value in values.items():
            if key == "_streamState" or key not in known or known[key] != value:
                output._getMapper().setProperty(key, value)
        self._written[output.getFileName()] = values
        output.write(properties=False)


def discard_table(path: str) -> None:
    """Remove an SQLite file and its journal, which would be played into a new file of this name."""
    for each in (path, f"{path}-journal"):
        Path(each).unlink(missing_ok=True)


def _id_of(item: Any) -> str:
    """Give the tsId of an item of any set."""
    return str(item.getTomoId() if isinstance(item, Coordinate3D) else item.getTsId())
