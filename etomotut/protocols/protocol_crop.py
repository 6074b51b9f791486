"""Stage 5b: tomograms are cropped to what is worth keeping; they stay where they are in space."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from pyworkflow.protocol.params import GE, IntParam, PointerParam
from tomo.objects import SetOfTomograms

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import cropped_tomogram, stamp
from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol

Range = Tuple[int, int]
OPTIONS = {"x": "XStartAndEnd", "y": "YStartAndEnd", "z": "ZStartAndEnd"}


class ProtEtomotutCrop(EtomotutProtocol):
    """Crop tomograms to ranges of voxels, or to the centre of their thickness.

    The origin moves with the first voxel, so that coordinates in space stay right.
    """

    _label = "crop tomograms"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = ("trimvol",)

    def _defineParams(self, form: Any) -> None:
        form.addSection(label="Input")
        form.addParam(
            "inputSetOfTomograms",
            PointerParam,
            pointerClass="SetOfTomograms",
            important=True,
            label="Tomograms",
        )
        form.addParam(
            "keepThickness",
            IntParam,
            default=200,
            validators=[GE(0)],
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
    def ranges(form: Any, size: Sequence[int]) -> Dict[str, Range]:
        """Give the first and last voxel, from 1, for each axis of a tomogram of size (x, y, z).

        Raises EtomotutError for a range that is not inside.
        """
        found: Dict[str, Range] = {}
        for axis, length in zip(OPTIONS, size):
            first, last = getattr(form, f"{axis}0"), getattr(form, f"{axis}1")
            if axis == "z" and (first, last) == (-1, -1) and 0 < form.keepThickness < length:
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

    def process(self, job: Job) -> Result:
        """Crop the full tomogram and its halves alike."""
        size = Stack(job.source[FULL]).shape[::-1]
        ranges = self.ranges(job.form, size)
        files: Dict[str, str] = {}
        for part, source in job.source.items():
            job.run(self.commands(ranges, source, job.temporary(f"{part}.mrc")))
            files[part] = job.keep(f"{part}.mrc", image=True)
            stamp(files[part], job.item.object.getSamplingRate(), volume=True)
        start = [ranges[axis][0] - 1 for axis in OPTIONS]
        numbers = {"size_before": size, "size_after": Stack(files[FULL]).shape[::-1]}
        return Result({TOMOGRAMS: cropped_tomogram(job.item.object, files, start)}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the sizes before and after."""
        before, after = (
            " x ".join(map(str, numbers[name])) for name in ("size_before", "size_after")
        )
        return f"{before} became {after}"

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
