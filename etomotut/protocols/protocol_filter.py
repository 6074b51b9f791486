"""Filtering of tomograms: fine or coarse detail is taken away, or noise is smoothed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import (
    GE,
    GT,
    BooleanParam,
    EnumParam,
    FloatParam,
    IntParam,
)
from tomo.objects import SetOfTomograms

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import cropped_tomogram, stamp
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_tomograms_input, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import PIXEL_SIZE
from etomotut.report.spectra import write_volume_spectra

FILTERS = ("low-pass", "high-pass", "band-pass", "Gaussian", "median")
LOW_PASS, HIGH_PASS, BAND_PASS, GAUSSIAN, MEDIAN = range(len(FILTERS))
HAVE_LOW, HAVE_HIGH = (LOW_PASS, BAND_PASS), (HIGH_PASS, BAND_PASS)
HALF = 1.17741  # sigmas at which a Gaussian is 1/2


class ProtEtomotutFilterTomograms(EtomotutProtocol):
    """Filter tomograms by frequency, or smooth them by a Gaussian or a median.

    The result is for looking at and for segmentation. Keep the unfiltered tomogram for averaging.
    """

    _label = "filter tomograms"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = ("mtffilter", "volumefilter")

    def _defineParams(self, form: Any) -> None:
        add_tomograms_input(form)
        form.addParam(
            "filterType",
            EnumParam,
            default=LOW_PASS,
            choices=list(FILTERS),
            label="Filter",
            help="*low-pass* takes away what is finer than a length, *high-pass* what is coarser "
            "(gradients, the shade of the ice), *band-pass* both. *Gaussian* blurs. *median* "
            "removes single bright and dark voxels and keeps edges.",
        )
        form.addParam(
            "lowPassCutoff",
            FloatParam,
            default=60.0,
            validators=[GT(0)],
            condition=f"filterType in {HAVE_LOW}",
            label="Take away what is finer than (A)",
            help=f"At this period half of the amplitude is left. See {man('mtffilter')}",
        )
        form.addParam(
            "highPassCutoff",
            FloatParam,
            default=2000.0,
            validators=[GT(0)],
            condition=f"filterType in {HAVE_HIGH}",
            label="Take away what is coarser than (A)",
            help="At this period half of the amplitude is left. The mean density becomes 0.",
        )
        form.addParam(
            "lowPassSigma",
            FloatParam,
            default=0.05,
            validators=[GT(0)],
            condition=f"filterType in {HAVE_LOW}",
            expertLevel=LEVEL_ADVANCED,
            label="Fall-off of the low-pass (1/pixel)",
            help="Sigma of its Gaussian edge. Ripples appear beside sharp features where it is "
            "small.",
        )
        form.addParam(
            "filterIn3D",
            BooleanParam,
            default=True,
            condition=f"filterType in {(LOW_PASS, HIGH_PASS, BAND_PASS)}",
            expertLevel=LEVEL_ADVANCED,
            label="Filter in 3D?",
            help="Without it each section is filtered by itself.",
        )
        form.addParam(
            "gaussianSigma",
            FloatParam,
            default=1.0,
            validators=[GE(0.1)],
            condition=f"filterType == {GAUSSIAN}",
            label="Sigma of the Gaussian (voxels)",
            help="Densities are averaged over about twice as many voxels to each side.",
        )
        form.addParam(
            "medianSize",
            IntParam,
            default=3,
            validators=[GE(3)],
            condition=f"filterType == {MEDIAN}",
            label="Side of the median's cube (voxels)",
            help="An odd number.",
        )
        add_halves(form, "tomograms")
        add_running(form, self.programs)

    @classmethod
    def programs_for(cls, form: Any) -> Sequence[str]:
        """Give the program of the filter."""
        return ("volumefilter",) if form.filterType in (GAUSSIAN, MEDIAN) else ("mtffilter",)

    @property
    def source(self) -> Any:
        """The tomograms."""
        return self.inputSetOfTomograms

    @staticmethod
    def cutoffs(form: Any) -> List[float]:
        """Give the periods at which half of the amplitude is left, finest first, Å."""
        found = [form.lowPassCutoff] if form.filterType in HAVE_LOW else []
        return found + ([form.highPassCutoff] if form.filterType in HAVE_HIGH else [])

    @staticmethod
    def commands(form: Any, pixel_size: float, source: str, result: str) -> List[Command]:
        """Give the command that filters one volume; `pixel_size` in Å."""
        values: Dict[str, Any] = {"InputFile": source, "OutputFile": result}
        if form.filterType == GAUSSIAN:
            return [("volumefilter", {**values, "Gaussian": form.gaussianSigma})]
        if form.filterType == MEDIAN:
            return [("volumefilter", {**values, "Median": form.medianSize})]
        if form.filterType in HAVE_LOW:
            cutoff = pixel_size / form.lowPassCutoff
            sigma = min(form.lowPassSigma, cutoff / HALF)
            values["LowPassRadiusSigma"] = (max(cutoff - HALF * sigma, 0.0), sigma)
        if form.filterType in HAVE_HIGH:
            values["HighPassSigma"] = pixel_size / form.highPassCutoff / HALF
        return [("mtffilter", {**values, "FilterIn3D": form.filterIn3D})]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any volume."""
        return cls.commands(form, PIXEL_SIZE, "volume", "result")

    def process(self, job: Job) -> Result:
        """Filter the full tomogram and its halves alike, and draw what it did."""
        files: Dict[str, str] = {}
        pixel_size = job.item.object.getSamplingRate()
        for part, source in job.source.items():
            job.run(self.commands(job.form, pixel_size, source, job.temporary(f"{part}.mrc")))
            files[part] = job.keep(f"{part}.mrc", image=True)
            stamp(files[part], pixel_size, volume=True)
        left = write_volume_spectra(
            Path(job.folder) / f"{job.name}_spectrum.png",
            job.source[FULL],
            files[FULL],
            pixel_size=pixel_size,
            name=f"{job.ts_id}, {self.what(job.form)}",
            cutoffs=self.cutoffs(job.form),
        )
        numbers = {"filter": self.what(job.form), "variance_left": left}
        return Result({TOMOGRAMS: cropped_tomogram(job.item.object, files, (0, 0, 0))}, numbers)

    @staticmethod
    def what(form: Any) -> str:
        """Give the filter in words."""
        name = FILTERS[form.filterType]
        if form.filterType == GAUSSIAN:
            return f"{name} of {form.gaussianSigma:g} voxels"
        if form.filterType == MEDIAN:
            return f"{name} of {form.medianSize}^3 voxels"
        lengths = " to ".join(f"{each:g}" for each in ProtEtomotutFilterTomograms.cutoffs(form))
        return f"{name} {lengths} A"

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the filter and how much it left."""
        return f"{numbers['filter']}: {100 * numbers['variance_left']:.3g}% of the variance is left"

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse cut-offs that take away nothing or everything, and even medians."""
        found: List[str] = []
        finest = 2 * facts.pixel_size
        if form.filterType in HAVE_LOW and form.lowPassCutoff < finest:
            found.append(
                f"Nothing is finer than {finest:.4g} A, two voxels: a low-pass at "
                f"{form.lowPassCutoff:g} A would take nothing away."
            )
        found += _coarse_problem(form, [n * facts.pixel_size for n in facts.size if n])
        if form.filterType == BAND_PASS and form.lowPassCutoff >= form.highPassCutoff:
            found.append("The finer limit of a band-pass must be below the coarser one.")
        if form.filterType == MEDIAN and form.medianSize % 2 == 0:
            found.append(f"The side of the median's cube is {form.medianSize}; it must be odd.")
        return found

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of copies of the tomograms."""
        return facts.bytes * (3 if form.processOddEven else 1)


def _coarse_problem(form: Any, lengths: Sequence[float]) -> List[str]:
    """Give a sentence if a high-pass has nothing to take; `lengths` of the tomogram's sides, Å."""
    if form.filterType not in HAVE_HIGH or not lengths or form.highPassCutoff <= 2 * max(lengths):
        return []
    return [
        f"A high-pass at {form.highPassCutoff:g} A is beyond twice the tomogram's width of "
        f"{max(lengths):.4g} A: it would take nothing away."
    ]
