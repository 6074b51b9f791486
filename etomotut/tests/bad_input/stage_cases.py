"""Why a series fails in a stage: what is bad, the stage, how it is made, and the reason told.

A series has 11 views of 128 x 128 pixels of noise, 10 Å, with halves; `spoil` gets its Scipion
object and its images, after their files were written.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np
from pwem.objects import Transform

from etomotut.convert.ctf import ViewCtf
from etomotut.protocols.on_models import MODEL
from etomotut.protocols.protocol_ctf_correction import CTF
from etomotut.tests.bad_input import files
from etomotut.tests.scipion_objects import turn

SIDE = 128
Change = Callable[[Any, Sequence[Any]], Any]


class Case(NamedTuple):
    """A bad series; `form` are values of the stage's form, `partners` what belongs to it."""

    what: str
    stage: str
    spoil: Change
    reason: str
    form: Optional[Dict[str, Any]] = None
    partners: Optional[Dict[str, Any]] = None


def untouched(series: Any, images: Sequence[Any]) -> None:
    """Leave the series as it is."""


def every(change: Callable[[Any], Any]) -> Change:
    """Change all images."""

    def spoil(series: Any, images: Sequence[Any]) -> None:
        for image in images:
            change(image)

    return spoil


def fourth(change: Callable[[Any], Any]) -> Change:
    """Change one image."""
    return lambda series, images: change(images[3])


def moved(matrix: Any) -> Change:
    """Give all images a transform."""
    return every(lambda image: image.setTransform(Transform(matrix=np.array(matrix, float))))


def half(**changes: Any) -> Change:
    """Write another odd half."""
    sizes = {"views": 11, "side": SIDE, **changes}
    return lambda series, images: files.write_stack(_odd(images), **sizes)


def few(count: int) -> Change:
    """Disable all views but so many."""
    return lambda series, images: [image.setEnabled(False) for image in images[count:]]


def wrong_model(**changes: Any) -> Change:
    """Write a model of images of 64 x 64."""
    return lambda series, images: files.write_model(**changes)


def _odd(images: Sequence[Any]) -> str:
    return str(images[0].getOdd()).split("@")[-1]


def _ctf(order: int, defocus: float) -> Dict[str, Any]:
    return {CTF: [ViewCtf(order, order, (defocus, defocus))]}


HALVES = {"processOddEven": True, "binning": 1}
SIX = {"tomoThickness": 20}
OF_MODEL = {MODEL: SimpleNamespace(getModelName=lambda: "a.fid", getSize=lambda: 6)}
CASES = (
    Case("all views are excluded", "Preprocess", few(0), "the series has no enabled views"),
    Case("views of one acquisition order", "Preprocess",
         every(lambda image: image.setAcquisitionOrder(1)),
         "two views have the same acquisition order"),
    Case("a view without acquisition order", "Preprocess",
         fourth(lambda image: image.setAcquisitionOrder(None)), "view 4 has no acquisition order"),
    Case("views in two files", "Preprocess", fourth(lambda image: image.setLocation(4, "b.mrc")),
         "TS_1.mrcs and b.mrc"),
    Case("a view without a file", "Preprocess", every(lambda image: image.setFileName(None)),
         "a view has no file"),
    Case("a section beyond the file", "Preprocess", fourth(lambda image: image.setIndex(99)),
         "TS_1.mrcs, which has 11"),
    Case("a section 0", "Preprocess", fourth(lambda image: image.setIndex(0)),
         "TS_1.mrcs; 1 is the first"),
    Case("one section for two views", "Preprocess", fourth(lambda image: image.setIndex(3)),
         "two views are the same section of their file"),
    Case("no pixel size", "Preprocess", lambda series, _: series.setSamplingRate(None),
         "its pixel size is 0 Å; it must be above 0"),
    Case("no tilt angle", "Prealign", fourth(lambda image: image.setTiltAngle(None)),
         "view 4 has tilt angle None; allowed is +-180"),
    Case("a tilt angle that is NaN", "Prealign",
         fourth(lambda image: image.setTiltAngle(float("nan"))),
         "view 4 has tilt angle nan; allowed is +-180"),
    Case("one tilt angle for all", "Prealign", every(lambda image: image.setTiltAngle(5.0)),
         "gives all 11 views the tilt angle 5; a tilt series has different ones"),
    Case("no tilt axis", "Prealign", lambda series, _: series.setAcquisition(None),
         "the angle of the tilt axis is not known"),
    Case("a transform of NaN", "Reconstruct", moved(np.full((3, 3), np.nan)),
         "view 1 has a transform without inverse", SIX),
    Case("a transform without inverse", "Reconstruct", moved(np.zeros((3, 3))),
         "view 1 has a transform without inverse", SIX),
    Case("a transform out of the image", "Reconstruct", moved(turn(0, 1e6)),
         "the alignment moves view 1 by 1e+06 pixels, out of its image of 128 x 128", SIX),
    Case("one view is left", "Reconstruct", few(1),
         "1 of its 11 views is enabled; 2 or more make a tilt series", SIX),
    Case("3 views are left, for beads", "FiducialModel", few(3),
         "0 gold beads can be followed through 5 views or more; at least 2 are needed"),
    Case("3 views are left, for an alignment without beads", "AreTomo", few(3),
         "are dark, 3 are left; 5 are needed"),
    Case("3 views are left, to find the specimen", "Position", few(3), "6 views of 140 nm"),
    Case("no beads", "FiducialModel", untouched,
         "0 gold beads can be followed through 5 views or more; at least 2 are needed"),
    Case("a half is gone", "Preprocess", lambda _, images: os.remove(_odd(images)),
         "TS_1_odd.mrcs does not exist", HALVES),
    Case("a half of fewer views", "Preprocess", half(views=4), "is 128 x 128 x 4, but ", HALVES),
    Case("a half of another size", "Preprocess", half(side=64), "is 64 x 64 x 11, but ", HALVES),
    Case("a CTF that fits no view", "CtfCorrection", untouched,
         "no enabled view has a CTF estimation", None, _ctf(99, 3e4)),
    Case("a CTF beyond reason", "CtfCorrection", untouched,
         "row 1 has a defocus of 3e+11 nm; allowed is +-100000", None, _ctf(1, 3e12)),
    Case("no voltage", "CtfCorrection", lambda series, _: series.getAcquisition().setVoltage(None),
         "its acquisition does not tell the voltage", None, _ctf(1, 3e4)),
    Case("a series that is corrected already", "CtfCorrection",
         lambda series, _: series.setCtfCorrected(True), "it is corrected for the CTF already",
         None, _ctf(1, 3e4)),
    Case("120 kV and doses", "DoseFilter",
         lambda series, _: series.getAcquisition().setVoltage(120),
         "its voltage is 120 kV; critical doses are known for 200 and 300 kV"),
    Case("no doses", "DoseFilter",
         every(lambda image: image.getAcquisition().setAccumDose(None)),
         "view 1 has no dose: enter a fixed one"),
    Case("a model that is gone", "FiducialAlignment", untouched,
         "a.fid cannot be read: No such file or directory", None, OF_MODEL),
    Case("a model of other images", "FiducialAlignment", wrong_model(),
         "the model a.fid was made on images of 64 x 64, the series has 128 x 128: generate the "
         "model again", None, OF_MODEL),
    Case("a defocus file of no series", "ImportCtf",
         lambda *_: files.text("TS_7.defocus", "1 1 0 0 3000 2")(),
         "of the files *.defocus in ., none bear its name; one must", {"filesPath": "."}),
    Case("two defocus files of a series", "ImportCtf",
         lambda *_: [files.text(f"TS{mark}1.defocus", "1 1 0 0 3000 2")() for mark in "_-"],
         "TS-1.defocus, TS_1.defocus bear its name; one must", {"filesPath": "."}),
    Case("a thickness beyond reason", "Reconstruct", untouched,
         "option THICKNESS is 1000000000; it must be at most 65536", {"tomoThickness": 10**9}),
    Case("beads larger than the images", "FiducialModel", untouched,
         "option BeadDiameter is 1000.0 pixels in these images of 128 x 128; it must be 2 to 32",
         {"fiducialDiameter": 1000.0}),
)  # fmt: skip
