"""Masks of vesicles of known shape, as a segmentation gives them."""

import numpy as np
from scipy.ndimage import gaussian_filter


def voxels_of(axes, pixel=11.0, *, opening=60.0, rough=4.0, thickness=60.0, seed=0):
    """Give the voxels (n, 3) x, y, z, Å from its centre, of an ellipsoid's membrane.

    Those whose normal is steeper than `opening` degrees are lost in the missing wedge; `rough` is
    the deviation of the mask's faces, Å.
    """
    axes = np.array(axes, float)
    half = axes + thickness / 2 + 4 * pixel
    sides = [np.arange(-h, h, pixel) + 0.3 * pixel for h in half]
    places = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
    scaled, steep = np.linalg.norm(places / axes, axis=-1), places / axes**2
    length = np.linalg.norm(steep, axis=-1)
    away = scaled * (scaled - 1) / length
    random = np.random.default_rng(seed)
    faces = [gaussian_filter(random.standard_normal(away.shape), 2.0) for _ in range(2)]
    outer, inner = (rough * each / each.std() for each in faces)
    mask = (away < thickness / 2 + outer) & (away > inner - thickness / 2)
    mask &= np.abs(steep[..., 2]) <= np.sin(np.radians(opening)) * length
    return places[mask]


def surface_of(axes, opening=60.0):
    """Give the areas, seen and whole, and the mean of the mean curvature over what is seen."""
    axes = np.array(axes, float)
    sphere = np.random.default_rng(0).standard_normal((200_000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    places = sphere * axes
    normals = places / axes**2
    length = np.linalg.norm(normals, axis=1)
    areas = 4 * np.pi * axes.prod() * length / len(places)
    seen = np.abs(normals[:, 2]) <= np.sin(np.radians(opening)) * length
    bent = ((axes**2).sum() - (places**2).sum(axis=1)) / (2 * axes.prod() ** 2 * length**3)
    mean = (areas * bent)[seen].sum() / areas[seen].sum()
    return areas[seen].sum(), areas.sum(), mean
