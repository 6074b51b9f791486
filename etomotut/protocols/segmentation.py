"""What the stages that segment membranes share: their form, numbers, and what is told and drawn."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
from pyworkflow.protocol.params import BooleanParam, FileParam, StringParam

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import cropped_mask, stamp
from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack, set_origin
from etomotut.protocols.facts import Facts
from etomotut.protocols.job import Command, Job
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.report.overlay import Layer, write_overlays

OFFLINE = (
    "Failed to resolve",
    "NameResolutionError",
    "ConnectionError",
    "ConnectTimeout",
    "ProxyError",
    "Network is unreachable",
    "Failed to download",
)


class SegmentationProtocol(EtomotutProtocol):
    """A stage that makes masks of membranes."""

    network = ""  # whose checkpoints the form asks for

    @property
    def source(self) -> Any:
        """The tomograms."""
        return self.inputSetOfTomograms

    @classmethod
    def _define_contrast(cls, form: Any) -> None:
        form.addParam(
            "membranesAreBright",
            BooleanParam,
            default=False,
            label="Are membranes bright?",
            help="In most tomograms they are dark. Only the embedded program asks for it.",
        )

    @classmethod
    def _define_network(cls, form: Any, files: Mapping[str, str]) -> None:
        group = form.addGroup(f"Network (only {cls.network}'s own program)")
        for name, label in files.items():
            group.addParam(
                name,
                FileParam,
                default=None,
                allowsNull=True,
                label=label,
                help="A file with trained weights. Empty: the program takes its own.",
            )
        group.addParam(
            "useGpu",
            BooleanParam,
            default=True,
            label="Use a GPU if there is one?",
            help="Networks are many times faster on one.",
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
    def variables(form: Any) -> Dict[str, str]:
        """Give the variables that tell a network which GPU is its own."""
        return {"CUDA_VISIBLE_DEVICES": form.gpuList if form.useGpu else ""}

    @staticmethod
    def input_of(job: Job) -> str:
        """Give a scratch name for the tomogram, so that results beside it are the job's own."""
        path = job.temporary(".mrc")
        SegmentationProtocol.link(job, Path(path))
        return path

    @staticmethod
    def link(job: Job, path: Path) -> None:
        """Give the tomogram a second name."""
        path.symlink_to(os.path.abspath(job.source[FULL]))

    @staticmethod
    def number(files: Mapping[str, Optional[str]], first: int, pixel_size: float) -> List[Command]:
        """Give the command that numbers the membranes of a mask from a first one on.

        `files` has "mask", "result" and, where points tell the membranes apart, "points".
        """
        values = {
            "InputFile": files["mask"],
            "OutputFile": files["result"],
            "PointsFile": files.get("points"),
            "FirstNumber": first,
            "PixelSize": round(pixel_size, 4),
        }
        return [("masknumbers", values)]

    def next_number(self, count: int) -> int:
        """Give the first of so many numbers that no other tomogram of this stage has."""
        with self._lock:
            used = [each.get("last", 0) for each in self._records.numbers().values()]
            first = max([*used, getattr(self, "_last_number", 0)]) + 1
            self._last_number = first + count - 1
        return int(first)

    def keep_mask(self, job: Job, ending: str) -> Any:
        """Keep a mask that was made, and give it as an object beside its tomogram."""
        kept = job.keep(ending, image=True)
        stamp(kept, job.item.object.getSamplingRate(), volume=True)
        mask, tomogram = Stack(kept), Stack(job.source[FULL])
        if mask.shape != tomogram.shape:
            raise EtomotutError(f"the mask has {mask.shape} voxels, the tomogram {tomogram.shape}")
        if mask.origin != tomogram.origin:  # TARDIS and MemBrain leave it out
            set_origin(kept, tomogram.origin)
        return cropped_mask(job.item.object, kept)

    def measure(self, job: Job, mask: Any, numbered: Optional[Any]) -> Dict[str, Any]:
        """Give how much was found, and draw it over the tomogram."""
        shown = Stack((numbered or mask).getFileName())
        voxels, _ = count(Stack((mask or numbered).getFileName()))
        known, last = count(shown)[1] if numbered is not None else (0, 0)
        share = voxels / float(np.prod(shown.shape))
        if not voxels:
            self.warning(f"{job.ts_id} | no membrane was found, so the mask is empty")
        write_overlays(
            str(Path(job.folder) / f"{job.name}_membranes.png"),
            [Layer("Membranes", Stack(job.source[FULL]), shown)],
            name=job.ts_id,
            text=f"{voxels} voxels of membrane, {100 * share:.1f}% of the tomogram",
            pixel_size=job.item.object.getSamplingRate(),
        )
        return {"voxels": voxels, "share": share, "instances": known, "last": last}

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how much was found."""
        if not numbers["voxels"]:
            return "no membrane was found: the mask is empty"
        some = f", {numbers['instances']} membranes" if numbers["instances"] else ""
        share = 100 * numbers["share"]
        return f"{numbers['voxels']} voxels of membrane, {share:.1f}% of the tomogram{some}"

    @staticmethod
    def missing(form: Any, names: Mapping[str, str]) -> List[str]:
        """Tell which of the files that a form names are not there."""
        given = {what: getattr(form, name) for name, what in names.items()}
        return [f"{w} {path} does not exist." for w, path in given.items()
                if path and not os.path.isfile(path)]  # fmt: skip

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the masks."""
        return 3.0 * facts.pixels


def count(mask: Stack) -> Tuple[int, Tuple[int, int]]:
    """Give how many voxels a mask marks, how many numbers it has, and the largest."""
    voxels, seen = 0, np.zeros(np.iinfo(np.int16).max + 1, bool)
    for z in range(len(mask)):
        section = np.asarray(mask[z])
        marked = section[section > 0].astype(np.int64)
        if len(marked) and marked.max() >= len(seen):
            raise EtomotutError(f"{mask.path} has more than {len(seen) - 1} membranes: noise?")
        voxels += len(marked)
        seen[marked] = True
    numbers = np.flatnonzero(seen)
    return voxels, (len(numbers), int(numbers.max()) if len(numbers) else 0)
