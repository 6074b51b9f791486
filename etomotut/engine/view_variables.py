"""Choosing what a fiducial alignment solves for: what is fixed, shared, grouped, or free.

Groups follow IMOD's tiltalign: in a linear group a parameter changes evenly from node to node, in
a block it is constant. Nodes of rotation, magnification and skew are evenly spaced; those of tilt
angle and stretch are closer at high tilt, by the cosine, where the views depend on them most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional

import numpy as np
import numpy.typing as npt

from etomotut.engine import bundle_adjustment as bundle
from etomotut.engine.bundle_adjustment import Variables
from etomotut.engine.fiducial_alignment import nominal

Array = npt.NDArray[np.float64]

FIXED, ONE, EACH, LINEAR, BLOCK = "fixed", "one", "each", "linear", "block"
LOW_TILT_FACTOR = 1.1  # a group at zero tilt against the average one; gives as many as IMOD


@dataclass(frozen=True)
class Choice:
    """How one parameter is solved: FIXED, ONE, EACH, or in LINEAR or BLOCK groups of `size` views.

    `reference` is a view, from 0, at which the parameter keeps its nominal value; a parameter
    that is not determined without it must have one.
    """

    kind: str = FIXED
    size: int = 5
    reference: Optional[int] = None


def chosen_variables(
    tilt_angles: Array, axis_angle: float, choices: Dict[int, Choice]
) -> Variables:
    """Give the variables for choices by parameter (`bundle_adjustment.ROTATION` and so on)."""
    base = nominal(tilt_angles, axis_angle)
    columns: List[Array] = []
    for parameter, choice in choices.items():
        for shape in _shapes(choice, parameter, tilt_angles):
            column = np.zeros_like(base)
            column[:, parameter] = shape
            columns.append(column)
    basis = np.stack(columns, axis=-1) if columns else np.zeros((*base.shape, 0))
    return Variables(base, basis, np.zeros(basis.shape[2]))


def _shapes(choice: Choice, parameter: int, tilt_angles: Array) -> Array:
    """Give, for each variable of a choice, its share in every view: (variable, view)."""
    views = len(tilt_angles)
    if choice.kind == FIXED:
        return np.zeros((0, views))
    if choice.kind == ONE:
        return np.ones((1, views))
    if choice.kind == EACH:
        shapes = np.eye(views)
    else:
        places = _places(choice.size, parameter, tilt_angles)
        nodes = np.arange(int(places[-1]) + 1)
        if choice.kind == BLOCK:
            places = np.minimum(np.floor(places + 1e-9), nodes[-1] - 1 if len(nodes) > 1 else 0)
            nodes = nodes[:-1] if len(nodes) > 1 else nodes
        shapes = np.maximum(0.0, 1.0 - np.abs(places[None, :] - nodes[:, None]))
    if choice.reference is not None:
        shapes = np.delete(shapes, int(np.argmax(shapes[:, choice.reference])), axis=0)
    return shapes


def _places(size: int, parameter: int, tilt_angles: Array) -> Array:
    """Give where (view,) each view lies among the nodes 0, 1, 2 ... of a grouped parameter."""
    views = len(tilt_angles)
    if parameter in (bundle.TILT, bundle.STRETCH):
        cosine = np.cos(np.radians(np.minimum(np.abs(tilt_angles), 80.0)))
        spacing = np.maximum(LOW_TILT_FACTOR * size * cosine, 1.0)
    else:
        spacing = np.full(views, float(size))
    steps = (1 / spacing[1:] + 1 / spacing[:-1]) / 2
    along = np.concatenate([[0.0], np.cumsum(steps)])
    intervals = max(1, round(along[-1]))
    return along * intervals / max(along[-1], 1e-9)
