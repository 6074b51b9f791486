"""Masks of gold beads: discs as far as their fringes reach, and what is dark beside them.

The outline is that of the mean bead of a series: it ends where the fringes that the defocus
gives it are lost in the noise. Views have dark beads; places (n, 2) are x, y as array indices,
lengths in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from etomotut.engine import beads, transforms

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

VISIBLE = 0.08  # of the noise of a pixel: a tomogram shows no less
QUIET = 1.5  # pixels without a fringe, after which there is no other
SPREAD = 0.035  # by which single beads are larger than the mean one
SHALLOW = 0.4  # of the usual depth of a bead: what is there less dark is none
BESIDE = 2.2  # radii from a bead within which what is as dark belongs to gold, too


@dataclass(frozen=True)
class Outline:
    """The mean bead of a series: the radius of its `disc`, and of what there is to `mask`."""

    disc: float
    mask: float


def measure_outline(profile: Array, lopsided: Array) -> Outline:
    """Give the outline of the mean bead from its radial profile, in units of a pixel's noise.

    The disc ends where half its depth is reached, the mask where the last fringe is lost: in noise,
    or in what lies beside beads, as their `lopsided` profile tells.
    """
    step = beads.PROFILE_STEP
    last = int(np.flatnonzero(profile <= 0.5 * profile.min()).max())
    disc = (last + 0.5) * step
    visible = np.flatnonzero(np.abs(profile) > np.maximum(VISIBLE, lopsided))
    for sample in visible[visible > last]:
        if (sample - last) * step > QUIET:
            break
        last = int(sample)
    return Outline(disc, (last + 0.5) * step + SPREAD * disc)


def mask_beads(view: Image, places: Array, outline: Outline) -> Mask:
    """Give the mask (y, x) of the beads of a view, and of dark areas that touch them.

    These are beads behind each other, of which one was found.
    """
    mask = draw(view.shape, places, outline.mask)
    beside = _dark_beside(view, places, mask, outline)
    if beside.any():
        distance = ndimage.distance_transform_edt(~beside)
        mask |= distance <= outline.mask - outline.disc
    return mask


def draw(shape: Tuple[int, ...], places: Array, radius: float) -> Mask:
    """Give a mask (y, x) of the pixels within a radius of places (n, 2), also those outside."""
    mask = np.zeros(shape, bool)
    for x, y in places:
        rows, columns = _window(shape, np.array([x, y]), radius)
        near = (np.arange(rows.start, rows.stop)[:, None] - y) ** 2 + (
            np.arange(columns.start, columns.stop)[None] - x
        ) ** 2 <= radius**2
        mask[rows, columns] |= near
    return mask


def project(xyz: Array, alignment: Array, tilt_angles: Array) -> Array:
    """Give where (view, n, 2) points (n, 3) are seen: x, y from the centre of each view, pixels.

    Points are x, y, z from the centre of the aligned series; `alignment` (view, 2, 3) are the
    transforms that bring views onto it, `tilt_angles` (view,) in degrees.
    """
    angles = np.radians(tilt_angles)[:, None]
    x, y, z = np.asarray(xyz, float).reshape(-1, 3).T
    aligned = np.stack([x * np.cos(angles) + z * np.sin(angles), y + 0 * angles], axis=-1)
    return transforms.apply(transforms.invert(alignment), aligned)


def _dark_beside(view: Image, places: Array, mask: Mask, outline: Outline) -> Mask:
    """Tell what is as dark as a bead, touches one, and is not within its disc."""
    smooth = ndimage.gaussian_filter(view, max(0.7, 0.3 * outline.disc))
    level = _level(view, mask, outline.disc)
    cores = draw(view.shape, places, outline.disc + 1)
    depths = np.array([_depth(smooth, level, each) for each in places])
    usual = float(np.median(depths)) if len(depths) else 0.0
    beside = np.zeros(view.shape, bool)
    for place, depth in zip(places, depths):
        if depth < SHALLOW * usual:
            continue
        window = _window(view.shape, place, BESIDE * outline.disc)
        dark = smooth[window] < level[window] - 0.5 * depth
        labels, _ = ndimage.label(dark | cores[window], np.ones((3, 3), bool))
        touching = np.unique(labels[cores[window]])
        beside[window] |= dark & ~cores[window] & np.isin(labels, touching)
    return beside


def _level(view: Image, mask: Mask, radius: float) -> Image:
    """Give the mean (y, x) of what is not masked around each pixel."""
    window = 2 * int(3 * radius) + 1
    known = (~mask).astype(np.float32)
    usual = float(view[~mask].mean()) if known.any() else 0.0
    share = ndimage.uniform_filter(known, window)
    mean = ndimage.uniform_filter((view - usual) * known, window) / np.maximum(share, 1e-3)
    return np.asarray(mean + usual, np.float32)


def _depth(smooth: Image, level: Image, place: Array) -> float:
    """Give how far a place lies below its level; 0 outside the view."""
    x, y = np.rint(place).astype(int)
    inside = 0 <= y < smooth.shape[0] and 0 <= x < smooth.shape[1]
    return float(level[y, x] - smooth[y, x]) if inside else 0.0


def _window(shape: Tuple[int, ...], place: Array, reach: float) -> Tuple[slice, slice]:
    """Give the rows and columns of a view within reach of a place; empty where there are none."""
    x, y = place
    rows, columns = (
        slice(min(max(int(np.floor(p - reach)), 0), n), max(min(int(np.ceil(p + reach)) + 1, n), 0))
        for p, n in ((y, shape[0]), (x, shape[1]))
    )
    return rows, columns
