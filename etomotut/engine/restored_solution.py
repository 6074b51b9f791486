"""The solution behind an alignment that another program, or an earlier run, wrote as files.

Transforms to the aligned frame and tilt angles hold rotation, magnification and distortion of each
view; where the beads are follows from their marks less the residuals.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Solution, Tracks, Variables
from etomotut.engine.transforms import Transforms

Array = npt.NDArray[np.float64]


def restore(
    tracks: Tracks,
    residuals: Array,
    views: Transforms,
    tilt_angles: Array,
    *,
    variables: Variables,
    weights: Array,
) -> Solution:
    """Give the solution with these transforms (view, 2, 3) and `tilt_angles` (view,), degrees.

    `residuals` (point, 2) are measured minus predicted. `variables` are what was solved for; their
    values are not told. Positions have the aligned frame's origin.
    """
    parameters = view_parameters(views, tilt_angles)
    predicted = tracks.xy - residuals
    upright = np.zeros_like(parameters)
    upright[:, bundle.TILT] = parameters[:, bundle.TILT]
    view = tracks.view
    aligned = np.einsum("pij,pj->pi", views[view, :, :2], predicted) + views[view, :, 2]
    seen = Tracks(aligned, view, tracks.bead)
    none = np.zeros((len(views), 2))
    xyz = bundle.triangulate(seen, upright, none, np.ones(len(view)))
    shifts = -np.linalg.solve(views[:, :, :2], views[:, :, 2:])[..., 0]
    return Solution(
        np.zeros(variables.basis.shape[2]),
        parameters,
        shifts,
        xyz,
        residuals,
        weights,
        np.zeros((0, 0)),
        0,
        variables,
    )


def view_parameters(views: Transforms, tilt_angles: Array) -> Array:
    """Give the parameters (view, 5) of views from their transforms to the aligned frame.

    There a point of the specimen at Z = 0 appears at (X cos tilt, Y), so that the inverse of a
    transform is m R [[1 + stretch, cos tilt sin skew], [0, cos skew]].
    """
    tilt = np.radians(tilt_angles)
    a, b, c, d = np.linalg.inv(views[:, :, :2]).reshape(-1, 4).T
    rotation = np.arctan2(c, a)
    across, along = -np.sin(rotation), np.cos(rotation)
    skew = np.arctan2((along * b - across * d) / np.cos(tilt), across * b + along * d)
    size = (across * b + along * d) / np.cos(skew)
    stretch = np.hypot(a, c) / size - 1
    result: Array = np.stack([rotation, tilt, np.log(size), stretch, skew], axis=1)
    return result
