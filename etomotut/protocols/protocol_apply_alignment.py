"""Applying an alignment: tilt series are resampled so that their tilt axis is vertical."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, BooleanParam, IntParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.series import FULL, Changes
from etomotut.convert.tomograms import stamp
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, man
from etomotut.protocols.job import Job
from etomotut.protocols.outputs import INTERPOLATED, Result
from etomotut.protocols.protocol_base import EtomotutProtocol


class ProtEtomotutApplyAlignment(EtomotutProtocol):
    """Write tilt series with their alignment applied, without the views that are excluded.

    To look at, or for programs that cannot apply an alignment: reconstruction does it itself.
    """

    _label = "apply alignment"
    _possibleOutputs = {INTERPOLATED: SetOfTiltSeries}
    programs = ("newstack",)

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "binning",
            IntParam,
            default=1,
            validators=[GE(1)],
            label="Binning",
            help=f"How many pixels become one, in x and in y. See {man('newstack')}",
        )
        form.addParam(
            "taperInside",
            BooleanParam,
            default=True,
            expertLevel=LEVEL_ADVANCED,
            label="Taper inside the edges?",
            help="Empty areas fade into the image, rather than the image into them.",
        )
        form.addParam(
            "linear",
            BooleanParam,
            default=False,
            expertLevel=LEVEL_ADVANCED,
            label="Linear interpolation?",
            help="Smoother than the cubic one, and less sharp.",
        )
        add_halves(form)
        add_running(form, self.programs)

    def process(self, job: Job) -> Result:
        """Resample the full stack and its halves alike."""
        options = {
            "BinByFactor": job.form.binning,
            "TaperAtFill": (1, int(job.form.taperInside)),
            "LinearInterpolation": job.form.linear,
        }
        files: Dict[str, str] = {}
        pixel_size = job.series.pixel_size * job.form.binning
        for part in job.source:
            job.resample(part, f"{part}.mrcs", options)
            files[part] = job.keep(f"{part}.mrcs", image=True)
            stamp(files[part], pixel_size)
        changes = Changes(files=files, restacked=True, pixel_size=pixel_size, is_interpolated=True)
        numbers = {"size": Stack(files[FULL]).shape[::-1], "excluded": job.excluded()}
        return Result({INTERPOLATED: changes}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the size and what was left out."""
        size = " x ".join(map(str, numbers["size"]))
        return f"{size}, {numbers['excluded']} views left out"

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse series without an alignment."""
        return [] if facts.is_aligned else ["The input has no alignment that could be applied."]

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the resampled stacks."""
        return facts.bytes / form.binning**2 * (3 if form.processOddEven else 1)
