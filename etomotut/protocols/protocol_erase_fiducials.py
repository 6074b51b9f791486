"""Stage 13: gold is erased from tilt series, so that no tomogram shows it or its halos."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import (
    GE,
    GT,
    LE,
    BooleanParam,
    FileParam,
    FloatParam,
    PointerParam,
    StringParam,
)
from tomo.objects import SetOfTiltSeries

from etomotut import backends
from etomotut.convert.fiducials import positions_of
from etomotut.convert.series import FULL, IDENTITY, Changes
from etomotut.convert.tomograms import stamp
from etomotut.formats import fiducials, tlt, xf
from etomotut.formats.mrc import Stack
from etomotut.packages import FIDDER_PACKAGE, find_package
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_series_input
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.outputs import MASKS, TILT_SERIES, Item, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.report.erasing import Erased, describe, measure_mask, write_erasing

POSITIONS = "bead positions"
SMALLEST_BEAD = 3.0  # pixels
MUCH = 0.25  # of the pixels: gold rarely covers so many
NETWORK = "fidder.ckpt"  # its name in the folder where fidder keeps what it downloads
TOO_FEW = "expected a sequence of integers"  # fidder's own fault where 25000 pixels are not left
COVERED = "cannot fill a mask that leaves so few pixels: raise the threshold, or use Embedded"
OFFLINE = "Failed to resolve", "NameResolutionError", "ConnectionError", "Network is unreachable"


class ProtEtomotutEraseFiducials(EtomotutProtocol):
    """Erase gold beads from tilt series: mask them with their fringes, and fill the masks.

    The alignment is kept: give the result to CTF correction and reconstruction as the series was.
    """

    _label = "erase fiducials"
    _possibleOutputs = {TILT_SERIES: SetOfTiltSeries, MASKS: SetOfTiltSeries}
    programs = ("beadmask", "fidder")
    papers = ("Burt2023",)

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "inputCoordinates",
            PointerParam,
            pointerClass="SetOfTiltSeriesCoordinates",
            allowsNull=True,
            label="3D positions of the beads (optional)",
            help="As the fiducial alignment gives them; the tilt series must be the aligned ones. "
            "Each bead is then masked in every view, whether it can be seen there or not. Without "
            "them, or for a series that has none, beads are looked for in each view on its own.",
        )
        form.addParam(
            "onlyKnown",
            BooleanParam,
            default=False,
            expertLevel=LEVEL_ADVANCED,
            label="Only beads with 3D positions?",
            help="Leave gold that was not tracked. It needs positions.",
        )
        form.addParam(
            "fiducialDiameter",
            FloatParam,
            default=10.0,
            validators=[GT(0)],
            label="Bead diameter (nm)",
            help="The size is measured; what is typed may be off by a factor of 2. fidder's own "
            "network does not ask for it.",
        )
        form.addParam(
            "probThreshold",
            FloatParam,
            default=0.9,
            validators=[GE(0), LE(1)],
            label="Probability threshold",
            help="From which probability on something is gold. More erases less.",
        )
        self._define_network(form)
        add_halves(form)
        add_running(form, self.programs)

    @staticmethod
    def _define_network(form: Any) -> None:
        group = form.addGroup("Network (only fidder's own program)")
        group.addParam(
            "checkpoint",
            FileParam,
            default=None,
            allowsNull=True,
            label="Checkpoint file (optional)",
            help="Of fidder's network. Without one fidder downloads its own at first use.",
        )
        group.addParam(
            "useGpu",
            BooleanParam,
            default=True,
            label="Use a GPU if there is one?",
            help="Without one fidder takes some seconds a view.",
        )
        group.addParam(
            "gpuList",
            StringParam,
            default="0",
            condition="useGpu",
            label="GPU",
            help="Its number, counted from 0.",
        )

    @staticmethod
    def find_mask(
        form: Any, pixel_size: float, files: Mapping[str, str], views: Optional[List[int]] = None
    ) -> List[Command]:
        """Give the command that makes the mask of a series.

        `files` has "source" and "mask" and, where 3D positions are known, "positions",
        "transforms" and "angles"; `views` are those, from 1, for which these hold.
        """
        if "positions" not in files:
            values: Dict[str, Any] = {
                "command": "predict",
                "input-image": files["source"],
                "output-mask": files["mask"],
                "pixel-spacing": round(pixel_size, 4),
                "probability-threshold": form.probThreshold,
                "model-checkpoint-file": form.checkpoint or None,
                "bead-diameter": form.fiducialDiameter,
            }
            return [("fidder", values)]
        values = {
            "InputFile": files["source"],
            "OutputFile": files["mask"],
            "BeadDiameter": max(10 * form.fiducialDiameter / pixel_size, 2.0),
            "PositionFile": files["positions"],
            "TransformFile": files["transforms"],
            "TiltFile": files["angles"],
            "SolvedViews": views,
            "OnlyKnown": form.onlyKnown,
            "ProbabilityThreshold": form.probThreshold,
        }
        return [("beadmask", values)]

    @staticmethod
    def erase(source: str, mask: str, result: str) -> List[Command]:
        """Give the command that fills what a mask marks in one stack."""
        values = {
            "command": "erase",
            "input-image": source,
            "input-mask": mask,
            "output-image": result,
        }
        return [("fidder", values)]

    def process(self, job: Job) -> Result:
        """Mask the full series, and fill the mask in it and in its halves."""
        variables = {"CUDA_VISIBLE_DEVICES": job.form.gpuList if job.form.useGpu else ""}
        mask = self._mask(job, variables)
        files: Dict[str, str] = {}
        for part, source in job.source.items():
            result = job.temporary(f"{part}.mrcs")
            self._fill(job, (source, mask, result), variables)
            files[part] = job.keep(f"{part}.mrcs", image=True)
            stamp(files[part], job.item.object.getSamplingRate())
        erased = measure_mask(mask)
        self._draw(job, [job.source[FULL], mask, files[FULL]], erased)
        numbers = {
            "areas": erased.areas,
            "share": erased.share,
            "known": len(job.item.partners.get(POSITIONS, ())),
        }
        outputs = {TILT_SERIES: Changes(files=files), MASKS: Changes(files={FULL: mask})}
        return Result(outputs, numbers)

    def _mask(self, job: Job, variables: Mapping[str, str]) -> str:
        """Make and keep the mask of a series."""
        files = {"source": job.source[FULL], "mask": job.temporary("_mask.mrcs")}
        solved = None
        if len(job.item.partners.get(POSITIONS, ())):
            solved = [view.section for view in job.series.used]
            files.update(_write_geometry(job))
        commands = self.find_mask(job.form, job.series.pixel_size, files, solved)
        try:
            job.run(commands, log="_mask.log", variables=variables)
        except ProgramError as error:
            said = (Path(job.folder) / f"{job.name}_mask.log").read_text()
            if any(word in said for word in OFFLINE):
                raise ProgramError(
                    "fidder could not download its network: give a checkpoint file, or take the "
                    "embedded program"
                ) from error
            raise
        mask = job.keep("_mask.mrcs", image=True)
        stamp(mask, job.item.object.getSamplingRate())
        return mask

    def _fill(self, job: Job, files: Sequence[str], variables: Mapping[str, str]) -> None:
        """Fill a mask in a stack; tell what fidder leaves untold where little is left unmasked."""
        try:
            job.run(self.erase(*files), variables=variables)
        except ProgramError as error:
            if TOO_FEW not in str(error):
                raise
            raise ProgramError(f"fidder {COVERED}") from error
        stack = Stack(files[-1])
        if not all(np.isfinite(stack[view]).all() for view in range(len(stack))):
            raise ProgramError(f"fidder left views without numbers: it {COVERED}")

    @staticmethod
    def _draw(job: Job, files: List[str], erased: Erased) -> None:
        """Draw the least and the most tilted of the used views."""
        used = sorted(job.series.used, key=lambda view: abs(view.tilt_angle))
        shown = [used[0], used[-1]]
        write_erasing(
            str(job.folder / f"{job.name}_erased.png"),
            files,
            [view.section - 1 for view in shown],
            erased=erased,
            titles=[f"{view.tilt_angle:.1f}°" for view in shown],
            pixel_size=job.series.pixel_size,
            name=job.ts_id,
        )

    def _read(self, ts_id: str) -> Item:
        item, known = super()._read(ts_id), self.inputCoordinates.get()
        if known is not None:
            item.partners[POSITIONS] = positions_of(known, ts_id)
        return item

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how much was erased, and by what it was known."""
        text = describe(Erased(numbers["areas"], numbers["share"]))
        if numbers["known"]:
            text += f"; {numbers['known']} beads are known in 3D"
        return text + (": far more than gold, look at the mask" if numbers["share"] > MUCH else "")

    def _validate(self) -> List[str]:
        found = super()._validate()
        if self.onlyKnown.get() and self.inputCoordinates.get() is None:
            found.append("Only beads with 3D positions are asked for: give their positions.")
        return found

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse a checkpoint that is not there, and beads that the images cannot show."""
        found = []
        if form.checkpoint and not os.path.isfile(form.checkpoint):
            found.append(f"The checkpoint {form.checkpoint} does not exist.")
        if facts.pixel_size:
            pixels = 10 * form.fiducialDiameter / facts.pixel_size
            bead = f"A bead of {form.fiducialDiameter:g} nm is {pixels:.1f} pixels wide"
            if pixels < SMALLEST_BEAD:
                found.append(f"{bead}; {SMALLEST_BEAD:g} are needed: bin less.")
            if facts.size[0] and pixels > min(facts.size[:2]) / 4:
                found.append(f"{bead}, too much for images of {min(facts.size[:2])}.")
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn that fidder will need the internet."""
        cache = Path.home() / ".cache" / "fidder" / NETWORK
        is_embedded = form.backend == backends.EMBEDDED
        if is_embedded or form.checkpoint or cache.is_file():
            return []
        if find_package(FIDDER_PACKAGE) is None:
            return []
        return ["fidder has no network yet: it will download one, or give a checkpoint file."]

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the erased stacks, which have 4 bytes a pixel, and of the mask."""
        return facts.pixels * (4.0 * (3 if form.processOddEven else 1) + 1)


def _write_geometry(job: Job) -> Dict[str, str]:
    """Write positions, and a transform and a tilt angle for every section of the series' file."""
    sections, height, width = Stack(job.source[FULL]).shape
    transforms, angles = [IDENTITY[:2]] * sections, np.zeros(sections)
    for view in job.series.views:
        angles[view.section - 1] = view.tilt_angle
        if view.transform is not None:
            transforms[view.section - 1] = view.transform
    files = {
        "positions": job.temporary(".xyz"),
        "transforms": job.temporary(".xf"),
        "angles": job.temporary(".tlt"),
    }
    xyz = job.item.partners[POSITIONS] / job.series.pixel_size
    count = len(xyz)
    numbers = np.column_stack([np.ones(count, int), np.arange(1, count + 1)])
    fiducials.write_positions(
        files["positions"],
        fiducials.Positions(
            xyz + (width / 2, height / 2, 0), numbers, job.series.pixel_size, (width, height)
        ),
    )
    xf.write(files["transforms"], transforms)
    tlt.write(files["angles"], angles)
    return files
