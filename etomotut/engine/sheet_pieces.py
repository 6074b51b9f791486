"""Pieces of sheets that close to no vesicle: which are membranes, and which are edges.

The edges of views are planes along or across the tilt axis, the rim of a carbon film is flat with
more density on one side of it. Both look like sheets, and far larger ones than membranes. Planes
are searched for by consensus (Fischler, Bolles 1981, Comm. ACM 24, 381).
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, label, map_coordinates

from etomotut.engine.sheets import OUTSTANDING, Points, Sheets, Volume, outstanding

GROWN, CLEAR = 2.5, 6.0  # support of pieces: everywhere, and on a tenth of them
LEAST = 3000.0  # nm², of pieces
LARGE = 8000.0  # nm², of what is flat: more than a sphere of 300 nm radius has near a plane
FLAT, ALIGNED = 40.0, 0.93  # Å off a plane; cosine of the normals
BESIDE = 110.0  # Å off a plane, of what belongs to it
ACROSS, ALONG = 0.2, 0.96  # y of the normals of the edges of views: below, or above
SIDES = (77.0, 99.0, 121.0)  # Å off a plane: what is on one side of it
_SEEDS, _SEEN = 200, 8000  # planes tried, points that count for them
CORE = np.arange(-33.0, 34.0, 11.0)  # Å off a sheet, where it is darkest
_LINES = 2000  # through a sheet, that tell its sides
_MOST = 20  # planes looked for

Plane = Tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
Flags = npt.NDArray[np.bool_]


def find_pieces(sheets: Sheets, volume: Volume, spacing: float) -> List[Sheets]:
    """Give the large and clear pieces of sheets in a volume (z, y, x), without edges."""
    grown = sheets.take(sheets.support > GROWN)
    grown = grown.take(~_is_of_edge(grown, volume, spacing))
    if not len(grown):
        return []
    x, y, z = grown.points.astype(int).T
    where = np.zeros(volume.shape, bool)
    where[z, y, x] = True
    labels, count = label(binary_dilation(where, np.ones((3, 3, 3))), np.ones((3, 3, 3)))
    own = labels[z, y, x]
    area = np.bincount(own, minlength=count + 1) * spacing**2 / 100
    found = [grown.take(own == k) for k in np.flatnonzero(area >= LEAST)]
    found = [piece for piece in found if np.percentile(piece.support, 90) >= CLEAR]
    return [piece for piece in found if _is_membrane(piece, volume, spacing)]


def _is_membrane(piece: Sheets, volume: Volume, spacing: float) -> bool:
    """Say whether a piece is no edge, and clearer than what is beside it."""
    turned = piece.normals * np.sign(piece.normals @ piece.normals[0])[:, None]
    if _faces_as_views_end(turned) or _is_step(volume, spacing, piece.points, turned):
        return False
    return outstanding(volume, spacing, piece.points, piece.normals) > OUTSTANDING


def _is_of_edge(sheets: Sheets, volume: Volume, spacing: float) -> Flags:
    """Tell which points are near large planes that are edges."""
    found = np.zeros(len(sheets), bool)
    rest = np.ones(len(sheets), bool)
    for _ in range(_MOST):
        numbers = np.flatnonzero(rest)
        plane = _find_plane(sheets.take(numbers), spacing)
        if plane is None:
            break
        near = _is_on(sheets, plane, spacing, BESIDE, 0.0)
        normal = plane[1][None].astype(np.float32)
        points = sheets.points[near & rest]
        if _faces_as_views_end(normal) or _is_step(volume, spacing, points, normal):
            found |= near
        rest &= ~near
    return found


def _find_plane(sheets: Sheets, spacing: float) -> Optional[Plane]:
    """Give the plane, as a point and a normal, that most points lie on; None if few do."""
    least = LARGE * 100 / spacing**2
    if len(sheets) < least:
        return None
    rng = np.random.default_rng(0)
    seen = sheets.take(rng.choice(len(sheets), min(_SEEN, len(sheets)), replace=False))
    seeds = rng.choice(len(seen), min(_SEEDS, len(seen)), replace=False)
    planes = [_plane(seen, int(seed)) for seed in seeds]
    counts = [_is_on(seen, plane, spacing, FLAT, ALIGNED).sum() for plane in planes]
    best = planes[int(np.argmax(counts))]
    for _ in range(3):
        on = _is_on(sheets, best, spacing, FLAT, ALIGNED)
        if on.sum() < least:
            return None
        points = sheets.points[on].astype(float)
        middle = points.mean(axis=0)
        best = middle, np.linalg.svd(np.cov((points - middle).T))[2][2]
    return best


def _plane(sheets: Sheets, number: int) -> Plane:
    return sheets.points[number].astype(float), sheets.normals[number].astype(float)


def _is_on(sheets: Sheets, plane: Plane, spacing: float, reach: float, aligned: float) -> Flags:
    point, normal = plane
    away = np.abs((sheets.points - point) @ normal) * spacing
    return np.asarray((away < reach) & (np.abs(sheets.normals @ normal) > aligned))


def _faces_as_views_end(normals: npt.NDArray[np.floating[Any]]) -> bool:
    """Say whether normals are across the tilt axis or along it, as those of the ends of views."""
    tilt = float(np.median(np.abs(normals[:, 1])))
    return tilt < ACROSS or tilt > ALONG


def _is_step(volume: Volume, spacing: float, points: Points, normals: Points) -> bool:
    """Say whether a side of a sheet has more above the other than the sheet has above it."""
    few = slice(None, None, max(len(points) // _LINES, 1))
    across = normals[few] if len(normals) > 1 else normals

    def level(offset: float) -> float:
        places = (points[few] + offset / spacing * across)[:, ::-1].T
        return float(map_coordinates(volume, places, order=1, mode="nearest").mean())

    left, right = (np.mean([level(side * at) for at in SIDES]) for side in (-1, 1))
    own = min(level(at) for at in CORE)
    return bool(abs(left - right) > min(left, right) - own)
