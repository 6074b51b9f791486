"""Surfaces where a function on a grid is zero, by naive surface nets.

One vertex stands in each cell that the surface crosses, at the mean of the crossings of its edges
(Gibson 1998, MICCAI, 888): triangles are far better shaped than those of marching cubes.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine.mesh import Array, Mesh, Numbers


def zero_surface(values: Array) -> Mesh:
    """Give the surface where values (x, y, z) are zero, in grid units, normals to where they grow.

    It is open where it leaves the grid.
    """
    shape = np.array(values.shape)
    strides = np.array([(shape[1] - 1) * (shape[2] - 1), shape[2] - 1, 1])
    cells = int(np.prod(shape - 1))
    sums, counts = np.zeros((cells, 3)), np.zeros(cells)
    faces = []
    for axis in range(3):
        places, points, grows = _crossings(values, axis)
        b, c = (axis + 1) % 3, (axis + 2) % 3
        around = []
        for step_b, step_c in ((1, 1), (0, 1), (0, 0), (1, 0)):
            cell = places.copy()
            cell[:, b] -= step_b
            cell[:, c] -= step_c
            is_there = ((cell >= 0) & (cell < shape - 1)).all(axis=1)
            number = np.where(is_there, cell @ strides, -1)
            around.append(number)
            found = number[is_there]
            counts += np.bincount(found, minlength=cells)
            for k in range(3):
                sums[:, k] += np.bincount(found, points[is_there, k], cells)
        quads = np.stack(around, axis=1)
        quads = np.where(grows[:, None], quads, quads[:, ::-1])
        quads = quads[(quads >= 0).all(axis=1)]
        faces += [quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
    joined = np.concatenate(faces)
    used, numbers = np.unique(joined, return_inverse=True)
    vertices = sums[used] / counts[used, None]
    return Mesh(vertices, numbers.reshape(-1, 3).astype(np.int64))


def _crossings(values: Array, axis: int) -> Tuple[Numbers, Array, npt.NDArray[np.bool_]]:
    """Give edges along an axis with a change of sign: their starts, the crossings, if growing."""
    first = np.take(values, np.arange(values.shape[axis] - 1), axis)
    second = np.take(values, np.arange(1, values.shape[axis]), axis)
    places = np.argwhere((first < 0) != (second < 0))
    low, high = first[tuple(places.T)], second[tuple(places.T)]
    points = places.astype(float)
    points[:, axis] += low / (low - high)
    return places, points, low < 0
