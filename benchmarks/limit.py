"""The rate that back-projection is held against: a tight loop in C, or in numba without gcc."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Dict, List, Tuple

SOURCE = Path(__file__).with_name("backprojection_limit.c")
_FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp"]


class Limit:
    """Measures the loop now and then, and remembers its rates in giga-updates a second."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("gcc") or shutil.which("cc")
        self._program = folder / "backprojection_limit"
        self.name = "C loop"
        if compiler is None:
            self.name = "numba loop (no C compiler here)"
        else:
            words = [compiler, *_FLAGS, str(SOURCE), "-o", str(self._program), "-lm"]
            subprocess.run(words, check=True)
        self._rates: Dict[int, List[Tuple[float, float]]] = {}

    def measure(self, cores: int) -> None:
        """Run the loop once on a number of cores."""
        if not self._program.exists():
            rate = _numba_rate()
            self._rates.setdefault(cores, []).append((rate, rate * cores))
            return
        words = [str(self._program), str(cores)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(cores)}
        output = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        cpu, wall = map(float, output.stdout.split())
        self._rates.setdefault(cores, []).append((cpu, wall))

    def rates(self, cores: int) -> Tuple[float, float]:
        """Give the median giga-updates a CPU second, and a second of wall time."""
        cpu, wall = zip(*self._rates[cores])
        return statistics.median(cpu), statistics.median(wall)


def _numba_rate() -> float:
    """Give the giga-updates a second and core of the kernel that sums views into a slice."""
    import numpy as np

    from etomotut.engine.kernels import backprojection as kernels

    views, depth, columns = 41, 300, 1024
    length = 2 * columns
    samples = np.ones((views * kernels.PHASES + 1, length), np.float32)
    shifts = np.zeros((depth, views), np.float32)
    row, out = np.empty(columns, np.float32), np.empty((depth, columns), np.float32)
    best = np.inf
    for _ in range(5):
        began = time.process_time()
        limits = (0.0, 0.0)
        kernels.project(samples, 100, shifts, row, np.float32(0), limits, False, out)
        best = min(best, time.process_time() - began)
    return float(1e-9 * views * depth * columns / best)
