"""Tell how good the alignment is that tiltalign made: its errors, its solution, and a verdict.

It is told the files that tiltalign wrote, embedded or IMOD's, and the same options. Errors are
those of the program that ran; their leave-one-out counterparts follow from its geometry. No other
package has such a program.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs import tiltalign
from etomotut.programs.console import require_file
from etomotut.programs.options import Option, Ranges, Values

if TYPE_CHECKING:
    from etomotut.engine.bundle_adjustment import Solution, Variables
    from etomotut.formats.model import Model
    from etomotut.programs.alignquality_tables import Case
    from etomotut.programs.tiltalign_output import Problem

Array = npt.NDArray[np.float64]

PACKAGE = ""
OPTIONS = (
    *(option for option in tiltalign.OPTIONS if not option.name.startswith("Output")),
    Option("ResidualFile", Path, "residuals that tiltalign wrote", required=True),
    Option("TransformFile", Path, "transforms that it wrote", required=True),
    Option("SolvedTiltFile", Path, "tilt angles that it wrote", required=True),
    Option("FilledInModel", Path, "the model with its gaps filled"),
    Option("CurationFile", Path, "how curatebeads changed the model before, JSON"),
    Option("PrealignTransformFile", Path, "transforms of the images on which the model is"),
    Option("SectionNumbers", Ranges, "sections of the views in the raw stack, from 1", low=1),
    Option("SeriesName", str, "name of the series (default: that of the model)"),
    Option("OutputFile", Path, "file for the result, JSON", short="output", required=True),
)
POSITIONAL = ()


def run(values: Values) -> None:
    """Print the verdict and write all numbers."""
    from etomotut.programs.alignquality_tables import tabulate

    tiltalign.refuse_local(values)
    found = tabulate(_read(values))
    values["OutputFile"].write_text(json.dumps(found) + "\n")
    print(f"Verdict: {found['verdict']}")
    for reason in found["reasons"]:
        print(f"  {reason}")


def _read(values: Values) -> Case:
    """Give all that was read."""
    from etomotut.engine.alignment_quality import measure
    from etomotut.engine.restored_solution import restore
    from etomotut.formats import model, tlt, xf
    from etomotut.formats.fiducials import read_residuals
    from etomotut.programs.alignquality_tables import Case, Solved

    fiducials = model.read(values["ModelFile"])
    nominal = tiltalign.read_tilt_angles(values, fiducials.size[2])
    size = tiltalign.image_size(values, fiducials)
    residuals = read_residuals(require_file(values["ResidualFile"], "file of residuals"))
    problem = tiltalign.read_points(values, fiducials, size, len(nominal))
    problem, own = _with_residuals(problem, residuals, size, values)
    refined = _refined(values, problem, nominal)
    transforms = xf.read(values["TransformFile"])
    angles = tlt.read(values["SolvedTiltFile"])
    _require_views(values, len(nominal), TransformFile=len(transforms), SolvedTiltFile=len(angles))
    solution = restore(
        problem.tracks,
        own,
        transforms,
        angles,
        variables=_variables(values, nominal, refined),
        weights=_weights(values, problem, own, len(nominal)),
    )
    are_beads = not values["WeightWholeTracks"]
    solved = Solved(
        before=_before(values, len(nominal)),
        transforms=transforms,
        parameters=solution.parameters,
        nominal_angles=nominal,
        axis_angle=values["RotationAngle"],
        sections=_sections(values, len(nominal)),
        used=problem.used,
        pixel_size=_pixel_size(values, fiducials),
    )
    return Case(
        name=values["SeriesName"] or values["ModelFile"].stem,
        problem=problem,
        solution=solution,
        quality=measure(problem.tracks, solution, size, refined, are_patches=not are_beads),
        solved=solved,
        residuals=np.hypot(residuals[:, 3], residuals[:, 4]),
        size=size,
        numbers=_numbers(fiducials, problem),
        are_beads=are_beads,
        surfaces=max(values["SurfacesToAnalyze"], 1),
        filled=_count_filled(values, residuals),
        curation=_curation(values),
    )


def _with_residuals(
    problem: Problem, residuals: Array, size: Tuple[int, int], values: Values
) -> Tuple[Problem, Array]:
    """Give the points that have residuals, and these (point, 2)."""
    from etomotut.engine.bundle_adjustment import Tracks
    from etomotut.formats.fiducials import match_residuals

    tracks = problem.tracks
    rows = np.column_stack([tracks.xy + (np.array(size) - 1) / 2, tracks.view])
    own = match_residuals(rows, residuals)
    known = np.isfinite(own[:, 0])
    if not known.any():
        raise SolutionError(
            f"no point of {values['ModelFile']} has a residual in {values['ResidualFile']}: they "
            "are not of one alignment"
        )
    kept, bead = np.unique(tracks.bead[known], return_inverse=True)
    marked = Tracks(tracks.xy[known], tracks.view[known], bead)
    return replace(problem, tracks=marked, contours=problem.contours[kept]), own[known]


def _refined(values: Values, problem: Problem, nominal: Array) -> Optional[Solution]:
    """Give the solution of every view, None if the marks do not determine it."""
    from etomotut.engine.fiducial_alignment import solve_every_view

    try:
        return solve_every_view(problem.tracks, nominal, values["RotationAngle"])
    except SolutionError:
        return None


def _variables(values: Values, nominal: Array, refined: Optional[Solution]) -> Variables:
    """Give what was solved for."""
    from etomotut.engine.view_variables import chosen_variables

    if values["EveryView"] and refined is not None:
        return refined.variables  # with the priors that were learned
    choices = tiltalign.choices(values, nominal)
    return chosen_variables(nominal, values["RotationAngle"], choices)


def _weights(values: Values, problem: Problem, residuals: Array, views: int) -> Array:
    """Give the robust weights (point,) that residuals have."""
    from etomotut.engine import fiducial_alignment as alignment

    whole = values["WeightWholeTracks"]
    if not (values["RobustFitting"] or values["EveryView"] or whole):
        return np.ones(len(residuals))
    tracks = problem.tracks
    if values["EveryView"]:  # which weighs mark by mark
        return alignment.bisquare_weights(residuals, tracks.view, views)
    if whole:
        residuals = alignment.track_means(residuals, tracks)
    tukey = alignment.TUKEY * values["KFactorScaling"]
    return alignment.bisquare_weights(residuals, tracks.view, views, tukey)


def _before(values: Values, views: int) -> Array:
    """Give the transforms (view, 2, 3) that the images had already."""
    from etomotut.engine.transforms import IDENTITY
    from etomotut.formats import xf

    if values["PrealignTransformFile"] is None:
        return np.repeat(IDENTITY[None], views, axis=0)
    found = xf.read(values["PrealignTransformFile"])
    _require_views(values, views, PrealignTransformFile=len(found))
    return found


def _sections(values: Values, views: int) -> npt.NDArray[np.int64]:
    numbers = values["SectionNumbers"] or list(range(1, views + 1))
    _require_views(values, views, SectionNumbers=len(numbers))
    return np.array(numbers)


def _require_views(values: Values, views: int, **counts: int) -> None:
    for name, count in counts.items():
        if count != views:
            raise OptionError(f"option {name} tells of {count} views; the series has {views}")


def _pixel_size(values: Values, fiducials: Model) -> float:
    """Give the pixel size of the images in Å, 0 if it is not known."""
    if values["UnbinnedPixelSize"]:
        return float(10 * values["UnbinnedPixelSize"] * values["ImagesAreBinned"])
    return fiducials.pixel_size


def _numbers(fiducials: Model, problem: Problem) -> npt.NDArray[np.int64]:
    """Give object and contour numbers (bead, 2), from 1."""
    everyone = [(each, contour) for each, contour, _ in fiducials.contours()]
    return np.array(everyone, np.int64)[problem.contours]


def _count_filled(values: Values, residuals: Array) -> int:
    """Give how many points of the model without gaps were not measured."""
    from etomotut.formats import model
    from etomotut.formats.fiducials import match_residuals

    if values["FilledInModel"] is None:
        return 0
    rows, _ = model.tracks(model.read(values["FilledInModel"]))
    return int(np.isnan(match_residuals(rows, residuals)[:, 0]).sum())


def _curation(values: Values) -> Dict[str, Any]:
    """Give what curatebeads wrote, nothing where it did not run."""
    path = values["CurationFile"]
    if path is None:
        return {}
    try:
        found = json.loads(require_file(path, "file of curatebeads").read_text())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OptionError(f"{path} is no file of curatebeads: it holds no JSON object")
    return found
