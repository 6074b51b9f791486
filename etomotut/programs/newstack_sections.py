"""The sections that newstack writes: their places in the files, transforms and offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy.typing as npt

from etomotut.engine.transforms import IDENTITY
from etomotut.errors import OptionError
from etomotut.formats import xf
from etomotut.formats.mrc import Stack
from etomotut.programs.options import Values


@dataclass(frozen=True)
class Section:
    """A section to write: stack and section (from 0, None: blank) it comes from, and its changes.

    `transform` (2, 3) and `offset` (x, y) are in pixels of the input.
    """

    stack: int
    number: Optional[int]
    transform: npt.NDArray[Any]
    offset: Tuple[float, float]


def choose_sections(values: Values, stacks: Sequence[Stack]) -> List[Section]:
    """Give the sections to write in their order; raises OptionError."""
    base = 1 if values["NumberedFromOne"] else 0
    lists = values["SectionsToRead"]
    if len(lists) > len(stacks):
        raise OptionError(f"option SectionsToRead is given for {len(lists)} of {len(stacks)} files")
    excluded = {number - base for number in values["ExcludeSections"] or ()}
    chosen = []
    for index, stack in enumerate(stacks):
        wanted = [number - base for number in lists[index]] if index < len(lists) else []
        for number in wanted or range(len(stack)):
            exists = 0 <= number < len(stack)
            if not exists and not values["BlankOutput"]:
                raise OptionError(
                    f"section {number + base} does not exist in {stack.path}; it has "
                    f"{base} to {len(stack) - 1 + base}"
                )
            if number not in excluded:
                chosen.append((index, number, exists))
    if not chosen:
        raise OptionError("option ExcludeSections leaves no section")
    transforms = _transforms(values, [number for _, number, _ in chosen], base)
    offsets = _offsets(values["OffsetsInXandY"], len(chosen))
    return [
        Section(stack, number if exists else None, transform, offset)
        for (stack, number, exists), transform, offset in zip(chosen, transforms, offsets)
    ]


def _transforms(values: Values, numbers: Sequence[int], base: int) -> List[Any]:
    """Give the transform of each section, the identity where none is asked for."""
    if values["TransformFile"] is None:
        if values["UseTransformLines"]:
            raise OptionError("option UseTransformLines needs TransformFile")
        return [IDENTITY] * len(numbers)
    found = xf.read(values["TransformFile"])
    lines = [line - base for line in values["UseTransformLines"] or ()]
    if len(lines) not in (0, 1, len(numbers)):
        raise OptionError(
            f"option UseTransformLines has {len(lines)} lines for {len(numbers)} sections"
        )
    if not lines:
        lines = [0] * len(numbers) if len(found) == 1 else list(numbers)
    lines = lines * len(numbers) if len(lines) == 1 else lines
    for line in lines:
        if not 0 <= line < len(found):
            raise OptionError(
                f"{values['TransformFile']} has {len(found)} lines, so none for section "
                f"{line + base} counted from {base}"
            )
        if (
            abs(found[line][0, 0] * found[line][1, 1] - found[line][0, 1] * found[line][1, 0])
            < 1e-9
        ):
            raise OptionError(f"line {line + 1} of {values['TransformFile']} has no inverse")
    return [found[line] for line in lines]


def _offsets(numbers: Optional[Sequence[float]], count: int) -> List[Tuple[float, float]]:
    if numbers is None:
        return [(0.0, 0.0)] * count
    if len(numbers) not in (2, 2 * count):
        raise OptionError(
            f"option OffsetsInXandY has {len(numbers)} numbers; it needs 2, or {2 * count} for "
            f"{count} sections"
        )
    pairs = list(zip(numbers[::2], numbers[1::2]))
    return pairs * count if len(pairs) == 1 else pairs
