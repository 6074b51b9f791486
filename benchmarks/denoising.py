"""Denoising by diffusion, and by the Wiener filter of two halves; nad_eed_3d beside IMOD's."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step

_ITERATIONS = 5


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give five iterations of each flow on 512 x 512 x 100 voxels, and the filter of two halves."""
    size, depth = (128, 32) if is_quick else (512, 100)
    volume, other = (str(inputs.volume(folder, size, depth, seed)) for seed in (0, 1))
    memory = 16 * size * size * depth

    def case(program: str, *words: str, files: int = 1) -> Case:
        names = [volume, other][:files]
        name = f"{program} {' '.join(words)}"
        return Case(name, [Step(program, [*words, *names, "out.mrc"])], memory=memory)

    count = str(_ITERATIONS)
    return [
        case("nad_eed_3d", "-k", "50", "-n", count),
        case("nad_eed_3d", "-k", "50", "-s", "1", "-n", count),
        case("tomoeed", "-i", count),
        case("tomobflow", "-i", count),
        case("fscfilter", files=2),
    ]
