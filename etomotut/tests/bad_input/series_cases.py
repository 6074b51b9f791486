"""Why `etomotut run` does not take a tilt series: what is bad, how it is made, the words."""

from __future__ import annotations

import re
from typing import Any, Dict, NamedTuple, Optional

from etomotut.tests.bad_input import files
from etomotut.tests.bad_input.files import MDOC, Spoil, all_of, angles, cut, gone, mdoc, text


class Case(NamedTuple):
    """A bad series `a`; `sentence` is the end of what is told, `words` more of the command's."""

    what: str
    spoil: Spoil
    sentence: str
    words: Optional[Dict[str, Any]] = None


HALVES = all_of(files.stack(name="a_even.mrc"), files.stack(name="a_odd.mrc"))
NO_MDOC = "a.mrc.mdoc is not an mdoc file: it has no line [ZValue = ...]"
NO_NUMBER = "a.mrc.mdoc: 'nan' is no number"

CASES = (
    Case("a truncated stack", cut("a.mrc", 5000), "after 5000 of 181248 bytes"),
    Case("one view", all_of(files.stack(views=1), text("a.tlt", "0")),
         "a.mrc has 1 view; a tilt series has 3 or more"),
    Case("no tilt angles", gone("a.tlt"),
         "has neither an mdoc file nor tilt angles beside it: give --tilt-angles or --mdoc"),
    Case("too many tilt angles", angles(range(12)), "a.tlt has 12 angles for 11 views"),
    Case("a word for a tilt angle", text("a.tlt", "minus\n" * 11), "a.tlt: 'minus' is no number"),
    Case("one tilt angle for all", angles([5] * 11), "a.mrc: all views have the tilt angle 5"),
    Case("tilt angles beyond the edge", angles(range(85, 96)),
         "a.mrc: view 11 has 95 degrees; allowed is +-89"),
    Case("an empty mdoc", mdoc(""), NO_MDOC),
    Case("a binary mdoc", mdoc(bytes(range(256))), NO_MDOC),
    Case("an mdoc in UTF-16", mdoc(MDOC.encode("utf-16")), NO_MDOC),
    Case("an mdoc of fewer views", mdoc(MDOC[: MDOC.index("[ZValue = 10]")]), "a.mrc 11"),
    Case("an mdoc with a view twice", files.mdoc_with("[ZValue = 3]", "[ZValue = 2]"), "a.mrc 11"),
    Case("an mdoc without an angle", files.mdoc_with("TiltAngle = 10.0\n", ""),
         "a.mrc.mdoc: view 7 has no TiltAngle"),
    Case("an mdoc with an angle that is NaN", files.mdoc_with("TiltAngle = 10", "TiltAngle = nan"),
         "is no number"),
    Case("an mdoc with one angle", mdoc(re.sub("TiltAngle = .*", "TiltAngle = 5", MDOC)),
         "a.mrc.mdoc: all views have the tilt angle 5"),
    Case("an mdoc with a steep angle", files.mdoc_with("TiltAngle = 10.0", "TiltAngle = 500"),
         "a.mrc.mdoc: view 7 has 500 degrees; allowed is +-89"),
    Case("an mdoc whose pixel is no number", files.mdoc_with("g = 10", "g = nan"), NO_NUMBER),
    Case("an mdoc whose pixel is below 0", files.mdoc_with("g = 10", "g = -2"),
         "a.mrc.mdoc: PixelSpacing is -2; it must be above 0"),
    Case("an mdoc whose axis is no number", files.mdoc_with("angle = 85", "angle = 8e5e"),
         "a.mrc.mdoc: '8e5e' is no number"),
    Case("an mdoc with a dose below 0", files.mdoc_with("ExposureDose = 2", "ExposureDose = -2"),
         "a.mrc.mdoc: ExposureDose of view 1 is negative"),
    Case("mdoc files of other series", all_of(text("y.mdoc", MDOC), text("z.mdoc", MDOC)),
         "none of the mdoc files belongs to ", {"mdoc": "[yz].mdoc"}),
    Case("a defocus file that is none", text("a.defocus", "hello"),
         "a.defocus, line 1: 'hello' is not a row of numbers"),
    Case("no halves", files.nothing, "a.mrc has no even half nowhere/a_even.mrc",
         {"halves": "nowhere"}),
    Case("a truncated half", all_of(HALVES, cut("a_odd.mrc", 5000)), "after 5000 of 181248 bytes",
         {"halves": "."}),
    Case("a half of another size", all_of(HALVES, files.stack(name="a_odd.mrc", views=5)),
         "a_odd.mrc is 64 x 64 x 5, its series ", {"halves": "."}),
)  # fmt: skip
