"""Linking bead candidates of single views into tracks, knowing only the tilt angles and the axis.

A bead at X, Y, Z appears, in a frame whose v axis is the tilt axis, at u = X cos t + Z sin t and
v = Y, plus a shift of the view that alignment by correlation has left. Views are joined one by
one, from the least tilted outwards. In each, the shift is the one that most tracks vote for, then
tracks and candidates are assigned one to one, and each track's X and Z are updated as a Kalman
filter does, so that predictions sharpen as the tilt range grows.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.ndimage
import scipy.optimize

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MARK_SD = 1.0  # pixels; of a mark about its prediction, view distortions included
DRIFT_SD = 0.5  # pixels a view; v wanders when the axis angle or a rotation is a little off
PATIENCE = 5  # views in which a track of no more marks than that may be missing
GATE = 3.5  # standard deviations within which a candidate may continue a track


def link(
    candidates: Sequence[Array], tilt_angles: Array, *, depth_sd: float, search: float
) -> Ints:
    """Give, for each track, its candidate in each view: (track, view) indices, -1 for none.

    `candidates` holds a table (n, 2) of u, v a view, in pixels from the centre, strongest first;
    `tilt_angles` (view,) degrees; `depth_sd` the spread of Z to expect and `search` the largest
    shift between neighbouring views, both in pixels.
    """
    linker = _Linker(depth_sd, search)
    order = np.argsort(np.abs(tilt_angles), kind="stable")
    counts = np.array([len(each) for each in candidates])
    start = next((view for view in order if counts[view] >= 0.5 * np.median(counts)), order[0])
    by_tilt = np.argsort(tilt_angles, kind="stable")
    place = int(np.flatnonzero(by_tilt == start)[0])
    up, down = list(by_tilt[place + 1 :]), list(by_tilt[:place][::-1])
    linker.join(int(start), candidates[start], float(tilt_angles[start]), None)
    while up or down:
        for side, branch in ((1, up), (-1, down)):
            if branch:
                view = int(branch.pop(0))
                linker.join(view, candidates[view], float(tilt_angles[view]), side)
    return linker.table(len(tilt_angles))


class _Linker:
    """Tracks under construction: `state` (track, 2) X and Z with their covariance, `v`, matches."""

    def __init__(self, depth_sd: float, search: float) -> None:
        self._depth_sd, self._search = depth_sd, search
        self._state = np.zeros((0, 2))
        self._covariance = np.zeros((0, 2, 2))
        self._v = np.zeros((0, 2))  # the last v on the two branches: lower and higher tilts
        self._v_age = np.zeros((0, 2))
        self._count = np.zeros(0, np.int64)  # of marks
        self._shift = {1: np.zeros(2), -1: np.zeros(2)}
        self._matches: List[Tuple[Ints, Ints, int]] = []

    def join(self, view: int, found: Array, tilt: float, side: int | None) -> None:
        """Continue the tracks into a view and begin new ones at what is left over."""
        c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        if side is None or not len(found):
            self._begin(view, found, c, s, np.zeros(2), 0)
            return
        branch = (side + 1) // 2
        self._v_age[:, branch] += 1
        alive = np.flatnonzero((self._v_age[:, branch] <= PATIENCE) | (self._count > PATIENCE))
        predicted, sd = self._predict(alive, c, s, branch)
        shift = self._vote(predicted, sd, found, self._shift[side])
        if shift is None:
            return
        tracks, marks = _assign(predicted + shift, sd, found)
        shift = shift + np.median(found[marks] - predicted[tracks] - shift, axis=0)
        tracks, marks = _assign(predicted + shift, sd, found)
        tracks = alive[tracks]
        self._shift[side] = shift
        self._update(tracks, found[marks] - shift, c, s, branch)
        self._matches.append((tracks, marks, view))
        rest = np.setdiff1d(np.arange(len(found)), marks)
        self._begin(view, found, c, s, shift, branch, rest)

    def table(self, views: int) -> Ints:
        """Give the candidate of each track in each view, -1 for none."""
        result = np.full((len(self._state), views), -1)
        for tracks, marks, view in self._matches:
            result[tracks, view] = marks
        return result

    def _begin(
        self,
        view: int,
        found: Array,
        c: float,
        s: float,
        shift: Array,
        branch: int,
        chosen: Ints | None = None,
    ) -> None:
        marks = np.arange(len(found)) if chosen is None else chosen
        u, v = (found[marks] - shift).T
        first = len(self._state)
        # X is known along the ray alone: Z has its prior, X = (u - Z sin t) / cos t follows it
        slope = -s / c
        new = np.array([[slope**2, slope], [slope, 1.0]]) * self._depth_sd**2
        new[0, 0] += (MARK_SD / c) ** 2
        self._state = np.concatenate([self._state, np.stack([u / c, 0 * u], axis=1)])
        self._covariance = np.concatenate([self._covariance, np.repeat(new[None], len(u), axis=0)])
        self._v = np.concatenate([self._v, np.stack([v, v], axis=1)])
        self._v_age = np.concatenate([self._v_age, np.zeros((len(u), 2))])
        self._count = np.concatenate([self._count, np.ones(len(u), np.int64)])
        self._matches.append((np.arange(first, first + len(u)), marks, view))

    def _predict(self, alive: Ints, c: float, s: float, branch: int) -> Tuple[Array, Array]:
        """Give u, v (track, 2) of some tracks in a view, and their standard deviations."""
        ray = np.array([c, s])
        u = self._state[alive] @ ray
        spread = (self._covariance[alive] @ ray) @ ray + MARK_SD**2
        v_spread = MARK_SD**2 + DRIFT_SD**2 * self._v_age[alive, branch]
        return (
            np.stack([u, self._v[alive, branch]], axis=1),
            np.sqrt(np.stack([spread, v_spread], axis=1)),
        )

    def _vote(self, predicted: Array, sd: Array, found: Array, guess: Array) -> Array | None:
        """Give the shift that brings most predictions onto candidates, or None without a majority.

        Every pair votes for its difference in a histogram of whole pixels, blurred by the
        uncertainty of the predictions; a vote counts less the vaguer its track is.
        """
        size = int(np.ceil(self._search))
        difference = found[None, :, :] - predicted[:, None, :] - guess
        near = (np.abs(difference) < size).all(axis=2)
        if not near.any():
            return None
        weight = np.broadcast_to((1.0 / sd[:, 0])[:, None], near.shape)[near]
        cell = np.rint(difference[near]).astype(np.int64) + size
        side = 2 * size + 1
        votes = np.bincount(cell[:, 0] * side + cell[:, 1], weight, side**2).reshape(side, side)
        u_blur = min(float(np.median(sd[:, 0])), size / 4)
        smooth = scipy.ndimage.gaussian_filter(votes, (u_blur, 1.5), mode="constant")
        top = np.array(np.unravel_index(int(np.argmax(smooth)), smooth.shape))
        winner: Array = guess + (top - size).astype(np.float64)
        return winner

    def _update(self, tracks: Ints, seen: Array, c: float, s: float, branch: int) -> None:
        ray = np.array([c, s])
        covariance = self._covariance[tracks]
        along = covariance @ ray
        gain = along / (along @ ray + MARK_SD**2)[:, None]
        surprise = seen[:, 0] - self._state[tracks] @ ray
        self._state[tracks] += gain * surprise[:, None]
        self._covariance[tracks] = covariance - gain[:, :, None] * along[:, None, :]
        self._v[tracks, branch] = seen[:, 1]
        self._v_age[tracks, branch] = 0
        self._count[tracks] += 1


def _assign(predicted: Array, sd: Array, found: Array) -> Tuple[Ints, Ints]:
    """Pair predictions and candidates one to one with the least sum of squared distances in SDs."""
    distance = (((found[None] - predicted[:, None]) / sd[:, None]) ** 2).sum(axis=2)
    # a vague track should not take what a sharp one claims: the determinant term of a likelihood
    cost = np.minimum(distance, GATE**2) + 2 * np.log(sd).sum(axis=1)[:, None] * (
        distance < GATE**2
    )
    tracks, marks = scipy.optimize.linear_sum_assignment(np.where(distance < GATE**2, cost, 1e3))
    good = distance[tracks, marks] < GATE**2
    return tracks[good], marks[good]
