"""Stage 3: gold beads, or patches of the images, are followed through the views."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import (
    GE,
    BooleanParam,
    EnumParam,
    FloatParam,
    IntParam,
    StringParam,
)
from tomo.objects import SetOfLandmarkModels

from etomotut.convert.fiducials import count_gaps
from etomotut.formats import model
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_running, add_series_input, man
from etomotut.protocols.job import Command, Job, ProgramError
from etomotut.protocols.on_models import keep_model
from etomotut.protocols.outputs import MODEL_GAPS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import AXIS_ANGLE, BEAD_DIAMETER, FILES, SHAPE

BEADS, PATCHES = range(2)
SMALLEST_BEAD = 3.0  # pixels
FEW = 5
SCALED_FROM = 12.5  # pixels; beadtrack's distances are meant for beads up to this size


class ProtEtomotutFiducialModel(EtomotutProtocol):
    """Find gold beads and track them through tilt series, or track patches where there are none.

    The input is prealigned. 10 to 15 beads that are followed through most views are enough.
    """

    _label = "generate fiducial model"
    _possibleOutputs = {MODEL_GAPS: SetOfLandmarkModels}
    programs = ("newstack", "autofidseed", "beadtrack", "tiltxcorr", "imodchopconts")
    papers = ("Kremer1996", "Mastronarde2017")

    def _defineParams(self, form: Any) -> None:
        add_series_input(form)
        form.addParam(
            "typeOfModel",
            EnumParam,
            default=BEADS,
            choices=["gold beads", "patches"],
            display=EnumParam.DISPLAY_HLIST,
            label="What to track",
            help="*gold beads*, where there are some: they are surer and finer. *patches* of the "
            "views where there are none.",
        )
        beads = form.addGroup("Gold beads", condition=f"typeOfModel == {BEADS}")
        beads.addParam(
            "fiducialDiameter",
            FloatParam,
            default=10.0,
            validators=[GE(0.1)],
            label="Bead diameter (nm)",
            help="As the maker of the gold says, or measured in a view. A tenth more or less does "
            "no harm.",
        )
        beads.addParam(
            "twoSurfaces",
            BooleanParam,
            default=True,
            label="Beads on two surfaces?",
            help="Choose as many beads from each surface of the specimen.",
        )
        beads.addParam(
            "numberFiducial",
            IntParam,
            default=40,
            validators=[GE(3)],
            label="Number of beads",
            help=f"As many are chosen, if there are so many. See {man('autofidseed')}",
        )
        beads.addParam(
            "doTrackWithModel",
            BooleanParam,
            default=True,
            label="Track again with the model as seed?",
            help=f"A second round that starts from all marks of the first. See {man('beadtrack')}",
        )
        beads.addParam(
            "refineSobelFilter",
            BooleanParam,
            default=True,
            expertLevel=LEVEL_ADVANCED,
            label="Refine centres with a Sobel filter?",
            help="IMOD's way to centre on dense beads; the embedded program fits centres.",
        )
        beads.addParam(
            "scalableSigmaForSobelFilter",
            FloatParam,
            default=0.12,
            condition="refineSobelFilter",
            expertLevel=LEVEL_ADVANCED,
            label="Sigma of the Sobel filter (bead diameters)",
            help=f"How much views are smoothed before edges are looked for. See {man('beadtrack')}",
        )
        self._define_patches(form.addGroup("Patches", condition=f"typeOfModel == {PATCHES}"))
        add_running(form, self.programs)

    @staticmethod
    def _define_patches(group: Any) -> None:
        group.addParam(
            "sizeOfPatches",
            StringParam,
            default="",
            label="Size of patches (x y, pixels)",
            help="Two numbers, or one for both. Empty: a quarter of the shorter side, at least "
            f"64 pixels. See {man('tiltxcorr')}",
        )
        group.addParam(
            "overlapPatches",
            StringParam,
            default="0.33 0.33",
            label="Overlap of patches (x y, fractions)",
            help="Of the side of a patch. More overlap makes more patches, and takes longer.",
        )
        group.addParam(
            "pxTrim",
            StringParam,
            default="",
            expertLevel=LEVEL_ADVANCED,
            label="Pixels to leave out at the edges (x y)",
            help="Empty: 5% of the size.",
        )
        group.addParam(
            "iterationsSubpixel",
            IntParam,
            default=1,
            validators=[GE(0)],
            expertLevel=LEVEL_ADVANCED,
            label="Rounds that refine the shifts",
            help="Each takes the patches at the places that the round before has found.",
        )
        line = group.addLine(
            "Filter (1/pixel)",
            expertLevel=LEVEL_ADVANCED,
            help="Frequencies that are correlated: from where the rise ends, to where the fall "
            f"begins, and how it falls. See {man('tiltxcorr')}",
        )
        line.addParam("filterSigma1", FloatParam, default=0.03, label="low sigma")
        line.addParam("filterRadius2", FloatParam, default=0.125, label="high radius")
        line.addParam("filterSigma2", FloatParam, default=0.03, label="high sigma")

    @staticmethod
    def bead_commands(
        form: Any, tracking: Mapping[str, Any], files: Mapping[str, str]
    ) -> List[Command]:
        """Give the commands that choose beads and track them, once or twice.

        `files` has the names "track" (command file of beadtrack), "seed", "model", "info",
        "folder" (for temporary files) and "again" (the model of a second round).
        """
        seed = {
            "TrackCommandFile": files["track"],
            "OutputSeedModel": files["seed"],
            "InfoFile": files["info"],
            "TemporaryDirectory": files["folder"],
            "MinSpacing": 0.85,
            "AdjustSizes": True,
            "PeakStorageFraction": 1.0,
            "TargetNumberOfBeads": form.numberFiducial,
            "TwoSurfaces": form.twoSurfaces,
        }
        commands: List[Command] = [("autofidseed", seed), ("beadtrack", tracking)]
        if form.doTrackWithModel:
            models = {"InputSeedModel": files["model"], "OutputModel": files["again"]}
            commands.append(("beadtrack", {**tracking, **models}))
        return commands

    @staticmethod
    def tracking(form: Any, diameter: float, axis_angle: float) -> Dict[str, Any]:
        """Give beadtrack's values without its files; `diameter` of a bead in pixels."""
        scale = max(1.0, diameter / SCALED_FROM)
        box = min(512, 2 * int(max(3.3 * diameter + 2, 2 * diameter + 20, 32) / 2))
        sobel = {
            "SobelFilterCentering": True,
            "KernelSigmaForSobel": form.scalableSigmaForSobelFilter * diameter,
        }
        return {
            "ImagesAreBinned": 1,
            "RotationAngle": axis_angle,
            "BeadDiameter": diameter,
            "FillGaps": True,
            "MaxGapSize": 5,
            "TiltDefaultGrouping": 7,
            "MagDefaultGrouping": 5,
            "RotDefaultGrouping": 1,
            "MinViewsForTiltalign": 4,
            "MinTiltRangeToFindAxis": 10.0,
            "MinTiltRangeToFindAngles": 20.0,
            "RoundsOfTracking": 2,
            "LocalAreaTracking": True,
            "LocalAreaTargetSize": 1000,
            "MinBeadsInArea": 8,
            "MinOverlapBeads": 5,
            "BoxSizeXandY": (box, box),
            "MaxBeadsToAverage": 4,
            "PointsToFitMaxAndMin": (7, 3),
            "DensityRescueFractionAndSD": (0.6, 1.0),
            "DistanceRescueCriterion": 10.0 * scale,
            "RescueRelaxationDensityAndDistance": (0.7, 0.9),
            "PostFitRescueResidual": 2.5 * scale,
            "DensityRelaxationPostFit": 0.9,
            "MaxRescueDistance": 2.5 * scale,
            "ResidualsToAnalyzeMaxAndMin": (9, 5),
            "DeletionCriterionMinAndSD": (0.04 * scale, 2.0),
            **(sobel if form.refineSobelFilter else {}),
        }

    @staticmethod
    def patch_commands(
        form: Any, axis_angle: float, shape: Sequence[int], files: Mapping[str, str]
    ) -> List[Command]:
        """Give the commands that track patches and cut their tracks; `shape` (views, y, x).

        `files` has the names "stack", "angles", "transforms", "patches" and "model".
        """
        quarter = max(64, min(shape[1:]) // 4)
        values = {
            "InputFile": files["stack"],
            "OutputFile": files["patches"],
            "TiltFile": files["angles"],
            "PrealignmentTransformFile": files.get("transforms"),
            "RotationAngle": axis_angle,
            "FilterSigma1": form.filterSigma1,
            "FilterRadius2": form.filterRadius2,
            "FilterSigma2": form.filterSigma2,
            "SizeOfPatchesXandY": pair(form.sizeOfPatches, (quarter, quarter)),
            "OverlapOfPatchesXandY": pair(form.overlapPatches, (0.33, 0.33)),
            "BordersInXandY": pair(form.pxTrim, (shape[2] // 20, shape[1] // 20)),
            "IterateCorrelations": form.iterationsSubpixel,
            "ImagesAreBinned": 1,
        }
        cut = {
            "InputModel": files["patches"],
            "OutputModel": files["model"],
            "MinimumOverlap": 4,
            "AssignSurfaces": True,
            "LengthOfPieces": -1,
        }
        return [("tiltxcorr", values), ("imodchopconts", cut)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the commands for any stack."""
        if form.typeOfModel == PATCHES:
            return cls.patch_commands(form, AXIS_ANGLE, SHAPE, FILES)
        files = ("InputSeedModel", "OutputModel", "ImageFile", "PrealignTransformFile", "TiltFile")
        tracking = cls.tracking(form, BEAD_DIAMETER, AXIS_ANGLE)
        return cls.bead_commands(form, {**dict(zip(files, files)), **tracking}, FILES)

    def process(self, job: Job) -> Result:
        """Track, and give the model with the gaps that are left in it."""
        is_beads = job.form.typeOfModel == BEADS
        path = self._track_beads(job) if is_beads else self._track_patches(job)
        rows, tracks = model.tracks(model.read(path))
        if not len(rows):
            raise ProgramError("nothing could be followed through the views")
        shutil.move(path, job.temporary("_gaps.fid"))
        diameter = 10 * job.form.fiducialDiameter if is_beads else 0.0  # what tells patches
        numbers = {
            "beads": len(np.unique(tracks)),
            "points": len(rows),
            "gaps": count_gaps(rows, tracks, len(job.series.used)) if is_beads else 0,
            "views": len(job.series.used),
            "are_beads": is_beads,
        }
        return Result({MODEL_GAPS: keep_model(job, "_gaps", diameter)}, numbers)

    def _track_beads(self, job: Job) -> str:
        diameter = 10 * job.form.fiducialDiameter / job.series.pixel_size
        files = {
            name: job.temporary(ending)
            for name, ending in {
                "track": "_track.com",
                "seed": ".seed",
                "model": ".fid",
                "again": "_again.fid",
                "info": "_seed.info",
                "folder": "_seed",
            }.items()
        }
        tracking = {
            "InputSeedModel": files["seed"],
            "OutputModel": files["model"],
            "ImageFile": job.prepared(),
            "PrealignTransformFile": job.write_transforms() if job.series.is_aligned else None,
            "TiltFile": job.write_angles(),
            **self.tracking(job.form, diameter, job.series.axis_after_transforms()),
        }
        Path(files["folder"]).mkdir()
        job.write_command_file("beadtrack", tracking, files["track"])
        job.run(self.bead_commands(job.form, tracking, files))
        return files["again" if job.form.doTrackWithModel else "model"]

    def _track_patches(self, job: Job) -> str:
        files = {
            "stack": job.prepared(),
            "angles": job.write_angles(),
            "patches": job.temporary("_patches.fid"),
            "model": job.temporary(".fid"),
        }
        if job.series.is_aligned:
            files["transforms"] = job.write_transforms()
        axis_angle = job.series.axis_after_transforms()
        job.run(self.patch_commands(job.form, axis_angle, job.shape(), files))
        return files["model"]

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how much was followed."""
        if not numbers["are_beads"]:
            return f"{numbers['beads']} tracks of patches, {numbers['points']} points"
        text = f"{numbers['beads']} beads, {numbers['points']} points, {numbers['gaps']} gaps"
        return text + (": few beads, look at them" if numbers["beads"] < FEW else "")

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse an unknown tilt axis and beads that the images cannot show."""
        found = []
        if facts.axis_angle is None:
            found.append("The angle of the tilt axis is not known.")
        if form.typeOfModel == BEADS and facts.pixel_size:
            pixels = 10 * form.fiducialDiameter / facts.pixel_size
            bead = f"A bead of {form.fiducialDiameter:g} nm is {pixels:.1f} pixels wide"
            if pixels < SMALLEST_BEAD:
                found.append(f"{bead}; {SMALLEST_BEAD:g} are needed: bin less.")
            if facts.size[0] and pixels > min(facts.size[:2]) / 4:
                found.append(f"{bead}, too much for images of {min(facts.size[:2])}.")
        if form.typeOfModel == PATCHES:
            for name in ("sizeOfPatches", "overlapPatches", "pxTrim"):
                found += _pair_problem(name, getattr(form, name))
        return found

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Warn of input whose views are not on top of each other."""
        if not facts.is_aligned and not facts.is_interpolated:
            return ["The input has no alignment: run the coarse prealignment first."]
        return []


def pair(text: str, default: Sequence[float]) -> Sequence[float]:
    """Give the two numbers in a text, one number for both, or the default for an empty text."""
    words = (text or "").replace(",", " ").split()
    if not words:
        return default
    numbers = [type(default[0])(float(word)) for word in words]
    return (numbers * 2)[:2]


def _pair_problem(name: str, text: str) -> List[str]:
    try:
        if len(pair(text, (0.0, 0.0))) == 2 and len((text or "").replace(",", " ").split()) <= 2:
            return []
    except ValueError:
        pass
    return [f"'{text}' of {name} is not one or two numbers."]
