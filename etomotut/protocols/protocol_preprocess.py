"""Stage 1: tilt series are binned and their densities and data type set."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, EnumParam, FloatParam, IntParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.series import FULL, Changes
from etomotut.convert.tomograms import stamp
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TILT_SERIES, Result
from etomotut.protocols.protocol_base import EtomotutProtocol

AS_THEY_ARE, FILL_RANGE, MEAN_AND_SD, MEAN, MIN_AND_MAX = range(5)
ADJUSTMENTS = [
    "as they are",
    "each view fills the data range",
    "a common mean and SD",
    "a common mean",
    "a common mean, then minimum and maximum",
]
MODES = {"as the input": None, "8-bit": 0, "signed 16-bit": 1, "unsigned 16-bit": 6, "float": 2}
FILTERS = ["none (averages)", "Blackman", "triangle", "Mitchell", "Lanczos 2", "Lanczos 3"]
SMALLEST_SIDE = 128


class ProtEtomotutPreprocess(EtomotutProtocol):
    """Bin tilt series and adjust their densities.

    Alignments stay valid: the shifts of aligned series are scaled with the pixels.
    """

    _label = "tilt-series preprocess"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries}
    programs = ("newstack",)

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "binning",
            IntParam,
            default=4,
            validators=[GE(1)],
            label="Binning",
            help="How many pixels become one, in x and in y.",
        )
        form.addParam(
            "floatDensities",
            EnumParam,
            default=AS_THEY_ARE,
            choices=ADJUSTMENTS,
            label="Densities",
            help=f"How the views are adjusted to each other. See {man('newstack')}",
        )
        common = form.addLine(
            "Mean and SD",
            condition=f"floatDensities == {MEAN_AND_SD}",
            help="Each view gets this mean and this standard deviation.",
        )
        common.addParam("scaleMean", FloatParam, default=0.0, label="mean")
        common.addParam("scaleSd", FloatParam, default=1.0, label="SD")
        limits = form.addLine(
            "Limits",
            condition=f"floatDensities == {MIN_AND_MAX}",
            help="Each view is stretched between these densities.",
        )
        limits.addParam("scaleMin", FloatParam, default=0.0, label="minimum")
        limits.addParam("scaleMax", FloatParam, default=255.0, label="maximum")
        form.addParam(
            "modeToOutput",
            EnumParam,
            default=list(MODES).index("float"),
            choices=list(MODES),
            expertLevel=LEVEL_ADVANCED,
            label="Data type",
            help="Averages of small counts lose by rounding: only float keeps them.",
        )
        form.addParam(
            "antialias",
            EnumParam,
            default=len(FILTERS) - 1,
            choices=FILTERS,
            expertLevel=LEVEL_ADVANCED,
            label="Filter of the reduction",
            help="What keeps fine detail from turning into a false, coarse pattern. See "
            f"{man('newstack')}",
        )
        add_halves(form)
        add_running(form, self.programs)

    @staticmethod
    def commands(form: Any, source: str, result: str) -> List[Command]:
        """Give the command that preprocesses one stack."""
        adjustment = form.floatDensities
        values = {
            "InputFile": [source],
            "OutputFile": result,
            "BinByFactor": form.binning,
            "AntialiasFilter": form.antialias + 1 if form.antialias and form.binning > 1 else None,
            "ModeToOutput": list(MODES.values())[form.modeToOutput],
        }
        if adjustment == MEAN_AND_SD:
            values["MeanAndStandardDeviation"] = (form.scaleMean, form.scaleSd)
        elif adjustment != AS_THEY_ARE:
            values["FloatDensities"] = adjustment
        if adjustment == MIN_AND_MAX:
            values["ScaleMinAndMax"] = (form.scaleMin, form.scaleMax)
        return [("newstack", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any stack."""
        return cls.commands(form, "stack", "result")

    def process(self, job: Job) -> Result:
        """Bin the full stack and its halves alike."""
        files: Dict[str, str] = {}
        pixel_size = job.item.object.getSamplingRate() * job.form.binning
        for part, source in job.source.items():
            job.run(self.commands(job.form, source, job.temporary(f"{part}.mrcs")))
            files[part] = job.keep(f"{part}.mrcs", image=True)
            stamp(files[part], pixel_size)
        numbers = {
            "size_before": Stack(job.source[FULL]).shape[::-1],
            "size_after": Stack(files[FULL]).shape[::-1],
            "pixel_size": pixel_size,
        }
        return Result({TILT_SERIES: Changes(files=files, pixel_size=pixel_size)}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the sizes before and after."""
        before, after = (
            " x ".join(map(str, numbers[name])) for name in ("size_before", "size_after")
        )
        return f"{before} became {after}, {numbers['pixel_size']:.2f} A/px"

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse a binning that leaves too little, and limits in the wrong order."""
        found = []
        side = min(facts.size[:2]) // form.binning
        if facts.size[0] and side < SMALLEST_SIDE:
            found.append(
                f"Binning {form.binning} leaves {side} pixels of {min(facts.size[:2])}; "
                f"{SMALLEST_SIDE} are needed."
            )
        if form.floatDensities == MIN_AND_MAX and form.scaleMin >= form.scaleMax:
            found.append("The minimum of the densities must be below their maximum.")
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn where numbers are likely to be rounded away."""
        is_integer = 0 < form.modeToOutput < list(MODES).index("float")
        if form.floatDensities == MEAN_AND_SD and is_integer and form.scaleSd < 10:
            return [f"Whole numbers with a standard deviation of {form.scaleSd:g} lose the detail."]
        return []

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the smaller stacks."""
        return 4 * facts.pixels / form.binning**2 * (3 if form.processOddEven else 1)
