"""Correction of aligned series for the contrast transfer function by flipping phases."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give corrections of 41 x 1440 x 1024 at 5.52 A with the tutorial's tolerance and a finer."""
    stack = inputs.noise(folder, *((360, 256) if is_quick else (1440, 1024)))
    defocus = folder / "ctf.defocus"
    defocus.write_text(f"1 {inputs.VIEWS} -60 60 3500 2\n")
    words = ["-input", str(stack), "-output", "out.mrc", "-defFn", str(defocus)]
    words += ["-angleFn", str(stack.with_suffix(".tlt")), "-pixelSize", "0.552", "-volt", "300"]
    words += ["-cs", "2.7", "-ampContrast", "0.1", "-iWidth", "15"]

    def case(tolerance: str, *, cores: int = 1) -> Case:
        step = Step("ctfphaseflip", [*words, "-defTol", tolerance])
        return Case(f"tolerance {tolerance} nm", [step], cores=tuple(range(1, cores + 1)))

    return [case("200", cores=2), case("50")]
