"""What stages that align series share: how good each alignment is, as an output and as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from etomotut.convert import quality
from etomotut.objects import SetOfAlignmentQuality
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import QUALITY, Things
from etomotut.protocols.protocol_base import EtomotutProtocol

ENDING = "_quality.json"
CURATION = "_curation.json"  # beside a model that was curated
Judged = Tuple[Dict[str, Things], Dict[str, Any]]


class JudgedProtocol(EtomotutProtocol):
    """A stage that aligns series; its table stands beside the folders of the series."""

    def closeStep(self, begun: str) -> None:
        """Close the outputs and write the table of all series."""
        super().closeStep(begun)
        qualities = getattr(self, QUALITY, None)
        if qualities is None:
            return
        files = sorted(each.getFileName() for each in qualities.iterItems())
        qualities.close()
        files = [each for each in files if Path(each).is_file()]  # users tidy up
        quality.write_table(self._getExtraPath(quality.TABLE), map(quality.read, files))


def judge_marks(job: Job, solving: Command, files: Mapping[str, str]) -> Judged:
    """Judge a series that tiltalign solved; give the output by name, and numbers for the records.

    `solving` is the command that solved it; `files` are its "model", "residuals", "transforms",
    "angles", and "filled", the model without gaps. That it cannot be judged is told, and no error.
    """
    name, values = solving
    _, absent = job.backend.command(name, values)
    curation = Path(files["model"]).parent / f"{job.name}{CURATION}"
    assert job.series is not None
    judging = {
        **{option: value for option, value in values.items() if not option.startswith("Output")},
        "EveryView": values["EveryView"] and "EveryView" not in absent,
        "ResidualFile": files["residuals"],
        "TransformFile": files["transforms"],
        "SolvedTiltFile": files["angles"],
        "FilledInModel": files["filled"] if values["OutputFilledInModel"] else None,
        "CurationFile": curation if curation.is_file() else None,
        "PrealignTransformFile": job.write_transforms(),
        "SectionNumbers": [view.section for view in job.series.used],
        "SeriesName": job.ts_id,
        "OutputFile": job.temporary(ENDING),
    }
    try:
        job.run([("alignquality", judging)])
    except ProgramError as error:
        job.say(f"how good the alignment is was not measured: {error}")
        return {}, {}
    return _judged(job)


def note_quality(job: Job, found: Mapping[str, Any]) -> Judged:
    """Keep what is known of an alignment without marks; give output and numbers as well."""
    quality.write(job.temporary(ENDING), found)
    return _judged(job)


def with_verdict(told: str, numbers: Mapping[str, Any]) -> str:
    """Give the line of a summary with the verdict and its first reason, where there is one."""
    if "verdict" not in numbers:
        return told
    return f"{told}; *{numbers['verdict']}*: {numbers['reasons'][0]}"


def _judged(job: Job) -> Judged:
    found = quality.quality_of(job.keep(ENDING), job.ts_id)
    numbers = {"verdict": found.getVerdict(), "reasons": found.getReasons()}
    return {QUALITY: Things(SetOfAlignmentQuality, [found])}, numbers
