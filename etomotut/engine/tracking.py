"""Tracking gold beads through a tilt series: find, link, predict, locate, solve.

Beads are found in every view on their own and linked (`linking`). The tracks are solved for the
geometry of the series; that predicts every bead in every view, so that gaps are filled and broken
tracks joined. All are then located by fitting their profile where they are predicted, and solved
again. A mark that does not fit is dropped; views are kept.

Marks are arrays (bead, view, 2) of x, y from the centre of the view, NaN where there is none.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.spatial

from etomotut.engine import beads, linking, transforms
from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine import fiducial_alignment as alignment
from etomotut.engine.bundle_adjustment import Solution
from etomotut.engine.locating import (
    Setting,
    Tracked,
    as_points,
    count_marks,
    keep,
    locate,
    predict,
    profiles_of_beads,
    visible,
)
from etomotut.engine.views import reduce_views
from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]
Views = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MIN_VIEWS = 5  # fewer marks do not tell a bead from chance
MIN_SHARE = 0.4  # of the views in which a bead lies within the image
GOLD_RANGE = (0.3, 0.75)  # of the strength of undoubted beads, between which gold ends
USUAL_GOLD, CLEAR_GAP = 0.45, 0.3  # where no gap is as wide as CLEAR_GAP, a factor of 1.35
MIN_TILT_RANGE = 10.0  # degrees between marks that fix the depth of a bead
MISFIT = 6.0  # times the typical residual of a view beyond which a mark is dropped
CLOSE = 1.5  # pixels between a predicted bead and a candidate that is the same, at least
SAME = 1.0  # radii between two tracks that are one bead's


def track(views: Views, setting: Setting) -> Tracked:
    """Follow all gold beads, dark on bright, of a tilt series (view, y, x).

    Raises SolutionError where too few beads can be followed to solve anything.
    """
    return locate_all(views, survey(views, setting).solution, setting)


def survey(views: Views, setting: Setting) -> Tracked:
    """Follow all gold beads, each marked to about a pixel, where it was found.

    Large beads are found in reduced views. Raises SolutionError where too few beads can be
    followed to solve anything.
    """
    factor = max(1, int(setting.radius / beads.WORKING_RADIUS))
    coarse = _link_and_solve(reduce_views(views, factor), _reduced(setting, factor))
    solution = coarse.solution
    solution = replace(solution, xyz=factor * solution.xyz, shifts=factor * solution.shifts)
    return replace(coarse, marks=factor * coarse.marks, solution=solution)


def track_seeds(views: Views, seeds: Array, setting: Setting) -> Tuple[Tracked, Ints]:
    """Follow the beads that are marked (bead, view, 2) in some views.

    Also gives, for each bead that can be followed, the number of its seed. Seeds with marks in
    enough views tell the geometry themselves; else all beads of the series are tracked for it.
    Raises SolutionError where too few beads can be followed.
    """
    counts = count_marks(seeds)
    rich = counts >= max(MIN_VIEWS, MIN_SHARE / 2 * seeds.shape[1])
    if rich.sum() >= min(4, max((counts > 0).sum(), 2)):
        solution = _solve(seeds[rich], setting)
        if (np.isfinite(seeds[rich][..., 0]).sum(axis=0) < 2).any():
            centre = (np.array(views.shape[:0:-1]) - 1) / 2
            points = [each.xy - centre for each in find_in_views(views, setting)]
            solution = recover_views(points, solution, setting, centre)
    else:
        solution = track(views, setting).solution
    chosen = np.flatnonzero(counts)
    xyz = _positions(views, seeds[chosen], solution, setting)
    found = np.isfinite(xyz[:, 0])
    start = replace(solution, xyz=xyz[found])
    tracked = locate_all(views, start, setting, every_bead=True)
    return tracked, chosen[found][tracked.numbers]


def locate_all(
    views: Views, solution: Solution, setting: Setting, *, every_bead: bool = False
) -> Tracked:
    """Locate the beads of a solution in all views, and solve again.

    Beads that are then marked in too few views are left out unless `every_bead` is wanted.
    """
    centre = (np.array(views.shape[:0:-1]) - 1) / 2
    places = predict(solution)
    numbers = np.arange(len(places))
    for rounds in (3, 8):  # the first solution only has to predict
        within = visible(solution, centre - 1)[..., None]
        profiles = profiles_of_beads(views, np.where(within, places, np.nan) + centre, setting)
        tracked = locate(views, solution, profiles, setting)
        required = MIN_VIEWS if every_bead else _required(solution, centre - setting.radius)
        tracked = keep(tracked, count_marks(tracked.marks) >= required)
        marks, solution = _drop_misfits(tracked.marks, setting, rounds)
        numbers = numbers[tracked.numbers]
        tracked = replace(tracked, marks=marks, solution=solution, numbers=numbers)
        places = tracked.marks
    return tracked


def _link_and_solve(views: Views, setting: Setting) -> Tracked:
    """Find and link beads; what they are likened to is the undoubted beads of their view."""
    centre = (np.array(views.shape[:0:-1]) - 1) / 2
    points, strengths = [], []
    for each in find_in_views(views, setting):
        points.append(each.xy - centre)
        strengths.append(each.strength / gold_level(each.strength))
    table = _link(points, setting)
    table = table[(table >= 0).sum(axis=1) >= MIN_VIEWS]
    strength = np.nanmedian(_gather(strengths, table), axis=1) if len(table) else np.zeros(0)
    weakest = _weakest_gold(strength)
    golden = table[strength >= weakest]
    _, solution = _settle(_gather(points, golden), setting, MIN_VIEWS)
    bright = [each > 0.6 * weakest for each in strengths]
    points = [each[chosen] for each, chosen in zip(points, bright)]
    strengths = [each[chosen] for each, chosen in zip(strengths, bright)]
    for gate in (4.0, 2.0):
        solution = recover_views(points, solution, setting, centre)
        table = _reassign(points, solution, gate * max(1.0, setting.radius / 3))
        enough = (table >= 0).sum(axis=1) >= 0.5 * _required(solution, centre - setting.radius)
        _, solution = _settle(_gather(points, table[enough]), setting, MIN_VIEWS)
    table = _reassign(points, solution, max(2.0, setting.radius / 1.5))
    likeness = np.clip(np.nan_to_num(_gather(strengths, table)), 0.0, 1.0)
    marks = _gather(points, table)
    return Tracked(marks, likeness, likeness, solution, np.arange(len(marks)))


def recover_views(
    points: Sequence[Array], solution: Solution, setting: Setting, half_size: Array
) -> Solution:
    """Move views in which few beads are where they are predicted to where most of them are."""
    predicted, shifts = predict(solution), solution.shifts.copy()
    is_visible = visible(solution, half_size)
    for view, each in enumerate(points):
        expected = predicted[is_visible[:, view], view]
        if len(expected) < 2 or not len(each):
            continue
        apart = each[None] - expected[:, None]
        close = max(setting.radius / 2, CLOSE)
        met = (np.hypot(*np.moveaxis(apart, -1, 0)).min(axis=1) < close).sum()
        if met >= 0.5 * len(expected):
            continue
        near = apart[(np.abs(apart) < setting.search).all(axis=2)]
        if not len(near):
            continue
        alike = scipy.spatial.cKDTree(near).query_ball_point(near, close)
        votes = [len(each) for each in alike]
        if max(votes) > max(met, 2):
            shifts[view] += near[alike[int(np.argmax(votes))]].mean(axis=0)
    return replace(solution, shifts=shifts)


def gold_level(strength: Array) -> float:
    """Give the strength of an undoubted bead of a view: the median of the five strongest."""
    return float(np.median(strength[:5])) if len(strength) else 1.0


def _weakest_gold(strength: Array) -> float:
    """Give the strength that parts gold from grain, where tracks (track,) leave the widest gap.

    Strengths are relative to undoubted beads. Grain of the specimen can be followed as well as
    gold can, but its places are those of no single point.
    """
    low, high = GOLD_RANGE
    inner = np.sort(strength[(strength > low) & (strength < high)])
    edges = np.concatenate([[low], inner, [high]])
    gaps = np.diff(np.log(edges))
    widest = int(np.argmax(gaps))
    if gaps[widest] < CLEAR_GAP:
        return USUAL_GOLD
    return float(np.sqrt(edges[widest] * edges[widest + 1]))


def _positions(views: Views, seeds: Array, solution: Solution, setting: Setting) -> Array:
    """Give where (seed, 3) beads are that are marked in a view or more, NaN where none is found.

    Marks far enough apart in tilt fix a bead; one that is marked in a single view lies somewhere
    on its ray, at the depth where it meets most candidates in the other views.
    """
    points = as_points(seeds)
    weights = np.ones(len(points.xy))
    xyz = bundle.triangulate(points, solution.parameters, solution.shifts, weights)
    marked = np.isfinite(seeds[..., 0])
    tilts = np.where(marked, setting.tilt_angles, np.nan)
    vague = np.flatnonzero(np.nanmax(tilts, axis=1) - np.nanmin(tilts, axis=1) < MIN_TILT_RANGE)
    if len(vague):
        centre = (np.array(views.shape[:0:-1]) - 1) / 2
        found = [each.xy - centre for each in find_in_views(views, setting)]
        trees = [scipy.spatial.cKDTree(each) for each in found]
        for seed in vague:
            view = int(np.flatnonzero(marked[seed])[0])
            xyz[seed] = _seek_depth(view, seeds[seed, view], trees, solution, setting)
    return xyz


def _seek_depth(
    view: int,
    place: Array,
    trees: Sequence[scipy.spatial.cKDTree],
    solution: Solution,
    setting: Setting,
) -> Array:
    projections = bundle.matrices(solution.parameters)
    nearest = np.linalg.pinv(projections[view]) @ (place - solution.shifts[view])
    ray = np.cross(*projections[view])
    depths = np.arange(-3 * setting.depth_sd, 3 * setting.depth_sd, setting.radius / 2)
    line = nearest + depths[:, None] * ray / np.linalg.norm(ray)
    seen = np.einsum("vij,dj->vdi", projections, line) + solution.shifts[:, None]
    away = np.array([tree.query(each)[0] for tree, each in zip(trees, seen) if tree.n])
    votes = np.clip(1 - (away / setting.radius) ** 2, 0, None).sum(axis=0)
    met = (away < setting.radius).sum(axis=0)
    best = int(np.argmax(votes))
    return line[best] if met[best] >= MIN_VIEWS else np.full(3, np.nan)


def _reduced(setting: Setting, factor: int) -> Setting:
    return replace(
        setting,
        radius=setting.radius / factor,
        depth_sd=setting.depth_sd / factor,
        search=setting.search / factor,
    )


def find_in_views(views: Views, setting: Setting) -> List[beads.Candidates]:
    """Find candidates in every view, leaving out what touches an edge or a filled area."""

    def find(view: npt.NDArray[np.float32]) -> beads.Candidates:
        found = beads.find(view, setting.radius, limit=setting.limit)
        keep = beads.clear_of_fill(view, found.xy, 1.5 * setting.radius)
        return beads.Candidates(found.xy[keep], found.strength[keep])

    with ThreadPoolExecutor(setting.threads) as pool:
        return list(pool.map(find, views))


def _link(points: Sequence[Array], setting: Setting) -> Ints:
    """Give the point (track, view) of each track in each view, -1 for none."""
    upright = transforms.rotation(-setting.axis_angle)
    return linking.link(
        [transforms.apply(upright, each) for each in points],
        setting.tilt_angles,
        depth_sd=setting.depth_sd,
        search=setting.search,
    )


def _gather(values: Sequence[Array], table: Ints) -> Array:
    """Give what the points of tracks hold (track, view, ...) from that of each view's points."""
    gathered = np.full((*table.shape, *values[0].shape[1:]), np.nan)
    for view, each in enumerate(values):
        has = table[:, view] >= 0
        gathered[has, view] = each[table[has, view]]
    return gathered


def _settle(marks: Array, setting: Setting, required: int) -> Tuple[Array, Solution]:
    """Solve for one rotation, join tracks of the same bead, and solve again."""
    marks = marks[count_marks(marks) >= required]
    solution = _solve(marks, setting)
    joined = _join_doubles(marks, solution, SAME * setting.radius)
    return (joined, _solve(joined, setting)) if len(joined) < len(marks) else (marks, solution)


def _solve(marks: Array, setting: Setting) -> Solution:
    if len(marks) < 2:
        raise SolutionError(
            f"{len(marks)} gold beads can be followed through {MIN_VIEWS} views or more; "
            "at least 2 are needed"
        )
    variables = alignment.one_rotation(setting.tilt_angles, setting.axis_angle)
    return alignment.solve_robustly(as_points(marks), variables, rounds=3)


def _join_doubles(marks: Array, solution: Solution, reach: float) -> Array:
    """Join tracks that a solution sees at one place in all views; the longer one prevails."""
    order = np.argsort(-count_marks(marks), kind="stable")
    marks, predicted = marks[order].copy(), predict(solution)[order]
    gone = np.zeros(len(marks), bool)
    for longer in range(len(marks)):
        apart = np.hypot(*np.moveaxis(predicted - predicted[longer], -1, 0)).max(axis=1)
        same = np.flatnonzero((apart < reach) & ~gone & (np.arange(len(marks)) > longer))
        for shorter in same if not gone[longer] else ():
            empty = np.isnan(marks[longer, :, 0])
            marks[longer, empty] = marks[shorter, empty]
            gone[shorter] = True
    return marks[~gone]


def _reassign(points: Sequence[Array], solution: Solution, gate: float) -> Ints:
    """Give the point (bead, view) of each bead predicted within `gate` pixels of one, else -1."""
    predicted = predict(solution)
    table = np.full(predicted.shape[:2], -1)
    for view, each in enumerate(points):
        distance = scipy.spatial.distance.cdist(predicted[:, view], each.reshape(-1, 2))
        bead, point = scipy.optimize.linear_sum_assignment(np.minimum(distance, gate))
        near = distance[bead, point] < gate
        table[bead[near], view] = point[near]
    return table


def _drop_misfits(marks: Array, setting: Setting, rounds: int) -> Tuple[Array, Solution]:
    """Solve every view and drop the marks whose residual stands out from their view's."""
    for _ in range(2):
        points = as_points(marks)
        solution = alignment.solve_every_view(
            points, setting.tilt_angles, setting.axis_angle, rounds=rounds
        )
        scale = alignment.scale_by_view(solution.residuals, points.view, marks.shape[1])
        bad = np.hypot(*solution.residuals.T) > MISFIT * np.maximum(scale[points.view], 0.1)
        marks = marks.copy()
        marks[points.bead[bad], points.view[bad]] = np.nan
        if not bad.any():
            break
    return marks, solution


def _required(solution: Solution, half_size: Array) -> Array:
    """Give the number of marks (bead,) that a bead must have to be believed."""
    return np.maximum(MIN_SHARE * visible(solution, half_size).sum(axis=1), MIN_VIEWS)
