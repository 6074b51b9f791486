"""The command `python -m etomotut.demo FOLDER`: simulated tilt series in a folder."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Union

from etomotut.demo.parameters import PRESETS, series_of
from etomotut.errors import EtomotutError


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Write the series that the words ask for; gives the exit status."""
    parser = argparse.ArgumentParser(prog="etomotut demo-data", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the files go")
    parser.add_argument("--preset", default="demo", help=f"one of {', '.join(PRESETS)}")
    parser.add_argument("--series", type=int, default=0, help="how many (as the preset has them)")
    parser.add_argument("--seed", type=int, default=0, help="another number, other data")
    words = parser.parse_args(arguments)
    try:
        make(words.folder, preset=words.preset, count=words.series, seed=words.seed)
    except EtomotutError as error:
        print(f"ERROR: DEMO-DATA - {error}", flush=True)
        return 1
    return 0


def make(
    folder: Union[str, Path], *, preset: str = "demo", count: int = 0, seed: int = 0
) -> List[Dict[str, Path]]:
    """Simulate the series of a preset into a folder, telling how far it is; gives their files."""
    made = []
    for parameters in series_of(preset, count=count, seed=seed):
        from etomotut.demo.series import simulate, write  # numba takes its time to load

        columns, rows = parameters.size
        print(f"{parameters.name}: {columns} x {rows} at {parameters.pixel_size} A/px", flush=True)
        made.append(write(simulate(parameters, progress=_told), folder))
        print(f"{parameters.name}: written to {made[-1]['stack']}", flush=True)
    return made


def _told(views: Iterable[int]) -> Iterator[int]:
    """Pass views on and print a line every few seconds."""
    start = last = time.monotonic()
    for done, view in enumerate(views, 1):
        yield view
        if time.monotonic() - last > 3:
            last = time.monotonic()
            print(f"  {done} views, {last - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
