"""What newstack does to densities: scale them by one of IMOD's rules and give them a data type.

Signed bytes count as 0 to 255 between files of whole numbers, as in IMOD: 128 is added when they
are read and taken off when they are written.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import densities
from etomotut.engine.densities import Range, Scaling, Summary
from etomotut.errors import OptionError
from etomotut.formats import mrc
from etomotut.programs.console import threads
from etomotut.programs.options import Values
from etomotut.programs.streaming import in_order

Image = npt.NDArray[Any]

_BYTES: Range = (0.0, 255.0)
_SIGNED_BYTE_SHIFT = 128
# what a data type can hold; float data are scaled as if they were bytes
_FULL_RANGES: Dict[Any, Range] = {np.int16: (0.0, 32767.0), np.uint16: (0.0, 65535.0)}


class Densities:
    """The scaling that the options ask for; `dtype` is that of the output.

    Where `needs_all`, the summaries of all sections have to be given to `settle` first. Raises
    OptionError for options that contradict each other.
    """

    def __init__(self, values: Values, stacks: Sequence[mrc.Stack]) -> None:
        _refuse_contradictions(values, len(stacks))
        self._values = values
        self._stacks = stacks
        mode = values["ModeToOutput"]
        self.dtype = np.dtype(mrc.MODES[mode] if mode is not None else stacks[0].dtype)
        self.dtype = np.dtype(np.int8) if self.dtype == np.uint8 else self.dtype
        self._rule = 2 if values["MeanAndStandardDeviation"] else values["FloatDensities"]
        self.needs_all = self._rule in (2, 3, 4) and not values["MeanAndStandardDeviation"]
        self._common: Tuple[float, float] = values["MeanAndStandardDeviation"] or (0.0, 1.0)
        self._mean, self._after = 0.0, Scaling()
        self._extremes: Dict[int, Summary] = {}
        self._fixed = [] if self._rule else [self._fixed_scaling(i) for i in range(len(stacks))]
        self._cut: List[Tuple[int, int]] = []

    def open(self, image: Image) -> Image:
        """Give a section with the densities that the rules mean."""
        if image.dtype == np.int8 and self.dtype.kind != "f":
            return image.astype(np.int16) + np.int16(_SIGNED_BYTE_SHIFT)
        return image

    def blank(self, stack: int, size: Tuple[int, int]) -> Image:
        """Give a section with the fill value, or the mean of a stack, everywhere."""
        fill = self._values["FillValue"]
        fill = self._extremes_of(stack).mean if fill is None else fill
        return np.full((size[1], size[0]), fill, np.float32)

    def settle(self, summaries: Sequence[Summary]) -> None:
        """Choose what all sections are to have in common from their summaries before placing."""
        if self._rule == 2:
            target = self._range_of(self.dtype)
            self._common = densities.common_mean_and_deviation(summaries, target)
            return
        self._mean = densities.common_mean(summaries)
        shifts = [Scaling(1.0, self._mean - s.mean) for s in summaries]
        low, high = densities.range_after(summaries, shifts)
        if self._rule == 4:
            self._after = densities.to_range(low, high, self._values["ScaleMinAndMax"])
        else:
            self._after = self._between_types(self._stacks[0].dtype, high)

    def close(self, image: Image, stack: int) -> Image:
        """Give the section that is to be written, of type `dtype`."""
        scaling = self._fixed[stack] if self._fixed else self._own_scaling(image)
        if self.dtype == np.int8:
            scaling = scaling.then(Scaling(1.0, -_SIGNED_BYTE_SHIFT))
        rounded, below, above = densities.round_to(scaling(image), self.dtype)
        self._cut.append((below, above))
        return rounded

    def report(self) -> Iterator[str]:
        """Give lines on densities that the data type could not hold."""
        below, above = (sum(pair[i] for pair in self._cut) for i in range(2))
        if below or above:
            low, high = self._range_of(self.dtype)
            low = np.iinfo(np.int16).min if self.dtype == np.int16 else low
            yield f"WARNING: {below} densities were cut at {low:g} and {above} at {high:g}"

    def _own_scaling(self, image: Image) -> Scaling:
        """Give the scaling of a section by its own statistics."""
        summary = densities.summarize(image)
        if self._rule == 1:
            return densities.to_range(summary.low, summary.high, self._range_of(self.dtype))
        if self._rule == 2:
            return densities.to_mean_and_deviation(summary, *self._common)
        return Scaling(1.0, self._mean - summary.mean).then(self._after)

    def _fixed_scaling(self, stack: int) -> Scaling:
        """Give the scaling of all sections of a stack by options that look at no section."""
        values = self._values
        if values["MultiplyAndAdd"]:
            return Scaling(*values["MultiplyAndAdd"][min(stack, len(values["MultiplyAndAdd"]) - 1)])
        if values["ScaleMinAndMax"]:
            found = self._extremes_of(stack)
            return densities.to_range(found.low, found.high, values["ScaleMinAndMax"])
        if values["ContrastBlackWhite"]:
            black, white = values["ContrastBlackWhite"]
            shown = densities.to_range(black, white, _BYTES)
            found = self._extremes_of(stack)
            return densities.to_range(found.low, found.high, _BYTES).then(shown)
        return self._between_types(self._stacks[stack].dtype, None, stack)

    def _between_types(
        self, given: npt.DTypeLike, high: Optional[float], stack: Optional[int] = None
    ) -> Scaling:
        """Give the scaling that lets one type's whole range fill another's, as IMOD does."""
        source, target = self._range_of(given), self._range_of(self.dtype)
        if self.dtype.kind == "f" or (np.dtype(given).kind == "f" and high is None):
            return Scaling()
        if np.dtype(given).kind == "f" and high is not None:
            source = 0.0, max(source[1], high)
        if source == target:
            return Scaling()
        if given == np.int16 and stack is not None and self._extremes_of(stack).low < 0:
            source = -32768.0, source[1]
        return densities.to_range(*source, target)

    def _range_of(self, dtype: npt.DTypeLike) -> Range:
        return _FULL_RANGES.get(np.dtype(dtype).type, _BYTES)

    def _extremes_of(self, stack: int) -> Summary:
        """Give lowest, highest and mean density of a whole file, as the rules mean them."""
        if stack not in self._extremes:
            source = self._stacks[stack]

            def summary(number: int) -> Summary:
                return densities.summarize(self.open(source[number]))

            found = list(in_order(summary, range(len(source)), threads()))
            low, high = min(s.low for s in found), max(s.high for s in found)
            mean = float(np.mean([s.mean for s in found]))
            self._extremes[stack] = Summary(low, high, mean, 0.0)
        return self._extremes[stack]


# the values of FloatDensities that each other rule may stand beside
_COMPATIBLE = {
    "MeanAndStandardDeviation": (0, 2),
    "ScaleMinAndMax": (0, 4),
    "ContrastBlackWhite": (0,),
    "MultiplyAndAdd": (0,),
}


def _refuse_contradictions(values: Values, files: int) -> None:
    rule = values["FloatDensities"]
    given = [name for name in _COMPATIBLE if values[name]]
    if len(given) > 1:
        raise OptionError(f"options {given[0]} and {given[1]} exclude each other")
    if given and rule not in _COMPATIBLE[given[0]]:
        raise OptionError(f"options {given[0]} and FloatDensities {rule} exclude each other")
    if rule == 4 and not given:
        raise OptionError("option FloatDensities 4 needs ScaleMinAndMax")
    if values["MeanAndStandardDeviation"] and values["MeanAndStandardDeviation"][1] <= 0:
        raise OptionError(
            f"the SD of option MeanAndStandardDeviation is "
            f"{values['MeanAndStandardDeviation'][1]:g}; it must be above 0"
        )
    for name in ("ContrastBlackWhite", "ScaleMinAndMax"):
        if values[name] and values[name][0] == values[name][1]:
            raise OptionError(f"both numbers of option {name} are {values[name][0]:g}")
    count = len(values["MultiplyAndAdd"])
    if count not in (0, 1, files):
        raise OptionError(f"option MultiplyAndAdd is given {count} times for {files} files")
