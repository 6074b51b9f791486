"""Replace hot and dead pixels, and beads or other marked areas, by what surrounds them.

With FindPeaks, pixels that stand out of their surroundings and are sharper than the image can be
are found in each section. With ModelFile, the places that a model marks are erased: each contour
of points, or circles around points, lines, and areas within outlines. Without an output file the
input is replaced.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, List, Optional, Tuple

from etomotut.errors import OptionError
from etomotut.programs.console import threads
from etomotut.programs.options import THREADS, Option, Ranges, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.erasing import Patch
    from etomotut.engine.hot_pixels import Criteria
    from etomotut.formats.mrc import Stack, Writer

OPTIONS = (
    Option("InputFile", Path, "stack to read", short="input", required=True),
    Option("OutputFile", Path, "stack to write (default: the input)", short="output"),
    Option("FindPeaks", bool, "find and erase hot and dead pixels", short="find"),
    Option(
        "PeakCriterion",
        float,
        "height of a hot pixel above its surroundings, in their SD",
        10.0,
        "peak",
        low=0,
    ),
    Option(
        "DiffCriterion",
        float,
        "or height above the pixels beside its patch, in SD of the differences between neighbours",
        10.0,
        "diff",
        low=0,
    ),
    Option(
        "GrowCriterion",
        float,
        "height at which a neighbour joins the patch, in SD",
        4.0,
        "grow",
        low=0,
    ),
    Option(
        "ScanCriterion",
        float,
        "height of a candidate above the scanned area, in its SD",
        3.0,
        "scan",
        low=0,
    ),
    Option("MaximumRadius", float, "largest radius of a patch, pixels", 2.1, "radius", low=0),
    Option(
        "GiantCriterion",
        float,
        "height of an extra-large patch, in SD; 0: none",
        12.0,
        "giant",
        low=0,
    ),
    Option(
        "ExtraLargeRadius",
        float,
        "largest radius of an extra-large patch, pixels",
        8.0,
        "large",
        low=0,
    ),
    Option(
        "BigDiffCriterion",
        float,
        "steepness of an extra-large patch, and height of a pixel within EdgeExclusionWidth above "
        "its neighbours, in SD of the differences between neighbours",
        19.0,
        "big",
        low=0,
    ),
    Option(
        "MaxPixelsInDiffPatch",
        int,
        "largest patch found by DiffCriterion, pixels",
        2,
        "maxdiff",
        low=0,
    ),
    Option(
        "OuterRadius",
        float,
        "outer radius of the surroundings, instead of AnnulusWidth",
        None,
        "outer",
        low=0,
    ),
    Option("AnnulusWidth", float, "width of the surroundings, pixels", 2.0, "width", low=0.5),
    Option("XYScanSize", int, "size of the scanned areas, pixels", 100, "xyscan", low=1),
    Option(
        "EdgeExclusionWidth",
        int,
        "width of a border where only single pixels beyond BigDiffCriterion are erased",
        0,
        "edge",
        low=0,
    ),
    Option("PointModel", Path, "model to write of the pixels found", short="points"),
    Option("ModelFile", Path, "model of what to erase", short="model"),
    Option("LineObjects", Ranges, "objects of lines, / for all", short="lines"),
    Option("BoundaryObjects", Ranges, "objects of outlines, / for all", short="boundary"),
    Option("AllSectionObjects", Ranges, "objects for all sections, / for all", short="allsec"),
    Option("CircleObjects", Ranges, "objects of points with circles, / for all", short="circle"),
    Option(
        "BetterRadius",
        Several(float),
        "radius of the circles, one or one an object, pixels",
        short="better",
        low=0,
    ),
    Option(
        "ExpandCircleIterations",
        int,
        "times to add what is as dark beside a circle",
        0,
        "expand",
        low=0,
    ),
    Option("MergePatches", bool, "join touching patches of the model", short="merge"),
    Option("BorderSize", int, "width of the border that patches are filled from", 2, "border", 1),
    Option(
        "PolynomialOrder",
        int,
        "order of the polynomial through the border; 0 for its mean, -1 for noise like it",
        2,
        "order",
        choices=(-1, 0, 1, 2, 3),
    ),
    Option(
        "ExcludeAdjacent", bool, "do not fill from the pixels that touch a patch", short="exclude"
    ),
    Option("TrialMode", bool, "write no stack", short="trial"),
    THREADS,
)
POSITIONAL = ("InputFile", "OutputFile")

OBJECTS = "objects 1 to 4 have peaks beyond the criterion by less than 1, 2, 3 and by more SD"


def run(values: Values) -> None:
    """Write the cleaned stack and the model of what was found."""
    from etomotut.engine.densities import round_to
    from etomotut.engine.erasing import Filling, replace_patches
    from etomotut.engine.hot_pixels import find_hot_pixels
    from etomotut.formats import mrc
    from etomotut.programs.ccderaser_model import Marks
    from etomotut.programs.streaming import in_order, require_numbers

    if not values["FindPeaks"] and values["ModelFile"] is None:
        raise OptionError("option FindPeaks or ModelFile is needed, else nothing is erased")
    stack = mrc.Stack(values["InputFile"])
    marks = Marks(values, stack.shape)
    criteria = _criteria(values)
    filling = Filling(values["PolynomialOrder"], values["BorderSize"], values["ExcludeAdjacent"])

    def cleaned(number: int) -> Tuple[Any, List[Patch], List[Patch]]:
        image = stack[number]
        require_numbers(image, f"section {number} of {stack.path}")
        found = find_hot_pixels(image, criteria) if values["FindPeaks"] else []
        marked = marks.of_section(number, image)
        if found or marked:
            filled = replace_patches(image, [*found, *marked], filling)
            image = round_to(filled, image.dtype)[0]
        return image, found, marked

    results = in_order(cleaned, range(len(stack)), threads())
    found = []
    with _output(values, stack) as out:
        for number, (image, hot, marked) in enumerate(results):
            if out is not None:
                out[number] = image
            found.append(hot)
            print(_report(values, number, hot, marked), flush=True)
    _conclude(values, stack, found)


def _conclude(values: Values, stack: Stack, found: List[List[Patch]]) -> None:
    """Write the model of what was found, and say what was done."""
    from etomotut.formats import model
    from etomotut.programs.ccderaser_model import point_model

    if values["FindPeaks"]:
        pixels = sum(len(patch.pixels) for hot in found for patch in hot)
        print(f"{pixels} pixels in {sum(map(len, found))} peaks of {len(found)} sections")
    if values["PointModel"]:
        model.write(values["PointModel"], point_model(found, stack))
        print(f"Their model is {values['PointModel']}; {OBJECTS}")
    if not values["TrialMode"]:
        print(f"{len(stack)} sections written to {values['OutputFile'] or values['InputFile']}")


@contextmanager
def _output(values: Values, stack: Stack) -> Iterator[Optional[Writer]]:
    """Open the stack to write; gives None in a trial."""
    from etomotut.formats import mrc

    if values["TrialMode"]:
        yield None
        return
    # unsigned bytes of an old file do not fit in a byte of today's files
    dtype = "uint16" if stack.dtype == "uint8" else stack.dtype
    with mrc.create(
        values["OutputFile"] or values["InputFile"],
        stack.shape,
        dtype,
        pixel_size=stack.pixel_size,
        origin=stack.origin,
        labels=[*stack.labels, "etomotut ccderaser"],
    ) as out:
        yield out


def _report(values: Values, number: int, hot: List[Patch], marked: List[Patch]) -> str:
    line = f"Section {number:4d} -"
    if values["FindPeaks"]:
        pixels = sum(len(patch.pixels) for patch in hot)
        line += f" {pixels:6d} pixels replaced in {len(hot):5d} peaks"
    if values["ModelFile"]:
        pixels = sum(len(patch.pixels) for patch in marked)
        line += f" {pixels:6d} pixels replaced in {len(marked):5d} patches of the model"
    return line


def _criteria(values: Values) -> Criteria:
    from etomotut.engine.hot_pixels import Criteria

    outer = values["OuterRadius"]
    if outer is not None and outer <= values["MaximumRadius"]:
        raise OptionError(
            f"option OuterRadius is {outer}; it must exceed MaximumRadius, "
            f"{values['MaximumRadius']}"
        )
    return Criteria(
        peak=values["PeakCriterion"],
        difference=values["DiffCriterion"],
        growth=values["GrowCriterion"],
        scan=values["ScanCriterion"],
        radius=values["MaximumRadius"],
        giant=values["GiantCriterion"],
        large_radius=values["ExtraLargeRadius"],
        big_difference=values["BigDiffCriterion"],
        most_difference_pixels=values["MaxPixelsInDiffPatch"],
        annulus=outer - values["MaximumRadius"] if outer else values["AnnulusWidth"],
        scan_size=values["XYScanSize"],
        edge=values["EdgeExclusionWidth"],
    )
