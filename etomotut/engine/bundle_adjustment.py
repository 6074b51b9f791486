"""Solving a fiducial alignment: where the beads are in 3D, and how each view saw them.

A bead at X, Y, Z (pixels, from the centroid of the beads) is seen in a view at

    m R(rotation) [ X' cos tilt + Z sin tilt, Y' ] + shift,   (X', Y') = D(stretch, skew) (X, Y)

which is the projection of IMOD's tiltalign: rotation is that of the tilt axis from vertical,
counter-clockwise, and D a distortion in the plane of the specimen. The parameters of all views
are linear in a vector of variables (`Variables`), and variables, shifts and positions are found
together by damped Gauss-Newton steps in which the positions are eliminated (Triggs et al. 2000,
Bundle adjustment - a modern synthesis, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PARAMETERS = ("rotation", "tilt", "magnification", "stretch", "skew")
ROTATION, TILT, MAGNIFICATION, STRETCH, SKEW = range(5)
MAX_STEPS = 60
_STEP_LIMIT = 1e-6  # of the objective, relative; below what a thousandth of a pixel changes


@dataclass(frozen=True)
class Tracks:
    """Marks of beads: `xy` (point, 2) in pixels from the view's centre, `view` and `bead` (point,).

    Beads are numbered from 0 without gaps; so are views, but some may have no point.
    """

    xy: Array
    view: Ints
    bead: Ints

    @property
    def beads(self) -> int:
        """Number of beads."""
        return int(self.bead.max()) + 1 if len(self.bead) else 0


@dataclass(frozen=True)
class Variables:
    """What is solved for: parameters (view, 5) = base + basis (view, 5, variable) @ values.

    Angles are in radians, magnification as its logarithm. `precision` (variable,) pulls a value
    towards 0 with weight 1 / variance; 0 leaves it free. Precision is in units of 1 / pixel
    variance of a mark.
    """

    base: Array
    basis: Array
    precision: Array

    def parameters(self, values: Array) -> Array:
        """Give the parameters (view, 5) for values (variable,)."""
        result: Array = self.base + self.basis @ values
        return result


@dataclass(frozen=True)
class Solution:
    """A solved alignment.

    Of the views `parameters` (view, 5) and `shifts` (view, 2), of the beads `xyz` (bead, 3), of the
    points `residuals` (point, 2), measured minus predicted, and `weights` (point,). `variables` are
    those that were solved for.

    `covariance` (variable, variable) is that of the variables `values` for unit variance of a mark.
    """

    values: Array
    parameters: Array
    shifts: Array
    xyz: Array
    residuals: Array
    weights: Array
    covariance: Array
    steps: int
    variables: Variables


def solve(
    tracks: Tracks,
    variables: Variables,
    *,
    weights: Optional[Array] = None,
    start: Optional[Solution] = None,
    uncertain: bool = False,
) -> Solution:
    """Find the variables, shifts and positions with the least weighted sum of squared residuals.

    `weights` (point,) default to 1; `start` saves steps; `uncertain` asks for the covariance
    of the variables, which is empty otherwise. Raises SolutionError if there are fewer
    measurements than unknowns.
    """
    problem = _Problem(tracks, variables, np.ones(len(tracks.xy)) if weights is None else weights)
    state = problem.begin(start)
    cost, damping = problem.cost(state), 1e-4
    steps = 0
    while steps < MAX_STEPS and damping < 1e6:
        steps += 1
        trial, _ = problem.step(state, damping)
        trial_cost = problem.cost(trial)
        if trial_cost < cost:
            gain = (cost - trial_cost) / max(cost, 1e-30)
            state, cost, damping = trial, trial_cost, max(damping / 10, 1e-9)
            if gain < _STEP_LIMIT:
                break
        else:
            damping *= 10
    covariance = problem.step(state, 1e-9)[1] if uncertain else np.zeros((0, 0))
    return problem.solution(state, covariance, steps)


def project(parameters: Array, shifts: Array, xyz: Array, view: Ints, bead: Ints) -> Array:
    """Give the points (point, 2) at which beads are seen in views."""
    seen: Array = (matrices(parameters)[view] @ xyz[bead][:, :, None])[..., 0] + shifts[view]
    return seen


def matrices(parameters: Array) -> Array:
    """Give the projection matrices (view, 2, 3) of parameters (view, 5)."""
    m, turn, tilted, distortion = _factors(parameters)
    result: Array = m[:, None, None] * (turn @ tilted @ distortion)
    return result


def derivatives(parameters: Array, xyz: Array, view: Ints, bead: Ints) -> Tuple[Array, Array]:
    """Give derivatives of points by parameters (point, 2, 5) and by position (point, 2, 3)."""
    m, turn, tilted, distortion = _factors(parameters)
    zero = np.zeros_like(m)
    c, s = np.cos(parameters[:, ROTATION]), np.sin(parameters[:, ROTATION])
    turn_by = _stack([[-s, -c], [c, -s]])
    ct, st = np.cos(parameters[:, TILT]), np.sin(parameters[:, TILT])
    tilted_by = _stack([[-st, zero, ct], [zero, zero, zero]])
    plane = _distortion_derivatives(parameters)
    scale = m[:, None, None]
    whole = scale * (turn @ tilted @ distortion)
    by = np.stack(
        [
            scale * (turn_by @ tilted @ distortion),
            scale * (turn @ tilted_by @ distortion),
            whole,
            scale * (turn @ tilted @ plane[0]),
            scale * (turn @ tilted @ plane[1]),
        ],
        axis=-1,
    )
    own = by.transpose(0, 1, 3, 2)[view]
    by_parameters: Array = (own @ xyz[bead][:, None, :, None])[..., 0]
    return by_parameters, whole[view]


def triangulate(tracks: Tracks, parameters: Array, shifts: Array, weights: Array) -> Array:
    """Give the positions (bead, 3) that fit the marks best under known views."""
    p = matrices(parameters)[tracks.view]
    heavy = (weights[:, None, None] * p).transpose(0, 2, 1)
    of_bead = _Groups(tracks.bead, tracks.beads)
    normal = of_bead.sum(heavy @ p)
    offsets = tracks.xy - shifts[tracks.view]
    right = of_bead.sum((heavy @ offsets[:, :, None])[..., 0])
    ridge = 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-12
    solved: Array = np.linalg.solve(normal + ridge * np.eye(3), right[..., None])[..., 0]
    return solved


@dataclass(frozen=True)
class _State:
    values: Array
    shifts: Array
    xyz: Array


@dataclass(frozen=True)
class _Blocks:
    """Blocks of the normal equations, where c counts the parameters and shifts of all views.

    cc (c, c), cx (c, bead, 3), xx (bead, 3, 3), and the right sides c (c,) and x (bead, 3).
    """

    cc: Array
    cx: Array
    xx: Array
    c: Array
    x: Array


class _Groups:
    """Sums over points that share a number, much faster than adding them one by one."""

    def __init__(self, numbers: Ints, count: int) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._present, self._starts = np.unique(numbers[self._order], return_index=True)
        self._count = count

    def sum(self, values: Array) -> Array:
        """Give the sums (count, ...) of values (point, ...)."""
        result = np.zeros((self._count, *values.shape[1:]))
        if len(self._present):
            result[self._present] = np.add.reduceat(values[self._order], self._starts, axis=0)
        return result


class _Problem:
    """The least-squares problem of one call of `solve`."""

    def __init__(self, tracks: Tracks, variables: Variables, weights: Array) -> None:
        self.tracks, self.variables, self.weights = tracks, variables, weights
        self.views = len(variables.base)
        self.count = variables.basis.shape[2]
        view, bead, beads = tracks.view, tracks.bead, tracks.beads
        self._in_views, self._in_beads = _Groups(view, self.views), _Groups(bead, beads)
        self._in_both = _Groups(view * beads + bead, self.views * beads)
        self._solved = np.flatnonzero(variables.basis.any(axis=(0, 2)))  # fixed ones need no rows
        self._own = len(self._solved) + 2
        basis = np.zeros((self.views, self._own, self.count + 2 * self.views))
        basis[:, :-2, : self.count] = variables.basis[:, self._solved]
        for axis in (0, 1):
            columns = self.count + 2 * np.arange(self.views) + axis
            basis[np.arange(self.views), len(self._solved) + axis, columns] = 1.0
        self._basis = scipy.sparse.csr_matrix(basis.reshape(self.views * self._own, -1))
        self._prior = np.concatenate([variables.precision, np.zeros(2 * self.views)])
        used = weights > 0
        unknown = self.count + 2 * len(np.unique(tracks.view[used])) + 3 * tracks.beads - 3
        measured = 2 * int(used.sum()) + int((variables.precision > 0).sum())
        if measured < unknown:
            raise SolutionError(
                f"{2 * int(used.sum())} measured coordinates of {tracks.beads} beads cannot "
                f"determine {unknown} unknowns"
            )

    def begin(self, start: Optional[Solution]) -> _State:
        """Give the first state: a former solution, or the undistorted geometry."""
        if start is not None and len(start.values) == self.count:
            return _State(start.values, start.shifts, start.xyz)
        values = np.zeros(self.count)
        state = _State(values, np.zeros((self.views, 2)), np.zeros((self.tracks.beads, 3)))
        for _ in range(3):  # shifts and positions in turn: a start, not the answer
            parameters = self.variables.parameters(values)
            xyz = triangulate(self.tracks, parameters, state.shifts, self.weights + 1e-6)
            state = self._centred(replace(state, xyz=xyz))
            state = replace(state, shifts=state.shifts + self._mean_residuals(state))
        return state

    def cost(self, state: _State) -> float:
        """Give half the weighted sum of squares, priors included."""
        residuals = self.residuals(state)
        prior = self.variables.precision @ state.values**2
        return 0.5 * float(self.weights @ (residuals**2).sum(axis=1) + prior)

    def residuals(self, state: _State) -> Array:
        """Give the residuals (point, 2), measured minus predicted."""
        parameters = self.variables.parameters(state.values)
        tracks = self.tracks
        return tracks.xy - project(parameters, state.shifts, state.xyz, tracks.view, tracks.bead)

    def step(self, state: _State, damping: float) -> Tuple[_State, Array]:
        """Give the state after a damped step, and the covariance of the variables.

        The normal equations are built in all parameters and shifts of the views, the positions
        eliminated (Schur complement), and what remains projected onto the variables.
        """
        blocks = self._normal_equations(state)
        ridge = (damping + 1e-9) * (np.trace(blocks.xx, axis1=1, axis2=2) / 3 + 1e-9)
        inverse = np.linalg.inv(blocks.xx + ridge[:, None, None] * np.eye(3))
        carried = (blocks.cx[:, :, None, :] @ inverse)[:, :, 0, :]
        size = len(blocks.cc)
        schur = blocks.cc - carried.reshape(size, -1) @ blocks.cx.reshape(size, -1).T
        right = blocks.c - np.einsum("cbi,bi->c", carried, blocks.x)

        basis, prior = self._basis, self._prior
        reduced = basis.T @ (basis.T @ schur.T).T + np.diag(prior)
        values = np.concatenate([state.values, np.zeros(2 * self.views)])
        right = basis.T @ right - prior * values
        diagonal = np.diag(reduced)
        covariance = np.linalg.inv(reduced + np.diag(damping * diagonal + 1e-9 * diagonal.max()))
        change = covariance @ right
        back = np.einsum("c,cbi->bi", basis @ change, blocks.cx)
        moved = np.einsum("bij,bj->bi", inverse, blocks.x - back)
        new = _State(
            state.values + change[: self.count],
            state.shifts + change[self.count :].reshape(-1, 2),
            state.xyz + moved,
        )
        return self._centred(new), covariance[: self.count, : self.count]

    def solution(self, state: _State, covariance: Array, steps: int) -> Solution:
        """Give the state as a solution."""
        parameters = self.variables.parameters(state.values)
        return Solution(
            state.values,
            parameters,
            self._interpolated(state.shifts, parameters[:, TILT]),
            state.xyz,
            self.residuals(state),
            self.weights,
            covariance,
            steps,
            self.variables,
        )

    def _normal_equations(self, state: _State) -> _Blocks:
        """Give the blocks of J'WJ and J'Wr by parameters and shifts (c) and positions (x)."""
        parameters = self.variables.parameters(state.values)
        view, bead, beads = self.tracks.view, self.tracks.bead, self.tracks.beads
        by_parameters, by_position = derivatives(parameters, state.xyz, view, bead)
        residuals, weights = self.residuals(state), self.weights
        shifts = np.broadcast_to(np.eye(2), (len(view), 2, 2))
        by_view = np.concatenate([by_parameters[:, :, self._solved], shifts], axis=2)
        weighted = weights[:, None, None] * by_view
        own = self._own

        transposed = weighted.transpose(0, 2, 1)
        views = self._in_views.sum(transposed @ by_view)
        cc = np.zeros((self.views, own, self.views, own))
        cc[np.arange(self.views), :, np.arange(self.views), :] = views
        c = self._in_views.sum((transposed @ residuals[:, :, None])[..., 0])
        cx = self._in_both.sum(transposed @ by_position).reshape(self.views, beads, own, 3)
        heavy = (weights[:, None, None] * by_position).transpose(0, 2, 1)
        xx = self._in_beads.sum(heavy @ by_position)
        x = self._in_beads.sum((heavy @ residuals[:, :, None])[..., 0])
        size = self.views * own
        cx = cx.transpose(0, 2, 1, 3).reshape(size, beads, 3)
        return _Blocks(cc.reshape(size, size), cx, xx, c.ravel(), x)

    def _interpolated(self, shifts: Array, tilt: Array) -> Array:
        """Give views without points the shifts between those of the next lower and higher tilt."""
        seen = np.unique(self.tracks.view)
        order = seen[np.argsort(tilt[seen])]
        between = [np.interp(tilt, tilt[order], shifts[order, axis]) for axis in (0, 1)]
        filled = np.stack(between, axis=1)
        filled[seen] = shifts[seen]
        return filled

    def _mean_residuals(self, state: _State) -> Array:
        w = self.weights + 1e-9
        total = self._in_views.sum(w[:, None] * self.residuals(state))
        return total / np.maximum(self._in_views.sum(w), 1e-12)[:, None]

    def _centred(self, state: _State) -> _State:
        centre = state.xyz.mean(axis=0)
        parameters = self.variables.parameters(state.values)
        shifts = state.shifts + matrices(parameters) @ centre
        return replace(state, xyz=state.xyz - centre, shifts=shifts)


def _factors(parameters: Array) -> Tuple[Array, Array, Array, Array]:
    """Give magnifications (view,) and the matrices of turn, tilt and distortion of the views."""
    rotation, tilt, log_m, stretch, skew = parameters.T
    zero, one = np.zeros_like(tilt), np.ones_like(tilt)
    c, s = np.cos(rotation), np.sin(rotation)
    turn = _stack([[c, -s], [s, c]])
    tilted = _stack([[np.cos(tilt), zero, np.sin(tilt)], [zero, one, zero]])
    distortion = _stack(
        [
            [one + stretch, np.sin(skew), zero],
            [zero, np.cos(skew), zero],
            [zero, zero, one],
        ]
    )
    return np.exp(log_m), turn, tilted, distortion


def _distortion_derivatives(parameters: Array) -> Tuple[Array, Array]:
    skew = parameters[:, SKEW]
    zero, one = np.zeros_like(skew), np.ones_like(skew)
    none = [zero, zero, zero]
    by_stretch = _stack([[one, zero, zero], none, none])
    by_skew = _stack([[zero, np.cos(skew), zero], [zero, -np.sin(skew), zero], none])
    return by_stretch, by_skew


def _stack(rows: list[list[Array]]) -> Array:
    """Give matrices (view, row, column) from nested lists of arrays (view,)."""
    return np.moveaxis(np.array(rows), -1, 0)
