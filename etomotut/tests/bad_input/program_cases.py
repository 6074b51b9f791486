"""What programs say to bad files and values: what is bad, how it is made, the command, the words.

The files are those of `files.make_all`; every program ends with status 1, and has written nothing.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np

from etomotut.tests.bad_input import files
from etomotut.tests.bad_input.files import Spoil, beads, cut, folder, gone, header, nothing, text


class Case(NamedTuple):
    """One bad input; `sentence` is all that stands after the program's name."""

    what: str
    spoil: Spoil
    command: str
    sentence: str


COPY = "newstack -bin 2 a.mrc o.mrc"
MOVE = "newstack -xform a.xf a.mrc o.mrc"
TILT = "tilt -input a.mrc -output o.mrc -TILTFILE a.tlt -THICKNESS 20"
SHIFTS = "tiltxcorr -input a.mrc -output o.xf -tiltfile a.tlt -rotation 85"
SEEDS = "autofidseed -track track.com -number 5 -output o.fid"
TRACKS = (
    "beadtrack -InputSeedModel a.fid -OutputModel o.fid -ImageFile a.mrc -TiltFile a.tlt "
    "-RotationAngle 85 -BeadDiameter"
)
SOLVE = (
    "tiltalign -ModelFile a.fid -ImageFile a.mrc -RotationAngle 85 -TiltFile a.tlt -RotOption -1 "
    "-OutputTransformFile o.xf"
)
FLIP = (
    "ctfphaseflip -InputStack a.mrc -OutputFileName o.mrc -AngleFile a.tlt -DefocusFile a.defocus "
    "-DefocusTol 200 -InterpolationWidth 15 -PixelSize 1 -Voltage 300 "
    "-SphericalAberration 2.7 -AmplitudeContrast 0.1"
)
DOSES = "mtffilter -dtype 2 -dfile a.dose a.mrc o.mrc"
MASK = (
    "beadmask a.mrc o.mrc -BeadDiameter 9 -PositionFile a.xyz -TransformFile a.xf -TiltFile a.tlt"
)
ONE_NAN = {(4, 3, 5): np.nan}
SOME_NAN = "1 of 4096 densities that are not finite numbers, the first at x 5, y 3 (from 0)"
BINARY = bytes(range(256))
BINARY_SHOWN = r"'\x00\x01\x02\x03\x04\x05\x06\x07\x08'"
NO_MRC = "a.mrc is not an MRC file: "
SIZES = "allowed are 1 to 1048576 in a direction"
MODES = "allowed are 0, 1, 2, 6, 12"


def _images() -> Tuple[Case, ...]:
    """Give what may be wrong with an image file as a whole."""
    ends = "a.mrc is no whole MRC file: its data end before its header says, after"
    alone = "and the header alone takes 1024"
    rows = (
        ("no such file", gone("a.mrc"), "a.mrc does not exist"),
        ("a folder", folder("a.mrc"), "a.mrc is not a file"),
        ("an empty file", text("a.mrc", ""), f"{NO_MRC}it has 0 bytes, {alone}"),
        ("half a header", cut("a.mrc", 500), f"{NO_MRC}it has 500 bytes, {alone}"),
        ("a header alone", cut("a.mrc", 1024), f"{NO_MRC}it has 1024 bytes, {alone}"),
        ("a truncated file", cut("a.mrc", 9000), f"{ends} 9000 of 181248 bytes"),
        ("a byte is missing", cut("a.mrc", 181247), f"{ends} 181247 of 181248 bytes"),
        (
            "a text",
            text("a.mrc", "not an image " * 200),
            f"{NO_MRC}its header says 544501614 x 1763733089 x 1701273965 pixels; {SIZES}",
        ),
        (
            "a TIFF file",
            text("a.mrc", b"II*\0" + bytes(4000)),
            f"{NO_MRC}its header says 2771273 x 0 x 0 pixels; {SIZES}",
        ),
        ("no columns", header((0, 0)), f"{NO_MRC}its header says 0 x 64 x 11 pixels; {SIZES}"),
        (
            "columns below 0",
            header((0, -5)),
            f"{NO_MRC}its header says -5 x 64 x 11 pixels; {SIZES}",
        ),
        (
            "rows and sections beyond all reason",
            header((4, 2**31 - 1), (8, 2**31 - 1)),
            f"{NO_MRC}its header says 64 x 2147483647 x 2147483647 pixels; {SIZES}",
        ),
        ("complex 16-bit numbers", header((12, 3)), f"a.mrc has MRC mode 3; {MODES}"),
        ("complex 32-bit numbers", header((12, 4)), f"a.mrc has MRC mode 4; {MODES}"),
        ("4-bit numbers", header((12, 101)), f"a.mrc has MRC mode 101; {MODES}"),
        ("a mode that there is not", header((12, 99)), f"a.mrc has MRC mode 99; {MODES}"),
        ("a second header below 0", header((92, -7)), f"{NO_MRC}it has -7 bytes of more header"),
        ("a second header too large", header((92, 10**9)), f"{ends} 181248 of 1000181248 bytes"),
    )
    return tuple(Case(what, spoil, COPY, sentence) for what, spoil, sentence in rows)


def _nan() -> Tuple[Case, ...]:
    """Give what programs say to a density that is no number: none computes with it."""
    commands = (
        (COPY, "section 4"),
        ("ccderaser -find -input a.mrc -output o.mrc", "section 4"),
        (SHIFTS, "view 5"),
        (SEEDS, "view 5"),
        (TILT, "view 5"),
        (f"{TILT} -SIRTIterations 2", "view 5"),
        ("tomo3d -i a.mrc -o o.mrc -a a.tlt -z 20 -S -l 2", "view 5"),
        (FLIP, "view 5"),
        (DOSES, "section 4"),
        ("fidder predict --input-image a.mrc --output-mask o.mrc --pixel-spacing 10", "view 5"),
        (MASK, "view 5"),
        ("nad_eed_3d -n 2 a.mrc o.mrc", "section 4"),
        ("tomobflow -i 2 a.mrc o.mrc", "section 4"),
        ("tomoeed -i 2 a.mrc o.mrc", "section 4"),
        ("volumefilter -median 3 a.mrc o.mrc", "section 4"),
        ("aretomo2 -InMrc a.mrc -OutMrc o.mrc -AngFile a.tlt -TiltAxis 85", "view 5"),
    )
    spoil = files.stack(values=ONE_NAN)
    return tuple(
        Case(f"NaN in {command.split()[0]}", spoil, command, f"{where} of a.mrc has {SOME_NAN}")
        for command, where in commands
    )


CONTENTS = (
    Case(
        "infinity",
        files.stack(values={(4, 3, 5): np.inf}),
        TILT,
        f"view 5 of a.mrc has {SOME_NAN}",
    ),
    Case(
        "a view of NaN",
        files.stack(values={4: np.nan}),
        TILT,
        "view 5 of a.mrc has 4096 of 4096 densities that are not finite numbers, the first at x 0, "
        "y 0 (from 0)",
    ),
    Case(
        "a constant view",
        files.stack(values={4: 7}),
        SHIFTS,
        "view 5 of a.mrc is blank, all its densities are 7: leave it out",
    ),
    Case(
        "a constant volume",
        files.stack(values={...: 7}),
        "tomobflow -i 2 a.mrc o.mrc",
        "a.mrc is blank: all its densities are 7",
    ),
    Case(
        "constant halves",
        files.stack(values={...: 7}),
        "fscfilter a.mrc a.mrc o.mrc",
        "a.mrc is blank: all its densities are 7",
    ),
    Case(
        "halves of different size",
        files.stack(name="b.mrc", views=5),
        "fscfilter a.mrc b.mrc o.mrc",
        "b.mrc has 64 x 64 x 5 voxels; a.mrc has 64 x 64 x 11",
    ),
    Case(
        "no pixel size where doses need one",
        files.stack(pixel_size=0),
        DOSES,
        "a.mrc has no pixel size: give PixelSize",
    ),
    Case(
        "no beads",
        nothing,
        SEEDS,
        "a.mrc, beads of 3.2 pixels: 0 gold beads can be followed through 5 views or more; at "
        "least 2 are needed",
    ),
    Case(
        "images of 2 x 2",
        files.stack(side=2),
        SEEDS,
        "a.mrc has views of 2 x 2 pixels, too small to find beads in; 8 a side are needed",
    ),
    Case(
        "images of 2 x 2 to align without beads",
        files.stack(side=2),
        "aretomo2 -InMrc a.mrc -OutMrc o.mrc -AngFile a.tlt -TiltAxis 85",
        "a.mrc has views of 2 x 2 pixels; 32 a side are needed",
    ),
    Case(
        "one view",
        files.all_of(files.stack(views=1), text("a.tlt", "0\n")),
        SHIFTS,
        "1 views are left to align; at least 2 are needed",
    ),
)

GEOMETRY = (
    Case("no tilt angles", gone("a.tlt"), TILT, "a.tlt cannot be read: No such file or directory"),
    Case("an empty file of angles", text("a.tlt", ""), TILT, "a.tlt holds no angles"),
    Case(
        "a binary file of angles",
        text("a.tlt", BINARY),
        TILT,
        f"a.tlt: {BINARY_SHOWN} is no number",
    ),
    Case("a word for an angle", text("a.tlt", "1 two 3"), TILT, "a.tlt: 'two' is no number"),
    Case("too few angles", text("a.tlt", "1 2"), TILT, "a.tlt has 2 angles for 11 views"),
    Case("too many angles", files.angles(range(12)), TILT, "a.tlt has 12 angles for 11 views"),
    Case(
        "an angle that is NaN",
        text("a.tlt", "nan\n" * 11),
        TILT,
        "a.tlt: view 1 has angle nan; allowed is +-180",
    ),
    Case(
        "an angle of 95 degrees",
        files.angles([*range(10), 95]),
        TILT,
        "view 11 has tilt angle 95; allowed is +-89",
    ),
    Case(
        "one angle for all views",
        text("a.tlt", "10\n" * 11),
        SOLVE,
        "a.tlt gives all 11 views the tilt angle 10; a tilt series has different ones",
    ),
    Case(
        "5 numbers a transform",
        text("a.xf", "1 0 0 1 0\n" * 11),
        MOVE,
        "a.xf, line 1: '1 0 0 1 0' is not 6 finite numbers",
    ),
    Case(
        "too few transforms",
        text("a.xf", "1 0 0 1 0 0\n" * 4),
        MOVE,
        "a.xf has 4 lines, so none for section 4 counted from 0",
    ),
    Case(
        "a transform without inverse",
        text("a.xf", "0 0 0 0 0 0\n" * 11),
        MOVE,
        "line 1 of a.xf has no inverse",
    ),
)

_NO_MODEL = "a.fid is not an IMOD model: it does not begin with IMODV1.2"
_CUT_MODEL = "a.fid is not a whole IMOD model: it ends too early"
MODELS = (
    Case("a text for a model", text("a.fid", "hello " * 100), SOLVE, _NO_MODEL),
    Case("an empty model", text("a.fid", ""), SOLVE, _NO_MODEL),
    Case("a truncated model", cut("a.fid", 500), SOLVE, _CUT_MODEL),
    Case(
        "a part of a model that leads back",
        files.replaced("a.fid", b"IMAT\0\0\0\x10", b"IMAT\xff\xff\xff\xf8"),
        SOLVE,
        _CUT_MODEL,
    ),
    Case("a model without points", beads(beads=0), SOLVE,
         "a.fid has no contour with 3 points or more on used views"),
    Case("a seed model without points", beads(beads=0), f"{TRACKS} 9",
         "seed model a.fid has no points"),
    Case("a model of one bead", beads(beads=1), SOLVE,
         "22 measured coordinates of 1 beads cannot determine 23 unknowns"),
    Case("a model of another series, with more views", beads(views=20), SOLVE,
         "a.fid has points on view 20 of 11 views"),
    Case("a model of another series, larger", beads(scale=100.0), SOLVE, "of another series"),
    Case("a model with NaN", beads(scale=np.nan), SOLVE,
         "a.fid: contour 1 has a point that is no number"),
    Case("a table of positions that is none", text("a.xyz", "hello"), MASK,
         "a.xyz is no file of fiducial positions: 'hello'"),
    Case("positions of another series", text("a.xyz", "1 9e9 1 1 1 1 Pix: 10 Dim: 64 64"), MASK,
         "none of the 1 positions in a.xyz is seen in a view of a.mrc: they are of another series"),
    Case("a command file of other words", text("track.com", "foo bar"), SEEDS, "no option 'foo'; "),
)  # fmt: skip

OPTICS = (
    Case("no defocus", gone("a.defocus"), FLIP,
         "a.defocus cannot be read: No such file or directory"),
    Case("an empty defocus file", text("a.defocus", ""), FLIP, "a.defocus holds no defocus values"),
    Case("words for a defocus", text("a.defocus", "1 1 0 0 much"), FLIP,
         "a.defocus, line 1: '1 1 0 0 much' is not a row of numbers"),
    Case("4 columns of defocus", text("a.defocus", "1 1 0 0"), FLIP,
         "a.defocus, row 1 has 4 numbers; expected are 5"),
    Case("a defocus beyond reason", text("a.defocus", "1 1 0 0 3e12 2"), FLIP,
         "a.defocus, row 1 has a defocus of 3e+12 nm; allowed is +-100000"),
    Case("a view below 0", text("a.defocus", "-5 -5 0 0 3000 2"), FLIP,
         "a.defocus, row 1 is of views -5 to -5; allowed are 0 to 10000"),
    Case("doses of fewer views", text("a.dose", "0 3\n" * 5), DOSES,
         "a.dose has doses of 5 views; there are 11"),
    Case("a dose below 0", text("a.dose", "0 -3\n" * 11), DOSES,
         "a.dose: view 1 has the dose -3; allowed are 0 to 10000"),
    Case("a dose that is NaN", text("a.dose", "0 nan\n" * 11), DOSES,
         "a.dose: view 1 has the dose nan; allowed are 0 to 10000"),
)  # fmt: skip

VALUES = (
    (f"{TILT}00000000", "option THICKNESS is 2000000000; it must be at most 65536"),
    (f"{TILT} -WIDTH -3", "option WIDTH is -3; it must be at least 1"),
    (f"{TILT} -SHIFT 1e9,0", "option SHIFT moves by 1e+09, so that nothing is left of views and "
     "tomogram; it may be up to 148"),
    (f"{TILT} -RADIAL 0,0", "option RADIAL is 0,0; the cutoff must be above 0"),
    (f"{TILT} -LOG nan", "option LOG is nan; it must be finite"),
    (f"{TILT} -Threads 0", "option Threads is 0; it must be at least 1"),
    ("newstack -bin 65 a.mrc o.mrc", "option BinByFactor is 65; a.mrc has images of 64 x 64"),
    ("newstack -size 1000000000,1000000000 a.mrc o.mrc", "o.mrc cannot be written with 1000000000 "
     f"x 1000000000 x 11 pixels; {SIZES}"),
    ("newstack -size 1000000,1000000 a.mrc o.mrc", "o.mrc cannot be written: it needs 4.4e+04 GB, "
     "and the disk has "),
    ("newstack -meansd 0,0 a.mrc o.mrc", "the SD of option MeanAndStandardDeviation is 0; it must "
     "be above 0"),
    ("newstack -secs 99 a.mrc o.mrc", "section 99 does not exist in a.mrc; it has 0 to 10"),
    ("newstack -secs 1-1000000000 a.mrc o.mrc", "option SectionsToRead has the range 1-1000000000 "
     "of more than 100000 numbers"),
    ("newstack a.mrc no/where.mrc", "no/where.mrc cannot be written: there is no folder no"),
    ("newstack a.mrc .", ". cannot be written: it is a folder"),
    (f"{TRACKS} 500", "option BeadDiameter is 500.0 pixels in these images of 64 x 64; it must be "
     "2 to 16"),
    (f"{TRACKS} 0", "option BeadDiameter is 0.0; it must be at least 0.1"),
    (f"{SHIFTS}000", "option RotationAngle is 85000.0; it must be at most 360"),
    (f"{SHIFTS} -size 999,32", "option SizeOfPatchesXandY is 999,32; the images have room for "
     "64,64"),
    (f"{FLIP}e9", "option AmplitudeContrast is 100000000.0; it must be at most 1"),
    ("trimvol -x 5,500 a.mrc o.mrc", "option XStartAndEnd is 5 to 500; the volume has 1 to 64"),
    ("volumefilter -median 1001 a.mrc o.mrc", "option Median is 1001; it must be at most 31"),
    ("tilt -foo 3", "no option 'foo'; it has "),
    ("tlit", "no embedded program 'tlit'; there are "),
)  # fmt: skip


def _short(command: str) -> str:
    """Give a command without its files, where it is long."""
    words = command.split()
    return command if len(words) < 7 else " ".join([words[0], "...", *words[-2:]])


CASES = (
    *_images(),
    *_nan(),
    *CONTENTS,
    *GEOMETRY,
    *MODELS,
    *OPTICS,
    *(Case(_short(command), nothing, command, sentence) for command, sentence in VALUES),
)

ACCEPTED = (
    Case("the other byte order", files.swapped, COPY, ""),
    Case("bytes after the data", files.longer("a.mrc"), COPY, ""),
    Case("no word MAP", header((208, b"none")), COPY, ""),
    Case("a count of labels below 0", header((220, -77)), COPY, ""),
    Case("no pixel size", files.stack(pixel_size=0), COPY, ""),
    Case("a pixel size below 0", files.stack(pixel_size=-3), COPY, ""),
    Case("two views of one tilt angle", files.angles([-50, -50, *range(-30, 60, 10)]), TILT, ""),
    Case("tilt angles in any order", files.angles(np.roll(files.ANGLES, 3)), TILT, ""),
)
