"""Where the specimen stands: a slab between two parallel planes, from points and from density.

Beads lie on the faces of a specimen, so that planes through them bound it. Points in between, and
some beyond, do no harm: the slopes are those at which most points agree on a height (a Hough
transform), refined by least squares with Tukey's biweight. Without beads the slab is where the
tomogram has structure: where the energy of its details stands out.

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
_KNOWN = 0.5  # of the tiles must reach a height, for its energy to count
_STANDS_OUT = 1.3  # times the energy at the ends that a specimen has
_LEAST_SHARE = 0.5  # of the points that must lie on the faces, if these are to be believed
_HALF, _FAINT = 0.5, 0.15  # of the energy's rise where a full specimen ends, and one that thins out


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


@dataclass(frozen=True)
class Evidence:
    """What a tomogram shows: `points` (n, 3) of dark details and their `strengths` in noise SDs.

    `energy` (z, y, x) is that of the details in tiles, whose centres lie at `z`, `y` and `x`.
    """

    points: Array
    strengths: Array
    energy: Array
    z: Array
    y: Array
    x: Array

    def scaled(self, unit: float, middle: Array) -> Evidence:
        """Give it with lengths in another unit, from another centre: `middle` (3,) is the old."""
        x, y, z = (unit * old + at for old, at in zip((self.x, self.y, self.z), middle))
        return Evidence(unit * self.points + middle, self.strengths, self.energy, z, y, x)


def find_slab(evidence: Evidence, diameter: float) -> Slab:
    """Find the slab that a tomogram shows; `diameter` is that of a bead.

    Raises SolutionError where the tomogram has no structure that ends in it.
    """
    beads = evidence.points[choose_beads(evidence.strengths)]
    planes, errors = _trusted(beads, diameter)
    if len(planes.heights) == 2:
        return Slab(planes, errors, True)
    if min(errors) == NOT_FOUND:
        edged, edge_errors = _trusted(_edges_of_tiles(evidence), diameter)
        if len(edged.heights) == 2:
            planes, errors = edged, edge_errors
    level = _FAINT if min(errors) == NOT_FOUND else _HALF
    bounds = find_bounds(*levelled_profile(evidence, planes), level)
    return Slab(replace(planes, heights=bounds), errors, False)


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


def levelled_profile(evidence: Evidence, planes: Planes) -> Tuple[Array, Array]:
    """Give heights above the plane through the centre, and the mean energy of tiles at each."""
    z = evidence.z
    profiles = []
    for row, y in enumerate(evidence.y):
        for column, x in enumerate(evidence.x):
            lift = planes.slope_x * x + planes.slope_y * y
            profile = np.interp(z + lift, z, evidence.energy[:, row, column], np.nan, np.nan)
            profiles.append(profile)
    known = np.isfinite(profiles).mean(axis=0) > _KNOWN
    return z[known], np.nanmean(np.array(profiles)[:, known], axis=0)


def find_bounds(heights: Array, profile: Array, level: float) -> Array:
    """Give the heights (2,) between which a profile is above a level of its rise from its ends.

    Raises SolutionError if it does not fall off on both sides.
    """
    quiet = max(len(profile) // 12, 1)
    peak, top = float(np.percentile(profile, 95)), int(np.argmax(profile))
    found = []
    for end, step in ((np.mean(profile[:quiet]), -1), (np.mean(profile[-quiet:]), 1)):
        side, places = profile[top::step], heights[top::step]
        below = np.flatnonzero(side < end + level * (peak - end))
        if not len(below) or below[0] == 0 or peak < _STANDS_OUT * end:
            raise SolutionError("the tomogram shows no specimen that ends inside it")
        found.append(places[below[0]])
    return np.array(found)


def _trusted(points: Array, reach: float) -> Tuple[Planes, Degrees]:
    """Fit faces, and give a level plane of unknown angles if they cannot be believed."""
    unknown = Planes(0.0, 0.0, np.zeros(1), np.zeros(0, np.int64), 0.0), (NOT_FOUND, NOT_FOUND)
    if len(points) < FEWEST:
        return unknown
    planes, errors = fit_faces(points, reach=reach)
    is_sure = np.mean(planes.surface >= 0) >= _LEAST_SHARE and max(errors) <= LARGEST_ERROR
    if len(planes.heights) == 2:
        is_sure &= np.ptp(planes.heights) > MIN_GAP * planes.spread
    return (planes, errors) if is_sure and planes.spread < reach / 2 else unknown


def _edges_of_tiles(evidence: Evidence) -> Array:
    """Give where the structure of each tile ends, above and below: points (n, 3)."""
    points = []
    for row, y in enumerate(evidence.y):
        for column, x in enumerate(evidence.x):
            try:
                bounds = find_bounds(evidence.z, evidence.energy[:, row, column], _HALF)
            except SolutionError:
                continue
            points += [(x, y, z) for z in bounds]
    return np.array(points).reshape(-1, 3)


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
