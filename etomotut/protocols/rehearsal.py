"""Commands as a stage would give them, before there is a file, to see if programs take them.

A stage's `rehearsal` gives its commands for a form; only the options and their values count.
"""

from __future__ import annotations

from typing import Iterator, List, Mapping

from etomotut.protocols.job import Command

PIXEL_SIZE, AXIS_ANGLE, BEAD_DIAMETER = 10.0, -95.0, 10.0  # Å, degrees, pixels: any would do
SHAPE = (41, 1024, 1440)


class _Names(Mapping[str, str]):
    """A name for every file that a stage may ask for."""

    def __getitem__(self, name: str) -> str:
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


FILES: Mapping[str, str] = _Names()
RESAMPLED: List[Command] = [
    (
        "newstack",
        {
            "InputFile": ["stack"],
            "OutputFile": "resampled",
            "SectionsToRead": [[0, 1]],
            "TransformFile": "transforms",
            "SizeToOutputInXandY": SHAPE[:0:-1],
            "TaperAtFill": (1, 1),
        },
    )
]
