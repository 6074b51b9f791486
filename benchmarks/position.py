"""Finding the specimen in an aligned series by the parallax of its detail."""

from __future__ import annotations

from pathlib import Path
from typing import List

from benchmarks import inputs
from benchmarks.harness import Case, Step


def cases(folder: Path, is_quick: bool) -> List[Case]:
    """Give the search in a simulated series: 41 aligned views of 720 x 1024."""
    stack = inputs.aligned(folder, (360, 256) if is_quick else (1024, 720))
    words = ["-SeriesFile", str(stack), "-TiltFile", str(stack.with_suffix(".tlt"))]
    return [Case("findsection in a series", [Step("findsection", words)], original=False)]
