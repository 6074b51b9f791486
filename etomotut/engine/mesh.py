"""Triangle meshes: area, enclosed volume, normals, pieces, and cutting along a line.

Vertices are (n, 3) x, y, z in Å, faces (m, 3) numbers of vertices, counter-clockwise seen from
outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.sparse import csgraph

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
_ON_LINE = 1e-3  # of the greatest height


@dataclass(frozen=True)
class Mesh:
    """A surface of triangles."""

    vertices: Array
    faces: Numbers

    @property
    def corners(self) -> Array:
        """The corners (face, 3, 3) of all triangles."""
        return np.asarray(self.vertices[self.faces])

    @property
    def face_vectors(self) -> Array:
        """The normals of the triangles (face, 3), each as long as its area."""
        a, b, c = np.moveaxis(self.corners, 1, 0)
        return np.asarray(np.cross(b - a, c - a) / 2)

    @property
    def area(self) -> float:
        """The area in Å²."""
        return float(np.linalg.norm(self.face_vectors, axis=1).sum())

    @property
    def volume(self) -> float:
        """The volume in Å³ that a closed mesh encloses, negative if it is inside out."""
        centre = self.vertices.mean(axis=0) if len(self.vertices) else np.zeros(3)
        heights = self.corners.mean(axis=1) - centre
        return float((heights * self.face_vectors).sum() / 3)

    @property
    def vertex_areas(self) -> Array:
        """The area of each vertex: a third of its triangles'."""
        areas = np.linalg.norm(self.face_vectors, axis=1) / 3
        return np.asarray(
            np.bincount(self.faces.ravel(), np.repeat(areas, 3), len(self.vertices)), float
        )

    @property
    def vertex_normals(self) -> Array:
        """Unit normals (vertex, 3): the mean of the triangles', by their areas."""
        sums = np.zeros_like(self.vertices)
        for corner in range(3):
            np.add.at(sums, self.faces[:, corner], self.face_vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.asarray(sums / np.maximum(lengths, 1e-12))

    @property
    def edges(self) -> Numbers:
        """The edges (3 faces, 2) of all triangles, those between two of them once each way."""
        return np.concatenate([self.faces[:, each] for each in ([0, 1], [1, 2], [2, 0])])

    @property
    def links(self) -> scipy.sparse.csr_matrix:
        """Which vertices share an edge: a symmetric matrix of ones."""
        pairs = self.edges
        both = np.concatenate([pairs, pairs[:, ::-1]])
        size = len(self.vertices)
        made = scipy.sparse.coo_matrix((np.ones(len(both)), both.T), (size, size)).tocsr()
        made.data[:] = 1.0
        return made

    @property
    def pieces(self) -> Numbers:
        """To which connected piece each vertex belongs, from 0."""
        return np.asarray(csgraph.connected_components(self.links, directed=False)[1], np.int64)

    @property
    def is_closed(self) -> bool:
        """Whether every edge has a triangle on both sides."""
        return bool(len(self.faces)) and not len(self.boundary)

    @property
    def boundary(self) -> Numbers:
        """The edges (n, 2) that have a triangle on one side only."""
        pairs = self.edges
        _, first, counts = np.unique(
            np.sort(pairs, axis=1), axis=0, return_index=True, return_counts=True
        )
        return np.asarray(pairs[first[counts == 1]])

    def keep(self, wanted: npt.NDArray[np.bool_]) -> Mesh:
        """Give the triangles all of whose vertices are wanted."""
        return self.with_faces(wanted[self.faces].all(axis=1))

    def with_faces(self, wanted: npt.NDArray[np.bool_]) -> Mesh:
        """Give some of the triangles, with the vertices that they use."""
        faces = self.faces[wanted]
        used, numbers = np.unique(faces, return_inverse=True)
        return Mesh(self.vertices[used], numbers.reshape(-1, 3).astype(np.int64))


def clip(mesh: Mesh, heights: Array) -> Mesh:
    """Give the part of a mesh where a height (vertex,) is not negative, cut through triangles."""
    # vertices that are all but on the line would leave slivers: they are put on it
    heights = np.where(np.abs(heights) < _ON_LINE * np.abs(heights).max(), 0.0, heights)
    inside = heights >= 0
    count = inside[mesh.faces].sum(axis=1)
    # the corner that is alone on its side of the line comes first
    cut = mesh.faces[(count == 1) | (count == 2)]
    alone = inside[cut] == (inside[cut].sum(axis=1) == 1)[:, None]
    turn = (alone.argmax(axis=1)[:, None] + np.arange(3)) % 3
    corners = np.take_along_axis(cut, turn, axis=1)
    ends = np.concatenate([corners[:, [0, 1]], corners[:, [0, 2]]])
    ends.sort(axis=1)
    edges, numbers = np.unique(ends, axis=0, return_inverse=True)
    low, high = heights[edges[:, 0]], heights[edges[:, 1]]
    share = (low / (low - high))[:, None]
    added = mesh.vertices[edges[:, 0]] * (1 - share) + mesh.vertices[edges[:, 1]] * share
    name = len(heights) + np.arange(len(edges))
    name = np.where(low == 0, edges[:, 0], np.where(high == 0, edges[:, 1], name))
    first, second = name[numbers].reshape(2, -1)
    a, b, c = corners.T
    tip = inside[a]
    tips = np.stack([a, first, second], axis=1)[tip]
    rests = [np.stack(each, axis=1)[~tip] for each in ((first, b, c), (first, c, second))]
    whole = Mesh(
        np.concatenate([mesh.vertices, added]),
        np.concatenate([mesh.faces[count == 3], tips, *rests]).astype(np.int64),
    )
    is_flat = (whole.faces == np.roll(whole.faces, 1, axis=1)).any(axis=1)
    return whole.with_faces(~is_flat)
