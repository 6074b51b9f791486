"""Stage 4: the alignment and the 3D positions of the beads are solved from their tracks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, BooleanParam, EnumParam, IntParam
from tomo.objects import SetOfLandmarkModels, SetOfTiltSeries, SetOfTiltSeriesCoordinates

from etomotut.convert import fiducials
from etomotut.convert.series import Changes, near, rotation_of
from etomotut.formats import model, tlt, xf
from etomotut.formats.fiducials import match_residuals, read_positions, read_residuals
from etomotut.objects import SetOfAlignmentQuality
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.judged import JudgedProtocol, judge_marks, with_verdict
from etomotut.protocols.on_models import (
    MODEL,
    ModelsProtocol,
    add_models_input,
    require_same_images,
)
from etomotut.protocols.outputs import COORDINATES, MODEL_NO_GAPS, QUALITY, TILT_SERIES, Result
from etomotut.protocols.rehearsal import AXIS_ANGLE, FILES, PIXEL_SIZE, SHAPE

# choices of the form, in its order, as tiltalign counts them
ROTATIONS = {"none": 0, "one for all": -1, "groups": 3, "each view": 1}
MAGNIFICATIONS = {"fixed": 0, "groups": 3, "each view": 1}
TILTS = {"fixed": 0, "groups": 5, "each view": 2}
DISTORTIONS = {"off": (0, 0), "stretch and skew": (3, 3), "skew only": (0, 3)}

ENDINGS = {
    "residuals": ".resid",
    "positions": ".xyz",
    "angles": ".tlt",
    "x_tilts": ".xtilt",
    "transforms": ".tltxf",
    "points": ".3dmod",
    "filled": "_noGaps.fid",
}
KEPT = "residuals", "positions", "angles", "transforms"


class ProtEtomotutFiducialAlignment(ModelsProtocol, JudgedProtocol):
    """Solve the alignment of tilt series from tracked beads or patches.

    Gives the aligned series, the model with its gaps filled, the beads in 3D, and how good each
    alignment is: its errors where marks took no part in it, and a verdict with reasons.
    """

    _label = "fiducial alignment"
    _possibleOutputs = {
        TILT_SERIES: SetOfTiltSeries,
        MODEL_NO_GAPS: SetOfLandmarkModels,
        COORDINATES: SetOfTiltSeriesCoordinates,
        QUALITY: SetOfAlignmentQuality,
    }
    programs = ("tiltalign",)
    papers = ("Kremer1996", "Mastronarde2017")

    def _defineParams(self, form: Any) -> None:
        add_models_input(
            form,
            "The tilt series that the models were made on are aligned.",
        )
        form.addParam(
            "twoSurfaces",
            BooleanParam,
            default=True,
            label="Beads on two surfaces?",
            help="Fit two planes to the beads, for the tilt and thickness of the specimen that "
            "the log reports. The alignment does not depend on it.",
        )
        form.addParam(
            "refineViews",
            BooleanParam,
            default=True,
            label="Refine every view?",
            help="Solve the rotation, tilt and magnification of every view under priors that are "
            "learned from the data, after the solution chosen below. Only the embedded program "
            "can do that.",
        )
        self._define_variables(form)
        add_running(form, self.programs)

    @staticmethod
    def _define_variables(form: Any) -> None:
        for name, choices, default, size, label in (
            ("rotationSolutionType", ROTATIONS, "one for all", 5, "Rotation of the tilt axis"),
            ("magnificationSolutionType", MAGNIFICATIONS, "fixed", 4, "Magnification"),
            ("tiltAngleSolutionType", TILTS, "groups", 5, "Tilt angles"),
        ):
            names = list(choices)
            form.addParam(
                name,
                EnumParam,
                default=names.index(default),
                choices=names,
                label=label,
                help=f"What is solved for. See {man('tiltalign')}",
            )
            form.addParam(
                f"group{name[0].upper()}{name[1:]}".replace("SolutionType", "Size"),
                IntParam,
                default=size,
                validators=[GE(1)],
                condition=f"{name} == {names.index('groups')}" if "groups" in names else None,
                label="Views in a group",
                help="So many neighbouring views share one value: fewer unknowns, a surer result.",
            )
        form.addParam(
            "distortionSolutionType",
            EnumParam,
            default=0,
            choices=list(DISTORTIONS),
            label="Distortion",
            help="Whether views may be stretched and skewed, too. Few specimens need it, and it "
            f"takes many beads. See {man('tiltalign')}",
        )
        for name, choices, size in (("xStretchGroupSize", "== 1", 7), ("skewGroupSize", "> 0", 11)):
            form.addParam(
                name,
                IntParam,
                default=size,
                validators=[GE(1)],
                condition=f"distortionSolutionType {choices}",
                expertLevel=LEVEL_ADVANCED,
                label=f"Views in a group of {'stretches' if size == 7 else 'skews'}",
                help="So many neighbouring views share one value.",
            )

    @staticmethod
    def commands(form: Any, about: Mapping[str, Any], files: Mapping[str, str]) -> List[Command]:
        """Give the command that solves a series.

        `about` has "size" (x, y), "pixel_size" (Å), "axis_angle" and "are_beads"; `files` has
        "model", "nominal" (tilt angles) and the names of ENDINGS.
        """
        stretch, skew = list(DISTORTIONS.values())[form.distortionSolutionType]
        values = {
            "ModelFile": files["model"],
            "ImageSizeXandY": about["size"],
            "ImagesAreBinned": 1,
            "UnbinnedPixelSize": about["pixel_size"] / 10,
            "OutputModelFile": files["points"],
            "OutputResidualFile": files["residuals"],
            "OutputFidXYZFile": files["positions"],
            "OutputTiltFile": files["angles"],
            "OutputXAxisTiltFile": files["x_tilts"],
            "OutputTransformFile": files["transforms"],
            "OutputFilledInModel": files["filled"] if about["are_beads"] else None,
            "RotationAngle": about["axis_angle"],
            "TiltFile": files["nominal"],
            "AngleOffset": 0.0,
            "RotOption": list(ROTATIONS.values())[form.rotationSolutionType],
            "RotDefaultGrouping": form.groupRotationSize,
            "TiltOption": list(TILTS.values())[form.tiltAngleSolutionType],
            "TiltDefaultGrouping": form.groupTiltAngleSize,
            "MagOption": list(MAGNIFICATIONS.values())[form.magnificationSolutionType],
            "MagDefaultGrouping": form.groupMagnificationSize,
            "XStretchOption": stretch,
            "XStretchDefaultGrouping": form.xStretchGroupSize,
            "SkewOption": skew,
            "SkewDefaultGrouping": form.skewGroupSize,
            "BeamTiltOption": 0,
            "XTiltOption": 0,
            "ResidualReportCriterion": 3.0,
            "SurfacesToAnalyze": 2 if form.twoSurfaces else 1,
            "MetroFactor": 0.25,
            "MaximumCycles": 1000,
            "RobustFitting": True,
            "WarnOnRobustFailure": True,  # few beads are still aligned, if not robustly
            "WeightWholeTracks": not about["are_beads"],
            "KFactorScaling": 1.0,
            "NoSeparateTiltGroups": True,
            "AxisZShift": 0.0,
            "ShiftZFromOriginal": True,
            "EveryView": form.refineViews,
        }
        return [("tiltalign", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any model."""
        about = {
            "size": SHAPE[:0:-1],
            "pixel_size": PIXEL_SIZE,
            "axis_angle": AXIS_ANGLE,
            "are_beads": True,
        }
        return cls.commands(form, about, FILES)

    def process(self, job: Job) -> Result:
        """Solve, and put the solution after what the views were shifted by before."""
        series, landmarks = job.series, job.item.partners[MODEL]
        original = model.read(landmarks.getModelName())
        require_same_images(original, landmarks.getModelName(), job)
        about = {
            "size": original.size[:2],
            "pixel_size": series.pixel_size,
            "axis_angle": series.axis_after_transforms(),
            "are_beads": landmarks.getSize() > 0,
        }
        files = {name: job.temporary(ending) for name, ending in ENDINGS.items()}
        files.update(model=landmarks.getModelName(), nominal=job.write_angles())
        (command,) = self.commands(job.form, about, files)
        job.run([command], log="_align.log")
        files.update({name: job.keep(ENDINGS[name]) for name in KEPT})
        solved, angles = xf.read(files["transforms"]), tlt.read(files["angles"])
        transforms = series.then(solved)
        axis_angle = near(rotation_of(transforms), series.axis_angle)
        if about["are_beads"]:
            _fill(original, (solved, angles), files)
        else:
            shutil.copy(files["model"], files["filled"])
        filled, numbers = _describe_points(job, files)
        numbers.update(
            rotation=axis_angle, pixel_size=series.pixel_size, are_beads=about["are_beads"]
        )
        positions = read_positions(files["positions"])
        numbers["beads"] = len(positions.xyz)
        files["filled"] = filled[1]
        outputs = {
            TILT_SERIES: Changes(transforms=transforms, tilt_angles=angles, axis_angle=axis_angle),
            MODEL_NO_GAPS: fiducials.landmark_model(
                job.ts_id, *filled, landmarks.getSize(), residuals=True
            ),
            COORDINATES: list(fiducials.coordinates(job.ts_id, positions, series.pixel_size)),
        }
        judged, verdict = judge_marks(job, command, files)
        return Result({**outputs, **judged}, {**numbers, **verdict})

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how good the alignment is."""
        residual, nanometres = numbers["residual"], numbers["pixel_size"] / 10
        tracked = f"{numbers['beads']} tracks of patches"
        if numbers["are_beads"]:
            tracked = f"{numbers['beads']} beads, {numbers['filled']} gaps filled"
        told = (
            f"mean residual {residual:.2f} px ({residual * nanometres:.2f} nm) of "
            f"{numbers['points']} points, {tracked}, tilt axis at {numbers['rotation']:.2f} "
            "degrees"
        )
        return with_verdict(told, numbers)

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse an unknown tilt axis."""
        return ["The angle of the tilt axis is not known."] if facts.axis_angle is None else []

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of more unknowns than a few beads can bear."""
        if list(ROTATIONS)[form.rotationSolutionType] == "each view":
            return ["A rotation for each view needs many beads in every view."]
        return []


def _fill(original: model.Model, views: fiducials.Views, files: Mapping[str, str]) -> None:
    """Write the model without gaps where the program did not: IMOD before 4.9 cannot."""
    if Path(files["filled"]).is_file():
        return
    rows, tracks = model.tracks(original)
    solution = fiducials.positions_of_tracks(original, read_positions(files["positions"]))
    centre = np.array([*original.size[:2], 0]) / 2 - (0.5, 0.5, 0)
    full, numbers = fiducials.fill_gaps(rows - centre, tracks, solution, views)
    size, pixel_size = original.size, original.pixel_size
    model.write(
        files["filled"],
        model.from_tracks(full + centre, numbers, size=size, pixel_size=pixel_size),
    )


def _describe_points(job: Job, files: Mapping[str, str]) -> Tuple[Tuple[str, str], Dict[str, Any]]:
    """Write the table of points with their residuals; give table and model, and numbers."""
    kept = job.keep(ENDINGS["filled"])
    rows, tracks = model.tracks(model.read(kept))
    measured = read_residuals(files["residuals"])
    residuals = match_residuals(rows, measured)
    fiducials.write_landmarks(job.temporary("_noGaps.sfid"), rows, tracks, residuals)
    lengths = np.hypot(measured[:, 3], measured[:, 4])
    numbers = {
        "points": len(measured),
        "filled": int(np.isnan(residuals[:, 0]).sum()),
        "residual": float(lengths.mean()),
        "worst_residual": float(lengths.max()),
    }
    return (job.keep("_noGaps.sfid"), kept), numbers
