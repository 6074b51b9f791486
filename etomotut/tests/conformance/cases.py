"""What embedded programs and IMOD's are run on, and how far their outputs may differ.

A word that begins with @ names an input. Outputs are out.mrc, out.xf, out.fid, or tiltalign's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Mapping, Tuple

from etomotut.tests.conformance import comparisons as by
from etomotut.tests.conformance.inputs import SOLUTION


@dataclass(frozen=True)
class Case:
    """A program, its arguments, how its outputs are compared.

    `stored` tells by output which file of the reference IMOD wrote with the same arguments.
    """

    program: str
    words: str
    compare: by.Comparison
    stored: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.program} {self.words}"


def _all(program: str, compare: by.Comparison, files: str, *options: str) -> List[Case]:
    """Give a case for each way to call a program."""
    return [Case(program, f"{words} {files}", compare) for words in options]


def _images(program: str, files: str, *rows: Tuple[str, str, by.Comparison]) -> List[Case]:
    """Give a case for each row: arguments, stored image, comparison."""
    return [
        Case(program, f"{words} {files}", compare, {by.OUT: f"{name}.mrc"})
        for words, name, compare in rows
    ]


VIEWS = "-secs 0,20,40"  # those that are stored of the variants
FINAL, PREALI = "-xform @final.xf", "-xform @xftoxg.prexg"
REDUCED = _images(
    "newstack",
    "@ccderaser.st out.mrc",
    ("-bin 2 -mode 2", "newstack_bin2", by.same_densities),
    (f"-bin 4 -mode 2 {VIEWS}", "variants/bin4", by.same_densities),
    (f"-float 1 -mode 0 {VIEWS}", "variants/float1_mode0", by.same_but_for_rounding),
    *(
        (f"{words} {VIEWS}", f"variants/{name}", by.same_densities)
        for words, name in (
            ("-shrink 2.5 -antialias 4 -mode 2", "shrink2.5_antialias4"),
            ("-shrink 2 -antialias 5 -mode 2", "shrink2_antialias5"),
            ("-shrink 4 -antialias 6 -mode 2", "shrink4_antialias6"),
            ("-float 2 -mode 0", "float2_mode0"),
            ("-float 3 -mode 1", "float3_mode1"),
            ("-meansd 100,10 -mode 2", "meansd"),
            ("-scale 0,255 -mode 2", "scale"),
            ("-offset 10,-20 -size 200,300 -mode 2", "offset"),
        )
    ),
)
MOVED = _images(
    "newstack",
    "@ccderaser.st out.mrc",
    *(
        (f"{words} {more} -mode 2", name, by.transformed(words, least, whole))
        for words, more, name, least, whole in (
            (FINAL, "-linear", "aligned_linear", 0.99999, 0.9999),
            (FINAL, "", "aligned_cubic", 0.99999, 0.999),
            (PREALI, "", "preali", 0.99999, 0.999),
            (
                f"{FINAL} {VIEWS} -size 360,256",
                "-linear",
                "variants/xform_size_swapped",
                0.99999,
                0,
            ),
            (f"{FINAL} {VIEWS} -bin 2", "-linear", "variants/xform_bin2", 0.99999, 0),
            # IMOD counts the distance from the border in whole pixels, we do not
            (f"{FINAL} {VIEWS}", "-taper 12,1", "variants/xform_taper", 0.9998, 0),
            (f"-rotate 30 {VIEWS}", "-linear", "variants/rotate30", 0.99999, 0),
        )
    ),
)
TYPES = [
    case
    for name in ("int16", "uint16", "float32")
    for case in _all(
        "newstack",
        by.same,
        f"@{name}.st out.mrc",
        "-bin 3 -origin",
        "-bin 4 -size 20,10 -fill 90",
        "-shrink 2.7 -antialias 2",
        "-bin 2 -antialias -1",
        "-shrink 1.5 -float 2 -mode 1",
        "-mode 0",
        "-mode 6 -float 1",
        "-float 3 -mode 1",
        "-float 4 -scale 10,200 -mode 1",
        "-contrast 50,200 -mode 0",
        "-offset 3.5,-4.5 -origin -fill 90",
        "-size 100,30 -fill 3 -origin",
        "-secs 2,0 -multadd 2,3",
        "-exclude 1 -fromone",
        "-secs 0,9 -blank",
    )
]
TRIMVOL = _all(
    "trimvol",
    by.equal,
    "@volume.rec out.mrc",
    "-x 3,10 -y 2,7 -z 4,9",
    "-x 3,10 -y 2,7 -z 4,9 -rx",
    "-x 3,10 -rx -k",
    "-nx 8 -ny 5 -nz 4",
    "-i -x 3,10 -z 0,3",
    "-f -y 2,7 -z 4,9 -rx",
    "-f -old 1 -y 2,7 -z 4,9",
    "-f -nz 5 -ny 4 -rx",
    "-mm 0,1000 -rx",
    "-c 50,200 -x 2,5",
)
MTFFILTER = [
    *_images(
        "mtffilter",
        "@preali.mrc out.mrc",
        ("-lowpass 0.15,0.05", "mtffilter_lowpass", by.view_by_view),
    ),
    *_all(
        "mtffilter",
        by.alike(0.9999, (0, 40, 40)),
        "@smooth.rec out.mrc",
        "-lowpass 0.25,0.05",
        "-highpass 0.02",
        "-lowpass 0.15,0.05 -highpass 0.02",
        "-lowpass 0.3,0.05 -radius1 0.05",
        "-highpass 0.03 -radius1 -0.05",
    ),
    *_all(
        "mtffilter",
        by.alike(0.9999, (20, 40, 40)),
        "@smooth.rec out.mrc",
        "-3dfilter -lowpass 0.15,0.05",
        "-3dfilter -highpass 0.04 -denscale 2",
    ),
]
ALIGNED = "@aligned_linear.mrc out.mrc -TILTFILE @tiltalign.tlt"
WBP = "-RADIAL .35,.05 -FULLIMAGE 256,360 -PERPENDICULAR"
TILT = [
    *_images(
        "tilt",
        ALIGNED,
        (f"-THICKNESS 120 {WBP} -SLICE 160,199", "tilt_wbp_y160-200", by.tomogram(0.02)),
        (
            # IMOD smooths more where slices are turned: it interpolates in depth as well
            f"-THICKNESS 120 {WBP} -SLICE 160,199 -SHIFT 6,10 -OFFSET 2.5,0 -XAXISTILT 1.5",
            "tilt_wbp_shifted_y160-200",
            by.tomogram(0.05),
        ),
        (
            f"-THICKNESS 120 {WBP} -MODE 1 -SCALE 0,500 -SLICE 170,179",
            "variants/tilt_mode1_scale",
            by.tomogram(0.02),
        ),
        (
            "-THICKNESS 90 -WIDTH 200 -RADIAL .30,.04 -LOG 100 -SLICE 170,179",
            "variants/tilt_width_log",
            by.tomogram(0.02),
        ),
        (
            "-THICKNESS 120 -RADIAL .4,.05 -SLICE 160,199 -SIRTIterations 5",
            "tilt_sirt5_y160-200",
            by.tomogram(0.03, 0.995),
        ),
        (
            "-THICKNESS 120 -RADIAL .4,.05 -SLICE 170,179 -SIRTIterations 10",
            "variants/tilt_sirt10",
            by.tomogram(0.03, 0.995),
        ),
    ),
    *_all(
        "tilt",
        by.tomogram(0.02, same_place=True),
        f"{ALIGNED} -THICKNESS 80 -RADIAL .35,.05 -SLICE 60,99",
        "-FULLIMAGE 300,400 -SUBSETSTART 10,30 -OFFSET 1,4 -AdjustOrigin",
        "-EXCLUDELIST2 1-5,20 -DENSWEIGHT 3 -SCALE 100,3",
        "-WIDTH 300 -SHIFT 5,-9 -AdjustOrigin",
        "-SIRTIterations 3",
        "-SIRTIterations 8 -FlatFilterFraction 0.5 -RADIAL .3,.05",
    ),
    *_all(
        "tilt",
        by.tomogram(0.07, same_place=True),
        f"{ALIGNED} -THICKNESS 80 -RADIAL .35,.05 -SLICE 60,99",
        "-XAXISTILT 4",
    ),
]
TILTALIGN = [
    Case(
        "tiltalign",
        f"-param @{name}.in",
        compare,
        {
            file: f"{'' if name == 'tiltalign' else 'variants/tiltalign/'}{name}{ending}"
            for file in SOLUTION.values()
            for ending in [file[1:]]
            if ending != ".3dmod"
        },
    )
    for name, compare in (
        ("tiltalign", by.solution(0.05, tilts=0.05, height=0.7)),
        ("fixed_all", by.solution(0.05)),
        ("rot_all", by.solution(0.05)),
        ("rot_group", by.solution(0.05)),
        ("tilt_all", by.solution(0.05)),
        ("mag_group", by.solution(0.05)),
        ("mag_all", by.solution(0.05)),
        # skew stands for part of the rotation, and IMOD also searched a beam tilt in `all`
        ("stretch", by.solution(0.2)),
        ("all", by.solution(0.2)),
    )
]
ERASER = "-better 6 -merge -exclude -circle / -order 0 @aligned_linear.mrc out.mrc"
VIEWS_OF_TILT = "-input @aligned_linear.mrc -output out.mrc -angleFn @tiltalign.tlt"
CTF = (
    "-defFn @defocus.txt -pixelSize 1.104 -volt 300 -cs 2.7 -ampContrast 0.1 -defTol 200 -iWidth 15"
)
CORRELATION = "-sigma1 0.03 -radius2 0.25 -sigma2 0.05"
OTHERS = [
    Case(
        "ccderaser",
        f"-model @beads_aligned.mod {ERASER}",
        by.erased,
        {by.OUT: "variants/ccderaser_beads.mrc"},
    ),
    Case(
        "ctfphaseflip",
        f"{VIEWS_OF_TILT} {CTF}",
        by.alike(0.99),
        {by.OUT: "ctfphaseflip.mrc"},
    ),
    Case(
        "nad_eed_3d",
        "-n 5 -k 30 -s 1.0 @nad_eed_3d_input.mrc out.mrc",
        by.alike(
            0.99999, (26, 26, 26), whole=0.998
        ),  # IMOD lets densities flow from the opposite side
        {by.OUT: "nad_eed_3d_output.mrc"},
    ),
    Case(
        "xfproduct",
        "@xftoxg.prexg @tiltalign.tltxf out.xf",
        by.transforms(1e-6, 1e-4),
        {"out.xf": "final.xf"},
    ),
    Case(
        "xftoxg",
        "-nfit 0 -in @tiltxcorr_cumulative.prexf -gout out.xf",
        by.transforms(1e-4, 1e-4),
        {"out.xf": "xftoxg.prexg"},
    ),
    *_all("xftoxg", by.transforms(1e-4, 2e-3), "@tiltxcorr_cumulative.prexf out.xf", "-ref 21"),
    Case(
        "tiltxcorr",
        f"-input @ccderaser.st -output out.xf -tiltfile @ref.rawtlt -rotation 4.2 {CORRELATION}",
        by.steps(along=0.35, across=10.0),
        {"out.xf": "tiltxcorr.prexf"},
    ),
    *_all(
        "tiltxcorr",
        by.transforms(1e-6, 0.2),
        f"-input @shifted.st -output out.xf -first -4 -increment 2 -rotation 0 {CORRELATION}",
        "",
        "-cumulative",
        "-xminmax 20,129 -yminmax 10,119",  # in areas of odd width IMOD 4.8 errs by 1
    ),
    *_all(
        "imodchopconts",
        by.same_contours,
        "@tracks.fid out.fid",
        "-overlap 4 -surfaces -length -1",
        "-overlap 6 -length 16",
        "-overlap 2 -length 8",
        "-overlap -1 -length 7",
        "-number 5",
    ),
    Case(
        "autofidseed",
        "-track @track.com -output out.fid -spacing 0.85 -peak 1.0 -number 16",
        by.beads(0.7, 1.0),
        {"out.fid": "autofidseed.seed"},
    ),
    Case(
        "beadtrack",
        "-param @beadtrack.com",
        by.beads(0.6, 1.0),  # IMOD follows 28% of what ours follows here, 76% in bytes as stored
        {"out.fid": "beadtrack.fid"},
    ),
    Case("autofidseed", "-track @beads.com -output out.fid -number 8 -two", by.beads(0.7, 0.5)),
    Case("beadtrack", "-param @beads.txt", by.beads(0.95, 0.5)),
]
CASES = [*REDUCED, *MOVED, *TYPES, *TRIMVOL, *MTFFILTER, *TILT, *TILTALIGN, *OTHERS]
