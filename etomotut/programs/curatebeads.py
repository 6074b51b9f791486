"""Curate the marks of gold beads: fill gaps, track again what does not fit, centre, drop.

Every bead of the model is looked for where the alignment of the others predicts it. A step is kept
only if it lowers the leave-one-out error of all marks of the input, dropped ones included. What
was done is listed, and which views had better be excluded. IMOD has no such program: it leaves
this to a person with 3dmod's Beadfixer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from etomotut.programs import angles, bead_images
from etomotut.programs.beadtrack import OPTIONS as TRACKING
from etomotut.programs.options import THREADS, Option, Values, find

OPTIONS = (
    Option("InputModel", Path, "fiducial model to curate", short="input", required=True),
    Option("OutputModel", Path, "curated model", short="output", required=True),
    Option("CurationFile", Path, "file for what was done, JSON", short="curation"),
    *(find(TRACKING, name) for name in ("ImageFile", "ImagesAreBinned", "RotationAngle")),
    *angles.OPTIONS,
    *(find(TRACKING, name) for name in ("BeadDiameter", "LightBeads")),
    THREADS,
)
POSITIONAL = ()
PACKAGE = ""


def run(values: Values) -> None:
    """Write the curated model, and what was done to it."""
    from etomotut.engine import curation, curation_views, locating
    from etomotut.formats import model
    from etomotut.programs import curatebeads_output as output

    views, pixel_size = bead_images.read(values)
    original, marks = bead_images.read_marks(values, "InputModel", views.shape)
    numbers = np.flatnonzero(locating.count_marks(marks))
    marks = marks[numbers]
    setting = bead_images.setting(values, views, pixel_size, wanted=min(max(len(marks), 4), 15))
    setting = replace(setting, limit=max(setting.limit, 4 * len(marks)))
    with bead_images.named_in_errors(values, setting):
        curated = curation.curate(views, marks, setting)
    signs = curation_views.signs_of_views(views, curated.marks, curated.after, setting)
    contours = [(each, contour) for each, contour, _ in original.contours()]
    work = output.Work(
        marks,
        curated,
        signs,
        setting,
        bead_images.centre(views.shape),
        [contours[number] for number in numbers],
    )
    output.report(work)
    points = locating.as_points(curated.marks)
    curated_model = model.from_tracks(
        np.column_stack([points.xy + bead_images.centre(views.shape), points.view]),
        points.bead,
        size=views.shape[::-1],
        pixel_size=pixel_size,
        symbol_size=original.objects[0].symbol_size,
    )
    model.write(values["OutputModel"], curated_model)
    if values["CurationFile"] is not None:
        output.write(values["CurationFile"], work)
