"""Multiply transforms: each line of the first file followed by the same line of the second.

A file with a single transform is multiplied with every line of the other.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.errors import OptionError
from etomotut.programs.options import Option, Several, Values

OPTIONS = (
    Option("InputFile1", Path, "transforms applied first", short="in1", required=True),
    Option("InputFile2", Path, "transforms applied second", short="in2", required=True),
    Option("OutputFile", Path, "file for the products", short="output", required=True),
    Option("ScaleShifts", Several(float, 2), "factors for the shifts", (1.0, 1.0), "scale"),
    Option("OneXformToMultiply", int, "only this line, from 0, of the longer file", short="one"),
)
POSITIONAL = ("InputFile1", "InputFile2", "OutputFile")


def run(values: Values) -> None:
    """Write the products of two files of transforms."""
    from etomotut.engine import transforms
    from etomotut.formats import xf

    first, second = xf.read(values["InputFile1"]), xf.read(values["InputFile2"])
    first = transforms.scale_shifts(first, values["ScaleShifts"][0])
    second = transforms.scale_shifts(second, values["ScaleShifts"][1])
    counts = len(first), len(second)
    if counts[0] != counts[1] and 1 not in counts:
        files = values["InputFile1"], values["InputFile2"]
        raise OptionError(f"{files[0]} has {counts[0]} transforms, {files[1]} {counts[1]}")
    one = values["OneXformToMultiply"]
    if one is not None and 1 in counts:
        if not 0 <= one < max(counts):
            raise OptionError(f"option OneXformToMultiply is {one}; it is 0 to {max(counts) - 1}")
        first, second = (each[[one]] if len(each) > 1 else each for each in (first, second))
    products = transforms.then(first, second)
    xf.write(values["OutputFile"], products)
    print(f"{len(products)} new transforms written to {values['OutputFile']}")
