"""The residual that each mark would have had if the alignment had been solved without it.

A mark pulls the solution towards itself, the more the fewer others there are, so that residuals
grow smaller as unknowns are added, whether these are true or not. What the others predict does
not. To first order no solution without the mark is needed (Cook & Weisberg 1982, Residuals and
Influence in Regression, section 2.2, for a mark of two coordinates):

    e = (I - H)^-1 r,   H = w J (J'WJ + P)^-1 J'

with the rows J of the mark in the Jacobian of all unknowns (variables, shifts and positions),
weights W and the precision P of the priors. The positions are eliminated as in
`bundle_adjustment`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Solution, Tracks

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_FREEDOM = 0.01  # of I - H in any direction; residuals are read with three decimals
_NULL = 1e-10  # of the largest eigenvalue: where the centroid lies is free, and nothing else


def leave_one_out(tracks: Tracks, solution: Solution) -> Array:
    """Give the leave-one-out residuals (point, 2), measured minus predicted, pixels.

    Weights are those of the solution and stay as they are; the residual of a mark of weight 0 is
    left out already and comes back unchanged. A mark without which its bead or view would not be
    determined, in one direction at least, has none: its row is NaN.
    """
    leverages, _ = _leverages(tracks, solution)
    freedom = np.eye(2) - solution.weights[:, None, None] * leverages
    is_told = np.linalg.eigvalsh(freedom)[:, 0] > LEAST_FREEDOM
    result = np.full_like(solution.residuals, np.nan)
    residuals = solution.residuals[is_told][:, :, None]
    result[is_told] = np.linalg.solve(freedom[is_told], residuals)[..., 0]
    return result


def view_variance(tracks: Tracks, solution: Solution, view: Ints, bead: Ints) -> Array:
    """Give how uncertain it is where beads (n,) are seen in views (n,), for marks of unit variance.

    It is the variance of the distance, in both directions together, that the uncertainty of the
    views leaves when a bead's position has been fitted to its marks. `view` and `bead` need not
    be pairs that were marked, but are of those that were solved.
    """
    count = len(view)
    unmarked = Tracks(
        np.concatenate([tracks.xy, np.zeros((count, 2))]),
        np.concatenate([tracks.view, view]),
        np.concatenate([tracks.bead, bead]),
    )
    weights = np.concatenate([solution.weights, np.zeros(count)])
    _, of_views = _leverages(unmarked, replace(solution, weights=weights))
    result: Array = np.trace(of_views, axis1=1, axis2=2)[len(tracks.xy) :]
    return result


def _leverages(tracks: Tracks, solution: Solution) -> Tuple[Array, Array]:
    """Give the block J (J'WJ + P)^-1 J' (point, 2, 2) of each mark, and the views' share in it."""
    by_view, by_position = _jacobian(tracks, solution)
    weights = solution.weights
    size = by_view.shape[2]
    order = np.argsort(tracks.bead, kind="stable")
    of_beads = np.split(order, np.searchsorted(tracks.bead[order], np.arange(1, tracks.beads)))
    flat = by_view.reshape(-1, size)
    normal = flat.T @ (np.repeat(weights, 2)[:, None] * flat)
    precision = solution.variables.precision
    normal[np.arange(len(precision)), np.arange(len(precision))] += precision
    leverages = np.zeros((len(weights), 2, 2))
    for own in of_beads:
        a, b = by_view[own].reshape(-1, size), by_position[own].reshape(-1, 3)
        w = np.repeat(weights[own], 2)[:, None]
        inverse = np.linalg.pinv(b.T @ (w * b), rcond=_NULL, hermitian=True)
        coupling = a.T @ (w * b)
        normal -= coupling @ inverse @ coupling.T
        leverages[own] = by_position[own] @ inverse @ by_position[own].transpose(0, 2, 1)
        by_view[own] = (a - b @ inverse @ coupling.T).reshape(-1, 2, size)
    spread = _root_of_inverse(normal)
    seen = (by_view.reshape(-1, size) @ spread).reshape(len(weights), 2, -1)
    of_views: Array = seen @ seen.transpose(0, 2, 1)
    return leverages + of_views, of_views


def _jacobian(tracks: Tracks, solution: Solution) -> Tuple[Array, Array]:
    """Give derivatives by variables and shifts (point, 2, c), and by position (point, 2, 3)."""
    by_parameters, by_position = bundle.derivatives(
        solution.parameters, solution.xyz, tracks.view, tracks.bead
    )
    basis = solution.variables.basis
    count, views, points = basis.shape[2], len(basis), len(tracks.view)
    by_view = np.zeros((points, 2, count + 2 * views))
    for view in range(views):
        own = tracks.view == view
        by_view[own, :, :count] = by_parameters[own] @ basis[view]
    for axis in (0, 1):
        by_view[np.arange(points), axis, count + 2 * tracks.view + axis] = 1.0
    return by_view, by_position


def _root_of_inverse(normal: Array) -> Array:
    """Give R with R R' the inverse of a symmetric matrix in what is not its null space."""
    diagonal = np.diag(normal).copy()
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(normal * scale[:, None] * scale)
    kept = values > _NULL * values[-1]
    root: Array = scale[:, None] * vectors[:, kept] / np.sqrt(values[kept])
    return root
