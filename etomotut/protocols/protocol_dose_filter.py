"""Dose weighting: the frequencies of each view are weighed by what the electrons have left."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, EnumParam, FloatParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.series import FULL, Changes, Series
from etomotut.convert.tomograms import stamp
from etomotut.errors import EtomotutError
from etomotut.formats import doses
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TILT_SERIES, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import PIXEL_SIZE
from etomotut.report.spectra import write_dose_spectra

FROM_IMPORT, FIXED = range(2)
VOLTAGES = 200, 300  # kV, for which critical doses are known
ACCUMULATED_AND_OWN = 2  # the kind of dose file


class ProtEtomotutDoseFilter(EtomotutProtocol):
    """Weigh the spatial frequencies of each view by the dose that the specimen had taken.

    After Grant and Grigorieff (2015). The doses of the result are 0, so that nothing weighs it
    again; alignments stay.
    """

    _label = "dose filter"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries}
    programs = ("mtffilter",)
    papers = ("Kremer1996", "Grant2015")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "inputDoseType",
            EnumParam,
            default=FROM_IMPORT,
            choices=["of the import", "fixed"],
            display=EnumParam.DISPLAY_HLIST,
            label="Doses",
            help="*of the import*: those that the views have, from their mdoc file or the form of "
            f"the import. *fixed*: the same for every view. See {man('mtffilter')}",
        )
        form.addParam(
            "fixedImageDose",
            FloatParam,
            default=3.0,
            validators=[GE(0)],
            condition=f"inputDoseType == {FIXED}",
            label="Dose of a view (e/A^2)",
            help="It adds up in the order of acquisition, whatever the order of the file.",
        )
        form.addParam(
            "initialDose",
            FloatParam,
            default=0.0,
            validators=[GE(0)],
            expertLevel=LEVEL_ADVANCED,
            label="Dose before the series (e/A^2)",
            help="Of searching and focusing, if the views' doses do not have it.",
        )
        add_halves(form)
        add_running(form, self.programs)

    @staticmethod
    def commands(
        form: Any, about: Tuple[float, int], source: str, result: str, table: str
    ) -> List[Command]:
        """Give the command that weighs one stack; `about` is pixel size (Å) and voltage (kV)."""
        values = {
            "InputFile": source,
            "OutputFile": result,
            "PixelSize": about[0] / 10,
            "Voltage": about[1],
            "InitialDose": form.initialDose or None,
            "TypeOfDoseFile": ACCUMULATED_AND_OWN,
            "DoseWeightingFile": table,
        }
        return [("mtffilter", values)]

    @staticmethod
    def doses_of(form: Any, series: Series, sections: int) -> List[Tuple[float, float]]:
        """Give the dose before each section of a file, and its own, e/Å².

        A section without a used view whose dose is known gets none. Raises EtomotutError where
        the dose of a used view is not known, and where all are 0.
        """
        found = [(0.0, 0.0)] * sections
        for view in series.views:
            known = view.doses
            if form.inputDoseType == FIXED:
                known = (view.order - 1) * form.fixedImageDose, form.fixedImageDose
            if known is None and view.is_enabled:
                raise EtomotutError(f"view {view.section} has no dose: enter a fixed one")
            if known is not None and view.section <= sections:
                found[view.section - 1] = known
        if not any(sum(each) for each in found):
            raise EtomotutError(
                "all its doses are 0: they are not known, or it is dose-weighted already"
            )
        return found

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any stack."""
        return cls.commands(form, (PIXEL_SIZE, 300), "stack", "result", "table")

    def process(self, job: Job) -> Result:
        """Weigh the full stack and its halves alike, and draw what it did."""
        pixel_size = job.series.pixel_size
        voltage = _voltage(job.item.object.getAcquisition().getVoltage())
        of_views = self.doses_of(job.form, job.series, len(Stack(job.source[FULL])))
        table = job.temporary("_doses.txt")
        doses.write(table, *zip(*of_views))
        files: Dict[str, str] = {}
        for part, source in job.source.items():
            result = job.temporary(f"{part}.mrcs")
            job.run(self.commands(job.form, (pixel_size, voltage), source, result, table))
            files[part] = job.keep(f"{part}.mrcs", image=True)
            stamp(files[part], pixel_size)
        final = [job.form.initialDose + sum(each) for each in of_views]
        write_dose_spectra(
            Path(job.folder) / f"{job.name}_spectrum.png",
            job.source[FULL],
            files[FULL],
            doses=final,
            voltage=voltage,
            pixel_size=pixel_size,
            name=job.ts_id,
        )
        numbers = {"dose": max(final), "voltage": voltage}
        return Result({TILT_SERIES: Changes(files=files, is_dose_weighted=True)}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the highest dose."""
        return f"doses up to {numbers['dose']:.4g} e/A^2 at {numbers['voltage']} kV"

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of copies of the stacks."""
        return facts.bytes * (3 if form.processOddEven else 1)


def _voltage(known: Any) -> int:
    """Give the voltage as mtffilter knows it; raises EtomotutError for any other."""
    for voltage in VOLTAGES:
        if known is not None and abs(known - voltage) < 1:
            return voltage
    allowed = " and ".join(map(str, VOLTAGES))
    told = "not known" if known is None else f"{known:g} kV"
    raise EtomotutError(f"its voltage is {told}; critical doses are known for {allowed} kV")
