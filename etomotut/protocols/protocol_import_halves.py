"""Before stage 0: the even and odd halves that another program wrote join their tilt series."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from pyworkflow.protocol.params import PathParam, StringParam
from tomo.objects import SetOfTiltSeries

from etomotut.backends import Backend
from etomotut.convert.series import EVEN, FULL, ODD, Changes
from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_series_input
from etomotut.protocols.job import Job
from etomotut.protocols.outputs import TILT_SERIES, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.protocol_import_ctf import file_of, files_of

HALVES = {EVEN: "even", ODD: "odd"}


class ProtEtomotutImportHalves(EtomotutProtocol):
    """Add even and odd stacks to imported tilt series.

    Every later stage can process them along, so that a tomogram comes with its halves. A half is
    named as its series, with what the patterns say before or after it. Files are linked.
    """

    _label = "import even and odd"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries}
    papers = ("JimenezdelaMorena2022",)

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "filesPath",
            PathParam,
            label="Folder of the halves",
            help="The folder in which the stacks are.",
        )
        for name in HALVES.values():
            form.addParam(
                f"{name}Pattern",
                StringParam,
                default=f"*_{name}.mrc*",
                label=f"Pattern of the {name} stacks",
                help="Which files of the folder to take; * stands for the name of a series.",
            )
        form.addParallelSection(threads=2, mpi=0, binThreads=1)

    def process(self, job: Job) -> Result:
        """Link the halves of a series, which must be as large as it is."""
        files: Dict[str, str] = {FULL: job.source[FULL]}
        shape = Stack(files[FULL]).shape
        for part, name in HALVES.items():
            pattern = getattr(job.form, f"{name}Pattern")
            found = file_of(job.ts_id, job.form.filesPath, pattern)
            if Stack(found).shape != shape:
                sizes = [" x ".join(map(str, each[::-1])) for each in (Stack(found).shape, shape)]
                raise EtomotutError(f"{found} is {sizes[0]}, its series {sizes[1]}")
            link = job.folder / f"{job.name}{part}{found.suffix}"
            link.symlink_to(found.absolute())
            files[part] = str(link)
        return Result({TILT_SERIES: Changes(files=files)}, {"views": shape[0]})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how many views have halves."""
        return f"even and odd of {numbers['views']} views"

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse a folder without halves, and patterns that cannot tell series apart."""
        found = []
        for name in HALVES.values():
            pattern = getattr(form, f"{name}Pattern")
            if pattern.count("*") < 1:
                found.append(f"The pattern {pattern} has no * for the name of a series.")
                continue
            try:
                files_of(form.filesPath, pattern)
            except EtomotutError as error:
                found.append(f"{error}.")
        return found

    def _choose_backend(self) -> Backend:
        return Backend()
