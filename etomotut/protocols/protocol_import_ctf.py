"""Before stage 6: the defocus that another program estimated comes from IMOD's defocus files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List, Mapping

from pyworkflow.protocol.params import PathParam, StringParam
from tomo.objects import SetOfCTFTomoSeries

from etomotut.backends import Backend
from etomotut.convert.ctf import ctf_series
from etomotut.errors import EtomotutError
from etomotut.formats import defocus
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_series_input
from etomotut.protocols.job import Job
from etomotut.protocols.outputs import CTFS, CtfModels, Result
from etomotut.protocols.protocol_base import EtomotutProtocol

ASTIGMATIC = 200.0  # Å between the axes, from which it is worth telling


class ProtEtomotutImportCtf(EtomotutProtocol):
    """Import CTF estimates from IMOD's defocus files, one a tilt series.

    These are what ctfplotter writes, and what other programs can export. A file belongs to the
    series whose name it bears. Views between those that the file names are interpolated; the CTF
    of an excluded view is disabled and says nothing.
    """

    _label = "import CTF"
    _possibleOutputs = {CTFS: SetOfCTFTomoSeries}

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "filesPath",
            PathParam,
            label="Folder of the defocus files",
            help="The folder in which the files are.",
        )
        form.addParam(
            "filesPattern",
            StringParam,
            default="*.defocus",
            label="Pattern",
            help="Which files of the folder to take, as *.defocus; each is named as its series.",
        )
        form.addParallelSection(threads=2, mpi=0, binThreads=1)

    def process(self, job: Job) -> Result:
        """Read the file of a series and give each of its views a defocus."""
        path = file_of(job.ts_id, job.form.filesPath, job.form.filesPattern)
        table = defocus.at_views(defocus.read(path), [view.tilt_angle for view in job.series.views])
        job.say(f"defocus from {path}")
        used = [row for row, view in enumerate(job.series.views) if view.is_enabled]
        values = table.defocus[used]
        numbers = {
            "views": len(used),
            "low": float(values.mean(axis=1).min()),
            "high": float(values.mean(axis=1).max()),
            "astigmatism": float((values[:, 0] - values[:, 1]).mean()),
        }
        models = CtfModels(*ctf_series(job.item.object, job.series, table))
        return Result({CTFS: models}, numbers)

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell the range of defocus."""
        low, high = (numbers[name] / 1e4 for name in ("low", "high"))
        text = f"defocus {low:.2f} to {high:.2f} um in {numbers['views']} views"
        if numbers["astigmatism"] < ASTIGMATIC:
            return text
        return f"{text}, astigmatism {numbers['astigmatism'] / 10:.0f} nm"

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse a folder without files."""
        try:
            return [] if files_of(form.filesPath, form.filesPattern) else ["There are no files."]
        except EtomotutError as error:
            return [f"{error}."]

    def _choose_backend(self) -> Backend:
        return Backend()


def files_of(folder: str, pattern: str) -> List[Path]:
    """Give the files of a pattern in a folder; raises EtomotutError if there is none."""
    place = Path(folder or ".")
    if not place.is_dir():
        raise EtomotutError(f"there is no folder {place}")
    found = sorted(path for path in place.glob(pattern or "*") if path.is_file())
    if not found:
        raise EtomotutError(f"no file in {place} is named as {pattern}")
    return found


def file_of(ts_id: str, folder: str, pattern: str) -> Path:
    """Give the file that the first * of a pattern, or its name, tells to be of a series.

    Raises EtomotutError unless there is exactly one.
    """
    before, _, after = pattern.partition("*")
    ending = re.sub(r"[*?].*", "", after)
    own = []
    for path in files_of(folder, pattern):
        name = path.name[len(before) :]
        bare = name[: name.index(ending)] if ending and ending in name else name
        if _plain(bare.split(".")[0]) == _plain(ts_id):
            own.append(path)
    if len(own) != 1:
        names = ", ".join(path.name for path in own) or "none"
        raise EtomotutError(f"of the files {pattern} in {folder}, {names} bear its name; one must")
    return own[0]


def _plain(name: str) -> str:
    """Give a name as Scipion's importer changes it for an identifier."""
    plain = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
    return plain if plain[:1].isalpha() else f"TS_{plain}"
