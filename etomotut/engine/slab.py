"""Where the specimen stands: a slab between two parallel planes, from points on its faces.

Beads lie on the faces of a specimen, so that planes through them bound it. Points in between, and
some beyond, do no harm: the slopes are those at which most points agree on a height (a Hough
transform), refined by least squares with Tukey's biweight. `detail_slab` finds it without beads.

Positions are lengths from the centre of the volume, in one unit of any kind, z along the beam.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.surfaces import MIN_GAP, Ints, Planes
from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]
Degrees = Tuple[float, float]

STEEPEST = 15.0  # degrees that a slab may lean in x and in y
FEWEST = 6  # points that determine planes
LARGEST_ERROR = 1.5  # degrees; slopes known no better than that are not corrected
NOT_FOUND = 90.0  # degrees, an angle about which nothing is known
_FEWEST_ON_FACE = 3
_SHARE_OF_FACE = 0.2  # of the points on the fuller face that the other one must have
_BIWEIGHT = 4.685  # Tukey's constant: 95% efficiency for normal errors
_ROUNDS = 15
_ROUGH = 0.25  # of the reach: how far points of a face scatter at least
_STRONG = 8  # rank of the point by whose strength others are measured
_WEAKEST = 1 / 3  # of that strength: what is weaker is no bead
_LEAST_SHARE = 0.5  # of the points that must lie on the faces, if these are to be believed


@dataclass(frozen=True)
class Slab:
    """A specimen between `planes` (two heights), its angles known to `errors` degrees (x, y).

    `is_on_beads` tells whether points on both faces bound it, or the density's structure.
    """

    planes: Planes
    errors: Degrees
    is_on_beads: bool

    @property
    def cosine(self) -> float:
        """Of the angle between the beam and the normal of the slab."""
        return 1 / float(np.sqrt(1 + self.planes.slope_x**2 + self.planes.slope_y**2))

    @property
    def thickness(self) -> float:
        """How thick it is, square to the faces."""
        return float(np.ptp(self.planes.heights)) * self.cosine

    @property
    def height(self) -> float:
        """From the centre of the volume to the middle of the slab, along the beam."""
        return float(np.mean(self.planes.heights))

    @property
    def distance(self) -> float:
        """From the centre to the slab's middle, square to it: its height once level."""
        return self.height * self.cosine


def slab_of_beads(points: Array, strengths: Array, diameter: float) -> Slab:
    """Give the slab on whose faces the beads among dark points (n, 3) of a tomogram lie.

    `strengths` (n,) tell beads from other details; `diameter` is that of a bead. Raises
    SolutionError where beads on two faces cannot be told.
    """
    beads = points[choose_beads(strengths)]
    if len(beads) >= FEWEST:
        planes, errors = fit_faces(beads, reach=diameter)
        is_sure = np.mean(planes.surface >= 0) >= _LEAST_SHARE and max(errors) <= LARGEST_ERROR
        is_close = planes.spread < diameter / 2 and len(planes.heights) == 2
        if is_sure and is_close and np.ptp(planes.heights) > MIN_GAP * planes.spread:
            return Slab(planes, errors, True)
    raise SolutionError(
        f"the tomogram shows no beads on two faces ({len(beads)} may be beads): its specimen can "
        "be told from the aligned series"
    )


def joined(on_beads: Slab, in_detail: Slab, points: Array) -> Slab:
    """Give the slab that points (n, 3) on its faces and the detail in it tell together.

    Slopes count by their errors; the heights are those of the points.
    """
    slopes, errors = [], []
    pairs = zip(_slopes(on_beads), on_beads.errors, _slopes(in_detail), in_detail.errors)
    for one, error, other, other_error in pairs:
        weights = 1 / np.maximum([error, other_error], 1e-3) ** 2
        slopes.append(float(np.average([one, other], weights=weights)))
        errors.append(float(1 / np.sqrt(weights.sum())))
    middle = points[on_beads.planes.surface >= 0, :2].mean(axis=0)
    heights = on_beads.planes.heights + (np.array(_slopes(on_beads)) - slopes) @ middle
    planes = replace(on_beads.planes, slope_x=slopes[0], slope_y=slopes[1], heights=heights)
    return Slab(planes, (errors[0], errors[1]), True)


def _slopes(slab: Slab) -> Tuple[float, float]:
    return slab.planes.slope_x, slab.planes.slope_y


def slab_of_points(points: Array, reach: float) -> Slab:
    """Give the slab whose two faces points (n, 3) lie on; raises SolutionError if they are one."""
    planes, errors = fit_faces(points, reach=reach)
    if len(planes.heights) != 2:
        raise SolutionError(f"the {len(points)} fiducials lie on one surface: thickness is unknown")
    return Slab(planes, errors, True)


def choose_beads(strengths: Array) -> Ints:
    """Give the points that may be gold: not much weaker than the strongest few."""
    if len(strengths) < FEWEST:
        return np.zeros(0, np.int64)
    strong = np.sort(strengths)[::-1][min(_STRONG, len(strengths)) - 1]
    return np.flatnonzero(strengths > _WEAKEST * strong)


def fit_faces(points: Array, *, reach: float) -> Tuple[Planes, Degrees]:
    """Fit one plane or two parallel ones to points (n, 3) of which some lie on neither.

    `reach` is how far points of a face may be from its plane. Gives the planes, whose `surface` is
    -1 for points on neither, and the errors of the two angles. Raises SolutionError for too few
    points.
    """
    if len(points) < FEWEST:
        raise SolutionError(f"{len(points)} points are too few for planes; {FEWEST} are needed")
    slopes = _agreeing_slopes(points, reach)
    levels = _two_levels(points[:, 2] - points[:, :2] @ slopes, reach)
    for _ in range(_ROUNDS):
        residuals = points[:, 2, None] - (points[:, :2] @ slopes)[:, None] - levels
        face = np.argmin(np.abs(residuals), axis=1)
        own = residuals[np.arange(len(points)), face]
        weights = _biweight(own, reach)
        design = np.column_stack([points[:, :2], np.eye(len(levels))[face]])
        slopes, levels = _solve(design, points[:, 2], weights, len(levels))
    on_face = np.where(weights > 0, face, -1)
    spread = float(np.sqrt(np.sum(weights * own**2) / max(np.sum(weights), 1e-9)))
    planes = Planes(float(slopes[0]), float(slopes[1]), levels, on_face, spread)
    return planes, _errors(design, weights, spread)


def _agreeing_slopes(points: Array, reach: float) -> Array:
    """Give the slopes (x, y) at which most pairs of points have the same height."""
    best = np.zeros(2)
    for half, step, width in ((STEEPEST, 1.5, 1.0), (1.5, 0.25, 0.5)):
        turns = np.radians(np.arange(-half, half + step / 2, step))
        trials = [np.tan(np.arctan(best) + (a, b)) for a in turns for b in turns]
        scores = [_agreement(points, slopes, width * reach) for slopes in trials]
        best = trials[int(np.argmax(scores))]
    return np.asarray(best)


def _agreement(points: Array, slopes: Array, width: float) -> float:
    heights = np.sort(points[:, 2] - points[:, :2] @ slopes)
    apart = np.subtract.outer(heights, heights) / width
    return float(np.exp(-(apart**2)).sum())


def _two_levels(heights: Array, reach: float) -> Array:
    """Give the height that most points share, and a second one if enough points share that."""
    near = np.abs(np.subtract.outer(heights, heights)) < reach
    counts = near.sum(axis=1)
    first = int(np.argmax(counts))
    away = np.abs(heights - heights[first]) > 3 * reach
    levels = [float(np.median(heights[near[first]]))]
    if away.any():
        second = int(np.argmax(np.where(away, counts, 0)))
        if counts[second] >= max(_FEWEST_ON_FACE, _SHARE_OF_FACE * counts[first]):
            levels.append(float(np.median(heights[near[second]])))
    return np.sort(levels)


def _biweight(residuals: Array, reach: float) -> Array:
    """Give Tukey's weights; the scale is the median of what is within reach."""
    close = np.abs(residuals[np.abs(residuals) < reach])
    scale = 1.4826 * float(np.median(close)) if len(close) else reach
    ratio = residuals / (_BIWEIGHT * max(scale, _ROUGH * reach))
    return np.asarray(np.where(np.abs(ratio) < 1, (1 - ratio**2) ** 2, 0.0))


def _solve(design: Array, z: Array, weights: Array, levels: int) -> Tuple[Array, Array]:
    root = np.sqrt(weights)
    solved, *_ = np.linalg.lstsq(design * root[:, None], z * root, rcond=None)
    return solved[:2], solved[-levels:]


def _errors(design: Array, weights: Array, spread: float) -> Degrees:
    """Give the standard errors of the slopes as angles, degrees."""
    freedom = np.sum(weights > 0) - design.shape[1]
    if freedom < 1:
        return NOT_FOUND, NOT_FOUND
    inverse = np.linalg.pinv(design.T @ (design * weights[:, None]))
    scale = spread * float(np.sqrt(np.sum(weights > 0) / freedom))
    x, y = np.degrees(np.arctan(scale * np.sqrt(np.diag(inverse)[:2])))
    return float(x), float(y)
