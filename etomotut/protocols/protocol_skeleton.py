"""Stage 11: masks of membranes are thinned to their middle, about one voxel."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List, Mapping, Tuple

import numpy as np
from tomo.objects import SetOfTomoMasks

from etomotut.convert.series import FULL
from etomotut.convert.tomograms import mask_beside, stamp
from etomotut.formats import mrc
from etomotut.packages import MEMBRAIN_PACKAGE
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_masks_input, add_running
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMO_MASKS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol

BATCH = 1_000_000  # voxels whose normals MemBrain finds at a time
LARGEST = 20_000_000  # voxels that MemBrain gets at a time, at some 130 bytes each
REACH = 16  # rows beyond a strip that count for it
Rows = Tuple[range, range]


class ProtEtomotutSkeleton(EtomotutProtocol):
    """Thin masks of membranes to their middle, as MemBrain does.

    The skeleton is 0 and 1 on the grid of the mask. For triangles, measures and pictures go on to
    the stage membrane surfaces, with the mask or with its skeleton.
    """

    _label = "skeletonize membranes"
    _possibleOutputs = {TOMO_MASKS: SetOfTomoMasks}
    programs = ("membrain",)
    papers = ("Lamm2024", "MartinezSanchez2014")

    def _defineParams(self, form: Any) -> None:
        add_masks_input(form)
        add_running(form, self.programs)

    @property
    def source(self) -> Any:
        """The masks."""
        return self.inputSetOfTomoMasks

    @staticmethod
    def commands(mask: str, folder: str) -> List[Command]:
        """Give the command that writes the skeleton of a mask into a folder."""
        values = {
            "command": "skeletonize",
            "label-path": mask,
            "out-folder": folder,
            "batch-size": BATCH,
        }
        return [("membrain", values)]

    def process(self, job: Job) -> Result:
        """Thin a mask: whole by the embedded program, in strips by MemBrain if it is large."""
        source = job.source[FULL]
        shape = mrc.Stack(source).shape
        is_own = MEMBRAIN_PACKAGE.name in job.backend.others
        if not is_own or np.prod(shape) <= LARGEST:
            made = self._thin(job, source)
        else:
            made = self._thin_in_strips(job, source)
        pixel_size = job.item.object.getSamplingRate()
        Path(made).rename(job.temporary("_skel.mrc"))
        kept = job.keep("_skel.mrc", image=True)
        stamp(kept, pixel_size, volume=True)
        mrc.set_origin(kept, mrc.Stack(source).origin)  # MemBrain leaves it out
        voxels = [int((section > 0).sum()) for volume in (source, kept) for section in _of(volume)]
        numbers = {"mask": sum(voxels[: shape[0]]), "skeleton": sum(voxels[shape[0] :])}
        return Result({TOMO_MASKS: mask_beside(job.item.object, kept)}, numbers)

    def _thin(self, job: Job, mask: str) -> str:
        """Run the program on a mask and give the file that it wrote."""
        folder = job.temporary("_thinned")
        job.run(self.commands(mask, folder))
        return str(Path(folder) / f"{Path(mask).stem}_skel.mrc")

    def _thin_in_strips(self, job: Job, source: str) -> str:
        """Thin a mask strip by strip with rows around each, which gives what the whole would."""
        mask, result = mrc.Stack(source), job.temporary("_joined.mrc")
        pixel_size = job.item.object.getSamplingRate()
        whole = slice(0, mask.shape[0]), slice(0, mask.shape[2])
        with mrc.create(result, mask.shape, np.int8, pixel_size=pixel_size, volume=True) as out:
            for number, (core, rows) in enumerate(strips(mask.shape)):
                piece = job.temporary(f"_strip{number}.mrc")
                strip = mask[:, rows.start : rows.stop] > 0
                mrc.write(piece, strip.astype(np.int8), pixel_size=pixel_size, volume=True)
                thinned = mrc.read(self._thin(job, piece))
                start = core.start - rows.start
                part = whole[0], slice(core.start, core.stop), whole[1]
                out.put_part(part, thinned[:, start : start + len(core)])
                job.discard(piece)
        return result

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how many voxels are left."""
        if not numbers["skeleton"]:
            return "no membrane in the mask"
        return f"{numbers['skeleton']} of {numbers['mask']} voxels"

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of a skeleton, and of its parts while they are joined."""
        return 3.0 * facts.pixels


def strips(shape: Tuple[int, int, int], largest: int = LARGEST) -> Iterator[Rows]:
    """Give rows of a volume (z, y, x) that are one strip, and with them those that it needs."""
    depth, height, width = shape
    rows = max(largest // (depth * width) - 2 * REACH, REACH)
    for start in range(0, height, rows):
        core = range(start, min(start + rows, height))
        yield core, range(max(start - REACH, 0), min(core.stop + REACH, height))


def _of(path: str) -> Iterator[Any]:
    volume = mrc.Stack(path)
    return (volume[z] for z in range(len(volume)))
