"""Stage 5b: tomograms are cropped to what is worth keeping; they stay where they are in space."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from pyworkflow.object import Pointer
from pyworkflow.protocol.params import GE, BooleanParam, FloatParam, IntParam, PointerParam
from tomo.objects import SetOfCoordinates3D, SetOfTomograms, SetOfTomoMasks

from etomotut.convert.coordinates import coordinates_inside, prepare_coordinates, read_coordinates
from etomotut.convert.series import FULL
from etomotut.convert.tomograms import cropped_mask, cropped_tomogram, stamp
from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_tomograms_input, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import (
    COORDINATES_3D,
    TOMO_MASKS,
    TOMOGRAMS,
    Item,
    Result,
    Things,
)
from etomotut.protocols.protocol_base import EtomotutProtocol

Range = Tuple[int, int]
MASK = "mask"
POSITIONS = "coordinates"
OPTIONS = {"x": "XStartAndEnd", "y": "YStartAndEnd", "z": "ZStartAndEnd"}


class ProtEtomotutCrop(EtomotutProtocol):
    """Crop tomograms to ranges of voxels, the centre of their thickness, or their specimen.

    The origin moves with the first voxel, so that coordinates in space stay right.
    """

    _label = "crop tomograms"
    _possibleOutputs = {
        TOMOGRAMS: SetOfTomograms,
        TOMO_MASKS: SetOfTomoMasks,
        COORDINATES_3D: SetOfCoordinates3D,
    }
    programs = ("findsection", "trimvol")

    @classmethod
    def programs_for(cls, form: Any) -> Sequence[str]:
        """Leave the search for the specimen out where it is not asked for."""
        return cls.programs if form.toSpecimen else cls.programs[1:]

    def _defineParams(self, form: Any) -> None:
        add_tomograms_input(form)
        form.addParam(
            "inputSetOfTomoMasks",
            PointerParam,
            pointerClass="SetOfTomoMasks",
            allowsNull=True,
            label="Masks of the tomograms (optional)",
            help="Cropped as their tomograms are. A tomogram without a mask is cropped alone.",
        )
        form.addParam(
            "inputSetOfCoordinates3D",
            PointerParam,
            pointerClass="SetOfCoordinates3D",
            allowsNull=True,
            label="Coordinates in the tomograms (optional)",
            help="They stay on the same spot of the specimen; those outside are dropped. They may "
            "come from tomograms of another pixel size.",
        )
        form.addParam(
            "toSpecimen",
            BooleanParam,
            default=False,
            label="Find the specimen and crop to it?",
            help="Each tomogram is cropped in z to its own specimen, wherever that is, as beads "
            "on its faces tell. Without beads, the stage tomogram position finds it in the series.",
        )
        form.addParam(
            "margin",
            FloatParam,
            default=20.0,
            validators=[GE(0.0)],
            condition="toSpecimen",
            label="Margin above and below (nm)",
            help="What is kept beyond the specimen.",
        )
        form.addParam(
            "keepThickness",
            IntParam,
            default=200,
            validators=[GE(0)],
            condition="not toSpecimen",
            label="Keep the centre of the thickness (voxels)",
            help="So many sections around the middle; 0, or a range in z, for another choice.",
        )
        for axis in OPTIONS:
            line = form.addLine(
                f"Range in {axis} (voxels)",
                help="First and last voxel that are kept, counted from 1 as 3dmod shows them; "
                f"-1 for the whole. See {man('trimvol')}",
            )
            line.addParam(f"{axis}0", IntParam, default=-1, label="from")
            line.addParam(f"{axis}1", IntParam, default=-1, label="to")
        add_halves(form, "tomograms")
        add_running(form, self.programs)

    @property
    def source(self) -> Any:
        """The tomograms."""
        return self.inputSetOfTomograms

    @staticmethod
    def search(source: str, result: str, pixel_size: float) -> List[Command]:
        """Give the command that finds the specimen in a tomogram."""
        values = {"TomogramFile": source, "ResultFile": result, "PixelSize": pixel_size}
        return [("findsection", values)]

    @staticmethod
    def specimen_range(
        form: Any, found: Mapping[str, Any], size: Sequence[int], pixel_size: float
    ) -> Range:
        """Give the first and last section, from 1, that a specimen and its margin reach.

        `found` is what findsection wrote; where the specimen leans, its corners are kept.
        """
        lean = abs(found["slope_x"]) * size[0] / 2 + abs(found["slope_y"]) * size[1] / 2
        beyond = lean + 10 * form.margin / pixel_size
        first = size[2] / 2 + found["bottom"] / pixel_size - beyond
        last = size[2] / 2 + found["top"] / pixel_size + beyond
        return max(int(np.floor(first)) + 1, 1), min(int(np.ceil(last)), size[2])

    @staticmethod
    def ranges(form: Any, size: Sequence[int], found_z: Optional[Range] = None) -> Dict[str, Range]:
        """Give the first and last voxel, from 1, for each axis of a tomogram of size (x, y, z).

        `found_z` is the range of the specimen; a range that was typed wins over it. Raises
        EtomotutError for a range that is not inside.
        """
        found: Dict[str, Range] = {}
        for axis, length in zip(OPTIONS, size):
            first, last = getattr(form, f"{axis}0"), getattr(form, f"{axis}1")
            is_open = axis == "z" and (first, last) == (-1, -1)
            if is_open and form.toSpecimen:
                first, last = found_z or (1, length)
            elif is_open and 0 < form.keepThickness < length:
                first = (length - form.keepThickness) // 2 + 1
                last = first + form.keepThickness - 1
            first, last = (1 if first == -1 else first), (length if last == -1 else last)
            if not 1 <= first < last <= length:
                raise EtomotutError(
                    f"the range in {axis} from {first} to {last} is not inside 1 to {length}"
                )
            found[axis] = first, last
        return found

    @staticmethod
    def commands(ranges: Mapping[str, Range], source: str, result: str) -> List[Command]:
        """Give the command that crops one volume."""
        values = {"InputFile": source, "OutputFile": result}
        values.update({OPTIONS[axis]: limits for axis, limits in ranges.items()})
        return [("trimvol", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any volume."""
        return cls.commands(dict.fromkeys(OPTIONS, (1, 2)), "volume", "result")

    def process(self, job: Job) -> Result:
        """Crop the full tomogram and its halves alike."""
        size = Stack(job.source[FULL]).shape[::-1]
        found = self._find(job) if job.form.toSpecimen else None
        pixel_size = job.item.object.getSamplingRate()
        specimen = self.specimen_range(job.form, found, size, pixel_size) if found else None
        ranges = self.ranges(job.form, size, specimen)
        files: Dict[str, str] = {}
        for part, source in job.source.items():
            job.run(self.commands(ranges, source, job.temporary(f"{part}.mrc")))
            files[part] = job.keep(f"{part}.mrc", image=True)
            stamp(files[part], job.item.object.getSamplingRate(), volume=True)
        start = [ranges[axis][0] - 1 for axis in OPTIONS]
        numbers = {
            "size_before": size,
            "size_after": Stack(files[FULL]).shape[::-1],
        }
        results = {TOMOGRAMS: cropped_tomogram(job.item.object, files, start)}
        if MASK in job.item.partners:
            mask = self._crop_mask(job, job.item.partners[MASK].getFileName(), ranges)
            results[TOMO_MASKS] = cropped_mask(results[TOMOGRAMS], mask)
        if job.item.partners.get(POSITIONS):
            results[COORDINATES_3D] = self._place(job, results[TOMOGRAMS], numbers)
        return Result(results, numbers)

    def _place(self, job: Job, tomogram: Any, numbers: Dict[str, Any]) -> Things:
        """Give the coordinates that are inside a cropped tomogram, and count them."""
        given, source = job.item.partners[POSITIONS], self.inputSetOfCoordinates3D.get()
        inside = coordinates_inside(given, source.getSamplingRate(), tomogram)
        numbers.update(coordinates=len(inside), dropped=len(given) - len(inside))
        tomograms = Pointer(self, extended=TOMOGRAMS)
        return Things(
            source.getClass(),
            inside,
            lambda output: prepare_coordinates(output, source, tomograms),
        )

    def _crop_mask(self, job: Job, source: str, ranges: Mapping[str, Range]) -> str:
        """Crop a mask to the ranges of its tomogram; raises EtomotutError if it does not fit it."""
        size, wanted = (Stack(each).shape[::-1] for each in (source, job.source[FULL]))
        if size != wanted:
            shown = (" x ".join(map(str, each)) for each in (size, wanted))
            raise EtomotutError("the mask {} has {} voxels, its tomogram {}".format(source, *shown))
        job.run(self.commands(ranges, source, job.temporary("_mask.mrc")))
        kept = job.keep("_mask.mrc", image=True)
        stamp(kept, job.item.object.getSamplingRate(), volume=True)
        return kept

    def _read(self, ts_id: str) -> Item:
        item, masks = super()._read(ts_id), self.inputSetOfTomoMasks.get()
        if masks is not None and ts_id in masks.getUniqueValues("_tsId"):
            item.partners[MASK] = masks[{"_tsId": ts_id}].clone()
            masks.close()
        if self.inputSetOfCoordinates3D.get() is not None:
            item.partners[POSITIONS] = read_coordinates(self.inputSetOfCoordinates3D.get(), ts_id)
        return item

    def _find(self, job: Job) -> Dict[str, Any]:
        """Give what findsection tells of the specimen in the full tomogram."""
        source, result = job.source[FULL], job.temporary("_found.json")
        job.run(self.search(source, result, job.item.object.getSamplingRate()))
        found: Dict[str, Any] = json.loads(Path(result).read_text())
        return found

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the sizes before and after, and how many coordinates are left."""
        before, after = (
            " x ".join(map(str, numbers[name])) for name in ("size_before", "size_after")
        )
        text = f"{before} became {after}"
        if "coordinates" in numbers:
            dropped = numbers["dropped"]
            text += f", {numbers['coordinates']} coordinates inside, {dropped} outside were dropped"
        return text

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse ranges that are not inside the first tomogram."""
        try:
            ProtEtomotutCrop.ranges(form, facts.size)
        except EtomotutError as error:
            return [f"{str(error)[0].upper()}{str(error)[1:]}."]
        return []

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of copies of the tomograms."""
        return facts.bytes * (3 if form.processOddEven else 1)
