"""The slab in which a tilt series has detail: its faces and how they lean, without any beads.

Inside the specimen the density of detail (`parallax`) is at least that of its faintest part, its
ice with what swims in it; outside it is nil. So the slab is that which gathers most of

    min(density, faintest) - faintest / 2

over all tiles and heights: what is inside counts for it, what is outside against it, and what is
brighter than the faintest (vesicles, gold, carbon) counts no more than that. For slopes that are
given, the best heights are those of the largest sum of neighbours (Kadane's algorithm).
"""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from etomotut.engine.parallax import Detail, Floats, even_out, find_detail
from etomotut.engine.slab import NOT_FOUND, Degrees, Slab
from etomotut.engine.surfaces import Planes
from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]

_STEEPEST, _SPACING = 12.0, 2.0  # degrees: the slopes that are tried first
_FAINTEST = 20  # percentile of the densities inside
_LEVELLING = 3  # times that the angles are corrected, and the series looked at again
_SETTLED = 0.3  # degrees of correction after which it is not looked at again
_SURE = 0.8  # degrees; an error below which angles are believed
_LARGEST_ERROR = 1.5  # degrees; and one above which they never are: small fields mislead
_CERTAIN = 3.0  # errors that a specimen must lean to be believed in between
_BLOCKS = 8  # of tiles that are left out in turn
_STANDS_OUT = 3.0  # SDs of what is outside
_GAP = 600.0  # Å without detail that may be inside a specimen


def slab_of_views(
    views: Floats, angles: npt.ArrayLike, pixel_size: float
) -> Tuple[Slab, List[Detail]]:
    """Find the slab in aligned views (view, y, x), the tilt axis vertical; tilt angles in degrees.

    Gives it with lengths in Å, and the detail by which it was found. Angles that the views do not
    tell are taken as level, with errors of NOT_FOUND. Raises SolutionError if no detail stands out.
    """
    evened, turn = even_out(views, pixel_size), 0.0
    looks = find_detail(evened, angles, pixel_size)
    fit = _Fit(looks)
    slopes = fit.search()
    for _ in range(_LEVELLING):
        errors = fit.errors(slopes)
        leaning = np.degrees(np.arctan(slopes)) + (turn, 0.0)
        if not _is_known(leaning, errors):
            return _slab(_Fit(looks), np.zeros(2), (NOT_FOUND, NOT_FOUND)), looks
        correction = float(np.degrees(np.arctan(slopes[0])))
        if abs(correction) < _SETTLED:
            break
        turn += correction
        fit = _Fit(find_detail(evened, np.asarray(angles) - turn, pixel_size))
        slopes = fit.refine(np.array([0.0, slopes[1]]))
    return _turned(_slab(fit, slopes, errors), np.radians(turn)), looks


def levelled(detail: Detail, slopes: npt.ArrayLike) -> Array:
    """Give the densities (tile, z) at heights above a plane of these slopes (x, y)."""
    lifts = np.column_stack([detail.x, detail.y]) @ np.asarray(slopes)
    places = np.arange(len(detail.z)) + lifts[:, None] / (detail.z[1] - detail.z[0])
    below = np.floor(places).astype(int)
    outside = (below < 0) | (below >= len(detail.z) - 1)
    below[outside] = 0
    tile = np.arange(len(lifts))[:, None]
    low, high = detail.density[tile, below], detail.density[tile, below + 1]
    return np.where(outside, 0.0, low + (places - below) * (high - low))


def mean_density(detail: Detail, slopes: npt.ArrayLike) -> Array:
    """Give the mean density (z,) of all tiles above a plane of these slopes (x, y)."""
    return np.asarray(np.average(levelled(detail, slopes), axis=0, weights=detail.weights))


def _is_known(angles: Array, errors: Degrees) -> bool:
    """Tell whether angles of these errors are nearer to the truth than none."""
    if max(errors) <= _SURE:
        return True
    leans = float(np.max(np.abs(angles) / np.maximum(errors, 1e-6)))
    return max(errors) <= _LARGEST_ERROR and leans > _CERTAIN


class _Fit:
    """The search for the slopes at which looks at a specimen agree on a slab."""

    def __init__(self, looks: List[Detail]) -> None:
        self._looks = looks
        self._weights = [look.weights for look in looks]
        self._kept = np.ones(len(looks[0].x))
        self._faintest = [_first_guess(look) for look in looks]

    def search(self) -> Array:
        """Give the slopes (x, y) after a search of all that are tried."""
        trials = np.tan(np.radians(np.arange(-_STEEPEST, _STEEPEST + 0.1, _SPACING)))
        pairs = [np.array([x, y]) for x in trials for y in trials]
        for _ in range(2):
            self._measure(self._climb(min(pairs, key=self._loss)))
        return self.refine(self._climb(min(pairs, key=self._loss)))

    def refine(self, slopes: Array) -> Array:
        """Give better slopes near those given."""
        for _ in range(2):
            self._measure(slopes)
            slopes = self._climb(slopes)
        return slopes

    def heights(self, slopes: Array) -> Array:
        """Give the heights (2,) of the faces, Å."""
        self._measure(slopes)
        return np.mean([self._best(index, slopes)[1:] for index in range(len(self._looks))], axis=0)

    def errors(self, slopes: Array) -> Degrees:
        """Give the errors of the angles, degrees, by a jackknife over blocks of tiles."""
        order = np.argsort(self._looks[0].y, kind="stable")
        if len(order) < _BLOCKS:
            return NOT_FOUND, NOT_FOUND
        found = []
        for block in np.array_split(order, _BLOCKS):
            self._kept = np.ones(len(order))
            self._kept[block] = 0
            found.append(np.degrees(np.arctan(self._climb(slopes))))
        self._kept = np.ones(len(order))
        x, y = np.sqrt((len(found) - 1) * np.var(found, axis=0))
        return float(x), float(y)

    def _measure(self, slopes: Array) -> None:
        """Set the faintest densities that a slab of these slopes holds."""
        for index, look in enumerate(self._looks):
            density = mean_density(look, slopes)
            _, low, high = self._best(index, slopes)
            inside = density[(look.z > low) & (look.z < high)]
            self._faintest[index] = max(float(np.percentile(inside, _FAINTEST)), _least(look))

    def _climb(self, slopes: Array) -> Array:
        corners = np.array([slopes, slopes + (0.03, 0), slopes + (0, 0.03)])
        options = {"initial_simplex": corners, "xatol": 1e-4, "fatol": 1e-9}
        found: Array = minimize(self._loss, slopes, method="Nelder-Mead", options=options).x
        return found

    def _loss(self, slopes: Array) -> float:
        return -sum(self._best(index, slopes)[0] for index in range(len(self._looks)))

    def _best(self, index: int, slopes: Array) -> Tuple[float, float, float]:
        """Give what the best slab of these slopes gathers, and the heights of its faces."""
        look, faintest = self._looks[index], self._faintest[index]
        weights = self._kept * self._weights[index]
        gain = np.minimum(levelled(look, slopes), faintest) - faintest / 2
        sums = np.concatenate([[0.0], (weights @ gain).cumsum()])
        risen = sums - np.minimum.accumulate(sums)
        stop = int(np.argmax(risen))
        start = int(np.argmin(sums[: stop + 1]))
        step = look.z[1] - look.z[0]
        low, high = look.z[0] + step * (start - 0.5), look.z[0] + step * (stop - 0.5)
        return float(risen[stop] / (faintest * weights.sum())), float(low), float(high)


def _least(look: Detail) -> float:
    """Give the density that noise alone may have in the mean of all tiles."""
    return float(_STANDS_OUT / np.sqrt(np.sum(1 / look.noise**2)))


def _first_guess(look: Detail) -> float:
    """Give the faintest density of a specimen, were it level; raises SolutionError for noise."""
    density = mean_density(look, (0.0, 0.0))
    outside = np.sort(np.abs(density))[: len(density) // 2]
    limit = max(_STANDS_OUT * 2.2 * float(np.median(outside)), _least(look))
    top = int(np.argmax(density))
    places = np.flatnonzero(density > limit)
    if density[top] <= limit:
        raise SolutionError("the views show no detail that stands out at any height")
    gap = round(_GAP / (look.z[1] - look.z[0]))
    parts = np.split(places, np.flatnonzero(np.diff(places) > gap) + 1)
    inside = next(part for part in parts if part[0] <= top <= part[-1])
    return float(np.percentile(density[inside[0] : inside[-1] + 1], _FAINTEST))


def _slab(fit: _Fit, slopes: Array, errors: Degrees) -> Slab:
    heights = fit.heights(slopes)
    none = np.zeros(0, np.int64)
    return Slab(Planes(float(slopes[0]), float(slopes[1]), heights, none, 0.0), errors, False)


def _turned(slab: Slab, angle: float) -> Slab:
    """Give a slab as it is in a frame in which its angle in x is greater by `angle` radians."""
    planes = slab.planes
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = -planes.slope_x, -planes.slope_y, 1.0
    x, z = cosine * x - sine * z, sine * x + cosine * z
    turned = Planes(-x / z, -y / z, planes.heights / z, planes.surface, planes.spread)
    return Slab(turned, slab.errors, slab.is_on_beads)
