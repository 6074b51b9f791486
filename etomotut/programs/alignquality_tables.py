"""The numbers that alignquality writes: of the series, of its views, of its beads.

Lengths are in pixels of the images that were aligned (px), nm or Å, as names say; views are counted
from 1 in `view` and as in the raw stack in `section`. What is not known is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import transforms
from etomotut.engine.alignment_quality import FITS, Quality, mean_by
from etomotut.engine.bundle_adjustment import Solution
from etomotut.engine.surfaces import fit_planes
from etomotut.programs.alignment_verdict import UNKNOWN, judge
from etomotut.programs.alignquality_names import COUNTS, QUANTITIES
from etomotut.programs.tiltalign_output import Problem

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FORMAT = 1
WORST = 20  # marks that are listed
DECIMALS = 5
CURATED = ("marks_moved", "marks_added", "marks_dropped", "beads_dropped", "views_dropped")
ELSEWHERE = ("ctf_resolution_A", "ctf_score", "defocus_um", "defocus_hand")  # other stages tell


@dataclass(frozen=True)
class Solved:
    """The views of a series as they were solved.

    `transforms` (view, 2, 3) to the aligned frame follow those of `before`, `parameters` (view, 5)
    are theirs; `nominal_angles` (view,) and `axis_angle` in degrees are what was given, `sections`
    (view,) count from 1, `used` (view,) marks the views that took part; `pixel_size` in Å or 0.
    """

    before: Array
    transforms: Array
    parameters: Array
    nominal_angles: Array
    axis_angle: float
    sections: Ints
    used: npt.NDArray[np.bool_]
    pixel_size: float


@dataclass(frozen=True)
class Case:
    """A solved series: what was read, restored and measured.

    `residuals` (mark,) are the lengths of all that the program wrote, `numbers` (bead, 2) those of
    objects and contours from 1, `size` (x, y) that of the images.
    """

    name: str
    problem: Problem
    solution: Solution
    quality: Quality
    solved: Solved
    residuals: Array
    size: Tuple[int, int]
    numbers: Ints
    are_beads: bool
    surfaces: int
    filled: int
    curation: Mapping[str, Any]

    @property
    def unmarked(self) -> npt.NDArray[np.bool_]:
        """The views (view,) that were used and have no mark."""
        marked = np.isin(np.arange(len(self.solved.used)), self.problem.tracks.view)
        result: npt.NDArray[np.bool_] = ~marked & self.solved.used
        return result


def tabulate(case: Case) -> Dict[str, Any]:
    """Give all there is to tell of a series, as JSON has it."""
    solved, quality = case.solved, case.quality
    values = {**_errors(case), **_counts(case), **_geometry(solved), **_specimen(case)}
    values = _plain(values)
    verdict = judge(
        values,
        misplaced=solved.sections[quality.is_misplaced].tolist(),
        unmarked=solved.sections[case.unmarked].tolist(),
        thin=solved.sections[quality.is_thin].tolist(),
        are_beads=case.are_beads,
    )
    views = {**_views(solved), **_means(case, case.problem.tracks.view, len(solved.used))}
    return {
        "format": FORMAT,
        "series": case.name,
        "program": "tiltalign",
        "marks": "beads" if case.are_beads else "patches",
        "verdict": verdict.word,
        "reasons": verdict.reasons,
        "values": values,
        "views": _plain({name: column[solved.used] for name, column in views.items()}),
        "beads": _plain(_beads(case)),
        "worst": _plain(_worst(case)),
    }


def tabulate_unmarked(
    name: str, program: str, solved: Solved, reasons: Sequence[str]
) -> Dict[str, Any]:
    """Give the same of a series that was aligned without marks, whose errors are not known."""
    columns = {name: column[solved.used] for name, column in _views(solved).items()}
    known = {"views": int(solved.used.sum()), **_geometry(solved)}
    return {
        "format": FORMAT,
        "series": name,
        "program": program,
        "marks": "none",
        "verdict": UNKNOWN,
        "reasons": list(reasons),
        "values": _plain({**dict.fromkeys((*COUNTS, *QUANTITIES)), **known}),
        "views": _plain(columns),
        "beads": {},
        "worst": {},
    }


def _errors(case: Case) -> Dict[str, Any]:
    quality = case.quality
    weights, without = quality.weights, quality.without
    known = np.isfinite(without)
    all_marks = case.curation.get("leave_one_out_all_px")
    if all_marks is None and known.any():
        all_marks = without[known].mean()
    pixels = {
        "residual_mean": case.residuals.mean(),
        "residual_sd": case.residuals.std(),
        "residual_median": np.median(case.residuals),
        "residual_max": case.residuals.max(),
        "weighted_residual": _weighted_mean(quality.residuals, weights),
        "leave_one_out": _weighted_mean(without, weights),
        "leave_one_out_all": all_marks,
        "expected_error": quality.expected,
        "uncertainty": quality.uncertainty,
        "misfit": quality.misfit,
    }
    return _in_nm(pixels, case.solved.pixel_size)


def _counts(case: Case) -> Dict[str, Any]:
    tracks, count = case.problem.tracks, case.solution.variables.basis.shape[2]
    unknowns = count + 2 * len(np.unique(tracks.view)) + 3 * tracks.beads - 3
    measured = 2 * len(tracks.xy)
    return {
        "beads": tracks.beads,
        "views": int(case.solved.used.sum()),
        "marks": len(tracks.xy),
        "views_without_marks": int(case.unmarked.sum()),
        "gaps_filled": case.filled,
        "marks_alone": int(np.isnan(case.quality.without).sum()),
        **{name: case.curation.get(name) for name in CURATED},
        "measurements": measured,
        "unknowns": unknowns,
        "ratio": measured / unknowns,
        "bad_share": np.mean(case.quality.weights < FITS),
    }


def _geometry(solved: Solved) -> Dict[str, Any]:
    total = transforms.then(solved.before, solved.transforms)[solved.used]
    parameters = solved.parameters[solved.used]
    changes = np.degrees(parameters[:, bundle.TILT]) - solved.nominal_angles[solved.used]
    given = _rotation(solved.before[solved.used]) + solved.axis_angle
    turned = (_rotation(total) - given + 180) % 360 - 180
    return {
        "pixel_size_A": solved.pixel_size or None,
        "tilt_axis_deg": given + turned,
        "tilt_axis_change_deg": turned,
        "tilt_offset_deg": changes.mean(),
        "tilt_change_range_deg": np.ptp(changes),
        "rotation_range_deg": np.degrees(np.ptp(np.unwrap(parameters[:, bundle.ROTATION]))),
        "magnification_range_percent": 100 * np.ptp(np.exp(parameters[:, bundle.MAGNIFICATION])),
        **_in_nm(
            {"largest_shift": np.hypot(total[:, 0, 2], total[:, 1, 2]).max()}, solved.pixel_size
        ),
    }


def _specimen(case: Case) -> Dict[str, Any]:
    """Give how thick the specimen is and how it leans, as far as the beads tell."""
    xyz = case.solution.xyz
    planes = fit_planes(xyz, case.surfaces)
    scale = case.solved.pixel_size / 10 or float("nan")
    return {
        "bead_span_nm": np.ptp(xyz[:, 2]) * scale,
        "thickness_nm": np.ptp(planes.heights) * scale if len(planes.heights) == 2 else None,
        "specimen_tilt_deg": planes.tilt_offset if len(xyz) > 2 and case.are_beads else None,
        "specimen_pitch_deg": planes.x_axis_tilt if len(xyz) > 2 and case.are_beads else None,
        **dict.fromkeys(ELSEWHERE),
    }


def _views(solved: Solved) -> Dict[str, Any]:
    """Give columns (view,) of what was solved of all views."""
    total = transforms.then(solved.before, solved.transforms)
    rotation, tilt, log_m, stretch, skew = solved.parameters.T
    return {
        "section": solved.sections,
        "nominal_tilt_deg": solved.nominal_angles,
        "tilt_deg": np.degrees(tilt),
        "rotation_deg": np.degrees(np.unwrap(rotation)),
        "magnification": np.exp(log_m),
        "stretch": stretch,
        "skew_deg": np.degrees(skew),
        "shift_x_px": total[:, 0, 2],
        "shift_y_px": total[:, 1, 2],
    }


def _beads(case: Case) -> Dict[str, Any]:
    """Give the columns of the table of beads; positions from the image's centre and the axis."""
    xyz = case.solution.xyz
    return {
        "object": case.numbers[:, 0],
        "contour": case.numbers[:, 1],
        **{f"{axis}_px": column for axis, column in zip("xyz", xyz.T)},
        **_means(case, case.problem.tracks.bead, len(xyz)),
    }


def _means(case: Case, numbers: Ints, count: int) -> Dict[str, Any]:
    quality = case.quality
    return {
        "marks": np.bincount(numbers, minlength=count),
        "residual_mean_px": mean_by(quality.residuals, numbers, count),
        "leave_one_out_px": mean_by(quality.without, numbers, count),
        "weight_mean": mean_by(quality.weights, numbers, count),
    }


def _worst(case: Case) -> Dict[str, Any]:
    """Give the marks with the largest errors, the largest first."""
    tracks, quality = case.problem.tracks, case.quality
    ranked = np.argsort(-np.nan_to_num(quality.without, nan=-1.0), kind="stable")[:WORST]
    places = tracks.xy[ranked] + (np.array(case.size) - 1) / 2
    return {
        "section": case.solved.sections[tracks.view[ranked]],
        "view": tracks.view[ranked] + 1,
        "object": case.numbers[tracks.bead[ranked], 0],
        "contour": case.numbers[tracks.bead[ranked], 1],
        "x_px": places[:, 0],
        "y_px": places[:, 1],
        "residual_px": quality.residuals[ranked],
        "leave_one_out_px": quality.without[ranked],
        "weight": quality.weights[ranked],
    }


def _in_nm(pixels: Mapping[str, Any], pixel_size: float) -> Dict[str, Any]:
    """Give lengths in pixels, and in nm where the pixel size is known."""
    lengths = {f"{name}_px": value for name, value in pixels.items()}
    for name, value in pixels.items():
        is_known = value is not None and pixel_size
        lengths[f"{name}_nm"] = value * pixel_size / 10 if is_known else None
    return lengths


def _weighted_mean(values: Array, weights: Array) -> float:
    return float(mean_by(values, np.zeros(len(values), np.int64), 1, weights)[0])


def _rotation(given: Array) -> float:
    """Give the mean angle by which transforms turn, as axis angles are counted, degrees."""
    angles = np.arctan2(given[:, 0, 1], given[:, 0, 0])
    return float(np.degrees(np.angle(np.exp(1j * angles).mean())))


def _plain(columns: Mapping[str, Any]) -> Dict[str, Any]:
    """Give numbers as JSON has them, None where they are none."""
    return {name: _plain_value(value) for name, value in columns.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain_value(each) for each in value.tolist()]
    if value is None or isinstance(value, (int, np.integer)):
        return None if value is None else int(value)
    return round(float(value), DECIMALS) if np.isfinite(value) else None
