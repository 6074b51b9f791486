"""Erasing hot pixels."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step

_WORDS = """-FindPeaks -PeakCriterion 8. -DiffCriterion 6. -BigDiffCriterion 19. -GrowCriterion 4.
-ScanCriterion 3. -MaximumRadius 4.2 -GiantCriterion 12. -ExtraLargeRadius 8. -AnnulusWidth 2.
-XYScanSize 100 -EdgeExclusionWidth 4 -BorderSize 2 -PolynomialOrder 2"""


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the tutorial's stage 0 on 41 x 720 x 512."""
    made = inputs.tracked(folder, (180, 128) if is_quick else (720, 512))
    files = ["-InputFile", str(made.stack), "-OutputFile", "out.mrc"]
    return [Case("hot pixels", [Step("ccderaser", [*files, *_WORDS.split()])])]
