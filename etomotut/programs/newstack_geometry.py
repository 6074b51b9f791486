"""What newstack does to a section in x and y: reduce, transform, cut, pad and taper it."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import resample, transforms
from etomotut.engine.densities import Summary, summarize
from etomotut.errors import OptionError
from etomotut.formats.mrc import Stack
from etomotut.programs.options import Values
from etomotut.programs.streaming import require_numbers

Image = npt.NDArray[Any]
Offset = Tuple[float, float]

_FILTER_NAMES = ("box", "blackman", "triangle", "mitchell", "lanczos2", "lanczos3")
_DEFAULT_FILTER = 6
_IMOD_ROWS = -0.9  # of a row: IMOD's own limit is between 0.86 and 1, with the rotation


class Geometry:
    """The changes in x and y that the options ask for; `size` (x, y) and `pixel_size` (Å) result.

    Raises OptionError for options that contradict each other.
    """

    def __init__(self, values: Values, stack: Stack) -> None:
        _refuse_contradictions(values)
        self._values = values
        self._stack = stack
        self._factor: float = values["ShrinkByFactor"] or values["BinByFactor"]
        self._filter = _filter_name(values)
        if self._factor > min(stack.shape[1:]):
            raise OptionError(
                f"option {'ShrinkByFactor' if values['ShrinkByFactor'] else 'BinByFactor'} is "
                f"{self._factor:g}; {stack.path} has images of {stack.shape[2]} x {stack.shape[1]}"
            )
        self._expansion: float = values["ExpandByFactor"] or 1.0
        self.size: resample.Size = values["SizeToOutputInXandY"] or self._default_size()
        if min(self.size) < 1:
            raise OptionError(f"option SizeToOutputInXandY is {self.size}; it must be at least 1")
        self.pixel_size = stack.pixel_size * self._factor / self._expansion
        self._taper = self._find_taper()

    def reduce(self, image: Image, name: str) -> Tuple[Image, Summary]:
        """Give the reduced section (y, x) and its statistics.

        Raises EtomotutError, with `name`, if the section has what is not a finite number.
        """
        reduced = self._reduce(image)
        summary = summarize(reduced)
        if not summary.is_finite:
            require_numbers(image, name)
        return reduced, summary

    def place(self, image: Image, mean: float, transform: Image, offset: Offset) -> Image:
        """Give a reduced section (y, x), whose mean is known, transformed, cut and tapered."""
        source_size = image.shape[1], image.shape[0]
        whole = self._whole_transform(source_size, transform, offset)
        if source_size == self.size and np.array_equal(whole, transforms.IDENTITY):
            return image
        fill = self._values["FillValue"]
        fill = mean if fill is None else fill
        extend = self._taper is not None and not self._taper.inside
        moved = resample.transform_image(
            image,
            whole,
            self.size,
            fill=fill,
            interpolation=self._interpolation,
            extend=extend,
            reach=self._reach(),
        )
        if self._taper is not None:
            resample.taper_at_fill(moved, whole, source_size, self._taper, fill=fill)
        return moved

    def _reach(self) -> Tuple[float, float]:
        """Give how far beyond the outermost pixels' centres, in x and y, the image still reaches.

        With a file of transforms it ends between the last two rows, and linearly at the last
        columns, as in IMOD 4.8: a series does not depend on whose programs ran.
        """
        if self._values["TransformFile"] is None or self._interpolation == "nearest":
            return 0.5, 0.5
        return (1e-6 if self._interpolation == "linear" else 0.5), _IMOD_ROWS

    def origin(self, offset: Offset) -> Tuple[float, float, float]:
        """Give the origin for the output's header, in Å, as IMOD counts it.

        A reduction that loses or adds part of a pixel at the border always moves it, other
        changes with AdjustOrigin.
        """
        moved = [0.0, 0.0]
        for axis in range(2):
            size = self._stack.shape[2 - axis]
            reduced = self._reduced_length(size)
            if self._values["AdjustOrigin"]:
                moved[axis] = self._factor * self._start(axis, reduced, offset)
            moved[axis] += self._reduction_start(size, reduced)
        x, y, z = self._stack.origin
        pixel = self._stack.pixel_size
        return x - moved[0] * pixel, y - moved[1] * pixel, z

    @property
    def _interpolates(self) -> bool:
        names = "TransformFile", "RotateByAngle", "ExpandByFactor"
        return any(self._values[name] is not None for name in names)

    @property
    def _interpolation(self) -> str:
        if self._values["NearestNeighbor"] or not self._interpolates:
            return "nearest"
        return "linear" if self._values["LinearInterpolation"] else "cubic"

    def _reduce(self, image: Image) -> Image:
        if self._factor == 1:
            return image
        if self._filter is None:
            return resample.bin_image(image, int(self._factor))
        return resample.reduce_image(image, self._factor, self._filter)

    def _reduced_length(self, size: int) -> int:
        if self._factor == 1:
            return size
        if self._filter is None:
            return resample.binned_size(size, int(self._factor))
        return resample.reduced_size(size, self._factor)

    def _reduction_start(self, size: int, reduced: int) -> float:
        if self._filter is None:
            return resample.bin_start(size, int(self._factor)) if self._factor > 1 else 0.0
        return (size - reduced * self._factor) / 2

    def _default_size(self) -> resample.Size:
        width, height = (
            int(np.floor(self._expansion * self._reduced_length(size) + 0.5))
            for size in self._stack.shape[:0:-1]
        )
        angle = self._values["RotateByAngle"] or 0.0
        return (height, width) if abs(abs(angle % 180) - 90) < 0.1 else (width, height)

    def _start(self, axis: int, length: int, offset: Offset) -> float:
        """Give the index in the reduced image at which the output starts along an axis."""
        moved = offset[axis] / self._factor
        if self._interpolates:
            return (length - self.size[axis] / self._expansion) / 2 + moved
        whole = np.copysign(np.floor(abs(moved) + 0.5), moved)
        return float(length // 2 - self.size[axis] // 2 + whole)

    def _whole_transform(self, source_size: resample.Size, given: Image, offset: Offset) -> Image:
        """Give the transform from the reduced image to the output, about their centres."""
        if not self._interpolates:
            start = [self._start(axis, source_size[axis], offset) for axis in range(2)]
            return resample.shift_of_window(source_size, self.size, start)
        shift = transforms.IDENTITY.copy()
        shift[:, 2] = -np.asarray(offset) / self._factor
        turn = transforms.rotation(self._values["RotateByAngle"] or 0.0, self._expansion)
        whole = transforms.then(transforms.scale_shifts(given, 1 / self._factor), turn)
        if self._values["ApplyOffsetsFirst"]:
            return transforms.then(shift, whole)
        return transforms.then(whole, shift)

    def _find_taper(self) -> Optional[resample.Taper]:
        wanted: Optional[Sequence[int]] = self._values["TaperAtFill"]
        if wanted is None or wanted[0] < 1:
            return None
        distance = wanted[0] if wanted[0] > 1 else resample.default_taper_distance(self.size)
        return resample.Taper(distance, inside=wanted[1] != 0)


def _filter_name(values: Values) -> Optional[str]:
    """Give the filter of the reduction, None for plain averaging."""
    wanted = values["AntialiasFilter"]
    if wanted is None and values["ShrinkByFactor"] is None:
        return None
    return _FILTER_NAMES[(wanted if wanted and wanted > 0 else _DEFAULT_FILTER) - 1]


def _refuse_contradictions(values: Values) -> None:
    if values["BinByFactor"] > 1 and values["ShrinkByFactor"] is not None:
        raise OptionError("options BinByFactor and ShrinkByFactor exclude each other")
    if values["LinearInterpolation"] and values["NearestNeighbor"]:
        raise OptionError("options LinearInterpolation and NearestNeighbor exclude each other")
