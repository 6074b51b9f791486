"""What tiltalign prints and writes of a solution, in the words and formats of IMOD's program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.bundle_adjustment import Solution, Tracks
from etomotut.engine.surfaces import fit_planes
from etomotut.formats import fiducials as fiducial_files
from etomotut.formats import model, tlt, xf
from etomotut.programs.options import Values

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """The points to fit, the contour (bead,), from 0, of each bead, and the views (view,) used."""

    tracks: Tracks
    contours: npt.NDArray[np.int64]
    used: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Result:
    """A solved problem: nominal tilt angles, origin of the beads, their model, its image size."""

    problem: Problem
    solution: Solution
    tilt_angles: Array
    origin: Array
    fiducials: model.Model
    size: Tuple[int, int]

    @property
    def lengths(self) -> Array:
        """Lengths (point,) of the residuals, pixels."""
        size: Array = np.hypot(self.solution.residuals[:, 0], self.solution.residuals[:, 1])
        return size

    @property
    def positions(self) -> Array:
        """Positions (bead, 3) in the aligned frame, pixels from its centre and the tilt axis."""
        return self.solution.xyz + self.origin


def report(result: Result, values: Values) -> None:
    """Print the solution view by view and bead by bead, and what stands out."""
    _report_views(result)
    _report_beads(result)
    _report_residuals(result, values["ResidualReportCriterion"])
    if values["SurfacesToAnalyze"]:
        _report_surfaces(result, values)


def write(result: Result, values: Values) -> None:
    """Write the files that were asked for."""
    solution, tracks = result.solution, result.problem.tracks
    writers: Dict[str, Callable[[Path], None]] = {
        "OutputTransformFile": lambda path: xf.write(path, _transforms(result)),
        "OutputTiltFile": lambda path: tlt.write(
            path, np.degrees(solution.parameters[:, bundle.TILT])
        ),
        "OutputXAxisTiltFile": lambda path: tlt.write(path, np.zeros(len(result.tilt_angles))),
        "OutputResidualFile": lambda path: fiducial_files.write_residuals(
            path,
            np.column_stack([tracks.xy + _centre(result), tracks.view, solution.residuals]),
        ),
        "OutputFidXYZFile": lambda path: fiducial_files.write_positions(path, _positions(result)),
        "OutputModelFile": lambda path: model.write(path, _positions_model(result)),
        "OutputFilledInModel": lambda path: model.write(path, _filled(result)),
    }
    for name, writer in writers.items():
        if values[name] is not None:
            writer(values[name])


def _report_views(result: Result) -> None:
    solution, tracks = result.solution, result.problem.tracks
    views, variables = len(result.tilt_angles), len(solution.values)
    unknown = variables + 2 * len(np.unique(tracks.view)) + 3 * tracks.beads - 3
    measured = 2 * len(tracks.xy)
    counts = f"{tracks.beads} 3-D points, {len(tracks.xy)} projection points"
    print(f" {views} views, {variables} geometric variables, {counts}")
    ratio = f"{measured}/{unknown} = {measured / unknown:6.2f}"
    print(f" Ratio of total measured values to all unknowns = {ratio}\n")
    rotation, tilt, log_m, stretch, skew = solution.parameters.T
    least = int(np.argmin(np.abs(result.tilt_angles)))
    print(f" At minimum tilt, rotation angle is {np.degrees(rotation[least]):7.2f}\n")
    print(" view   rotation    tilt    deltilt     mag      dmag      skew    mean resid")
    for view in range(views):
        angle = np.degrees(tilt[view])
        own = result.lengths[tracks.view == view]
        print(
            f"{view + 1:4d}{np.degrees(rotation[view]):11.2f}{angle:10.2f}"
            f"{angle - result.tilt_angles[view]:9.2f}{np.exp(log_m[view]):10.4f}"
            f"{stretch[view]:10.4f}{np.degrees(skew[view]):10.2f}"
            f"{own.mean() if len(own) else 0.0:10.2f}"
        )


def _report_beads(result: Result) -> None:
    print("\n                     3-D point coordinates (with centroid zero)")
    print("   #       X         Y         Z      obj  cont   mean resid")
    numbers = _numbers(result)
    for bead, (x, y, z) in enumerate(result.solution.xyz):
        own = result.lengths[result.problem.tracks.bead == bead].mean()
        each, contour = numbers[bead]
        print(f"{bead + 1:4d}{x:10.2f}{y:10.2f}{z:10.2f}{each:7d}{contour:5d}{own:12.4f}")


def _report_residuals(result: Result, criterion: float) -> None:
    lengths, weights = result.lengths, result.solution.weights
    mean, sd = float(lengths.mean()), float(lengths.std())
    print(f"\n Residual error mean and sd: {mean:9.3f}{sd:8.3f}")
    if weights.min() < 1:
        weighted = float((weights * lengths).sum() / max(weights.sum(), 1e-9))
        print(f" Residual error weighted mean: {weighted:7.3f}")
    far = (lengths - mean) / max(sd, 1e-9)
    chosen = [index for index in np.argsort(-far) if far[index] > abs(criterion)]
    if not chosen:
        return
    print("\n         Projection points with large residuals")
    print(" obj  cont  view   index coordinates      residuals        # of")
    print("   #     #     #      X         Y        X        Y        S.D.   Weights")
    tracks, numbers = result.problem.tracks, _numbers(result)
    for index in chosen:
        x, y = tracks.xy[index] + _centre(result) + 0.5
        dx, dy = result.solution.residuals[index]
        each, contour = numbers[tracks.bead[index]]
        print(
            f"{each:4d}{contour:6d}{tracks.view[index] + 1:6d}{x:10.2f}{y:10.2f}{dx:9.2f}{dy:9.2f}"
            f"{far[index]:9.2f}{weights[index]:9.4f}"
        )


def _report_surfaces(result: Result, values: Values) -> None:
    planes = fit_planes(result.positions, values["SurfacesToAnalyze"])
    binning = values["ImagesAreBinned"]
    z = result.positions[:, 2]
    print("\n SURFACE ANALYSIS:\n")
    for name, height in zip(("bottom", "top"), planes.heights):
        print(f" Fiducials on the {name} surface: Z axis intercept = {height:9.2f}")
    print(f" Fiducials lie {planes.spread:.2f} pixels from {len(planes.heights)} plane(s)")
    if len(planes.heights) == 2:
        print(f" Thickness at Z intercepts = {np.ptp(planes.heights):11.2f}")
    print(f" X axis tilt needed ={planes.x_axis_tilt:7.2f}")
    print(f" Total tilt angle change ={planes.tilt_offset:9.2f}")
    thickness = np.ptp(z) * binning
    print(f" Unbinned thickness needed to contain centers of all fiducials ={thickness:12.0f}")
    shift = (z.max() + z.min()) / 2 * binning
    print(f" Incremental unbinned shift needed to center range of fiducials in Z ={shift:8.1f}")


def _transforms(result: Result) -> Array:
    solution = result.solution
    return alignment.aligning_transforms(solution.parameters, solution.shifts, result.origin)


def _centre(result: Result) -> Array:
    centre: Array = (np.array(result.size, float) - 1) / 2
    return centre


def _numbers(result: Result) -> npt.NDArray[np.int64]:
    """Give object and contour numbers (bead, 2), from 1, of the beads in the input model."""
    everyone = [(each, contour) for each, contour, _ in result.fiducials.contours()]
    return np.array(everyone, np.int64)[result.problem.contours]


def _positions(result: Result) -> fiducial_files.Positions:
    corner = (*(np.array(result.size) / 2), 0.0)  # positions count from the lower left corner
    pixel_size = result.fiducials.pixel_size
    return fiducial_files.Positions(
        result.positions + corner, _numbers(result), pixel_size, result.size
    )


def _positions_model(result: Result) -> model.Model:
    places = _positions(result).xyz
    planes = fit_planes(result.positions, 2)
    colours = ((1.0, 0.0, 1.0), (0.0, 1.0, 0.0))
    objects = [
        model.ModelObject(
            [model.Contour(place[None]) for place in places[planes.surface == surface]],
            flags=model.SCATTERED_POINTS,
            colour=colours[surface],
            point_radius=3,
        )
        for surface in range(len(planes.heights))
    ]
    depth = int(np.ceil(np.ptp(places[:, 2]))) + 1
    return model.Model(objects, (*result.size, depth), result.fiducials.pixel_size)


def _filled(result: Result) -> model.Model:
    """Give the input model with each bead marked, by prediction, where it was not."""
    solution, tracks = result.solution, result.problem.tracks
    views, width, height = len(result.tilt_angles), *result.size
    rows, contours = model.tracks(result.fiducials)
    marked = np.zeros((views, tracks.beads), bool)
    marked[tracks.view, tracks.bead] = True
    view, bead = np.nonzero(~marked & result.problem.used[:, None])
    places = bundle.project(solution.parameters, solution.shifts, solution.xyz, view, bead)
    inside = (np.abs(places) < np.array(result.size) / 2).all(axis=1)
    added = np.column_stack([places + _centre(result), view])[inside]
    return model.from_tracks(
        np.concatenate([rows, added]),
        np.concatenate([contours, result.problem.contours[bead[inside]]]),
        size=(width, height, views),
        pixel_size=result.fiducials.pixel_size,
        symbol_size=result.fiducials.objects[0].symbol_size,
    )
