"""Membrane surfaces from the voxels of a mask: smooth triangles through the middle of the bilayer.

The middle is found by local quadrics, oriented by a spanning tree (Hoppe et al. 1992, SIGGRAPH,
71), closed by the indicator function whose gradient the normals are (Kazhdan et al. 2006, SGP, 61;
solved by Fourier transforms), triangulated, drawn onto the middle again, and faired where there is
no mask. What the mask supports is then cut out. Lengths are in Å, points (n, 3) are x, y, z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.sparse
from scipy.ndimage import map_coordinates
from scipy.sparse import csgraph, linalg
from scipy.spatial import cKDTree

from etomotut.engine import mid_surface
from etomotut.engine.mesh import Mesh, clip
from etomotut.engine.mid_surface import Cloud
from etomotut.engine.surface_nets import zero_surface
from etomotut.errors import SolutionError

Array = npt.NDArray[np.float64]

CELL = 20.0  # voxels are gathered in cells of this side
FEWEST = 40  # oriented points that make a surface
_NEIGHBOURS = 10
_ROUNDS = 3  # of drawing the mesh onto the middle and evening its triangles out
_LONGEST = 50  # vertices along the longest side of a mask
_USUAL = 60  # percentile of the density of voxels that is usual amid the mask
_HELD = 1.5  # of the density at the mask's edge: nearer to the edge the middle is not certain


@dataclass(frozen=True)
class Membrane:
    """A membrane: the surface that its mask supports, and that surface with its gaps closed.

    `support` (vertex of `closed`,) is 1 amid the mask, about one half at its edges, 0 beyond.
    """

    seen: Mesh
    closed: Mesh
    support: Array

    @property
    def share_seen(self) -> float:
        """The share of the closed surface's area that the mask supports."""
        return min(self.seen.area / self.closed.area, 1.0)


def fit_membrane(
    points: npt.ArrayLike, *, pixel_size: float, spacing: float = 25.0, smoothing: float = 40.0
) -> Membrane:
    """Give the surface of one membrane from the places (n, 3) of its mask's voxels, Å.

    `spacing` is about how far vertices are apart, `smoothing` the sigma within which the middle of
    the mask is found. Raises SolutionError where there are too few points for a surface.
    """
    given = np.asarray(points, float)
    spacing = max(spacing, 1.5 * pixel_size, float(np.ptp(given, axis=0).max()) / _LONGEST)
    means, counts = mid_surface.gather(given, max(CELL, pixel_size))
    cloud = mid_surface.make_cloud(means, max(smoothing, 1.5 * pixel_size), counts)
    places, normals = _middle(cloud, spacing)
    voxels = mid_surface.make_cloud(means, 1.5 * spacing, counts)
    level = 0.5 * float(np.percentile(mid_surface.density(voxels, places), _USUAL))
    closed = _indicator_surface(places, orient(places, normals), spacing)
    closed, support = _draw_onto(closed, cloud, voxels, level)
    seen = clip(closed, support / level - 1)
    seen = _large_pieces(seen, places, spacing)
    if not len(seen.faces):
        raise SolutionError("the mask supports no surface")
    return Membrane(seen, closed, np.minimum(support / (2 * level), 1.0))


def _middle(cloud: Cloud, spacing: float) -> Tuple[Array, Array]:
    """Give points on the middle of the mask about `spacing` apart, and normals of either sign."""
    places, _ = mid_surface.gather(cloud.points, spacing)
    for _ in range(2):  # from the edge of a thick mask, one step is not enough
        means, normals = mid_surface.planes(cloud, places)
        places = places + ((means - places) * normals).sum(axis=1, keepdims=True) * normals
    places, normals = mid_surface.project(cloud, *_thin(places, normals, spacing))
    if len(places) < FEWEST:
        raise SolutionError(
            f"its mask has only {len(places)} places of {spacing:.0f} Å; a surface needs {FEWEST}"
        )
    return places, normals


def _thin(places: Array, normals: Array, spacing: float) -> Tuple[Array, Array]:
    """Keep one point a cell: that nearest to the mean of its cell."""
    keys = np.floor(places / spacing).astype(np.int64)
    _, numbers = np.unique(keys, axis=0, return_inverse=True)
    numbers = numbers.ravel()
    counts = np.bincount(numbers)
    means = np.stack([np.bincount(numbers, places[:, k]) for k in range(3)], axis=1)
    away = np.linalg.norm(places - (means / counts[:, None])[numbers], axis=1)
    order = np.lexsort((away, numbers))
    first = order[np.concatenate([[0], np.cumsum(counts)[:-1]])]
    return places[first], normals[first]


def orient(places: Array, normals: Array) -> Array:
    """Turn normals so that neighbours agree and that each piece's point outwards."""
    count = len(places)
    _, near = cKDTree(places).query(places, min(_NEIGHBOURS + 1, count))
    first = np.repeat(np.arange(count), near.shape[1] - 1)
    second = near[:, 1:].ravel()
    agreement = np.abs((normals[first] * normals[second]).sum(axis=1))
    costs = 1e-6 + 1 - np.minimum(agreement, 1)
    graph = scipy.sparse.coo_matrix((costs, (first, second)), (count, count)).tocsr()
    graph = graph.maximum(graph.T)
    tree = csgraph.minimum_spanning_tree(graph)
    pieces, labels = csgraph.connected_components(tree, directed=False)
    turned = normals.copy()
    centre = places.mean(axis=0)
    for piece in range(pieces):
        members = np.flatnonzero(labels == piece)
        order, before = csgraph.breadth_first_order(tree, members[0], directed=False)
        for here, there in zip(order[1:], before[order[1:]]):
            if turned[here] @ turned[there] < 0:
                turned[here] *= -1
        if ((places[members] - centre) * turned[members]).sum() < 0:
            turned[members] *= -1
    return turned


def _indicator_surface(places: Array, normals: Array, spacing: float) -> Mesh:
    """Give the closed surface whose indicator function has the normals as its gradient."""
    low, high = places.min(axis=0), places.max(axis=0)
    margin = np.maximum(0.35 * (high - low).max(), 8 * spacing)
    shape = [scipy.fft.next_fast_len(int(n)) for n in (high - low + 2 * margin) / spacing + 1]
    start = (low + high) / 2 - spacing * (np.array(shape) - 1) / 2
    grid = (places - start) / spacing
    crowd = mid_surface.make_cloud(places, 1.5 * spacing, np.ones(len(places)))
    share = 1 / mid_surface.density(crowd, places)
    frequencies = np.meshgrid(
        *(2 * np.pi * scipy.fft.fftfreq(n) for n in shape[:2]),
        2 * np.pi * scipy.fft.rfftfreq(shape[2]),
        indexing="ij",
        sparse=True,
    )
    squares = frequencies[0] ** 2 + frequencies[1] ** 2 + frequencies[2] ** 2
    blurred = np.exp(-squares * 1.2**2 / 2)
    total = np.zeros((shape[0], shape[1], shape[2] // 2 + 1), complex)
    for axis in range(3):
        field = _splat(grid, normals[:, axis] * share, shape)
        total += -1j * frequencies[axis] * scipy.fft.rfftn(field)
    squares[0, 0, 0] = 1.0
    total *= blurred / squares
    total[0, 0, 0] = 0
    indicator = scipy.fft.irfftn(total, shape)
    indicator -= np.median(map_coordinates(indicator, grid.T, order=1))
    # beyond the data the surface of an open sheet would run to the end of the grid
    found = zero_surface(indicator)
    found = Mesh(found.vertices * spacing + start, found.faces)
    return _large_pieces(found, places, spacing)


def _splat(grid: Array, values: Array, shape: list) -> Array:  # type: ignore[type-arg]
    """Spread values over the eight nodes of a grid around their places."""
    field = np.zeros(int(np.prod(shape)))
    base = np.floor(grid).astype(np.int64)
    part = grid - base
    for corner in np.ndindex(2, 2, 2):
        share = np.prod(np.where(corner, part, 1 - part), axis=1)
        numbers = np.ravel_multi_index(tuple((base + corner).T), shape)
        field += np.bincount(numbers, values * share, len(field))
    return field.reshape(shape)


def _draw_onto(mesh: Mesh, cloud: Cloud, voxels: Cloud, level: float) -> Tuple[Mesh, Array]:
    """Draw a mesh onto the middle of the mask, even its triangles out, fair what has no mask.

    Gives the density of voxels at its vertices, too.
    """
    vertices, links = mesh.vertices, mesh.links
    degree = np.asarray(links.sum(axis=1)).ravel()
    average = scipy.sparse.diags(1 / np.maximum(degree, 1)) @ links
    for _ in range(_ROUNDS):
        for _ in range(3):
            normals = Mesh(vertices, mesh.faces).vertex_normals
            step = 0.5 * (average @ vertices - vertices)
            vertices = vertices + step - (step * normals).sum(axis=1, keepdims=True) * normals
        held = mid_surface.density(voxels, vertices) > _HELD * level
        normals = Mesh(vertices, mesh.faces).vertex_normals
        vertices[held] = mid_surface.project(cloud, vertices[held], normals[held])[0]
        vertices = _fair(vertices, average, held)
    return Mesh(vertices, mesh.faces), mid_surface.density(voxels, vertices)


def _fair(vertices: Array, average: scipy.sparse.spmatrix, held: npt.NDArray[np.bool_]) -> Array:
    """Give vertices of which those not held bend as little as they can."""
    if held.all() or not held.any():
        return vertices
    bend = average - scipy.sparse.identity(len(vertices), format="csr")
    energy = (bend.T @ bend).tocsr()
    free = ~held
    inner = energy[free][:, free] + 1e-9 * scipy.sparse.identity(int(free.sum()))
    right = -energy[free][:, held] @ vertices[held]
    result = vertices.copy()
    result[free] = linalg.splu(inner.tocsc()).solve(right)
    return result


def _large_pieces(mesh: Mesh, places: Array, spacing: float) -> Mesh:
    """Leave out pieces that stand away from the points or are mere crumbs."""
    if not len(mesh.faces):
        return mesh
    near = cKDTree(places).query(mesh.vertices)[0] < 3 * spacing
    pieces = mesh.pieces
    hits = np.bincount(pieces, near)
    return mesh.keep((hits >= max(0.02 * hits.sum(), 12))[pieces])
