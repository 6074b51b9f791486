"""Copy sections of stacks while changing their size, geometry, densities or data type.

Sections are chosen, averaged (BinByFactor) or reduced through a filter (ShrinkByFactor, or
AntialiasFilter with BinByFactor), transformed (TransformFile, RotateByAngle, ExpandByFactor), cut
or padded about their centre, tapered, scaled, and written. The output may be the input file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Tuple

from etomotut.programs.console import progress, threads
from etomotut.programs.options import THREADS, Option, Ranges, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.densities import Summary
    from etomotut.programs.newstack_sections import Section

OPTIONS = (
    Option("InputFile", Path, "stack to read", short="input", required=True, repeated=True),
    Option("OutputFile", Path, "stack to write", short="output", required=True),
    Option(
        "SectionsToRead",
        Ranges,
        "sections to read, from 0 unless NumberedFromOne; once for each input file, / for all",
        short="secs",
        repeated=True,
    ),
    Option("NumberedFromOne", bool, "sections and lines count from 1, not 0", short="fromone"),
    Option("ExcludeSections", Ranges, "sections to leave out", short="exclude"),
    Option("BlankOutput", bool, "write an even section where one does not exist", short="blank"),
    Option(
        "OffsetsInXandY",
        Several(float),
        "shift of the area taken, in pixels of the input: x,y for all sections, or for each",
        short="offset",
    ),
    Option("ApplyOffsetsFirst", bool, "shift before transforming, not after", short="applyfirst"),
    Option("TransformFile", Path, "transforms about the centre, a line a section", short="xform"),
    Option(
        "UseTransformLines",
        Ranges,
        "lines to use, one for all sections or one for each (default: the section's own)",
        short="uselines",
    ),
    Option("RotateByAngle", float, "degrees to turn, counter-clockwise positive", short="rotate"),
    Option("ExpandByFactor", float, "magnification by interpolation", short="expand", low=1e-3),
    Option("ShrinkByFactor", float, "reduction through a filter", short="shrink", low=1),
    Option(
        "AntialiasFilter",
        int,
        "filter of a reduction: 1 box, 2 Blackman, 3 triangle, 4 Mitchell, 5 Lanczos with 2 or "
        "6 with 3 lobes; -1 for the default, 6. With BinByFactor it replaces averaging",
        short="antialias",
        choices=(-1, 1, 2, 3, 4, 5, 6),
    ),
    Option("BinByFactor", int, "pixels to average in x and y", 1, "bin", low=1),
    Option("ImagesAreBinned", float, "binning of the input; without effect", None, "imagebinned"),
    Option("AdjustOrigin", bool, "let the header's origin follow the area taken", short="origin"),
    Option("LinearInterpolation", bool, "linear instead of cubic interpolation", short="linear"),
    Option("NearestNeighbor", bool, "nearest pixel instead of interpolation", short="nearest"),
    Option(
        "SizeToOutputInXandY", Several(int, 2), "x,y size in pixels of the output", None, "size"
    ),
    Option(
        "ModeToOutput",
        int,
        "data type: 0 bytes, 1 and 6 signed and unsigned 16-bit, 2 and 12 32- and 16-bit float "
        "(default: as the input)",
        short="mode",
        choices=(0, 1, 2, 6, 12),
    ),
    Option(
        "FloatDensities",
        int,
        "adjust each section: 1 fill the data range, 2 common mean and SD, 3 common mean, "
        "4 common mean and then ScaleMinAndMax",
        0,
        "float",
        choices=(0, 1, 2, 3, 4),
    ),
    Option(
        "MeanAndStandardDeviation", Several(float, 2), "give each section these", short="meansd"
    ),
    Option(
        "ContrastBlackWhite",
        Several(float, 2),
        "scale as 3dmod shows these black and white values",
        short="contrast",
    ),
    Option(
        "ScaleMinAndMax", Several(float, 2), "take the input's extremes to these", short="scale"
    ),
    Option(
        "MultiplyAndAdd",
        Several(float, 2),
        "factor and offset for densities, once or for each input file",
        short="multadd",
        repeated=True,
    ),
    Option("FillValue", float, "density of empty areas (default: the mean)", short="fill"),
    Option(
        "TaperAtFill",
        Several(int, 2),
        "pixels to taper at empty areas (1: 1% of the size) and 1 for inside or 0 for outside",
        short="taper",
    ),
    THREADS,
)
POSITIONAL = ("InputFile", "OutputFile")


def run(values: Values) -> None:
    """Write the output stack."""
    from etomotut.formats import mrc
    from etomotut.programs.streaming import in_order

    work = Work(values)
    count = len(work.sections)
    width, height = work.geometry.size
    source, dtype = work.stacks[0], work.densities.dtype
    print(
        f"{count} sections of {source.shape[2]} x {source.shape[1]} become {width} x {height}, "
        f"{work.geometry.pixel_size:.6g} A a pixel, {dtype}"
    )
    work.settle()
    with mrc.create(
        values["OutputFile"],
        (count, height, width),
        dtype,
        pixel_size=work.geometry.pixel_size,
        origin=work.geometry.origin(work.sections[0].offset),
        labels=[*source.labels, "etomotut newstack"],
    ) as out:
        images = in_order(work.finished, work.sections, threads())
        for index, image in enumerate(progress(images, "Sections", count)):
            out[index] = image
    for line in work.densities.report():
        print(line)
    print(f"{count} sections written to {values['OutputFile']}")


class Work:
    """The steps from a section of the input to one of the output; raises OptionError."""

    def __init__(self, values: Values) -> None:
        from etomotut.formats import mrc
        from etomotut.programs.newstack_densities import Densities
        from etomotut.programs.newstack_geometry import Geometry
        from etomotut.programs.newstack_sections import choose_sections

        self.stacks = [mrc.Stack(path) for path in values["InputFile"]]
        self.sections = choose_sections(values, self.stacks)
        self.geometry = Geometry(values, self.stacks[0])
        self.densities = Densities(values, self.stacks)

    def settle(self) -> None:
        """Look at all sections first if their densities are to have something in common."""
        from etomotut.programs.streaming import in_order

        if self.densities.needs_all:
            present = [section for section in self.sections if section.number is not None]
            reduced = in_order(self.reduced, present, threads())
            found = [summary for _, summary in progress(reduced, "Statistics", len(present))]
            self.densities.settle(found)

    def reduced(self, section: Section) -> Tuple[Any, Summary]:
        """Give a section as it is before it is placed, and its statistics."""
        stack = self.stacks[section.stack]
        name = f"section {section.number} of {stack.path}"
        return self.geometry.reduce(self.densities.open(stack[section.number]), name)

    def finished(self, section: Section) -> Any:
        """Give a section as it is written."""
        if section.number is None:
            image = self.densities.blank(section.stack, self.geometry.size)
        else:
            image, summary = self.reduced(section)
            image = self.geometry.place(image, summary.mean, section.transform, section.offset)
        return self.densities.close(image, section.stack)
