"""Stage 4 without gold: transforms are refined by matching views to reprojections."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, IntParam
from tomo.objects import SetOfTiltSeries

from etomotut.convert.quality import without_marks
from etomotut.convert.series import Changes, Series, near, rotation_of
from etomotut.formats import xf
from etomotut.objects import SetOfAlignmentQuality
from etomotut.programs.console import word_list
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_series_input
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.judged import JudgedProtocol, note_quality
from etomotut.protocols.outputs import QUALITY, TILT_SERIES, Result

PATCH, SMALLEST = 64, 24  # reduced pixels


class ProtEtomotutRefineAlignment(JudgedProtocol):
    """Refine the alignment of tilt series without gold beads.

    Each view is matched to the reprojection of the tomogram that the other views make, patch by
    patch and from coarse to fine. The input is aligned by patches, or prealigned only. Gold
    drowns what views are matched by: erase it first. Images and tilt angles stay as they are.
    """

    _label = "refine alignment without gold"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries, QUALITY: SetOfAlignmentQuality}
    programs = ("refinealign",)
    papers = ("Zheng2022", "Rasmussen2006")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "patchSize",
            IntParam,
            default=PATCH,
            validators=[GE(SMALLEST)],
            label="Width of the finest patches (pixels)",
            help="In pixels of the images after their reduction. Patches as wide as 60 to 80 nm, "
            "a vesicle or a part of it, are good; larger ones where the dose is low.",
        )
        form.addParam(
            "reduction",
            IntParam,
            default=0,
            validators=[GE(0)],
            expertLevel=LEVEL_ADVANCED,
            label="Reduce the images by",
            help="0: by as much as leaves the longer side at 768 pixels or less.",
        )
        add_running(form, self.programs)

    @staticmethod
    def commands(
        form: Any, stack: str, sections: Sequence[int], axis_angle: float, files: Mapping[str, str]
    ) -> List[Command]:
        """Give the command that refines the transforms of some sections, from 1, of a stack.

        `files` has the names "transforms", "angles", "refined" and "result".
        """
        values = {
            "InputFile": stack,
            "TransformFile": files["transforms"],
            "TiltFile": files["angles"],
            "OutputFile": files["refined"],
            "RotationAngle": axis_angle,
            "IncludeList": list(sections),
            "SizeOfPatches": form.patchSize,
            "BinningToApply": form.reduction or None,
            "ResultFile": files["result"],
        }
        return [("refinealign", values)]

    def process(self, job: Job) -> Result:
        """Refine the transforms that the views have."""
        series: Series = job.series
        stack = job.source[""]
        files = {"transforms": job.write_transforms(), "angles": job.write_angles()}
        files.update(refined=job.temporary(".xf"), result=job.temporary("_refined.json"))
        sections = [view.section for view in series.used]
        axis_angle = series.axis_after_transforms()
        job.run(self.commands(job.form, stack, sections, axis_angle, files), log="_refine.log")
        transforms = xf.read(job.keep(".xf"))
        if len(transforms) != len(sections):
            raise ProgramError(f"{len(transforms)} transforms for {len(sections)} views")
        found: Dict[str, Any] = json.loads(Path(job.keep("_refined.json")).read_text())
        known = series.axis_angle if series.axis_angle is not None else 0.0
        rotation = near(rotation_of(transforms), known)
        numbers = {
            **{name: found[name] for name in ("is_refined", "before", "after", "moved")},
            "rounds": len(found["rounds"]),
            "found": [one["section"] for one in found["searched"] if one["is_found"]],
            "unsure": [one["section"] for one in found["searched"] if not one["is_found"]],
            "rotation": rotation,
            "pixel_size": series.pixel_size,
        }
        changes = Changes(transforms=transforms, axis_angle=rotation)
        quality = without_marks(
            "refinealign", series, transforms, series.tilt_angles(), reasons=reasons_of(numbers)
        )
        judged, verdict = note_quality(job, quality)
        return Result({TILT_SERIES: changes, **judged}, {**numbers, **verdict})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how far views moved, or that they stayed, and which had to be searched for."""
        return self._told(numbers) + "".join(
            f"; {what} {', '.join(map(str, numbers[name]))}"
            for name, what in (
                ("found", "lost views that were found again:"),
                ("unsure", "*not sure where these views lie:*"),
            )
            if numbers[name]
        )

    @staticmethod
    def _told(numbers: Mapping[str, Any]) -> str:
        before, after = numbers["before"], numbers["after"]
        if not numbers["is_refined"]:
            return (
                f"no better after {numbers['rounds']} rounds (correlation with reprojections "
                f"{before:.3f} before, {after:.3f} after): *the input's alignment is kept*"
            )
        moved = numbers["moved"]
        return (
            f"views moved {moved:.2f} px ({moved * numbers['pixel_size'] / 10:.2f} nm) rms in "
            f"{numbers['rounds']} rounds, correlation with reprojections {before:.3f} -> "
            f"{after:.3f}, tilt axis at {numbers['rotation']:.2f} degrees"
        )

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse interpolated series, an unknown tilt axis and patches that do not fit."""
        found = []
        if facts.is_interpolated:
            found.append("The input is interpolated: give the series as it was before.")
        elif facts.axis_angle is None:
            found.append("The angle of the tilt axis is not known.")
        shorter = min(facts.size[:2]) / max(form.reduction, 1)
        if shorter and 2 * form.patchSize > shorter:
            found.append(
                f"Patches of {form.patchSize} pixels are too large for images of {shorter:.0f}: "
                "half of the shorter side is the most."
            )
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of input whose views are not on top of each other."""
        if facts.is_aligned:
            return []
        return ["The input has no alignment: run the coarse prealignment first."]


def reasons_of(numbers: Mapping[str, Any]) -> List[str]:
    """Give what is known of how good an alignment is, in sentences, the most important first."""
    reasons = []
    if numbers["unsure"]:
        listed = word_list(numbers["unsure"])
        reasons.append(
            f"It is not sure where these views lie: {listed}; look at them, exclude them."
        )
    if not numbers["is_refined"]:
        reasons.append(
            "The views match reprojections no better than before, and the alignment of the input "
            "is kept: look whether gold was left, or the input is far off."
        )
    return [
        *reasons,
        f"Views match reprojections of the others with a correlation of {numbers['after']:.3f} "
        f"({numbers['before']:.3f} before), which does not tell how far they are from the truth: "
        "look at the tomogram.",
    ]
