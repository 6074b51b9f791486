"""Turn transforms between neighbouring views into transforms to one common frame.

The frame is the average of all views (NumberToFit 0) or the view ReferenceSection.
"""

from __future__ import annotations

from pathlib import Path

from etomotut.errors import OptionError
from etomotut.programs.options import Option, Values

OPTIONS = (
    Option(
        "InputFile", Path, "each view's transform to the one before", None, "input", required=True
    ),
    Option("GOutputFile", Path, "global transforms (default: INPUT with g for f)", None, "goutput"),
    Option(
        "NumberToFit",
        int,
        "0: one frame for all views; IMOD's usual 7 is not done here",
        None,
        "nfit",
        choices=(0,),
    ),
    Option("ReferenceSection", int, "the view, from 1, that stays as it is", None, "ref", low=1),
)
POSITIONAL = ("InputFile", "GOutputFile")


def run(values: Values) -> None:
    """Write global transforms."""
    from etomotut.engine.transforms import to_one_frame
    from etomotut.formats import xf

    steps = xf.read(values["InputFile"])
    reference = values["ReferenceSection"]
    if reference is not None and reference > len(steps):
        raise OptionError(f"option ReferenceSection is {reference} of {len(steps)} views")
    if reference is None and values["NumberToFit"] is None:
        raise OptionError("option NumberToFit is needed: 0, one frame for all views")
    output = values["GOutputFile"] or _output_name(values["InputFile"])
    xf.write(output, to_one_frame(steps, None if reference is None else reference - 1))
    print(f"{len(steps)} global transforms written to {output}")


def _output_name(path: Path) -> Path:
    if not path.name.endswith("xf"):
        raise OptionError(f"option GOutputFile is needed, since {path} does not end in xf")
    return path.with_name(path.name[:-1] + "g")
