"""Stage 0: X-rays and hot pixels are replaced by their surroundings."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, FloatParam, IntParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.series import Changes
from etomotut.convert.tomograms import stamp
from etomotut.errors import FormatError
from etomotut.formats import model
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TILT_SERIES, Result
from etomotut.protocols.protocol_base import EtomotutProtocol


class ProtEtomotutXrayEraser(EtomotutProtocol):
    """Find X-rays and hot pixels in every view and replace them by a fit to what is around.

    Run it on raw tilt series, before anything else.
    """

    _label = "X-ray eraser"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries}
    programs = ("ccderaser",)

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "peakCriterion",
            FloatParam,
            default=8.0,
            validators=[GE(0)],
            label="Peak criterion (SD)",
            help="How far a pixel must stand out from the background around it, in standard "
            f"deviations. Fewer erases more. See {man('ccderaser')}",
        )
        form.addParam(
            "diffCriterion",
            FloatParam,
            default=6.0,
            validators=[GE(0)],
            label="Difference criterion (SD)",
            help="How far a pixel must differ from its neighbours, in standard deviations of "
            "such differences.",
        )
        form.addParam(
            "bigDiffCriterion",
            IntParam,
            default=19,
            validators=[GE(0)],
            expertLevel=LEVEL_ADVANCED,
            label="Big difference criterion (SD)",
            help="The difference by which the pixels of an extra-large patch must stand out.",
        )
        form.addParam(
            "maximumRadius",
            FloatParam,
            default=4.2,
            validators=[GE(0.5)],
            expertLevel=LEVEL_ADVANCED,
            label="Maximum radius (pixels)",
            help="The largest patch that is still taken for an X-ray.",
        )
        add_halves(form)
        add_running(form, self.programs)

    @staticmethod
    def commands(form: Any, source: str, result: str, points: str) -> List[Command]:
        """Give the command that erases one stack and lists what it erased in a model."""
        values = {
            "InputFile": source,
            "OutputFile": result,
            "FindPeaks": True,
            "PeakCriterion": form.peakCriterion,
            "DiffCriterion": form.diffCriterion,
            "BigDiffCriterion": float(form.bigDiffCriterion),
            "MaximumRadius": form.maximumRadius,
            "GrowCriterion": 4.0,
            "ScanCriterion": 3.0,
            "GiantCriterion": 12.0,
            "ExtraLargeRadius": 8.0,
            "AnnulusWidth": 2.0,
            "XYScanSize": 100,
            "EdgeExclusionWidth": 4,
            "BorderSize": 2,
            "PolynomialOrder": 2,
            "PointModel": points,
        }
        return [("ccderaser", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any stack."""
        return cls.commands(form, "stack", "result", "points")

    def process(self, job: Job) -> Result:
        """Erase the full stack and its halves, each on its own."""
        files: Dict[str, str] = {}
        for part, source in job.source.items():
            result, points = job.temporary(f"{part}.mrcs"), job.temporary(f"{part}_erased.mod")
            job.run(self.commands(job.form, source, result, points))
            files[part] = job.keep(f"{part}.mrcs", image=True)
            stamp(files[part], job.item.object.getSamplingRate())
        peaks, pixels = _count_erased(job.temporary("_erased.mod"))
        return Result({TILT_SERIES: Changes(files=files)}, {"peaks": peaks, "pixels": pixels})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how much was erased."""
        return f"{numbers['pixels']} pixels in {numbers['peaks']} X-rays replaced"

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of input that was resampled: X-rays are no longer sharp there."""
        if facts.is_interpolated:
            return ["The input is interpolated: X-rays are found best in raw tilt series."]
        return []

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of copies of the stacks."""
        return facts.bytes * (3 if form.processOddEven else 1)


def _count_erased(path: str) -> tuple[int, int]:
    """Give the patches and pixels in a point model; none if nothing was found to write there."""
    try:
        contours = [len(contour.points) for _, _, contour in model.read(path).contours()]
    except FormatError:
        contours = []
    return sum(1 for count in contours if count), sum(contours)
