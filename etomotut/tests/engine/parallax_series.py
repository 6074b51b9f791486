"""Views of points in a slab, with noise: what parallax tells heights from."""

import numpy as np
from scipy.ndimage import gaussian_filter

ANGLES = np.arange(-60.0, 61.0, 3.0)


def views_of(points, *, pixel_size=5.5, shape=(300, 300), noise=0.3, seed=1):
    """Give views (view, y, x) of points x, y, z in Å, each of a strength of its own."""
    random = np.random.default_rng(seed)
    strengths = random.normal(0, 1, len(points))
    views = []
    for turn in np.radians(ANGLES):
        x = points[:, 0] * np.cos(turn) + points[:, 2] * np.sin(turn)
        places = np.column_stack([points[:, 1], x]) / pixel_size + (np.array(shape) - 1) / 2
        sides = [np.arange(side + 1) - 0.5 for side in shape]
        image, *_ = np.histogram2d(*places.T, bins=sides, weights=strengths)
        views.append(gaussian_filter(image, 0.6) + random.normal(0, noise, shape))
    return np.array(views, np.float32)


def slab_of(count, faces, slopes=(0.0, 0.0), *, half=2500.0, seed=2):
    """Give points (n, 3) spread between two faces that lean."""
    random = np.random.default_rng(seed)
    xy = random.uniform(-half, half, (count, 2))
    return np.column_stack([xy, random.uniform(*faces, count) + xy @ slopes])
